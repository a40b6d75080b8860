"""Conversations, direct ones and groups' alike: who is in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from realchat.errors import ChatError, Code
from realchat.ids import (
    DirectKey,
    GroupKey,
    direct_conversation,
    group_conversation,
    parse_conversation,
)
from realchat.models import Group
from realchat.ports import KnownPeople


class DirectStore(Protocol):
    """Who talks directly with whom."""

    async def start(self, conversation: str, members: Sequence[str]) -> None:
        """Keep that two people have a conversation."""

    async def of_member(self, user_id: str) -> list[str]:
        """Return the ids of a user's direct conversations."""


class GroupBook(Protocol):
    """Which groups there are."""

    async def get(self, group_id: str) -> Group:
        """Return a group, or raise `not_found`."""

    async def of_member(self, user_id: str) -> list[Group]:
        """Return the groups of a user."""

    async def get_fresh(self, group_id: str) -> Group:
        """Return a group as it is kept now, or raise `not_found`."""

    async def have_both(self, one: str, other: str) -> bool:
        """Tell whether two users share a group."""

    def peek(self, group_id: str) -> Group | None:
        """Return a group as it is remembered, if it is."""


class Spoken(Protocol):
    """In which conversations something was said."""

    async def revs(self, conversations: Sequence[str]) -> dict[str, int]:
        """Return the last rev of each conversation that has any."""


class Conversations:
    """Who is in which conversation, and thereby who may know of whom."""

    def __init__(
        self, directs: DirectStore, groups: GroupBook, people: KnownPeople, spoken: Spoken
    ) -> None:
        self._directs = directs
        self._groups = groups
        self._people = people
        self._spoken = spoken

    async def members(self, user_id: str, conversation: str) -> tuple[str, ...]:
        """Return the members of a conversation that a user is in; else raise.

        `not_found`, or `forbidden` for a public group that one has not joined.
        """
        key = parse_conversation(conversation)
        if isinstance(key, DirectKey):
            if user_id not in key:
                raise ChatError(Code.NOT_FOUND)
            await self._people.get(key.peer_of(user_id))
            return tuple(dict.fromkeys(key))
        group = await self._groups.get(key.group_id)
        if user_id not in group.roles:
            # They may have joined through another process a moment ago.
            group = await self._groups.get_fresh(key.group_id)
        if user_id not in group.roles:
            if group.private:
                raise ChatError(Code.NOT_FOUND)
            raise ChatError(Code.FORBIDDEN, "Join the group first.")
        return tuple(group.members)

    async def is_member(self, user_id: str, conversation: str) -> bool:
        """Tell whether a user is in a conversation."""
        try:
            await self.members(user_id, conversation)
        except ChatError as error:
            if error.code in (Code.NOT_FOUND, Code.FORBIDDEN):
                return False
            raise
        return True

    async def is_admin(self, user_id: str, conversation: str) -> bool:
        """Tell whether a user may tidy up in a conversation: a group's admins and owners."""
        key = parse_conversation(conversation)
        if isinstance(key, DirectKey):
            return False
        group = await self._groups.get(key.group_id)
        return group.roles.get(user_id, "member") != "member"

    def present(self, conversation: str, members: tuple[str, ...]) -> tuple[str, ...]:
        """Return who is in a conversation at this moment, or the members given, if unknown."""
        key = parse_conversation(conversation)
        group = self._groups.peek(key.group_id) if isinstance(key, GroupKey) else None
        return tuple(group.members) if group else members

    async def start(self, conversation: str, members: Sequence[str]) -> None:
        """Keep that a conversation has begun, before its first message is stored."""
        if isinstance(parse_conversation(conversation), DirectKey):
            await self._directs.start(conversation, members)

    async def of_member(self, user_id: str) -> dict[str, Group | None]:
        """Return all conversations of a user by id, a group's with the group."""
        found: dict[str, Group | None] = dict.fromkeys(await self._directs.of_member(user_id))
        for group in await self._groups.of_member(user_id):
            found[group_conversation(group.id)] = group
        return found

    async def contacts(self, user_id: str) -> set[str]:
        """Return those whom a user shares a conversation with, but for blocks."""
        mine = await self.of_member(user_id)
        directs = [conversation for conversation, group in mine.items() if group is None]
        contacts = {member for group in mine.values() if group for member in group.members}
        for conversation in await self._spoken.revs(directs):
            contacts.update(parse_conversation(conversation))
        return set(await self.unblocked(user_id, contacts))

    async def unblocked(self, user_id: str, others: Iterable[str]) -> tuple[str, ...]:
        """Return those of other users between whom and this one there is no block."""
        blocked = (await self._people.get(user_id)).blocked
        known = await self._people.get_many(
            other for other in others if other != user_id and other not in blocked
        )
        return tuple(one for one, other in known.items() if user_id not in other.blocked)

    async def are_contacts(self, one: str, other: str) -> bool:
        """Tell whether two users share a conversation and neither has blocked the other."""
        if one == other:
            return True
        if await self._people.blocked_between(one, other):
            return False
        # One whose first message was refused has begun, but has nobody as a contact.
        if await self._spoken.revs([direct_conversation(one, other)]):
            return True
        return await self._groups.have_both(one, other)
