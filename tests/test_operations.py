"""What those who run RealChat ask of it."""

from __future__ import annotations

import json

import pytest
from tornado.httpclient import AsyncHTTPClient

from realchat.services import Services
from realchat.settings import Settings
from realchat.store.database import Database


@pytest.mark.gen_test
async def test_a_running_server_is_healthy(http_client: AsyncHTTPClient, base_url: str) -> None:
    reply = await http_client.fetch(base_url + "/healthz")
    assert json.loads(reply.body) == {"status": "ok"}


@pytest.mark.gen_test
async def test_a_ready_server_tells_of_its_parts(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    reply = await http_client.fetch(base_url + "/readyz")
    assert json.loads(reply.body) == {
        "status": "ok",
        "parts": {"database": "up", "bus": "up", "mail": "console", "translation": "off"},
    }


@pytest.mark.gen_test
async def test_a_stopping_server_is_alive_but_not_ready(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    services.readiness.drain()
    alive = await http_client.fetch(base_url + "/healthz")
    ready = await http_client.fetch(base_url + "/readyz", raise_error=False)
    assert alive.code == 200
    assert ready.code == 503
    assert int(ready.headers["Retry-After"]) > 0
    assert json.loads(ready.body)["error"] == {
        "code": "unavailable",
        "message": "The server is stopping.",
    }
