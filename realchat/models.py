"""The records that pass between floors, and what clients see of them.

Frozen and typed; fields that the contract marks with `?` are `UNSET` when absent.
What a client must never see (a password's hash) is only in records that no
handler replies with.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import UNSET, Struct, UnsetType, structs

from realchat.fields import ConversationId, Id, Language, Rev, Seq, Timestamp

Role = Literal["owner", "admin", "member"]
TranslationStatus = Literal["ready", "pending", "unavailable"]


class Record(Struct, frozen=True, kw_only=True):
    """A frozen value with named fields only."""


class User(Record, frozen=True, kw_only=True):
    """An account as it is kept. Stays inside: `profile` and `account` are what clients see."""

    id: str
    email: str
    name: str
    language: str
    reads: tuple[str, ...]
    password_hash: str | None
    is_verified: bool
    avatar_url: str | None
    blocked: frozenset[str]
    created_at: datetime
    last_seen: datetime | None

    @property
    def languages(self) -> tuple[str, ...]:
        """All that this user reads without help, the preferred one first."""
        return (self.language, *self.reads)


class UserChange(Record, frozen=True, kw_only=True):
    """What is to change of an account; what is `UNSET` stays."""

    name: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    reads: tuple[str, ...] | UnsetType = UNSET
    password_hash: str | UnsetType = UNSET
    is_verified: bool | UnsetType = UNSET
    avatar_url: str | UnsetType | None = UNSET


class Reader(Record, frozen=True, kw_only=True):
    """Who reads, and the languages they read without help, the preferred one first."""

    user_id: str
    languages: tuple[str, ...]


class Profile(Record, frozen=True, kw_only=True):
    """A user as others see them."""

    id: Id
    name: str
    language: Language
    avatar_url: str | None


class Account(Profile, frozen=True, kw_only=True):
    """A user as they see themselves."""

    email: str
    reads: list[Language]
    blocked: list[Id]
    is_verified: bool
    created_at: Timestamp


class Principal(Record, frozen=True, kw_only=True):
    """Who asks: a user in one of their sessions."""

    user_id: str
    session_id: str


class Device(Record, frozen=True, kw_only=True):
    """A session as its user sees it."""

    id: Id
    created_at: Timestamp
    last_seen: Timestamp
    user_agent: str
    current: bool


class Presence(Record, frozen=True, kw_only=True):
    """Whether somebody is connected, and when they last were."""

    user_id: Id
    online: bool
    last_seen: Timestamp | None


class Group(Record, frozen=True, kw_only=True):
    """A group; `members` is in the order of joining, `version` counts its changes."""

    id: Id
    name: str
    members: list[Id]
    roles: dict[str, Role]
    private: bool
    created_by: Id
    created_at: Timestamp
    version: Rev


class FileContent(Record, frozen=True, kw_only=True):
    """What a file's bytes say of themselves; `size` in bytes, `width` and `height` in pixels."""

    size: int
    sha256: str
    type: str
    width: int | None
    height: int | None


class StoredFile(Record, frozen=True, kw_only=True):
    """An uploaded file as it is kept; `type` was sniffed, not believed."""

    id: str
    owner_id: str
    name: str
    size: int
    type: str
    sha256: str
    width: int | None
    height: int | None
    conversations: tuple[str, ...]
    is_avatar: bool
    created_at: datetime


class Attachment(Record, frozen=True, kw_only=True):
    """A file as a message shows it; `size` in bytes, `width` and `height` in pixels."""

    url: str
    name: str
    size: int
    type: str
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET
    thumbnail_url: str | UnsetType = UNSET


class UploadedFile(Attachment, frozen=True, kw_only=True):
    """A file as its uploader is told of it."""

    id: Id
    sha256: str


class Translation(Record, frozen=True, kw_only=True):
    """A message's text in a reader's language, or why there is none."""

    lang: Language
    status: TranslationStatus
    content: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    engine: str | UnsetType = UNSET
    reviewed_by: Id | UnsetType = UNSET


class StoredTranslation(Record, frozen=True, kw_only=True):
    """A message's text in one language, by an engine or by the person `reviewed_by`.

    `text` is the digest of the original; `phrase` names it with the languages, the
    engine and what the text's group wants kept, `version` the engine's models.
    """

    message_id: str
    conversation: str
    lang: str
    text: str
    phrase: str
    version: str
    content: str
    engine: str | None = None
    reviewed_by: str | None = None


class Message(Record, frozen=True, kw_only=True):
    """A message of a conversation: `seq` is its place, `rev` its latest change."""

    id: Id
    conversation: ConversationId
    seq: Seq
    rev: Rev
    sender_id: Id
    recipient_id: Id | UnsetType = UNSET
    group_id: Id | UnsetType = UNSET
    content: str
    content_lang: Language
    detected: bool
    files: list[str]
    attachments: list[Attachment]
    reply_to: Id | UnsetType = UNSET
    mentions: list[Id]
    reactions: dict[str, list[Id]]
    created_at: Timestamp
    edited_at: Timestamp | UnsetType = UNSET
    deleted: bool | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    translation: Translation | UnsetType = UNSET

    def seen_by(self, user_id: str) -> Message:
        """Return the message without what only its sender sees, unless that is who looks."""
        if self.client_id is UNSET or user_id == self.sender_id:
            return self
        return structs.replace(self, client_id=UNSET)


class ReadMark(Record, frozen=True, kw_only=True):
    """How far one user has come in one conversation, and how they keep it."""

    conversation: str
    read_seq: int = 0
    muted: bool = False
    hidden_seq: int = 0


class Conversation(Record, frozen=True, kw_only=True):
    """A conversation as one of its members sees it in their list."""

    id: ConversationId
    kind: Literal["dm", "group"]
    peer: Profile | UnsetType = UNSET
    group: Group | UnsetType = UNSET
    last_message: Message | None
    last_rev: Rev
    unread: int
    read_seq: int
    muted: bool
