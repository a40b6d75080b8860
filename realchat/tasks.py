"""Work that goes on after the answer: kept, logged when it fails, drained at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from realchat.errors import ChatError

logger = logging.getLogger(__name__)


class Tasks:
    """The tasks under way; `drain` waits for them before the program ends."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._timers: dict[object, asyncio.TimerHandle] = {}
        self._closed = False

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any] | None:
        """Run `work` without waiting for it; not at all after the end (None)."""
        if self._closed:
            work.close()
            return None
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._finish)
        return task

    def repeat(self, work: Callable[[], Coroutine[Any, Any, Any]], seconds: float) -> None:
        """Run `work` now and then every so many seconds, until the drain."""
        self.start(work())
        loop = asyncio.get_running_loop()
        self._timers[work] = loop.call_later(seconds, self.repeat, work, seconds)

    async def close(self) -> None:
        """Finish what is under way, and start nothing more: its parts are about to be closed."""
        await self.drain()
        self._closed = True

    async def drain(self, seconds: float = 5.0) -> None:
        """Wait until all is done, then cancel what still runs."""
        for timer in self._timers.values():
            timer.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _finish(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, ChatError):
            logger.warning("a task after the answer failed: %s", error.code.code)
        elif error is not None:
            logger.error("fault in a task after the answer", exc_info=error)
