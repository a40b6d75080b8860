"""The frames that clients send: commands, as they are checked by decoding."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from realchat.fields import Content, ConversationId, Emoji, Epoch, Id, Ref, Rev, Seq, Token
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


class Resume(Command, frozen=True, kw_only=True, tag="resume"):
    """What one has of each conversation and group; all that was missed comes, then `resumed`."""

    epoch: Epoch
    cursors: Annotated[
        dict[ConversationId, Rev],
        Meta(max_length=10_000, description="the last `rev` by conversation id"),
    ]
    groups: Annotated[
        dict[Id, Rev], Meta(max_length=10_000, description="the last `version` by group id")
    ] = {}


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
    | Resume
    | Ping
)
