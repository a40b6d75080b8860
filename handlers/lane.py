"""The frames of one connection, carried out in order, one at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

from handlers.framing import Frame

# Frames that may wait for the one that is being carried out before no more are read.
_MAX_WAITING = 64


class Lane:
    """A queue and the task that empties it, both there only while they are needed."""

    __slots__ = ("_carry_out", "_empty", "_waiting", "_worker")

    def __init__(
        self, carry_out: Callable[[Frame], Awaitable[None]], empty: Callable[[], None]
    ) -> None:
        """Take what carries a frame out, without raising, and what to call when all are."""
        self._carry_out = carry_out
        self._empty = empty
        self._waiting: deque[Frame] | None = None
        self._worker: asyncio.Task[None] | None = None

    def open(self, begin: Callable[[], Awaitable[None]]) -> None:
        """Do something before the first frame is carried out."""
        self._start(begin)

    def put(self, frame: Frame) -> bool:
        """Let a frame be carried out after those before it; tell whether more may come now."""
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(frame)
        if self._worker is None:
            self._start()
        return len(self._waiting) < _MAX_WAITING

    def clear(self) -> Iterable[Frame]:
        """Forget what waits, and return it."""
        waiting, self._waiting = self._waiting, None
        return waiting or ()

    async def settle(self) -> None:
        """Wait until all that has come is carried out."""
        if self._worker is not None:
            await asyncio.wait([self._worker])

    def _start(self, begin: Callable[[], Awaitable[None]] | None = None) -> None:
        self._worker = asyncio.get_running_loop().create_task(self._work(begin))

    async def _work(self, begin: Callable[[], Awaitable[None]] | None) -> None:
        try:
            if begin is not None:
                await begin()
            while self._waiting:
                await self._carry_out(self._waiting.popleft())
            self._waiting = None
        finally:
            self._worker = None
        self._empty()
