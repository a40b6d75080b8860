"""The bodies of REST replies that are more than one record."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from realchat.fields import Id, Language, Seq
from realchat.models import Account, Message, Record, Translation, UploadedFile


class AccountReply(Record, frozen=True, kw_only=True):
    """Oneself."""

    user: Account


class SignedIn(Record, frozen=True, kw_only=True):
    """A session's tokens; `expires_in` is the access token's life in seconds.

    Where `X-Session: cookie` was sent, the refresh token is in a cookie instead.
    """

    user: Account
    user_id: str
    access_token: str
    refresh_token: str | UnsetType = UNSET
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int


class CodeSent(Record, frozen=True, kw_only=True):
    """A one-time code is on its way; it is good for `expires_in` seconds."""

    expires_in: int


class Online(Record, frozen=True, kw_only=True):
    """Those one shares a conversation with who are connected now."""

    online: list[str]


class Invite(Record, frozen=True, kw_only=True):
    """A token that lets whoever has it join a group."""

    invite: str
    expires_at: str


class ReadState(Record, frozen=True, kw_only=True):
    """How far one has read a conversation."""

    conversation: str
    read_seq: int
    unread: int


class InvitePreview(Record, frozen=True, kw_only=True):
    """The group that an invite opens, and whether one is in it already."""

    group_id: Id
    name: str
    private: bool
    member_count: int
    joined: bool


class MemberRead(Record, frozen=True, kw_only=True):
    """How far a member has read a conversation."""

    user_id: Id
    seq: Seq


class UploadReply(Record, frozen=True, kw_only=True):
    """The files of one upload, in the order they came."""

    files: list[UploadedFile]


class SearchHit(Record, frozen=True, kw_only=True):
    """A message that a search found, and whether the original or a translation matched."""

    message: Message
    matched: Literal["original", "translation"]
    lang: str


class Preview(Record, frozen=True, kw_only=True):
    """What a text becomes in another language, and what that becomes in the text's own.

    There is no way `back` where there is no translation.
    """

    content_lang: Language
    detected: bool
    translation: Translation
    back: Translation | UnsetType = UNSET


class ErrorDetail(Struct, frozen=True, kw_only=True):
    """What went wrong: `code` for programs, `message` for people, `fields` for forms."""

    code: str
    message: str
    fields: dict[str, str] | UnsetType = UNSET


class ErrorReply(Struct, frozen=True, kw_only=True):
    """The body of every reply that is not a success."""

    error: ErrorDetail
