"""What those who run RealChat ask of it."""

from __future__ import annotations

import json

import pytest
from tornado.httpclient import AsyncHTTPClient


@pytest.mark.gen_test
async def test_a_running_server_is_healthy_and_ready(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    for path in ("/healthz", "/readyz"):
        reply = await http_client.fetch(base_url + path)
        assert json.loads(reply.body) == {"status": "ok"}


@pytest.mark.gen_test
async def test_an_unknown_address_is_answered_in_json(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    reply = await http_client.fetch(base_url + "/nope", raise_error=False)
    assert reply.code == 404
    assert json.loads(reply.body)["error"]["code"] == "not_found"
    assert reply.headers["X-Request-Id"]
