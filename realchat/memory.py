"""A bounded memory of what was loaded, so that the path of a message asks the database rarely."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from cachetools import LRUCache

K = TypeVar("K")
V = TypeVar("V")


class Memory(Generic[K, V]):
    """Remembers what `load` returned, the most recently used `size` of it; each has a weight."""

    def __init__(
        self,
        load: Callable[[K], Awaitable[V]],
        size: int,
        weigh: Callable[[V], int] = lambda _: 1,
    ) -> None:
        self._load = load
        self._kept: LRUCache[K, V] = LRUCache(size, weigh)
        self._changes = 0

    async def get(self, key: K) -> V:
        """Return what is remembered or else loaded; what `load` raises is not remembered."""
        if key in self._kept:
            return self._kept[key]
        changes = self._changes
        value = await self._load(key)
        # What something was forgotten under may be older than the change.
        if changes == self._changes:
            self._kept[key] = value
        return value

    def put(self, key: K, value: V) -> None:
        """Remember a value that is known to be current."""
        self._changes += 1
        self._kept[key] = value

    def peek(self, key: K) -> V | None:
        """Return what is remembered, if it is."""
        return self._kept.get(key)

    def forget_all(self) -> None:
        """Drop everything."""
        self._changes += 1
        self._kept.clear()

    def forget(self, key: K) -> None:
        """Drop what is remembered of a key, and what is being loaded."""
        self._changes += 1
        self._kept.pop(key, None)
