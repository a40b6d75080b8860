"""What one process sends to the others: kept in order until Redis has it, up to a bound."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Protocol

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ResponseError

from realchat.metrics import count_bus_dropped, count_bus_sent
from realchat.redis_client import DEADLINE, FAULTS, connect, make_connection, pauses

# Seconds until what could not be sent is sent again: as long, with some to spare, as
# others may need to come back and listen.
_SETTLING = 1.3
# Seconds of silence after which who is between here and Redis may have forgotten a connection, of
# which nothing tells.
_SILENCE = 10.0
# What waits to be sent, in envelopes and in bytes, and how many go at once.
_MAX_WAITING, _MAX_BYTES = 20_000, 32 * 1024 * 1024
_BATCH = 256

Waiting = tuple[str, bytes]


class State(Protocol):
    """What is known of Redis, and who is told more of it."""

    def wait(self) -> Awaitable[None]:
        """Wait until Redis is there."""

    def note_fault(self, error: BaseException) -> None:
        """Hear that it is away."""

    def note_return(self) -> None:
        """Hear that it is there."""


class Sender:
    """One task that sends what all others put in its queue, many in one exchange."""

    def __init__(self, redis: Redis, state: State, dropped: Callable[[], None]) -> None:
        """Take Redis and its state; `dropped` is called once what was too much is over."""
        self._redis = redis
        self._state = state
        self._dropped = dropped
        self._waiting: deque[Waiting] = deque()
        self._size = 0
        self._more = asyncio.Event()
        self._done = asyncio.Event()
        self._has_dropped = False
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to send."""
        self._task = asyncio.get_running_loop().create_task(self._work())

    async def close(self, seconds: float) -> bool:
        """Send what waits, but no longer than that; tell whether others know all of it."""
        if self._task is not None:
            await self._close(self._task, seconds)
        return not self._waiting and not self._has_dropped

    async def _close(self, task: asyncio.Task[None], seconds: float) -> None:
        if self._waiting:
            waiting = asyncio.ensure_future(self._done.wait())
            await asyncio.wait([waiting], timeout=seconds)
            waiting.cancel()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def send(self, channel: str, data: bytes) -> None:
        """Have something sent; never waits. What is too much is dropped."""
        if len(self._waiting) >= _MAX_WAITING or self._size + len(data) > _MAX_BYTES:
            self._has_dropped = True
            count_bus_dropped()
            return
        self._waiting.append((channel, data))
        self._size += len(data)
        self._done.clear()
        self._more.set()

    def take_all(self) -> list[Waiting]:
        """Return what waits, to be sent by another one."""
        taken, self._waiting, self._size = list(self._waiting), deque(), 0
        return taken

    async def _work(self) -> None:
        connection = make_connection(self._redis)
        pause = pauses()
        try:
            is_up = await self._connect(connection)
            while True:
                if is_up and await self._serve(connection):
                    pause = pauses()
                    self._state.note_return()
                    continue
                await asyncio.sleep(next(pause))
                await self._state.wait()
                await asyncio.sleep(_SETTLING)
                is_up = await self._connect(connection)
                # Where something waits, a connection that refuses it would be no return.
                if is_up and not self._waiting:
                    self._state.note_return()
        finally:
            await connection.disconnect(nowait=True)

    async def _serve(self, connection: AbstractConnection) -> bool:
        """Send what comes next; tell whether the connection was there for it."""
        now = asyncio.get_running_loop().time
        begun = now()
        await self._await_more(connection)
        # One that was lost would connect again by itself, before others are back.
        if not connection.is_connected:
            return False
        return await self._send_some(connection, may_be_forgotten=now() - begun >= _SILENCE)

    async def _await_more(self, connection: AbstractConnection) -> None:
        """Wait for something to send, or until the connection is lost."""
        if not self._waiting and self._has_dropped:
            self._has_dropped = False
            self._dropped()
        if not self._waiting:
            self._done.set()
            self._more.clear()
            await _watch(connection, self._more)

    async def _connect(self, connection: AbstractConnection) -> bool:
        try:
            await connect(connection)
        except FAULTS as error:
            self._state.note_fault(error)
            return False
        return True

    async def _send_some(self, connection: AbstractConnection, *, may_be_forgotten: bool) -> bool:
        """Send the first of what waits; it waits on where nobody knows whether it arrived."""
        batch = list(islice(self._waiting, _BATCH))
        try:
            try:
                await _publish(connection, batch)
            except FAULTS as error:
                if not may_be_forgotten or isinstance(error, ResponseError):
                    raise
                # Should it have arrived, others know it by its number.
                await connection.disconnect(nowait=True)
                await connect(connection)
                await _publish(connection, batch)
        except FAULTS as error:
            await connection.disconnect(nowait=True)
            self._state.note_fault(error)
            return False
        count_bus_sent(len(batch))
        for one in batch:
            # Unless all that waits was taken meanwhile.
            if self._waiting and self._waiting[0] is one:
                self._size -= len(self._waiting.popleft()[1])
        return True


async def _publish(connection: AbstractConnection, batch: list[Waiting]) -> None:
    commands = [("SPUBLISH", channel, data) for channel, data in batch]
    async with asyncio.timeout(DEADLINE):
        await connection.send_packed_command(connection.pack_commands(commands))
        for _ in batch:
            await connection.read_response()


async def _watch(connection: AbstractConnection, more: asyncio.Event) -> None:
    """Wait for more to send; disconnect and return where Redis hangs up before that."""
    wanted = asyncio.ensure_future(more.wait())
    # Nothing is to come, so that what ends this is the end.
    reading = asyncio.ensure_future(
        connection.read_response(timeout=math.inf, disconnect_on_error=False)
    )
    try:
        await asyncio.wait((wanted, reading), return_when=asyncio.FIRST_COMPLETED)
    finally:
        wanted.cancel()
        reading.cancel()
        await asyncio.gather(wanted, reading, return_exceptions=True)
    if not reading.cancelled():
        await connection.disconnect(nowait=True)
