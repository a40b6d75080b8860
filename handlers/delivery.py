"""What happened, brought to the connections it concerns: encoded once for all who get the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from handlers.framing import TEXT, build_frame
from handlers.registry import Connection, Registry
from realchat.errors import Close
from realchat.events import (
    AnyHappening,
    MessageStored,
    MessageTranslated,
    Notice,
    Notices,
    SessionsEnded,
    UserChanged,
)
from realchat.frames import Ephemeral, MessageKind
from realchat.metrics import count_deliveries
from realchat.models import Message
from realchat.protocol import frame_message
from realchat.translation import target_of


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
            for connection in registry.of([happening.user_id]):
                if connection.principal.session_id in happening.session_ids:
                    connection.close(Close.NOT_AUTHENTICATED, "the session has ended")
        case UserChanged():
            for connection in registry.of([happening.user_id]):
                connection.refresh()


def _deliver_notices(
    registry: Registry, readers: Sequence[str], frames: Iterable[Ephemeral]
) -> None:
    # In one piece: a crowd that gathers is thousands of small frames for each reader.
    piece = b"".join(build_frame(TEXT, msgspec.json.encode(frame)) for frame in frames)
    for connection in registry.of(readers):
        connection.outbox.put(piece)


def _deliver_message(registry: Registry, happening: MessageStored) -> None:
    message = happening.message
    frames: dict[tuple[str | None, bool], bytes] = {}
    targets: dict[tuple[str, ...], str | None] = {}
    awaiting: dict[str, dict[str, Connection]] = {}
    delivered = 0
    for connection in registry.of(happening.readers):
        reader = connection.reader
        if reader.languages not in targets:
            targets[reader.languages] = target_of(message, reader.languages)
        target = targets[reader.languages]
        variant = (target, reader.user_id == message.sender_id)
        if variant not in frames:
            frames[variant] = _encode(connection, happening.kind, message, target)
        connection.live.put(message.conversation, message.rev, frames[variant])
        if target is not None:
            awaiting.setdefault(target, {})[reader.user_id] = connection
        delivered += 1
    count_deliveries(delivered)
    for target, readers in awaiting.items():
        interpreter = next(iter(readers.values())).services.interpreter
        interpreter.begin(message, target, tuple(readers))


def _encode(
    connection: Connection, kind: MessageKind, message: Message, target: str | None
) -> bytes:
    """Encode the message as this connection's reader, and all like them, get it."""
    seen = message.seen_by(connection.reader.user_id)
    if target is not None:
        seen = connection.services.interpreter.announce(seen, target)
    return build_frame(TEXT, frame_message(seen, kind))


def _deliver_translation(registry: Registry, happening: MessageTranslated) -> None:
    frame = build_frame(TEXT, msgspec.json.encode(happening.frame))
    for connection in registry.of(happening.readers):
        if connection.needs(happening.content_lang, happening.frame.lang):
            connection.outbox.put(frame)
