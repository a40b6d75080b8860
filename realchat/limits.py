"""How often people may do things: token buckets, by what is done and by whom."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from realchat.errors import ChatError, Code


class Rate(NamedTuple):
    """A bucket of `burst` tokens that fills up at `per_second`; `name` keeps it apart."""

    name: str
    burst: int
    per_second: float


# Generous by address, since a whole school may share one; strict by account,
# where the limits stand between a guesser and somebody's password.
REGISTER = Rate("register", 100, 1)
SIGN_IN = Rate("sign_in", 100, 2)
SIGN_IN_ACCOUNT = Rate("sign_in_account", 10, 1 / 6)
OTP = Rate("otp", 50, 0.5)
OTP_ACCOUNT = Rate("otp_account", 3, 3 / 600)
SEND = Rate("send", 200, 50)
SEARCH = Rate("search", 30, 2)
UPLOAD = Rate("upload", 60, 1)
# What an engine works for, one at a time.
TRANSLATE = Rate("translate", 60, 2)
# Whatever else somebody who is signed in asks for: more than any page or program needs.
CALL = Rate("call", 400, 100)


class Buckets(Protocol):
    """Where the buckets stand: in this process, or where all processes see them."""

    async def take(self, key: str, rate: Rate) -> float:
        """Take a token; return 0, or the seconds until there is one."""


class Limits:
    """The limits in force; none when switched off."""

    def __init__(self, buckets: Buckets, *, enabled: bool = True) -> None:
        self._buckets = buckets
        self._enabled = enabled

    async def take(self, rate: Rate, key: str) -> None:
        """Count one more of what `key` does. Raises `rate_limited` when it is too much."""
        if not self._enabled:
            return
        wait = await self._buckets.take(f"{rate.name}:{key}", rate)
        if wait > 0:
            raise ChatError(Code.RATE_LIMITED, retry_after=wait)
