"""Token buckets that all processes share, kept in Redis.

The path of a message does not wait for Redis each time: of a bucket that is large
and fills up fast, a process takes some tokens at once and hands them out itself.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple, Protocol

from cachetools import LRUCache

from realchat.limits import Rate
from realchat.loader import Loader
from realchat.redis_client import AwayError, Calls, Script

# A bucket as `LocalBuckets` has it: tokens and the moment they were counted at, by Redis' clock.
# It takes as many as there are of those asked for, at least one, else tells the seconds until
# there is one, as text, since Redis cuts numbers.
_TAKE = """
local time = redis.call('TIME')
local present = time[1] + time[2] / 1000000
local burst, speed, asked = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'since')
local tokens, since = tonumber(kept[1]) or burst, tonumber(kept[2]) or present
tokens = math.min(burst, tokens + math.max(0, present - since) * speed)
local taken = math.min(asked, math.floor(tokens))
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - taken), 'since', tostring(present))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - tokens + taken) / speed * 1000) + 1000)
return {taken, tostring(taken > 0 and 0 or (1 - tokens) / speed)}
"""

# What of a bucket one process takes at once: a twentieth, and no more than it gets back in a
# fifth of a second, kept for so many seconds. So each process may let pass a twentieth more.
_SHARE, _SECONDS_WORTH, _KEPT = 1 / 20, 0.2, 10.0
_MAX_LEASES = 100_000


class Buckets(Protocol):
    """Buckets of this process alone."""

    async def take(self, key: str, rate: Rate) -> float:
        """Take a token; return 0, or the seconds until there is one."""


class Lease(NamedTuple):
    """Tokens that were taken and not handed out yet, and until when they are good."""

    tokens: int
    until: float


class Request(NamedTuple):
    """Tokens that are asked for; the number tells those of one key apart."""

    number: int
    key: str
    rate: Rate
    tokens: int


class RedisBuckets:
    """Shared buckets; while Redis is away, each process has its own."""

    def __init__(self, calls: Calls, scope: str, local: Buckets) -> None:
        """Take Redis, what tells our keys from others' there, and what replaces it."""
        self._calls = calls
        self._scope = scope
        self._local = local
        self._numbers = count()
        self._leases: LRUCache[str, Lease] = LRUCache(_MAX_LEASES)
        self._requests: Loader[Request, tuple[int, float]] = Loader(self._take_many)

    async def take(self, key: str, rate: Rate) -> float:
        """Take a token; return 0, or the seconds until there is one."""
        if self._take_leased(key):
            return 0.0
        asked = max(1, int(min(rate.burst * _SHARE, rate.per_second * _SECONDS_WORTH)))
        request = Request(next(self._numbers), key, rate, asked)
        try:
            answer = await self._requests.get(request)
        except AwayError:
            return await self._local.take(key, rate)
        taken, wait = answer or (0, 1.0)
        if taken > 1:
            until = asyncio.get_running_loop().time() + _KEPT
            left = self._leases.pop(key, Lease(0, 0)).tokens
            self._leases[key] = Lease(left + taken - 1, until)
        return wait

    def _take_leased(self, key: str) -> bool:
        lease = self._leases.pop(key, None)
        if lease is None or lease.until < asyncio.get_running_loop().time():
            return False
        if lease.tokens > 1:
            self._leases[key] = lease._replace(tokens=lease.tokens - 1)
        return True

    async def _take_many(self, requests: Sequence[Request]) -> dict[Request, tuple[int, float]]:
        calls: list[Script] = [
            ([self._name(one.key)], [one.rate.burst, one.rate.per_second, one.tokens])
            for one in requests
        ]
        answers = await self._calls.run_script(_TAKE, calls)
        return {
            request: (int(taken), float(wait))
            for request, (taken, wait) in zip(requests, answers, strict=True)
        }

    def _name(self, key: str) -> str:
        # Not as it is, since what is counted may be an e-mail address.
        digest = hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
        return f"realchat:{self._scope}:rate:{digest}"
