"""A translation engine as it is asked: few jobs at a time, each with a deadline.

What passes is tried again, too many calls are followed by a pause, and an engine
that is away is left alone for a while. So nobody waits for it in vain.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

from cachetools import TTLCache

from realchat.breaker import Brake, Breaker, backoff
from realchat.errors import TranslationFailedError
from realchat.metrics import count_job, show_engine
from realchat.models import Record
from realchat.pairs import EngineState, Pair, Pairs

logger = logging.getLogger(__name__)

Call = Callable[[], Awaitable[str]]

# Seconds until it is looked again whether a model was replaced while its server ran.
_VERSION_AGE = 3600
_MAX_VERSIONS = 10_000


class Backend(Protocol):
    """The engine itself; all calls raise `TranslationFailedError`."""

    name: str
    where: str

    async def read_pairs(self) -> frozenset[Pair]:
        """Return the pairs that it translates now, in the contract's names."""

    async def translate(self, text: str, source: str, target: str) -> str:
        """Return the text in the target language; the pair is one of its own."""

    async def read_version(self, source: str, target: str) -> str:
        """Return what tells the model of one of its pairs from an earlier or later one."""

    async def close(self) -> None:
        """Let go of everything."""


class Patience(Record, frozen=True, kw_only=True):
    """How an engine is asked; all times in seconds."""

    deadline: float = 20.0
    # Jobs at once, and those that may wait for their turn.
    jobs: int = 8
    waiting: int = 1000
    # How often what passes is tried, and the pause after the first time.
    attempts: int = 3
    pause: float = 0.25
    # Jobs that fail in a row before the engine is left alone, and for how long.
    failures: int = 5
    rest: float = 30.0
    # The pauses after "too many requests", where the engine does not name one;
    # LibreTranslate does not, and counts by the minute.
    first_brake: float = 2.0
    longest_brake: float = 60.0


