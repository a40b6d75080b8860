"""The frames that the server sends: answers and events."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from realchat.fields import Rev
from realchat.models import Group, Message, TranslationStatus

MessageKind = Literal["message", "message_updated"]


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
    reviewed_by: str | UnsetType = UNSET


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


class Resumed(Event, frozen=True, kw_only=True, tag="resumed"):
    """The end of what was missed: the `rev` each conversation is at.

    The history of those in `reset` must be fetched anew.
    """

    ref: str | UnsetType = UNSET
    epoch: str
    cursors: dict[str, int]
    reset: list[str]


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
    | Resumed
    | GoingAway
)

# What goes to all connections of some users as it is.
Ephemeral = ReadEvent | TypingEvent | PresenceEvent | GroupCreated | GroupUpdated | GroupLeft
