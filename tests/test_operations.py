"""What those who run RealChat ask of it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from raw_http import exchange, request
from tornado.httpserver import HTTPServer
from tornado.web import Application

from handlers.application import make_application
from realchat.readiness import Readiness
from realchat.services import Services
from realchat.settings import Settings
from realchat.store.database import Database

TOKEN = "a token for those who measure"
NOBODY_LISTENS = "mongodb://127.0.0.1:1/?directConnection=true"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, metrics_token=TOKEN)


@pytest.fixture
def port(http_server: HTTPServer, http_port: int) -> int:
    """Where the server listens."""
    return http_port


@pytest.mark.gen_test
async def test_a_running_server_is_healthy(port: int) -> None:
    answer = await exchange(port, request("GET /healthz"))
    assert answer.json() == {"status": "ok"}


@pytest.mark.gen_test
async def test_a_ready_server_tells_of_its_parts(port: int) -> None:
    answer = await exchange(port, request("GET /readyz"))
    assert answer.json() == {
        "status": "ok",
        "parts": {
            "database": "up",
            "bus": "up",
            "mail": "console",
            "translation": "off",
            "files": "disk",
        },
        "details": {"translation": None},
    }


@pytest.mark.gen_test
async def test_a_stopping_server_is_alive_but_not_ready(port: int, services: Services) -> None:
    services.readiness.drain()
    alive = await exchange(port, request("GET /healthz"))
    ready = await exchange(port, request("GET /readyz"))
    assert alive.status == 200
    assert (ready.status, ready.code) == (503, "unavailable")
    assert ready.json()["error"]["message"] == "The server is stopping."
    assert int(ready.headers["Retry-After"]) > 0


class TestWithoutDatabase:
    """A server whose database does not answer."""

    @pytest.fixture
    def app(self, services: Services) -> Iterator[Application]:
        database = Database(NOBODY_LISTENS, "test")
        services.readiness = Readiness({"database": database}, mail=False, engine=None)
        yield make_application(services)
        database.close()

    @pytest.mark.gen_test
    async def test_it_is_alive_but_says_what_is_missing(self, port: int) -> None:
        alive = await exchange(port, request("GET /healthz"))
        ready = await exchange(port, request("GET /readyz"))
        assert alive.status == 200
        assert (ready.status, ready.code) == (503, "unavailable")
        assert "database" in ready.json()["error"]["message"]


@pytest.mark.gen_test
async def test_measures_are_told_to_the_machine_itself(port: int) -> None:
    answer = await exchange(port, request("GET /metrics"))
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert b"\nprocess_resident_memory_bytes " in answer.body


@pytest.mark.gen_test
@pytest.mark.parametrize("header", ["X-Forwarded-For: 127.0.0.1", "Forwarded: for=::1"])
async def test_measures_are_not_told_through_a_proxy(port: int, header: str) -> None:
    answer = await exchange(port, request("GET /metrics", header))
    assert (answer.status, answer.code) == (401, "not_authenticated")


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN}x", 401),
        ("Bearer", 401),
        ("Bearer \xe9", 401),
    ],
)
async def test_measures_are_told_through_a_proxy_for_the_right_token(
    port: int, authorization: str, status: int
) -> None:
    headers = ("X-Forwarded-For: 192.0.2.1", f"Authorization: {authorization}")
    assert (await exchange(port, request("GET /metrics", *headers))).status == status


class TestWithoutMetricsToken:
    """A server where nobody has set a token for its measures."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, metrics_token="")

    @pytest.mark.gen_test
    @pytest.mark.parametrize("authorization", ["Bearer ", "Bearer", "Bearer x"])
    async def test_no_token_is_right(self, port: int, authorization: str) -> None:
        headers = ("X-Forwarded-For: 192.0.2.1", f"Authorization: {authorization}")
        assert (await exchange(port, request("GET /metrics", *headers))).status == 401
