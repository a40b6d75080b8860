"""The WebSocket interface: letting people in, answering every frame, ending."""

from __future__ import annotations

import json

import pytest
from msgspec import structs
from people import Client, register
from raw_http import exchange, request
from sockets import device, open_socket
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.httpserver import HTTPServer

from realchat.services import Services
from realchat.settings import Settings


@pytest.mark.gen_test
async def test_a_token_in_the_header_opens_the_connection(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    async with device(ana) as socket:
        assert socket.hello["user_id"] == ana.id
        assert socket.hello["epoch"] == services.epoch
        assert socket.hello["heartbeat_s"] > 0
        assert socket.hello["limits"]["frame"] == 64 * 1024


@pytest.mark.gen_test
async def test_a_token_in_the_query_opens_the_connection(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    async with open_socket(base_url, f"?token={ana.token}") as socket:
        assert (await socket.expect("hello"))["user_id"] == ana.id


@pytest.mark.gen_test
async def test_a_token_in_the_first_frame_opens_the_connection(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    async with open_socket(base_url) as socket:
        await socket.send_json({"type": "auth", "token": ana.token})
        assert (await socket.expect("hello"))["user_id"] == ana.id


@pytest.mark.gen_test
async def test_a_wrong_token_is_told_and_closed_with_4401(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    for query in ("?token=nonsense", f"?token={(await register(http_client, base_url)).token}x"):
        async with open_socket(base_url, query) as socket:
            assert (await socket.expect("error"))["code"] == "not_authenticated"
            assert await socket.closed() == 4401


@pytest.mark.gen_test
async def test_a_refresh_token_opens_nothing(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana = await register(http_client, base_url)
    async with open_socket(base_url, f"?token={ana.refresh_token}") as socket:
        assert await socket.closed() == 4401


@pytest.mark.gen_test
async def test_a_command_before_authentication_is_refused(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with open_socket(base_url) as socket:
        await socket.send_json({"type": "ping", "ref": "p"})
        error = await socket.expect("error")
        assert (error["code"], error["ref"]) == ("not_authenticated", "p")
        assert await socket.closed() == 4401


@pytest.mark.gen_test
async def test_a_connection_that_never_says_who_it_is_is_closed(
    http_client: AsyncHTTPClient, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.socket.AUTHENTICATION_TIME", 0.05)
    async with open_socket(base_url) as socket:
        assert (await socket.expect("error"))["code"] == "not_authenticated"
        assert await socket.closed() == 4401


@pytest.mark.gen_test
async def test_a_page_of_another_origin_is_refused(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    with pytest.raises(HTTPClientError) as refused:
        async with open_socket(base_url, headers={"Origin": "https://evil.example"}):
            pass
    assert refused.value.code == 403
    assert refused.value.response is not None
    assert json.loads(refused.value.response.body)["error"]["code"] == "foreign_origin"


@pytest.mark.gen_test
async def test_a_page_of_our_own_origin_is_let_in(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    async with open_socket(base_url, f"?token={ana.token}", {"Origin": base_url}) as socket:
        assert await socket.expect("hello")


@pytest.mark.gen_test
async def test_plain_http_is_told_to_upgrade(http_client: AsyncHTTPClient, base_url: str) -> None:
    reply = await Client(http_client, base_url).get("/ws")
    assert (reply.status, reply.error) == (426, "upgrade_required")


UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
BAD_HANDSHAKES: list[tuple[dict[str, str], int, str]] = [
    ({"Connection": ""}, 400, "bad_request"),
    ({"Connection": "close"}, 400, "bad_request"),
    ({"Sec-WebSocket-Key": ""}, 400, "bad_request"),
    ({"Sec-WebSocket-Key": "nonsense"}, 400, "bad_request"),
    ({"Sec-WebSocket-Key": "\xe9"}, 400, "bad_request"),
    ({"Sec-WebSocket-Version": ""}, 426, "upgrade_required"),
    ({"Sec-WebSocket-Version": "8"}, 426, "upgrade_required"),
    ({"Upgrade": "h2c"}, 426, "upgrade_required"),
]


@pytest.mark.parametrize(("change", "status", "code"), BAD_HANDSHAKES)
@pytest.mark.gen_test
async def test_a_wrong_handshake_is_answered_as_the_contract_says(
    http_server: HTTPServer, http_port: int, change: dict[str, str], status: int, code: str
) -> None:
    lines = [f"{name}: {value}" for name, value in {**UPGRADE, **change}.items() if value]
    answer = await exchange(http_port, request("GET /ws", *lines))
    assert (answer.status, answer.code) == (status, code)
    if status == 426:
        assert answer.headers["Upgrade"] == "websocket"
        assert answer.headers["Sec-WebSocket-Version"] == "13"


@pytest.mark.parametrize("length", ["Content-Length: 52428800", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize(
    ("method", "status", "code"),
    [("POST", 405, "method_not_allowed"), ("GET", 413, "body_too_large")],
)
@pytest.mark.gen_test
async def test_a_body_is_refused_before_it_is_read(
    http_server: HTTPServer, http_port: int, method: str, status: int, code: str, length: str
) -> None:
    lines = [f"{name}: {value}" for name, value in UPGRADE.items()]
    # Of the body that is announced, nothing comes.
    answer = await exchange(http_port, request(f"{method} /ws", *lines, length))
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.gen_test
async def test_another_method_is_refused(http_client: AsyncHTTPClient, base_url: str) -> None:
    for method in ("POST", "DELETE", "PATCH", "OPTIONS"):
        reply = await Client(http_client, base_url).call(method, "/ws", raw="")
        assert (reply.status, reply.error) == (405, "method_not_allowed")
        assert reply.headers["Allow"] == "GET"


@pytest.mark.gen_test
async def test_a_bad_language_in_the_query_is_told(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    async with open_socket(base_url, f"?token={ana.token}&lang=!!") as socket:
        error = await socket.expect("error")
        assert (error["code"], list(error["fields"])) == ("validation_error", ["lang"])
        assert await socket.closed() == 4400


BAD_FRAMES = [
    ("{", "invalid_json", None),
    ("", "invalid_json", None),
    ("[1]", "validation_error", None),
    ('"text"', "validation_error", None),
    ("NaN", "invalid_json", None),
    ("[" * 60_000, "validation_error", None),
    ('{"type": "ping", "ref": ' + "[" * 60_000, "validation_error", None),
    ('{"type": "ping", "ref": "\\ud800"}', "invalid_text", None),
    ('{"ref": "r"}', "unknown_type", "r"),
    ('{"type": "nonsense", "ref": "r"}', "unknown_type", "r"),
    ('{"type": 7, "ref": "r"}', "unknown_type", "r"),
    ('{"type": "ping", "ref": "r", "more": 1}', "unknown_field", "r"),
    ('{"type": "ping", "ref": 7}', "validation_error", None),
    ('{"type": "ping", "ref": "' + "r" * 65 + '"}', "validation_error", None),
    ('{"type": "send_message", "ref": "r"}', "validation_error", "r"),
    ('{"type": "send_message", "ref": "r", "content": {"$ne": null}}', "validation_error", "r"),
    (
        '{"type": "send_message", "ref": "r", "recipient_id": {"$ne": null}, "content": "x"}',
        "validation_error",
        "r",
    ),
    (
        '{"type": "send_message", "ref": "r", "recipient_id": "123", "content": "x"}',
        "validation_error",
        "r",
    ),
    (
        '{"type": "send_message", "ref": "r", "recipient_id": "' + "0" * 24 + '", "content": "x"}',
        "not_found",
        "r",
    ),
    (
        '{"type": "send_message", "ref": "r", "group_id": "' + "0" * 24 + '", "content": "x"}',
        "not_found",
        "r",
    ),
    (
        '{"type": "edit_message", "ref": "r", "id": "' + "0" * 24 + '", "content": "x"}',
        "not_found",
        "r",
    ),
    ('{"type": "delete_message", "ref": "r", "id": "x"}', "validation_error", "r"),
    (
        '{"type": "react", "ref": "r", "id": "' + "0" * 24 + '", "emoji": "x", "on": true}',
        "validation_error",
        "r",
    ),
    ('{"type": "read", "ref": "r", "conversation": "dm:1:2", "seq": 1}', "validation_error", "r"),
    (
        '{"type": "read", "ref": "r", "conversation": "group:' + "0" * 24 + '", "seq": 1}',
        "not_found",
        "r",
    ),
    (
        '{"type": "read", "ref": "r", "conversation": "group:' + "0" * 24 + '", "seq": 1e400}',
        "validation_error",
        "r",
    ),
    ('{"type": "join_group", "ref": "r"}', "validation_error", "r"),
    ('{"type": "join_group", "ref": "r", "invite": "nonsense"}', "not_found", "r"),
    ('{"type": "create_group", "ref": "r", "name": "a\\u202eb"}', "validation_error", "r"),
    ('{"type": "create_group", "ref": "r", "name": "  "}', "validation_error", "r"),
    (
        '{"type": "create_group", "ref": "r", "name": "x", "members": ["' + "0" * 24 + '"]}',
        "validation_error",
        "r",
    ),
    ('{"type": "leave_group", "ref": "r", "group_id": "' + "0" * 24 + '"}', "not_found", "r"),
    ('{"type": "typing", "ref": "r", "on": true}', "validation_error", "r"),
    ('{"type": "auth", "ref": "r", "token": "x"}', "bad_request", "r"),
]


@pytest.mark.gen_test
async def test_every_bad_frame_is_answered_and_the_connection_stays(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    async with device(ana) as socket:
        for text, code, ref in BAD_FRAMES:
            await socket.send_text(text)
            error = await socket.expect("error")
            assert (error["code"], error.get("ref")) == (code, ref), text[:80]
        assert (await socket.command("ping"))["type"] == "pong"


@pytest.mark.gen_test
async def test_a_binary_frame_is_answered_with_an_error(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    async with device(ana) as socket:
        await socket.connection.write_message(b"\x00\xff", binary=True)
        assert (await socket.expect("error"))["code"] == "invalid_json"


@pytest.mark.gen_test
async def test_a_frame_over_64_kib_closes_with_1009(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    async with device(ana) as socket:
        await socket.send_text('{"type": "ping", "ref": "' + "x" * 65_536 + '"}')
        assert await socket.closed() == 1009


@pytest.mark.gen_test
async def test_logging_out_closes_this_sessions_sockets_only(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    phone = await ana.login()
    async with device(ana) as here, device(phone) as there:
        assert (await ana.post("/auth/logout")).status == 204
        assert await here.closed() == 4401
        assert (await there.command("ping"))["type"] == "pong"


@pytest.mark.gen_test
async def test_logging_out_everywhere_closes_all_sockets(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    phone = await ana.login()
    async with device(ana) as here, device(phone) as there:
        await ana.post("/auth/logout", {"everywhere": True})
        assert [await here.closed(), await there.closed()] == [4401, 4401]


class TestFromAnotherOrigin:
    """A web client that is served from `CLIENT_URL`."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return structs.replace(settings, client_url="https://chat.example.org")

    @pytest.mark.gen_test
    async def test_its_pages_may_connect(self, http_client: AsyncHTTPClient, base_url: str) -> None:
        ana = await register(http_client, base_url)
        origin = {"Origin": "https://chat.example.org"}
        async with open_socket(base_url, f"?token={ana.token}", origin) as socket:
            assert await socket.expect("hello")
