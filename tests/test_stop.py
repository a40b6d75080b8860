"""What those who are connected see of a planned stop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from people import register
from processes import ServerProcess
from sockets import device
from tornado.httpclient import AsyncHTTPClient

from handlers.socket import ChatSocket
from realchat.services import Services


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
