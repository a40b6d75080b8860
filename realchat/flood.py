"""How much a connection, and all connections of a user, may send: frames and bytes a second."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from cachetools import LRUCache

# Seconds of the steady rate that may come at once, such as what was written offline.
_BURST = 6.0
# The connections of a user together may send this many times what one may.
_SHARED = 2
# Users whose allowance is remembered; who was silent longest is forgotten first.
_MAX_USERS = 100_000

Clock = Callable[[], float]


class Rates(NamedTuple):
    """What one connection may send a second, all the time."""

    frames: float
    size: float


class Verdict(enum.IntEnum):
    """What is to become of a frame, from the mildest to the most severe."""

    CARRY_OUT = 0
    REFUSE = 1
    CLOSE = 2


class Allowance:
    """Two token buckets that may run into debt: refused below nothing, closed below a full one."""

    __slots__ = ("_bytes", "_clock", "_frames", "_rates", "_since")

    def __init__(self, rates: Rates, clock: Clock = time.monotonic) -> None:
        self._rates = rates
        self._clock = clock
        self._frames = rates.frames * _BURST
        self._bytes = rates.size * _BURST
        self._since = clock()

    def take(self, size: int) -> Verdict:
        """Count a frame of so many bytes, and judge it."""
        rates, present = self._rates, self._clock()
        passed, self._since = present - self._since, present
        self._frames = min(rates.frames * _BURST, self._frames + passed * rates.frames) - 1
        self._bytes = min(rates.size * _BURST, self._bytes + passed * rates.size) - size
        if self._frames >= 0 and self._bytes >= 0:
            return Verdict.CARRY_OUT
        if self._frames < -rates.frames * _BURST or self._bytes < -rates.size * _BURST:
            return Verdict.CLOSE
        return Verdict.REFUSE

    @property
    def wait(self) -> float:
        """The seconds until a frame would be carried out again."""
        rates = self._rates
        return max(1 - self._frames, 0) / rates.frames + max(-self._bytes, 0) / rates.size


class Floodgate:
    """The allowances of this process's connections and of their users; none when switched off."""

    def __init__(self, rates: Rates, *, enabled: bool = True) -> None:
        """Take what one connection may send."""
        self._rates = rates
        self._enabled = enabled
        self._shared = Rates(rates.frames * _SHARED, rates.size * _SHARED)
        self._users: LRUCache[str, Allowance] = LRUCache(_MAX_USERS)

    def of_connection(self) -> tuple[Allowance, ...]:
        """Return what a new connection may send."""
        return (Allowance(self._rates),) if self._enabled else ()

    def of_user(self, user_id: str) -> tuple[Allowance, ...]:
        """Return what a user's connections may send together."""
        if not self._enabled:
            return ()
        allowance = self._users.get(user_id)
        if allowance is None:
            allowance = self._users[user_id] = Allowance(self._shared)
        return (allowance,)


def judge(allowances: Sequence[Allowance], size: int) -> tuple[Verdict, float]:
    """Count a frame of so many bytes; return the verdict, and the seconds to wait after it."""
    if not allowances:
        return Verdict.CARRY_OUT, 0
    verdict = max(each.take(size) for each in allowances)
    if verdict is Verdict.CARRY_OUT:
        return verdict, 0
    return verdict, max(each.wait for each in allowances)
