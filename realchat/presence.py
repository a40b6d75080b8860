"""Who is online, and who may know: those who share a conversation, but for blocks."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

from realchat.conversations import Conversations
from realchat.errors import ChatError, Code
from realchat.events import Notices
from realchat.frames import PresenceEvent
from realchat.ids import now, require_id, timestamp
from realchat.models import Presence, User
from realchat.notes import Notes
from realchat.ports import Bus
from realchat.tasks import Tasks

# Seconds of rest after telling of several people at once, and how many these are
# at most: a lone newcomer is told of at once, a crowd in few and large lots.
_PAUSE = 0.1
_MAX_NEWS = 200
# Seconds until it is tried again when the database does not say who is to be told.
_RETRY = 1.0
# Seconds that a stop waits for what is being asked about those who go: more than a
# call of the roster takes (`realchat.redis_client.DEADLINE`).
_PATIENCE = 3.0

News = Mapping[str, PresenceEvent]


class Roster(Protocol):
    """Who is connected anywhere."""

    async def appear(self, user_id: str) -> bool:
        """Count one more connection; tell whether it is the user's first."""

    async def vanish(self, user_id: str) -> bool:
        """Count one connection less; tell whether it was the user's last."""

    async def online(self, user_ids: Iterable[str]) -> set[str]:
        """Return those of the users who are connected."""

    async def elsewhere(self, user_id: str) -> int:
        """Return how many connections a user has to other processes."""

    async def keep(self) -> tuple[list[str], list[str]]:
        """Show that this process lives; return who is there after all, and who is gone."""

    async def bequeath(self, user_ids: Sequence[str]) -> None:
        """Leave it to other processes to tell that these are gone."""


class LastSeen(Protocol):
    """Where it is kept when somebody was last seen."""

    async def touch_last_seen(self, moments: Mapping[str, datetime]) -> None:
        """Keep when users were last connected."""

    async def find(self, user_id: str) -> User | None:
        """Return a user as they are kept now."""


class Audiences(Protocol):
    """Who is to be told."""

    async def of(self, user_ids: Sequence[str]) -> dict[str, set[str]]:
        """Return, by user, which of their contacts are online."""


