"""What those who are connected see of a planned stop."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from forms import NOTHING, announce, form, left_behind, part, until
from people import Person, register
from processes import ROOT, ServerProcess
from raw_http import read_answer
from sockets import PATIENCE, device
from tornado.httpclient import AsyncHTTPClient

from handlers import lifecycle
from handlers.socket import ChatSocket
from handlers.underway import DrainableApplication
from realchat import mongod, redis_server, worker
from realchat.services import Services

FORM = form(part(b"x" * 1000))


@pytest.mark.gen_test(timeout=60)
async def test_a_stop_tells_connections_to_come_back(tmp_path: Path) -> None:
    http = AsyncHTTPClient(force_instance=True)
    with ServerProcess(tmp_path) as server:
        ana = await register(http, server.url)
        async with device(ana) as phone:
            server.process.terminate()
            assert (await phone.expect("going_away"))["retry_after_ms"] >= 1000
            assert await phone.closed() == 1012
        assert server.wait() == 0
    http.close()


@pytest.mark.gen_test(timeout=60)
async def test_what_was_begun_is_answered_before_the_end(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ana = await register(http_client, base_url)
    collection = services.collections.messages.collection
    insert = collection.insert_unordered

    async def take_time(documents: list[dict[str, Any]]) -> dict[int, tuple[str, ...]]:
        await asyncio.sleep(0.3)
        return await insert(documents)

    monkeypatch.setattr(collection, "insert_unordered", take_time)
    async with device(ana) as phone:
        await phone.send_json(
            {"type": "send_message", "recipient_id": ana.id, "content": "last", "ref": "r"}
        )
        await asyncio.sleep(0.1)
        closing = asyncio.ensure_future(ChatSocket.close_all(5))
        assert (await phone.expect("ack"))["ref"] == "r"
        assert await phone.closed() == 1012
        await closing


@asynccontextmanager
async def upload_under_way(
    http: AsyncHTTPClient, url: str, services: Services
) -> AsyncIterator[tuple[Person, asyncio.StreamReader, asyncio.StreamWriter]]:
    """Send a form of which the last bytes are missing, and wait until the server is at it."""
    ana = await register(http, url)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(announce(ana, len(FORM)) + FORM[:-10])
    await until(lambda: bool(services.intake.arriving[ana.id]))
    yield ana, reader, writer
    writer.close()


@pytest.mark.gen_test
async def test_an_upload_that_does_not_end_in_time_is_told_to_come_back(
    app: DrainableApplication, http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    async with upload_under_way(http_client, base_url, services) as (ana, reader, writer):
        await app.finish_requests(asyncio.get_running_loop().time())
        refusing = asyncio.ensure_future(app.refuse_rest(PATIENCE))
        answer = await read_answer(reader)
        assert (answer.status, answer.code) == (503, "unavailable")
        assert answer.headers["Connection"] == "close"
        assert int(answer.headers["Retry-After"]) > 0
        writer.close()
        await refusing
    await until(lambda: not services.intake.arriving)
    assert await left_behind(services, ana) == NOTHING


@pytest.mark.gen_test
async def test_nobody_waits_for_the_rest_of_an_upload_whose_sender_is_gone(
    app: DrainableApplication, http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    async with upload_under_way(http_client, base_url, services) as (_, _, writer):
        assert app._answering()
        writer.close()
        await until(lambda: not app._answering())


def test_each_who_stops_has_less_time_than_who_waits_for_it_gives() -> None:
    of_worker = lifecycle.FINISH_PATIENCE + lifecycle.REFUSAL_PATIENCE + lifecycle.CLOSE_PATIENCE
    assert of_worker < worker._STOP_PATIENCE
    of_all = worker._STOP_PATIENCE + mongod._STOP_PATIENCE + redis_server._STOP_PATIENCE
    unit = (ROOT / "deploy/realchat.service").read_text()
    (patience,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert of_all < int(patience)
