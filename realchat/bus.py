"""What passes between processes, for one process alone: events, who is online, rate limits.

The in-memory adapter behind the ports that the domain declares. It is the real
thing where one process runs; several need one that they share.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence

from realchat.events import AnyHappening
from realchat.limits import Rate
from realchat.listeners import Listener, Listeners

_MAX_BUCKETS = 100_000


class LocalBus:
    """Hands what is published to every listener, at once and in order."""

    def __init__(self) -> None:
        self._listeners = Listeners()

    async def ping(self) -> None:
        """Return at once: it is there as long as the process is."""

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with all that is published from now on."""
        self._listeners.add(listener)

    def publish(self, happening: AnyHappening) -> None:
        """Tell every listener, in the order of their subscription."""
        self._listeners.tell(happening)

    async def join(self, channels: Sequence[str]) -> None:
        """Return at once: all is heard here."""

    def leave(self, channels: Sequence[str]) -> None:
        """Go on to hear all."""


class LocalAttendance:
    """Whoever is connected is connected here."""

    async def arrive(self, user_id: str) -> None:
        """Return at once: nothing has to be listened to."""

    def depart(self, user_id: str) -> None:
        """Do nothing either."""


class LocalRoster:
    """Counts the connections of each user."""

    def __init__(self) -> None:
        self._connections: Counter[str] = Counter()

    async def appear(self, user_id: str) -> bool:
        """Count one more connection; tell whether it is the user's first."""
        self._connections[user_id] += 1
        return self._connections[user_id] == 1

    async def vanish(self, user_id: str) -> bool:
        """Count one connection less; tell whether it was the user's last."""
        self._connections[user_id] -= 1
        if self._connections[user_id] > 0:
            return False
        del self._connections[user_id]
        return True

    async def online(self, user_ids: Iterable[str]) -> set[str]:
        """Return those of the users who are connected."""
        return {user_id for user_id in user_ids if user_id in self._connections}

    async def elsewhere(self, user_id: str) -> int:
        """Return how many connections a user has to other processes: there are none."""
        return 0

    async def keep(self) -> tuple[list[str], list[str]]:
        """Return who came and who is gone with another process: nobody."""
        return [], []

    async def bequeath(self, user_ids: Sequence[str]) -> None:
        """Leave nobody behind: there is nobody to be told."""


class LocalBuckets:
    """Token buckets in memory; those longest unused are forgotten first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def take(self, key: str, rate: Rate) -> float:
        """Take a token; return 0, or the seconds until there is one."""
        present = self._clock()
        tokens, since = self._buckets.pop(key, (float(rate.burst), present))
        tokens = min(rate.burst, tokens + (present - since) * rate.per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / rate.per_second
        self._buckets[key] = (tokens if wait else tokens - 1, present)
        if len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return wait
