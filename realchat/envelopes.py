"""What goes over the bus between processes, as bytes.

A message goes as the very frame that its readers get, so that it is encoded once,
by the process that stored it.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType, structs

from realchat.events import (
    AnyHappening,
    GlossaryChanged,
    GroupChanged,
    MessageStored,
    MessageTranslated,
    Notice,
    Notices,
    Resync,
    SessionsEnded,
    UserChanged,
)
from realchat.frames import MessageKind
from realchat.models import Message


class Told(Struct, frozen=True, kw_only=True, tag=True):
    """A message that was stored or changed; `client_id` is for its sender's connections."""

    kind: MessageKind
    frame: bytes
    client_id: str | UnsetType = UNSET


Content = (
    Told
    | MessageTranslated
    | Notice
    | Notices
    | SessionsEnded
    | UserChanged
    | GroupChanged
    | GlossaryChanged
    | Resync
)


class Envelope(NamedTuple):
    """What one process tells others; it numbers all that it tells."""

    sender: str
    number: int
    content: Content


# Of an id as it stands in front of an envelope's bytes, so that a process knows its own.
_MARK = 12

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[tuple[int, Content]] = msgspec.msgpack.Decoder(
    tuple[int, Content]
)
_messages = msgspec.json.Decoder(Message)


def mark_of(process_id: str) -> bytes:
    """Return what the bytes of all of a process's envelopes begin with."""
    return bytes.fromhex(process_id)


def seal(mark: bytes, number: int, happening: AnyHappening) -> bytes:
    """Return a happening as bytes; a message must have its `frame`."""
    content: Content
    if isinstance(happening, MessageStored):
        assert happening.frame is not None  # the bus framed it
        content = Told(
            kind=happening.kind, frame=happening.frame, client_id=happening.message.client_id
        )
    else:
        content = happening
    return mark + _encoder.encode((number, content))


def unseal(data: bytes) -> Envelope:
    """Return what bytes of another process say. Raises `ValueError` for what is no envelope."""
    try:
        number, content = _decoder.decode(memoryview(data)[_MARK:])
    except msgspec.DecodeError as error:
        raise ValueError("no envelope") from error
    return Envelope(data[:_MARK].hex(), number, content)


def happening_of(content: Content) -> AnyHappening:
    """Return what an envelope tells; a message has no `readers`, whom its receiver knows.

    Raises `ValueError` for a frame that is no message.
    """
    if not isinstance(content, Told):
        return content
    try:
        message = _messages.decode(content.frame)
    except msgspec.DecodeError as error:
        raise ValueError("no message") from error
    if content.client_id is not UNSET:
        message = structs.replace(message, client_id=content.client_id)
    return MessageStored(kind=content.kind, message=message, readers=(), frame=content.frame)
