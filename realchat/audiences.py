"""Who is to be told of somebody's presence: those online who share a conversation with them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from realchat.ids import DirectKey, direct_conversation, parse_conversation
from realchat.models import Group
from realchat.ports import KnownPeople


class Roster(Protocol):
    """Who is connected anywhere."""

    async def online(self, user_ids: Iterable[str]) -> set[str]:
        """Return those of the users who are connected."""


class Directs(Protocol):
    """Who talks directly with whom."""

    async def of_members(self, user_ids: Sequence[str]) -> list[str]:
        """Return the ids of the direct conversations that any of the users has."""


class Circles(Protocol):
    """Who is in which group."""

    async def of_members(self, user_ids: Sequence[str]) -> list[Group]:
        """Return the groups that any of the users is in."""


class Spoken(Protocol):
    """In which conversations something was said."""

    async def revs(self, conversations: Sequence[str]) -> dict[str, int]:
        """Return the last rev of each conversation that has any."""


class Audiences:
    """The contacts that are online, looked up for many users in as few questions as for one."""

    def __init__(
        self,
        roster: Roster,
        directs: Directs,
        circles: Circles,
        spoken: Spoken,
        people: KnownPeople,
    ) -> None:
        self._roster = roster
        self._directs = directs
        self._circles = circles
        self._spoken = spoken
        self._people = people

    async def of(self, user_ids: Sequence[str]) -> dict[str, set[str]]:
        """Return, by user, who is online and shares a conversation with them, but for blocks."""
        directs, groups = await asyncio.gather(
            self._directs.of_members(user_ids), self._circles.of_members(user_ids)
        )
        peers = [_peers(conversation) for conversation in directs]
        met = {one for pair in peers for one in pair}
        online = await self._roster.online(met.union(*(group.members for group in groups)))
        audiences: dict[str, set[str]] = {user_id: set() for user_id in user_ids}
        await self._add_peers(audiences, peers, online)
        for group in groups:
            present = online.intersection(group.members)
            for user_id in audiences.keys() & group.roles.keys():
                audiences[user_id] |= present
        await self._keep_apart(audiences)
        return audiences

    async def _add_peers(
        self, audiences: dict[str, set[str]], peers: Iterable[DirectKey], online: set[str]
    ) -> None:
        """Add those who are online and with whom something was said directly."""
        meetings = [
            (direct_conversation(one, other), one, other)
            for lower, higher in peers
            for one, other in ((lower, higher), (higher, lower))
            if one in audiences and other in online
        ]
        # One whose first message was refused has begun, but has nobody as a contact.
        begun = {conversation for conversation, _, _ in meetings}
        spoken = await self._spoken.revs(list(begun)) if begun else {}
        for conversation, one, other in meetings:
            if conversation in spoken:
                audiences[one].add(other)

    async def _keep_apart(self, audiences: dict[str, set[str]]) -> None:
        """Take out those who have blocked each other, who are gone, and oneself."""
        known = await self._people.get_many(set(audiences).union(*audiences.values()))
        for user_id, audience in audiences.items():
            blocked = known[user_id].blocked if user_id in known else audience
            audience.difference_update([user_id], blocked)
            audience.intersection_update(known)
        for other in known.values():
            for user_id in other.blocked & audiences.keys():
                audiences[user_id].discard(other.id)


def _peers(conversation: str) -> DirectKey:
    key = parse_conversation(conversation)
    assert isinstance(key, DirectKey)  # groups are kept elsewhere
    return key
