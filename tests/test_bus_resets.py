"""A connection to Redis that is reset, on the server's event loop, which says so in its way."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import uvloop
from processes import free_port
from redis_part import RedisServer

from realchat.events import AnyHappening, UserChanged
from realchat.ids import new_id
from realchat.redis_bus import RedisBus

# Seconds; a bound for what never comes, not a measure of speed.
PATIENCE = 30
# Where a connection is closed without waiting for anything, the other end gets a reset.
AT_ONCE = struct.pack("ii", 1, 0)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """One Redis for this module; a socket's name must be short."""
    with TemporaryDirectory() as folder:
        started = RedisServer(Path(folder))
        yield started
        started.kill()


def play(what: Coroutine[None, None, None]) -> None:
    """Carry something out on the server's event loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(what)


def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    writer.transport.abort()


class Relay:
    """Carries bytes to a Redis and back, over connections that can be reset."""

    def __init__(self, redis: RedisServer) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._redis = redis
        self._writers: list[asyncio.StreamWriter] = []

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, onward = await asyncio.open_unix_connection(self._redis.socket)
        self._writers += [writer, onward]
        passing = [
            asyncio.create_task(self._pass(reader, onward)),
            asyncio.create_task(self._pass(answers, writer)),
        ]
        await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        for one in passing:
            one.cancel()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)

    def reset_all(self) -> None:
        for writer in self._writers:
            reset(writer)
        self._writers.clear()


@asynccontextmanager
async def relay_to(redis: RedisServer) -> AsyncIterator[Relay]:
    relay = Relay(redis)
    server = await asyncio.start_server(relay.accept, "127.0.0.1", relay.port)
    try:
        yield relay
    finally:
        server.close()
        relay.reset_all()


def test_what_is_told_after_a_connection_was_reset_arrives(redis: RedisServer) -> None:
    async def tell() -> None:
        scope = new_id()
        async with relay_to(redis) as relay:
            speaker, hearer = RedisBus(relay.url, scope), RedisBus(redis.url, scope)
            heard: asyncio.Queue[AnyHappening] = asyncio.Queue()
            hearer.subscribe(heard.put_nowait)
            await speaker.open()
            await hearer.open()
            try:
                for _ in range(3):
                    told = UserChanged(user_id=new_id())
                    speaker.publish(told)
                    while await asyncio.wait_for(heard.get(), PATIENCE) != told:
                        pass
                    relay.reset_all()
                    # Until the speaker's end knows.
                    await asyncio.sleep(0.05)
            finally:
                await speaker.close()
                await hearer.close()

    play(tell())
