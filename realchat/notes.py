"""Small facts that are written after the answer, many in one write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from realchat.tasks import Tasks

K = TypeVar("K")
V = TypeVar("V")


class Notes(Generic[K, V]):
    """What is noted while others are written makes up the next write.

    Of two notes under one key the newer one counts. What cannot be written is
    lost, and that is logged.
    """

    def __init__(self, tasks: Tasks, write: Callable[[Mapping[K, V]], Awaitable[None]]) -> None:
        """Take what writes many."""
        self._tasks = tasks
        self._write = write
        self._noted: dict[K, V] = {}
        self._is_writing = False

    def put(self, key: K, value: V) -> None:
        """Note something; never waits."""
        self._noted[key] = value
        if not self._is_writing:
            self._begin()

    def _begin(self) -> None:
        self._is_writing = True
        self._tasks.start(self._write_all())

    async def _write_all(self) -> None:
        try:
            while self._noted:
                noted, self._noted = self._noted, {}
                await self._write(noted)
        finally:
            self._is_writing = False
            if self._noted:
                self._begin()  # what came while a write failed
