"""A bounded memory of what was loaded, so that the path of a message asks the database rarely."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memory(Generic[K, V]):
    """Remembers what `load` returned, the most recently used `size` of it."""

    def __init__(self, load: Callable[[K], Awaitable[V]], size: int) -> None:
        self._load = load
        self._size = size
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._loading: dict[K, int] = {}

    async def get(self, key: K) -> V:
        """Return what is remembered or else loaded; what `load` raises is not remembered."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        # Forgetting while a load is under way takes its mark away: what it
        # brings may be older than the change, so it is not kept.
        self._loading[key] = mark = self._loading.get(key, 0) + 1
        value = await self._load(key)
        if self._loading.get(key) == mark:
            del self._loading[key]
            self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Remember a value that is known to be current."""
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def peek(self, key: K) -> V | None:
        """Return what is remembered, if it is."""
        return self._kept.get(key)

    def forget(self, key: K) -> None:
        """Drop what is remembered or being loaded of a key."""
        self._kept.pop(key, None)
        self._loading.pop(key, None)
