"""Questions by key, asked of the database together when they are asked at the same time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import Context
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

# Keys in one query, so that no answer is so large that the loop waits for it.
_MAX_KEYS = 500
# Seconds for which a query holds up those behind it: one that takes its whole
# deadline must not make the next ones' askers wait for two.
_PATIENCE = 0.25


class Question(Generic[K, V]):
    """The keys that somebody asks for, and what they wait for."""

    def __init__(self, keys: Sequence[K]) -> None:
        self.keys = keys
        self.answer: asyncio.Future[dict[K, V]] = asyncio.get_running_loop().create_future()

    def settle(self, found: Mapping[K, V]) -> None:
        """Answer with what there is of the keys, unless nobody waits any more."""
        if not self.answer.done():
            self.answer.set_result({key: found[key] for key in self.keys if key in found})

    def fail(self, error: Exception) -> None:
        """Answer that it cannot be known."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Loader(Generic[K, V]):
    """Loads values by key; what is asked for during one query makes up the next one.

    No key is answered by a query that began before it was asked for, so an
    answer is as fresh as that of a query of one's own.
    """

    def __init__(self, load: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        """Take what loads many: it returns those of the keys that there are."""
        self._load = load
        self._asked: deque[Question[K, V]] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        # The one that takes questions; others only wait for their answer.
        self._taking: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """Return the value of a key, if there is one. Raises what the query does."""
        return (await self.get_many([key])).get(key)

    async def get_many(self, keys: Sequence[K]) -> dict[K, V]:
        """Return the values of those of the keys that there are. Raises what the query does."""
        question: Question[K, V] = Question(keys)
        self._asked.append(question)
        if self._taking is None:
            self._begin()
        return await question.answer

    def _begin(self) -> None:
        self._taking = None
        if self._asked:
            # In a context of its own: it works for others than the one who woke it.
            self._taking = asyncio.get_running_loop().create_task(self._work(), context=Context())
            self._workers.add(self._taking)
            self._taking.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        this = asyncio.current_task()
        try:
            while self._asked and self._taking is this:
                impatience = loop.call_later(_PATIENCE, self._begin)
                await self._answer(self._take_round())
                impatience.cancel()
        finally:
            # Here, not when the task is done: nobody may ask in between and be left alone.
            if self._taking is this:
                self._taking = None

    def _take_round(self) -> list[Question[K, V]]:
        taken = [self._asked.popleft()]
        size = len(taken[0].keys)
        while self._asked and size + len(self._asked[0].keys) <= _MAX_KEYS:
            taken.append(self._asked.popleft())
            size += len(taken[-1].keys)
        return taken

    async def _answer(self, questions: Sequence[Question[K, V]]) -> None:
        keys = dict.fromkeys(key for question in questions for key in question.keys)
        try:
            found = await self._load(list(keys))
        except Exception as error:
            for question in questions:
                question.fail(error)
            return
        for question in questions:
            question.settle(found)
