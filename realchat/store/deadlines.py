"""Who waits too long for a write: one timer for all, since most never do."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import Protocol

# Seconds between two looks, by which somebody may wait longer.
_INTERVAL = 0.1


class Waiting(Protocol):
    """Something that is to be given up at some time."""

    @property
    def is_answered(self) -> bool:
        """Whether it waits no more."""

    def give_up(self) -> None:
        """Tell its caller that it took too long."""


class Deadlines:
    """Those who wait, the one with the nearest end first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Waiting]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, waiting: Waiting, end: float) -> None:
        """Give something up at `end`, by the loop's clock, if it still waits then."""
        heapq.heappush(self._heap, (end, next(self._numbers), waiting))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_INTERVAL, self._look)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while self._heap and (self._heap[0][2].is_answered or self._heap[0][0] <= loop.time()):
            _, _, waiting = heapq.heappop(self._heap)
            if not waiting.is_answered:
                waiting.give_up()
        self._timer = loop.call_later(_INTERVAL, self._look) if self._heap else None
