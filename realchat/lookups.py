"""The conversations of many users, looked up together while things go on changing."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from realchat.events import AnyHappening, GroupChanged, MessageStored, Notice, Resync
from realchat.frames import GroupCreated
from realchat.ids import DirectKey, group_conversation, parse_conversation
from realchat.models import Group


class Directs(Protocol):
    """Who talks directly with whom."""

    async def of_members(self, user_ids: Sequence[str]) -> list[str]:
        """Return the ids of the direct conversations that any of the users has."""


class Circles(Protocol):
    """Who is in which group."""

    async def of_members(self, user_ids: Sequence[str]) -> list[Group]:
        """Return the groups that any of the users is in."""


class Found(NamedTuple):
    """Conversations with those of the users asked for who are in them; the groups of groups'."""

    seats: dict[str, set[str]]
    groups: dict[str, Group]


class Lookups:
    """Asks the database, and puts in what happened during its answer."""

    def __init__(self, directs: Directs, circles: Circles) -> None:
        self._directs = directs
        self._circles = circles
        self._news: list[list[AnyHappening]] = []

    def note(self, happening: AnyHappening) -> None:
        """Hear of what happens."""
        for news in self._news:
            news.append(happening)

    async def of(self, user_ids: Sequence[str]) -> Found:
        """Return the conversations of users, as they are when this returns."""
        while (found := await self._ask(user_ids)) is None:
            continue
        return found

    async def _ask(self, user_ids: Sequence[str]) -> Found | None:
        """Look them up; None where something may have happened meanwhile that was not told."""
        news: list[AnyHappening] = []
        self._news.append(news)
        try:
            directs, groups = await asyncio.gather(
                self._directs.of_members(user_ids), self._circles.of_members(user_ids)
            )
        finally:
            self._news = [one for one in self._news if one is not news]
        if any(isinstance(happening, Resync) for happening in news):
            return None
        latest = {group.id: group for group in groups}
        for happening in news:
            _put_in(happening, directs, latest)
        return _seat(set(user_ids), directs, latest)


def _put_in(happening: AnyHappening, directs: list[str], groups: dict[str, Group]) -> None:
    match happening:
        case MessageStored():
            directs.append(happening.message.conversation)
        case Notice(frame=GroupCreated(group=group)):
            groups.setdefault(group.id, group)
        case GroupChanged(group=None):
            groups.pop(happening.group_id, None)
        case GroupChanged(group=Group() as group):
            known = groups.get(group.id)
            if known is None or known.version < group.version:
                groups[group.id] = group


def _seat(users: set[str], directs: Sequence[str], groups: dict[str, Group]) -> Found:
    seats: defaultdict[str, set[str]] = defaultdict(set)
    for conversation in directs:
        key = parse_conversation(conversation)
        if isinstance(key, DirectKey) and (there := users.intersection(key)):
            seats[conversation] |= there
    found = {}
    for group in groups.values():
        if there := {user_id for user_id in users if user_id in group.roles}:
            conversation = group_conversation(group.id)
            seats[conversation] = there
            found[conversation] = group
    return Found(dict(seats), found)
