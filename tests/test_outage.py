"""A database that is gone: nobody is told what is not so, and service returns by itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from people import Person, register
from sockets import device, open_socket
from tornado.httpclient import AsyncHTTPClient

from realchat.mongod import EmbeddedMongod, start_mongod


@pytest.fixture(scope="module")
def mongod() -> Iterator[EmbeddedMongod]:
    """A MongoDB of this module's own, since its tests stop and kill it."""
    with TemporaryDirectory() as folder:
        started = start_mongod(Path(folder))
        yield started
        started.stop()


@asynccontextmanager
async def stopped(mongod: EmbeddedMongod) -> AsyncIterator[None]:
    """Keep the database from doing anything, as a machine that swaps to death would."""
    os.kill(mongod.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(mongod.process.pid, signal.SIGCONT)


async def until_sent(sender: Person, recipient: Person, text: str) -> int:
    """Send a message again and again, under one client_id, until it is stored; return its seq."""
    body = {"recipient_id": recipient.id, "content": text, "client_id": text}
    while True:
        reply = await sender.post("/messages", body)
        if reply.status in (200, 201):
            return int(reply.json["seq"])
        assert (reply.status, reply.error) == (503, "unavailable")
        await asyncio.sleep(0.05)


@pytest.mark.gen_test(timeout=60)
async def test_without_the_database_nothing_is_acked_and_nothing_is_lost(
    http_client: AsyncHTTPClient, base_url: str, mongod: EmbeddedMongod
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with device(ana) as phone:
        await phone.command("send_message", recipient_id=ben.id, content="before")
        async with stopped(mongod):
            answer, reply = await asyncio.gather(
                phone.command(
                    "send_message", recipient_id=ben.id, content="during", client_id="during"
                ),
                ana.post("/messages", {"recipient_id": ben.id, "content": "lost"}),
            )
            assert (answer["type"], answer["code"]) == ("error", "unavailable")
            assert answer["retry_after_ms"] > 0
            assert (reply.status, reply.error) == (503, "unavailable")
            assert int(reply.headers["Retry-After"]) > 0
            assert (await ana.get("/readyz")).status == 503
            assert (await ana.get("/healthz")).status == 200
    await until_sent(ana, ben, "during")
    kept = (await ben.get("/messages/dm", user_id=ana.id)).json
    texts = [one["content"] for one in reversed(kept)]
    assert [one["seq"] for one in reversed(kept)] == list(range(1, len(kept) + 1))
    assert texts[0] == "before"
    assert texts.count("during") == 1


@pytest.mark.gen_test(timeout=60)
async def test_what_was_stored_in_spite_of_all_reaches_its_readers(
    http_client: AsyncHTTPClient, base_url: str, mongod: EmbeddedMongod
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with device(ana) as phone, device(ben) as other:
        await phone.command("send_message", recipient_id=ben.id, content="before")
        async with stopped(mongod):
            refused = await phone.command("send_message", recipient_id=ben.id, content="during")
            assert refused["code"] == "unavailable"
        await until_sent(ana, ben, "after")
        kept = (await ben.get("/messages/dm", user_id=ana.id)).json
        heard = [await other.expect("message") for _ in kept]
        assert [one["id"] for one in heard] == [one["id"] for one in reversed(kept)]


@pytest.mark.gen_test(timeout=60)
async def test_while_the_database_is_away_commands_are_refused_at_once(
    http_client: AsyncHTTPClient, base_url: str, mongod: EmbeddedMongod
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    new = await ben.login()
    async with device(ana) as phone, device(ben) as other:
        async with stopped(mongod):
            # Each of them would wait for five seconds if it asked the database itself.
            for number in range(20):
                answer = await phone.command(
                    "send_message", recipient_id=ben.id, content=str(number)
                )
                assert answer["code"] == "unavailable"
            async with open_socket(base_url, f"?token={new.token}") as socket:
                assert (await socket.expect("error"))["code"] == "unavailable"
                assert await socket.closed() == 1012
        await until_sent(ana, ben, "after")
        assert (await other.command("ping"))["type"] == "pong"


@pytest.mark.gen_test(timeout=60)
async def test_a_database_that_was_killed_comes_back_with_all_that_was_acked(
    http_client: AsyncHTTPClient, base_url: str, mongod: EmbeddedMongod
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    acked = [await until_sent(ana, ben, f"text {number}") for number in range(20)]
    mongod.process.kill()
    mongod.process.wait()
    assert (await ana.post("/messages", {"recipient_id": ben.id, "content": "x"})).status == 503
    assert mongod.revive()
    await asyncio.to_thread(mongod.await_port)
    last = await until_sent(ana, ben, "after")
    kept = (await ben.get("/messages/dm", user_id=ana.id, limit=200)).json
    assert [one["seq"] for one in reversed(kept)] == [*acked, last]
