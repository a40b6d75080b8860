"""People: who somebody is, how others find them, and whom they have blocked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from cachetools import LRUCache

from realchat.errors import ChatError, Code
from realchat.events import AnyHappening, Resync, UserChanged
from realchat.ids import timestamp
from realchat.models import Account, Profile, User
from realchat.names import email_key, name_key
from realchat.ports import Bus

MAX_FOUND = 20
# Everybody's blocks are remembered with them, so their number has a bound.
MAX_BLOCKED = 1_000
_MAX_REMEMBERED = 20_000


class Users(Protocol):
    """Where users are kept."""

    async def find_many(self, user_ids: Sequence[str]) -> list[User]:
        """Return those of the users that there are, in no order."""

    async def find_by_email(self, key: str) -> User | None:
        """Return the user of an address, by its `email_key`."""

    async def search(self, prefix: str, limit: int) -> list[User]:
        """Return users whose `name_key` begins with `prefix`, by name."""

    async def set_blocked(self, user_id: str, other_id: str, on: bool) -> None:
        """Note, or forget, that a user has blocked another one."""


class People:
    """All users, those lately met remembered: to ask for one of these costs no database call.

    `last_seen` of a remembered user may be old; everything else is current.
    """

    def __init__(self, users: Users, bus: Bus) -> None:
        self._users = users
        self._bus = bus
        self._remembered: LRUCache[str, User] = LRUCache(_MAX_REMEMBERED)
        self._changes = 0
        bus.subscribe(self._hear)

    async def get(self, user_id: str) -> User:
        """Return a user. Raises `not_found`."""
        found = await self.get_many([user_id])
        if user_id not in found:
            raise ChatError(Code.NOT_FOUND)
        return found[user_id]

    async def get_many(self, user_ids: Iterable[str]) -> dict[str, User]:
        """Return users by id, in the order asked; those that do not exist are left out."""
        asked = list(dict.fromkeys(user_ids))
        found = {one: user for one in asked if (user := self._remembered.get(one)) is not None}
        missing = [one for one in asked if one not in found]
        if missing:
            found |= await self._load(missing)
        return {one: found[one] for one in asked if one in found}

    async def blocked_between(self, one: str, other: str) -> bool:
        """Tell whether one of two users has blocked the other. Raises `not_found`."""
        users = await self.get_many([one, other])
        if one not in users or other not in users:
            raise ChatError(Code.NOT_FOUND)
        return other in users[one].blocked or one in users[other].blocked

    def profile(self, user: User) -> Profile:
        """Return a user as others see them."""
        return Profile(
            id=user.id, name=user.name, language=user.language, avatar_url=user.avatar_url
        )

    async def profiles(self, user_ids: Iterable[str]) -> list[Profile]:
        """Return users as others see them, in the order asked, but for those there are not."""
        return [self.profile(user) for user in (await self.get_many(user_ids)).values()]

    async def search(self, text: str) -> list[Profile]:
        """Find users by the beginning of their name or by their whole e-mail address.

        Returns 20 at most, the owner of the address first.
        """
        owner = await self._owner_of(text)
        prefix = name_key(text)
        named = await self._users.search(prefix, MAX_FOUND) if prefix else []
        found = {user.id: user for user in (owner, *named) if user is not None}
        return [self.profile(user) for user in list(found.values())[:MAX_FOUND]]

    async def block(self, user_id: str, other_id: str) -> None:
        """Keep two users apart. Raises `not_found`, or `forbidden` for oneself."""
        if user_id == other_id:
            raise ChatError(Code.FORBIDDEN, "You cannot block yourself.")
        user = await self.get(user_id)
        await self.get(other_id)
        if len(user.blocked) >= MAX_BLOCKED and other_id not in user.blocked:
            raise ChatError(Code.FORBIDDEN, f"You have blocked {MAX_BLOCKED} people already.")
        await self._set_blocked(user_id, other_id, True)

    async def unblock(self, user_id: str, other_id: str) -> None:
        """Take a block back; nothing happens where there is none. Raises `not_found`."""
        await self.get(other_id)
        await self._set_blocked(user_id, other_id, False)

    async def _set_blocked(self, user_id: str, other_id: str, on: bool) -> None:
        await self._users.set_blocked(user_id, other_id, on)
        self._bus.publish(UserChanged(user_id=user_id))

    async def _owner_of(self, address: str) -> User | None:
        if "@" not in address:
            return None
        try:
            return await self._users.find_by_email(email_key(address.strip()))
        except ChatError as error:
            if error.code is Code.VALIDATION:  # a name with an @ in it
                return None
            raise

    async def _load(self, user_ids: list[str]) -> dict[str, User]:
        changes = self._changes
        found = {user.id: user for user in await self._users.find_many(user_ids)}
        # What changed while it was being read may have been read too early.
        if changes == self._changes:
            self._remembered.update(found)
        return found

    def _hear(self, happening: AnyHappening) -> None:
        if isinstance(happening, UserChanged):
            self._changes += 1
            self._remembered.pop(happening.user_id, None)
        elif isinstance(happening, Resync):
            self._changes += 1
            self._remembered.clear()


def account_of(user: User) -> Account:
    """Return a user as they see themselves."""
    return Account(
        id=user.id,
        name=user.name,
        language=user.language,
        avatar_url=user.avatar_url,
        email=user.email,
        reads=list(user.reads),
        blocked=sorted(user.blocked),
        is_verified=user.is_verified,
        created_at=timestamp(user.created_at),
    )
