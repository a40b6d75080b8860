"""What happened, brought to the connections it concerns: encoded once for all who get the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from handlers.framing import TEXT, build_frame
from handlers.registry import Registry
from handlers.review import begin_review
from handlers.variants import Variants
from realchat.errors import Close
from realchat.events import (
    AnyHappening,
    MessageStored,
    MessageTranslated,
    Notice,
    Notices,
    Resync,
    SessionsEnded,
    UserChanged,
)
from realchat.frames import Ephemeral
from realchat.metrics import count_deliveries


def deliver(registry: Registry, happening: AnyHappening) -> None:
    """Hand what happened to everyone it concerns."""
    match happening:
        case MessageStored():
            _deliver_message(registry, happening)
        case MessageTranslated():
            _deliver_translation(registry, happening)
        case Notice():
            _deliver_notices(registry, happening.readers, [happening.frame])
        case Notices():
            _deliver_notices(registry, happening.readers, happening.frames)
        case SessionsEnded():
            _close_ended(registry, happening)
        case UserChanged():
            for connection in registry.of([happening.user_id]):
                connection.refresh()
        case Resync():
            begin_review(registry)


def _close_ended(registry: Registry, happening: SessionsEnded) -> None:
    for connection in registry.of([happening.user_id]):
        if connection.principal.session_id in happening.session_ids:
            connection.close(Close.NOT_AUTHENTICATED, "the session has ended")


def _deliver_notices(
    registry: Registry, readers: Sequence[str], frames: Iterable[Ephemeral]
) -> None:
    # In one piece: a crowd that gathers is thousands of small frames for each reader.
    piece = b"".join(build_frame(TEXT, msgspec.json.encode(frame)) for frame in frames)
    for connection in registry.of(readers):
        connection.outbox.put(piece)


def _deliver_message(registry: Registry, happening: MessageStored) -> None:
    message = happening.message
    conversation, rev, sender_id = message.conversation, message.rev, message.sender_id
    variants = Variants(happening.kind, message, happening.frame)
    known = variants.by_languages
    connections = registry.of(happening.readers)
    # Every line of this loop runs once for each connection of each message.
    for connection in connections:
        reader = connection.reader
        variant = known.get(reader.languages) or variants.add(connection)
        frame = variant.frame
        if reader.user_id == sender_id:
            frame = variants.own(connection, variant)
        connection.live.put(conversation, rev, frame)
        if variant.readers is not None:
            variant.readers[reader.user_id] = None
    count_deliveries(len(connections))
    variants.begin_translations()


def _deliver_translation(registry: Registry, happening: MessageTranslated) -> None:
    frame = build_frame(TEXT, msgspec.json.encode(happening.frame))
    for connection in registry.of(happening.readers):
        if happening.is_asked or connection.needs(happening.content_lang, happening.frame.lang):
            connection.outbox.put(frame)
