"""Who is online, and who may know: those who share a conversation, but for blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from realchat.conversations import Conversations
from realchat.errors import ChatError, Code
from realchat.events import Notice
from realchat.frames import PresenceEvent
from realchat.ids import now, require_id, timestamp
from realchat.models import Presence, User
from realchat.ports import Bus
from realchat.tasks import Tasks


class Roster(Protocol):
    """Who is connected anywhere."""

    async def appear(self, user_id: str) -> bool:
        """Count one more connection; tell whether it is the user's first."""

    async def vanish(self, user_id: str) -> bool:
        """Count one connection less; tell whether it was the user's last."""

    async def online(self, user_ids: Iterable[str]) -> set[str]:
        """Return those of the users who are connected."""


class LastSeen(Protocol):
    """Where it is kept when somebody was last seen."""

    async def touch_last_seen(self, user_id: str, moment: datetime) -> None:
        """Keep when a user was last connected."""

    async def find(self, user_id: str) -> User | None:
        """Return a user as they are kept now."""


class Presences:
    """The comings and goings of people; several devices are one person."""

    def __init__(
        self,
        roster: Roster,
        last_seen: LastSeen,
        conversations: Conversations,
        bus: Bus,
        tasks: Tasks,
        grace: float,
    ) -> None:
        """Take the parts; `grace` is how many seconds somebody may be away unnoticed."""
        self._roster = roster
        self._last_seen = last_seen
        self._conversations = conversations
        self._bus = bus
        self._tasks = tasks
        self._grace = grace
        self._leaving: dict[str, asyncio.TimerHandle] = {}

    def connect(self, user_id: str) -> None:
        """Count a new connection of a user; others are told of the first one."""
        self._tasks.start(self._come(user_id))

    def disconnect(self, user_id: str) -> None:
        """Count a connection less; others are told when no other comes within the grace."""
        self._tasks.start(self._go(user_id))

    async def of(self, asker_id: str, user_id: str) -> Presence:
        """Return a user's presence to somebody who may know of it, else raise `not_found`."""
        if not await self._conversations.are_contacts(asker_id, require_id(user_id)):
            raise ChatError(Code.NOT_FOUND)
        user = await self._last_seen.find(user_id)
        if user is None:
            raise ChatError(Code.NOT_FOUND)
        online = user_id in await self._roster.online([user_id])
        seen = timestamp(user.last_seen) if user.last_seen else None
        return Presence(user_id=user_id, online=online, last_seen=seen)

    async def online(self, asker_id: str) -> list[str]:
        """Return those who are online and whom the asker may know of."""
        return sorted(await self._roster.online(await self._conversations.contacts(asker_id)))

    def close(self) -> None:
        """Announce nobody's leaving any more: it is the server that goes."""
        for timer in self._leaving.values():
            timer.cancel()
        self._leaving.clear()

    async def _come(self, user_id: str) -> None:
        first = await self._roster.appear(user_id)
        if timer := self._leaving.pop(user_id, None):
            timer.cancel()  # nobody was told of the leaving
        elif first:
            await self._announce(user_id, online=True, last_seen=None)

    async def _go(self, user_id: str) -> None:
        if not await self._roster.vanish(user_id):
            return
        moment = now()
        # Before anything is waited for: who comes back meanwhile must find it.
        self._leaving[user_id] = asyncio.get_running_loop().call_later(
            self._grace, lambda: self._tasks.start(self._leave(user_id, moment))
        )
        await self._last_seen.touch_last_seen(user_id, moment)

    async def _leave(self, user_id: str, moment: datetime) -> None:
        self._leaving.pop(user_id, None)
        if not await self._roster.online([user_id]):
            await self._announce(user_id, online=False, last_seen=timestamp(moment))

    async def _announce(self, user_id: str, *, online: bool, last_seen: str | None) -> None:
        readers = tuple(await self._conversations.contacts(user_id))
        frame = PresenceEvent(user_id=user_id, online=online, last_seen=last_seen)
        self._bus.publish(Notice(readers=readers, frame=frame))
