"""The frames of the WebSocket interface, and how bytes become commands.

Decoding is the check: shape, types and sizes are in the types, nothing looks
at them again.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from realchat.decoding import decode_json
from realchat.errors import ChatError, Code
from realchat.fields import Content, ConversationId, Emoji, Id, Ref, Rev, Seq, Token
from realchat.models import Group, Message, TranslationStatus
from realchat.requests import CreateGroup, JoinGroup, MessageDraft


class Command(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """A frame from a client; its answer repeats `ref`."""

    ref: Ref | UnsetType = UNSET


class Authenticate(Command, tag="auth", frozen=True, kw_only=True):
    """The access token, as the first frame where no header could carry it."""

    token: Token


class SendMessage(MessageDraft, tag_field="type", tag="send_message", frozen=True, kw_only=True):
    """A message to be stored, acked and delivered."""

    ref: Ref | UnsetType = UNSET


class EditMessage(Command, tag="edit_message", frozen=True, kw_only=True):
    """The new text of one's own message."""

    id: Id
    content: Content


class DeleteMessage(Command, tag="delete_message", frozen=True, kw_only=True):
    """A message to be emptied; it keeps its place."""

    id: Id


class React(Command, tag="react", frozen=True, kw_only=True):
    """A reaction to be set or taken back."""

    id: Id
    emoji: Emoji
    on: bool


class Read(Command, tag="read", frozen=True, kw_only=True):
    """How far one has read a conversation."""

    conversation: ConversationId
    seq: Seq


class Typing(Command, tag="typing", frozen=True, kw_only=True):
    """Whether one is writing to a person or a group."""

    recipient_id: Id | UnsetType = UNSET
    group_id: Id | UnsetType = UNSET
    on: bool


class StartGroup(CreateGroup, tag_field="type", tag="create_group", frozen=True, kw_only=True):
    """A new group."""

    ref: Ref | UnsetType = UNSET


class EnterGroup(JoinGroup, tag_field="type", tag="join_group", frozen=True, kw_only=True):
    """A group to join."""

    ref: Ref | UnsetType = UNSET


class LeaveGroup(Command, tag="leave_group", frozen=True, kw_only=True):
    """A group to leave."""

    group_id: Id


class Ping(Command, tag="ping", frozen=True, kw_only=True):
    """A sign of life, answered with `pong`."""


AnyCommand = (
    Authenticate
    | SendMessage
    | EditMessage
    | DeleteMessage
    | React
    | Read
    | Typing
    | StartGroup
    | EnterGroup
    | LeaveGroup
    | Ping
)


class Event(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A frame from the server."""


class Limits(Struct, frozen=True, kw_only=True):
    """What a client should stay within: characters, files and bytes."""

    content: int
    files: int
    frame: int
    file_size: int


class Hello(Event, tag="hello", frozen=True, kw_only=True):
    """The first frame of an authenticated connection; `epoch` names the database's history."""

    user_id: str
    session_id: str
    epoch: str
    server_time: str
    heartbeat_s: int
    limits: Limits


class Ack(Event, tag="ack", frozen=True, kw_only=True):
    """The answer to a command that was carried out; the fields depend on the command."""

    ref: str | UnsetType = UNSET
    id: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    conversation: str | UnsetType = UNSET
    seq: int | UnsetType = UNSET
    rev: int | UnsetType = UNSET
    created_at: str | UnsetType = UNSET
    group: Group | UnsetType = UNSET
    group_id: str | UnsetType = UNSET


class Error(Event, tag="error", frozen=True, kw_only=True):
    """The answer to a command that was not carried out."""

    ref: str | UnsetType = UNSET
    code: str
    message: str
    fields: dict[str, str] | UnsetType = UNSET
    retry_after_ms: int | UnsetType = UNSET


class Pong(Event, tag="pong", frozen=True, kw_only=True):
    """The answer to `ping`."""

    ref: str | UnsetType = UNSET


class NewMessage(Message, tag_field="type", tag="message", frozen=True, kw_only=True):
    """A message that was just stored."""


class MessageUpdated(Message, tag_field="type", tag="message_updated", frozen=True, kw_only=True):
    """A message that was edited, deleted or reacted to, with its new `rev`."""


class TranslationEvent(Event, tag="translation", frozen=True, kw_only=True):
    """What became of a pending translation."""

    id: str
    conversation: str
    rev: Rev
    lang: str
    status: TranslationStatus
    content: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    engine: str | UnsetType = UNSET


class ReadEvent(Event, tag="read", frozen=True, kw_only=True):
    """Somebody has read up to `seq`."""

    conversation: str
    user_id: str
    seq: int


class TypingEvent(Event, tag="typing", frozen=True, kw_only=True):
    """Somebody began or stopped writing."""

    conversation: str
    user_id: str
    on: bool


class PresenceEvent(Event, tag="presence", frozen=True, kw_only=True):
    """Somebody one shares a conversation with came or went."""

    user_id: str
    online: bool
    last_seen: str | None


class GroupCreated(Event, tag="group_created", frozen=True, kw_only=True):
    """A group that one is a member of was made."""

    group: Group


class GroupUpdated(Event, tag="group_updated", frozen=True, kw_only=True):
    """A group that one is a member of was changed."""

    group: Group


class GroupLeft(Event, tag="group_left", frozen=True, kw_only=True):
    """One is no longer a member of a group, or it is gone."""

    group_id: str


class GoingAway(Event, tag="going_away", frozen=True, kw_only=True):
    """The server is about to stop; come back after a while."""

    retry_after_ms: int


AnyEvent = (
    Hello
    | Ack
    | Error
    | Pong
    | NewMessage
    | MessageUpdated
    | TranslationEvent
    | ReadEvent
    | TypingEvent
    | PresenceEvent
    | GroupCreated
    | GroupUpdated
    | GroupLeft
    | GoingAway
)

Ephemeral = ReadEvent | TypingEvent | PresenceEvent | GroupCreated | GroupUpdated | GroupLeft
_COMMANDS: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)
_REFS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_REF = msgspec.json.Decoder(Ref)

MessageKind = Literal["message", "message_updated"]


def decode(raw: str | bytes) -> AnyCommand:
    """Turn a frame's text into a command.

    Raises `ChatError`: `invalid_json`, `invalid_text`, `unknown_type`,
    `unknown_field` or `validation_error`.
    """
    try:
        return decode_json(_COMMANDS, raw)
    except ChatError as error:
        if error.fields and "type" in error.fields:
            raise ChatError(Code.UNKNOWN_TYPE) from None
        raise


def ref_of(raw: str | bytes) -> str | UnsetType:
    """Find the `ref` of a frame that is no command, so that its error can repeat it."""
    try:
        return _REF.decode(_REFS.decode(raw)["ref"])
    except (KeyError, msgspec.DecodeError, UnicodeError, RecursionError):
        return UNSET


def frame_message(message: Message, kind: MessageKind) -> bytes:
    """Encode a message as the frame that announces it or its change."""
    # A message's own encoding with the tag put in front: the same bytes as a
    # NewMessage's or MessageUpdated's, without copying its fields.
    return b'{"type":"%b",%b' % (kind.encode(), msgspec.json.encode(message)[1:])
