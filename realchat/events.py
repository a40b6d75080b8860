"""What processes tell each other over the bus: facts that were stored, and passing ones."""

from __future__ import annotations

from msgspec import Struct

from realchat.frames import Ephemeral, MessageKind, TranslationEvent
from realchat.models import Group, Message


class Happening(Struct, frozen=True, kw_only=True, tag=True):
    """Something that happened, as it goes over the bus."""


class MessageStored(Happening, frozen=True, kw_only=True):
    """A message was stored or changed; `readers` are the members of its conversation.

    From another process, which does not know who is here, it comes without readers, and
    with the `frame` that those get who need no translation.
    """

    kind: MessageKind
    message: Message
    readers: tuple[str, ...]
    frame: bytes | None = None


class MessageTranslated(Happening, frozen=True, kw_only=True):
    """A translation was made, or could not be; for the readers of that language.

    Those who asked for it (`is_asked`) get it on all their devices. What each process
    tells those who are connected to it goes to no other (`is_local`).
    """

    is_asked: bool = False
    is_local: bool = False
    readers: tuple[str, ...]
    content_lang: str
    frame: TranslationEvent


class Notice(Happening, frozen=True, kw_only=True):
    """A frame for all connections of some users."""

    readers: tuple[str, ...]
    frame: Ephemeral


class Notices(Happening, frozen=True, kw_only=True):
    """Frames for all connections of some users, in this order."""

    readers: tuple[str, ...]
    frames: tuple[Ephemeral, ...]


class SessionsEnded(Happening, frozen=True, kw_only=True):
    """Sessions were revoked: their tokens are void and their sockets close."""

    user_id: str
    session_ids: tuple[str, ...]


class UserChanged(Happening, frozen=True, kw_only=True):
    """A user's profile, languages or blocks changed: what is remembered of them is stale."""

    user_id: str


class GroupChanged(Happening, frozen=True, kw_only=True):
    """A group's members, roles or name changed, or it ended: then there is no `group`.

    What is above `rev` in its conversation was said after that, so that those who came
    with the change hear all of it.
    """

    group_id: str
    group: Group | None = None
    rev: int | None = None


class GlossaryChanged(Happening, frozen=True, kw_only=True):
    """A group's terms changed: what is remembered of them is stale."""

    group_id: str


class Resync(Happening, frozen=True, kw_only=True):
    """Something may have happened that this process was not told: nothing it remembers is sure."""


AnyHappening = (
    MessageStored
    | MessageTranslated
    | Notice
    | Notices
    | SessionsEnded
    | UserChanged
    | GroupChanged
    | GlossaryChanged
    | Resync
)
