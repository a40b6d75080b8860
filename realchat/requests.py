"""The bodies and query strings of the REST interface, as they are checked by decoding."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from realchat.fields import (
    MAX_MEMBERS,
    ClientId,
    Content,
    ConversationId,
    Email,
    FileUrl,
    FileUrls,
    GivenPassword,
    Id,
    Ids,
    Language,
    Limit,
    Name,
    OneTimeCode,
    Password,
    Rev,
    SearchText,
    Seq,
    Token,
)
from realchat.models import Role
from realchat.terms import Terms


class Body(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON object that a client sends; fields it does not know are refused."""


class Register(Body, frozen=True, kw_only=True):
    """Who is to have an account."""

    email: Email
    name: Name
    password: Password
    language: Language = "en"


class Login(Body, frozen=True, kw_only=True):
    """Who signs in."""

    email: Email
    password: GivenPassword


class Refresh(Body, frozen=True, kw_only=True):
    """The refresh token to be spent, where it is not in a cookie."""

    refresh_token: Token | UnsetType = UNSET


class Logout(Body, frozen=True, kw_only=True):
    """Whether only this session ends or all of the user's."""

    everywhere: bool = False


class UpdateAccount(Body, frozen=True, kw_only=True):
    """What to change of one's own account; a new password needs the current one."""

    name: Name | UnsetType = UNSET
    language: Language | UnsetType = UNSET
    reads: (
        Annotated[list[Language], Meta(max_length=20, description="at most 20 language codes")]
        | UnsetType
    ) = UNSET
    password: Password | UnsetType = UNSET
    current_password: GivenPassword | UnsetType = UNSET
    avatar: FileUrl | UnsetType | None = UNSET


class RequestOtp(Body, frozen=True, kw_only=True):
    """Where to send a one-time code."""

    email: Email


class VerifyOtp(Body, frozen=True, kw_only=True):
    """A one-time code; `name` is for an account that does not exist yet."""

    email: Email
    code: OneTimeCode
    name: Name | UnsetType = UNSET


class ResetPassword(Body, frozen=True, kw_only=True):
    """A new password, allowed by a one-time code."""

    email: Email
    code: OneTimeCode
    password: Password


class CreateGroup(Body, frozen=True, kw_only=True):
    """A new group; its creator is its owner and need not be in `members`."""

    name: Name
    members: Annotated[
        list[Id], Meta(max_length=MAX_MEMBERS, description=f"at most {MAX_MEMBERS} user ids")
    ] = []
    private: bool = False


class UpdateGroup(Body, frozen=True, kw_only=True):
    """What to change of a group."""

    name: Name | UnsetType = UNSET
    private: bool | UnsetType = UNSET


class JoinGroup(Body, frozen=True, kw_only=True):
    """The public group to join, or an invite to any."""

    group_id: Id | UnsetType = UNSET
    invite: Token | UnsetType = UNSET


class SetMember(Body, frozen=True, kw_only=True):
    """The role of a member."""

    role: Role = "member"


class ReplaceGlossary(Body, frozen=True, kw_only=True):
    """All terms of a group, those it had included."""

    terms: Terms


class MarkRead(Body, frozen=True, kw_only=True):
    """How far one has read."""

    seq: Seq


class UpdateConversation(Body, frozen=True, kw_only=True):
    """How one keeps a conversation in one's own list."""

    muted: bool | UnsetType = UNSET
    hidden: bool | UnsetType = UNSET


class MessageDraft(Body, frozen=True, kw_only=True):
    """A message to be sent, to a person or to a group."""

    recipient_id: Id | UnsetType = UNSET
    group_id: Id | UnsetType = UNSET
    content: Content = ""
    content_lang: Language | UnsetType = UNSET
    files: FileUrls = []
    reply_to: Id | UnsetType = UNSET
    client_id: ClientId | UnsetType = UNSET


class EditMessage(Body, frozen=True, kw_only=True):
    """The new text of a message."""

    content: Content


class SearchPeople(Body, frozen=True, kw_only=True):
    """The beginning of a name, or a whole e-mail address."""

    q: Annotated[str, Meta(min_length=1, max_length=254, description="1 to 254 characters")]


class ListPeople(Body, frozen=True, kw_only=True):
    """Who is asked for."""

    ids: Ids


class History(Body, frozen=True, kw_only=True):
    """Which part of a conversation to read."""

    limit: Limit = 50
    before: Seq | UnsetType = UNSET
    after: Rev | UnsetType = UNSET
    changed_since: Rev | UnsetType = UNSET


class DirectHistory(History, frozen=True, kw_only=True):
    """Which part of a direct conversation to read."""

    user_id: Id


class GroupHistory(History, frozen=True, kw_only=True):
    """Which part of a group's conversation to read."""

    group_id: Id


class TranslationQuery(Body, frozen=True, kw_only=True):
    """The language to read a message in; one's own when absent."""

    lang: Language | UnsetType = UNSET


class CorrectTranslation(Body, frozen=True, kw_only=True):
    """A message's text in another language, as a reader would have it."""

    lang: Language
    content: Content


class PreviewRequest(Body, frozen=True, kw_only=True):
    """A text that may be sent, perhaps in a conversation, whose terms then count."""

    content: Content
    to: Language
    content_lang: Language | UnsetType = UNSET
    conversation: ConversationId | UnsetType = UNSET


class SearchMessages(Body, frozen=True, kw_only=True):
    """What to look for, optionally in one conversation or in one language."""

    q: SearchText
    conversation: ConversationId | UnsetType = UNSET
    lang: Language | UnsetType = UNSET
    limit: Limit = 20
    before: Id | UnsetType = UNSET


class ConnectionQuery(Body, frozen=True, kw_only=True):
    """The query of a WebSocket handshake.

    The access token; another language to read in; whether messages wait until
    what was missed has come, for a `resume` that follows `hello`.
    """

    token: Token | UnsetType = UNSET
    lang: Language | UnsetType = UNSET
    resume: bool = False
