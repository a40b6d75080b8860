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
from realchat.redis_client import make_redis
from realchat.redis_sender import Sender

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
        self._passing: set[asyncio.Task[None]] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, onward = await asyncio.open_unix_connection(self._redis.socket)
        self._writers += [writer, onward]
        passing = [
            asyncio.create_task(self._pass(reader, onward)),
            asyncio.create_task(self._pass(answers, writer)),
        ]
        self._passing.update(passing)
        await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        for one in passing:
            one.cancel()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)

    def forget_all(self) -> None:
        """Pass on no more of the connections that there are, and say nothing of it."""
        for one in self._passing:
            one.cancel()
        self._passing.clear()

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


class Attentive:
    """A state of Redis that counts its faults."""

    def __init__(self) -> None:
        self.faults = 0
        self.returned = asyncio.Event()

    async def wait(self) -> None:
        pass

    def note_fault(self, error: BaseException) -> None:
        self.faults += 1

    def note_return(self) -> None:
        self.returned.set()


def test_what_is_told_over_a_connection_that_was_forgotten_arrives_over_another_one(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realchat.redis_sender._SILENCE", 0.0)

    async def tell() -> None:
        state = Attentive()
        async with relay_to(redis) as relay:
            client = make_redis(relay.url)
            sender = Sender(client, state, lambda: None)
            sender.open()
            sender.send("before", b"it was forgotten")
            await asyncio.wait_for(state.returned.wait(), PATIENCE)
            relay.forget_all()
            sender.send("after", b"it was forgotten")
            assert await sender.close(PATIENCE)
            await client.aclose()
        assert state.faults == 0

    play(tell())
