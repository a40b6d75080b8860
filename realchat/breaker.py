"""When somebody else's server is left alone: after failures, and when it asks for it.

Nothing here knows what is asked of that server. Times are in seconds of a clock
that never goes back.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

Clock = Callable[[], float]

# What a server names is not believed beyond that.
_LONGEST_NAMED = 3600.0


class Breaker:
    """Opens after so many failures in a row, and lets one try through after each rest."""

    def __init__(self, failures: int, rest: float, clock: Clock = time.monotonic) -> None:
        self._limit = failures
        self._rest = rest
        self._clock = clock
        self._failures = 0
        self._opens_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether nobody may try now."""
        return self._failures >= self._limit and self._clock() < self._opens_at

    def admit(self) -> bool:
        """Tell whether the caller may try; who is let through after a rest is the only one."""
        if self.is_open:
            return False
        if self._failures >= self._limit:
            # For all others the rest begins anew, so that one who never reports
            # how it went does not lock the rest out for ever.
            self._opens_at = self._clock() + self._rest
        return True

    def succeed(self) -> None:
        """Take note that the server answered."""
        self._failures = 0

    def fail(self) -> None:
        """Take note that the server did not answer."""
        self._failures += 1
        if self._failures >= self._limit:
            self._opens_at = self._clock() + self._rest


class Brake:
    """Holds all calls back after the server said that there were too many.

    It keeps to the time that the server names, `first` at least and an hour at most;
    where it names none, the pause doubles from `first` to `longest` until a call succeeds.
    """

    def __init__(self, first: float, longest: float, clock: Clock = time.monotonic) -> None:
        self._first = first
        self._longest = longest
        self._clock = clock
        self._next = first
        self._until = 0.0

    @property
    def remaining(self) -> float:
        """How long nobody may call; 0 when one may."""
        return max(0.0, self._until - self._clock())

    def press(self, retry_after: float | None) -> None:
        """Take note of a refusal, and of the seconds that it named."""
        if retry_after is None and self.remaining:
            return  # calls that went out together are refused together: that is one refusal
        pause = self._next
        if retry_after is not None:
            pause = min(max(retry_after, self._first), _LONGEST_NAMED)
        self._until = max(self._until, self._clock() + pause)
        self._next = min(2 * self._next, self._longest)

    def release(self) -> None:
        """Take note of a call that was not refused."""
        self._next = self._first


def backoff(attempt: int, first: float) -> float:
    """Return how long to wait after the `attempt`th failure, counted from 0: doubled each time.

    Half of it is chance, so that those who failed together do not come back together
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """
    whole = float(first * 2**attempt)
    return random.uniform(whole / 2, whole)
