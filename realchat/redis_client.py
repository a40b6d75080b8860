"""How Redis is called: nothing twice behind our back, every call with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from random import uniform
from typing import Any, TypeVar, cast

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    MovedError,
    NoPermissionError,
    RedisClusterException,
    RedisError,
    ResponseError,
)

T = TypeVar("T")

# The keys and the arguments of a script.
Script = tuple[Sequence[str], Sequence[str | float]]

# What a Redis that is away, busy, or none at all makes of a call. RedisClusterException, which is
# no RedisError, is a cluster of which nobody answers; RuntimeError is uvloop's word for writing
# to a connection that was just reset.
FAULTS = (RedisError, RedisClusterException, OSError, TimeoutError, EOFError, RuntimeError)

# Seconds for one exchange on the connections of the bus, which wait for nobody.
DEADLINE = 2.0
# Seconds for a call that somebody waits for, and for which nobody tries again after one failed.
_PATIENCE, _REST = 0.5, 1.0
# Seconds between two tries to connect, at first and at most.
_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


class AwayError(Exception):
    """Redis does not answer; do with what this process knows."""


class Calls:
    """Calls that somebody waits for: not for long, and not at all while Redis is away."""

    def __init__(self, url: str) -> None:
        """Take the Redis; nothing is connected yet."""
        self._url = url
        self.redis: Redis | RedisCluster = make_redis(url)
        self._rest = 0.0

    async def run(self, call: Callable[[], Awaitable[T]]) -> T:
        """Carry out a call. Raises `AwayError`."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._rest:
            raise AwayError
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._call(call)
        except FAULTS as error:
            self._rest = loop.time() + _REST
            raise AwayError from error

    async def _call(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await call()
        except MovedError:
            # It is one of a cluster.
            single, self.redis = self.redis, _make_cluster(self._url)
            await single.aclose()
            return await call()

    async def run_many(self, fill: Callable[[Pipeline], object]) -> list[Any]:
        """Carry out what `fill` puts into a pipeline, in one exchange. Raises `AwayError`."""

        async def run() -> list[Any]:
            async with self.redis.pipeline(transaction=False) as pipeline:
                fill(cast(Pipeline, pipeline))  # a cluster's takes the same commands
                found: list[Any] = await pipeline.execute()
                return found

        return await self.run(run)

    async def run_script(self, script: str, calls: Sequence[Script]) -> list[Any]:
        """Run a script once for each keys and arguments, in one exchange. Raises `AwayError`."""

        def fill(pipeline: Pipeline) -> None:
            for keys, arguments in calls:
                pipeline.eval(script, len(keys), *keys, *arguments)

        return await self.run_many(fill)

    async def close(self) -> None:
        """Disconnect."""
        await self.redis.aclose()


def pauses() -> Iterator[float]:
    """Yield seconds to wait between tries: ever more, and not the same for all."""
    pause = _PAUSE
    while True:
        yield uniform(pause / 2, pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def make_redis(url: str) -> Redis:
    """Return a client that tries nothing twice by itself, since it cannot know what is lost."""
    return Redis.from_url(
        url,
        protocol=2,
        socket_timeout=DEADLINE,
        socket_connect_timeout=DEADLINE,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )


def _make_cluster(url: str) -> RedisCluster:
    return RedisCluster.from_url(
        url, protocol=2, socket_timeout=DEADLINE, socket_connect_timeout=DEADLINE
    )


async def connect(connection: AbstractConnection) -> None:
    """Connect within the deadline. Raises one of `FAULTS`."""
    async with asyncio.timeout(DEADLINE):
        await connection.connect()  # type: ignore[no-untyped-call]  # left out there
    # redis-py 8.1 returns as if nothing were when it is cancelled here.
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
    if not connection.is_connected:
        raise TimeoutError


def make_connection(redis: Redis) -> AbstractConnection:
    """Return a connection of one's own, which is not connected yet."""
    connection: AbstractConnection = redis.connection_pool.make_connection()  # type: ignore[no-untyped-call]  # the library left its types out
    return connection


def name_fault(error: BaseException) -> str:
    """Say what Redis failed with, and what to set where trying again would not help."""
    # redis-py 8.1 tells of a wrong password as of a connection that failed.
    while isinstance(error, RedisError) and isinstance(error.__cause__, RedisError):
        error = error.__cause__
    name = type(error).__name__
    if isinstance(error, AuthenticationError | NoPermissionError):
        return f"{name}, REDIS_URL needs a user or a password that may do more"
    if type(error) is ResponseError:
        return f"{name}, REDIS_URL needs a Redis of version 7 or newer"
    return name