class Engine:
    """The one engine of a process."""

    def __init__(self, backend: Backend, patience: Patience | None = None) -> None:
        self._backend = backend
        self.name = backend.name
        self._patience = patience or Patience()
        self._breaker = Breaker(self._patience.failures, self._patience.rest)
        self._brake = Brake(self._patience.first_brake, self._patience.longest_brake)
        self._slots = asyncio.Semaphore(self._patience.jobs)
        self._under_way = 0
        self._pairs = Pairs()
        # Whether the pairs may have changed since they were read.
        self._stale = True
        self._reading = asyncio.Lock()
        self._versions: TTLCache[Pair, str] = TTLCache(_MAX_VERSIONS, _VERSION_AGE)
        self._met = asyncio.Event()

    @property
    def state(self) -> EngineState:
        """What is known of the engine now."""
        return EngineState(
            engine=self.name,
            where=self._backend.where,
            answers=not self._stale and not self._breaker.is_open,
            pairs=self._pairs.by_source(),
        )

    def engine_for(self, source: str, target: str) -> str:
        """Return what readers are told: the name, and the language between, if there is one."""
        path = self._pairs.path(source, target)
        return f"{self.name} via English" if path and len(path) > 1 else self.name

    def version(self, source: str, target: str) -> str | None:
        """Return which models bring one language into another; None if that is not known now."""
        path = self._pairs.path(source, target)
        versions = [self._versions.get(hop) for hop in path or ()]
        return _join(path, versions) if path and None not in versions else None

    async def identify(self, source: str, target: str) -> str:
        """Return what `version` does, from the engine if need be; raises as `translate` does."""
        known = self.version(source, target)
        return known or await self._admit(lambda: self._read_versions(source, target))

    async def met(self, seconds: float) -> None:
        """Return when the engine was looked at once, but after so many seconds at the latest."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._met.wait(), seconds)

    async def check(self) -> None:
        """See whether the engine answers, and what it can translate now."""
        answered = self.state.answers
        self._stale = True
        with suppress(TranslationFailedError, TimeoutError):
            async with asyncio.timeout(self._patience.deadline):
                await self._current_pairs()
        state = self.state
        show_engine(state)
        if state.answers != answered or not self._met.is_set():
            logger.info("translation %s", state.describe())
        self._met.set()

    async def translate(self, text: str, source: str, target: str) -> str:
        """Return the text in the target language, or raise `TranslationFailedError`."""
        return await self._admit(lambda: self._try(text, source, target))

    async def close(self) -> None:
        """Let go of the engine."""
        await self._backend.close()

    async def _admit(self, call: Call) -> str:
        if self._breaker.is_open:
            raise TranslationFailedError("engine_unreachable")
        if self._under_way >= self._patience.jobs + self._patience.waiting:
            raise TranslationFailedError("rate_limited")
        self._under_way += 1
        try:
            return await self._in_turn(call)
        finally:
            self._under_way -= 1

    async def _in_turn(self, call: Call) -> str:
        asked = False
        try:
            async with asyncio.timeout(self._patience.deadline) as deadline, self._slots:
                asked = True
                return await self._persist(call, deadline.when() or 0)
        except TimeoutError:
            if not asked:
                raise TranslationFailedError("rate_limited") from None
            self._learn(TranslationFailedError("engine_unreachable", passing=True))
            self._breaker.fail()
            raise TranslationFailedError("engine_unreachable") from None

    async def _persist(self, call: Call, until: float) -> str:
        """Try as often as it makes sense; `until` is the deadline in the loop's time."""
        if not self._breaker.admit():
            raise TranslationFailedError("engine_unreachable")
        attempt = 0
        while True:
            await self._hold_back(until)
            try:
                answer = await call()
            except TranslationFailedError as error:
                self._learn(error)
                # Who is told to wait has not failed, and waits as long as there is time.
                attempt += error.reason != "rate_limited"
                if not error.passing or attempt >= self._patience.attempts:
                    self._judge(error)
                    raise
            else:
                self._breaker.succeed()
                self._brake.release()
                return answer
            await asyncio.sleep(backoff(max(attempt - 1, 0), self._patience.pause))

    async def _hold_back(self, until: float) -> None:
        """Wait while the engine wants no calls; refuse at once what would wait in vain."""
        while pause := self._brake.remaining:
            if asyncio.get_running_loop().time() + pause >= until:
                raise TranslationFailedError("rate_limited")
            await asyncio.sleep(pause + backoff(0, self._patience.pause))

    async def _try(self, text: str, source: str, target: str) -> str:
        for hop in await self._path(source, target):
            began = time.monotonic()
            text = await self._backend.translate(text, *hop)
            count_job(self.name, *hop, time.monotonic() - began)
        return text

    async def _read_versions(self, source: str, target: str) -> str:
        path = await self._path(source, target)
        versions = []
        for hop in path:
            version = self._versions.get(hop) or await self._backend.read_version(*hop)
            self._versions[hop] = version
            versions.append(version)
        return _join(path, versions)

    async def _path(self, source: str, target: str) -> Sequence[Pair]:
        path = (await self._current_pairs()).path(source, target)
        if path is None:
            raise TranslationFailedError("unsupported_pair")
        return path

    async def _current_pairs(self) -> Pairs:
        async with self._reading:
            if self._stale:
                self._pairs = Pairs(await self._backend.read_pairs())
                self._stale = False
                show_engine(self.state)
        return self._pairs

    def _learn(self, error: TranslationFailedError) -> None:
        """Draw from a failure what the next attempt has to know."""
        if error.reason == "rate_limited":
            self._brake.press(error.retry_after)
            self._breaker.succeed()  # for it answered
        elif error.passing and not self._stale:
            # Who comes back may have other languages, and other models.
            self._stale = True
            self._versions.clear()
            show_engine(self.state)

    def _judge(self, error: TranslationFailedError) -> None:
        if error.passing:
            self._breaker.fail()
        else:
            self._breaker.succeed()


def _join(path: Sequence[Pair], versions: Sequence[str | None]) -> str:
    hops = zip(path, versions, strict=True)
    return " ".join(f"{source}-{target}:{version}" for (source, target), version in hops)