class Presences:
    """The comings and goings of people; several devices are one person."""

    def __init__(
        self,
        roster: Roster,
        last_seen: LastSeen,
        conversations: Conversations,
        audiences: Audiences,
        bus: Bus,
        tasks: Tasks,
        grace: float,
    ) -> None:
        """Take the parts; `grace` is how many seconds somebody may be away unnoticed."""
        self._roster = roster
        self._last_seen = last_seen
        self._seen = Notes(tasks, last_seen.touch_last_seen)
        self._conversations = conversations
        self._audiences = audiences
        self._bus = bus
        self._tasks = tasks
        self._grace = grace
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        # Of whom it is being asked whether they are elsewhere.
        self._going: set[asyncio.Task[Any]] = set()
        self._news: dict[str, PresenceEvent] = {}
        self._pause: asyncio.TimerHandle | None = None
        self._is_telling = False

    def connect(self, user_id: str) -> None:
        """Count a new connection of a user; others are told of the first one."""
        self._tasks.start(self._come(user_id))

    def disconnect(self, user_id: str) -> None:
        """Count a connection less; others are told when no other comes within the grace."""
        self._start_going(self._go(user_id))

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

    async def elsewhere(self, user_id: str) -> int:
        """Return how many connections a user has to other processes."""
        return await self._roster.elsewhere(user_id)

    async def keep(self) -> None:
        """Show that this process lives, and tell of the people of those that do not any more."""
        came, gone = await self._roster.keep()
        for user_id in came:
            self._announce(user_id, online=True, last_seen=None)
        moment = now()
        for user_id in gone:
            self._seen.put(user_id, moment)
            self._announce(user_id, online=False, last_seen=timestamp(moment))

    async def close(self) -> None:
        """Leave it to others to announce who is leaving: it is the server that goes."""
        await self._finish_going()
        leaving, self._leaving = self._leaving, {}
        for timer in leaving.values():
            timer.cancel()
        untold = [user_id for user_id, frame in self._news.items() if not frame.online]
        await self._roster.bequeath([*leaving, *untold])
        self._news.clear()
        if self._pause is not None:
            self._pause.cancel()

    def _start_going(self, going: Coroutine[Any, Any, None]) -> None:
        if task := self._tasks.start(going):
            self._going.add(task)
            task.add_done_callback(self._going.discard)

    async def _finish_going(self) -> None:
        """Wait until it is known of all who go whether they are gone, for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while self._going:
                    await asyncio.wait(self._going)

    async def _come(self, user_id: str) -> None:
        first = await self._roster.appear(user_id)
        if timer := self._leaving.pop(user_id, None):
            timer.cancel()  # nobody was told of the leaving
        elif first:
            self._announce(user_id, online=True, last_seen=None)

    async def _go(self, user_id: str) -> None:
        if not await self._roster.vanish(user_id):
            return
        moment = now()
        self._seen.put(user_id, moment)
        self._leaving[user_id] = asyncio.get_running_loop().call_later(
            self._grace, lambda: self._start_going(self._leave(user_id, moment))
        )

    async def _leave(self, user_id: str, moment: datetime) -> None:
        self._leaving.pop(user_id, None)
        if not await self._roster.online([user_id]):
            self._announce(user_id, online=False, last_seen=timestamp(moment))

    def _announce(self, user_id: str, *, online: bool, last_seen: str | None) -> None:
        # The last word about each, in the order of these last words.
        self._news.pop(user_id, None)
        self._news[user_id] = PresenceEvent(user_id=user_id, online=online, last_seen=last_seen)
        self._begin_telling()

    def _begin_telling(self) -> None:
        if self._news and not self._is_telling:
            self._is_telling = True
            self._tasks.start(self._tell())

    async def _tell(self) -> None:
        """Tell the news there are, those of many people together, and rest for a while.

        One look-up at a time, so that nobody hears that somebody left before
        they hear that they came.
        """
        news = {user_id: self._news.pop(user_id) for user_id in [*islice(self._news, _MAX_NEWS)]}
        rest = _PAUSE if len(news) > 1 else 0
        try:
            audiences = await self._audiences.of(tuple(news))
            for readers, frames in _address(news, audiences, self._news):
                self._bus.publish(Notices(readers=readers, frames=frames))
        except ChatError:
            rest = _RETRY
            still = {one: frame for one, frame in news.items() if one not in self._news}
            self._news = still | self._news
        finally:
            self._pause = asyncio.get_running_loop().call_later(rest, self._end_pause)

    def _end_pause(self) -> None:
        self._is_telling = False
        self._begin_telling()


def _address(
    news: News, audiences: Mapping[str, set[str]], later: News
) -> Iterator[tuple[tuple[str, ...], tuple[PresenceEvent, ...]]]:
    """Yield who gets which of the news, those together who get the same.

    Whoever came after somebody finds them when asking who is online, so they
    are told of those who came after them only: those who are in the news
    themselves of the ones behind them, those in `later` news of none.
    """
    places = {user_id: place for place, user_id in enumerate(news)}
    alike: defaultdict[frozenset[str], list[PresenceEvent]] = defaultdict(list)
    single: defaultdict[str, list[PresenceEvent]] = defaultdict(list)
    for place, (user_id, frame) in enumerate(news.items()):
        audience = audiences[user_id]
        alike[frozenset(audience.difference(places, later))].append(frame)
        for reader in places.keys() & audience:
            if places[reader] < place and reader not in later:
                single[reader].append(frame)
    for readers, frames in alike.items():
        if readers:
            yield tuple(readers), tuple(frames)
    for reader, frames in single.items():
        yield (reader,), tuple(frames)
