"""What every address answers to requests that are wrong, whoever's they are."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Iterator

import msgspec
import pytest
from raw_http import Answer, exchange, read_answer, request
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import Application

from handlers.application import make_application, make_server
from handlers.base import ApiHandler
from handlers.endpoint import endpoint
from handlers.routes import Route
from realchat.ids import require_id
from realchat.limits import Rate
from realchat.models import Record
from realchat.mongod import EmbeddedMongod
from realchat.requests import History, MessageDraft
from realchat.services import Services, open_services
from realchat.settings import Settings

JSON = "Content-Type: application/json"
CLIENT = "https://chat.example"
ONCE = Rate("once", burst=1, per_second=1 / 100)


class Echo(Record, frozen=True, kw_only=True):
    """What arrived."""

    content: str = ""
    limit: int = 0


class EchoHandler(ApiHandler):
    """Takes a body, a query string and an id, and answers with what arrived."""

    @endpoint(public=True)
    async def post(self, id: str, body: MessageDraft) -> Echo:
        """Repeat a text."""
        require_id(id)
        return Echo(content=body.content)

    @endpoint(public=True)
    async def get(self, id: str, query: History) -> Echo:
        """Repeat a number."""
        require_id(id)
        return Echo(limit=query.limit)

    @endpoint()
    async def delete(self, id: str) -> None:
        """Never get here: nobody has a token."""

    @endpoint(public=True, rate=ONCE)
    async def patch(self, id: str) -> None:
        """Do something that nobody may do twice."""

    @endpoint(public=True)
    async def put(self, id: str) -> None:
        """Fail."""
        raise KeyError("secret words")


ECHO = Route("/echo/{id}", EchoHandler)
PATH = f"/echo/{'a' * 24}"


@pytest.fixture(scope="module")
def database_name() -> str:
    """One database for all tests here, since none of them stores anything."""
    return f"test_{secrets.token_hex(6)}"


@pytest.fixture
def settings(settings: Settings, database_name: str) -> Settings:
    return msgspec.structs.replace(
        settings, client_url=CLIENT + "/", mongodb_db=database_name, rate_limits=True
    )


@pytest.fixture
def services(io_loop: IOLoop, mongod: EmbeddedMongod, settings: Settings) -> Iterator[Services]:
    opened: Services = io_loop.run_sync(lambda: open_services(settings, mongod.uri))
    yield opened
    io_loop.run_sync(opened.close)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test in which Tornado met an exception that the client was not told of."""
    yield
    faults = [record for record in caplog.get_records("call") if record.exc_info]
    assert [record for record in faults if record.name.startswith("tornado")] == []


@pytest.fixture
def app(services: Services) -> Application:
    application = make_application(services)
    application.add_handlers(".*", [(ECHO.pattern, EchoHandler, {"services": services})])
    return application


@pytest.fixture
def port(http_server: HTTPServer, http_port: int) -> int:
    """Where the server listens."""
    return http_port


def post(body: bytes, *headers: str) -> bytes:
    return request(f"POST {PATH}", *(headers or (JSON,)), body=body)


async def refused(port: int, *pieces: bytes) -> tuple[int, str]:
    """Send a request that is to be refused; check what all refusals share."""
    answer = await exchange(port, *pieces)
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert answer.headers["X-Request-Id"]
    assert set(answer.json()) == {"error"}
    assert answer.json()["error"]["message"]
    return answer.status, answer.code


@pytest.mark.gen_test
async def test_an_unknown_address_is_answered_in_json(port: int) -> None:
    assert await refused(port, request("GET /nope")) == (404, "not_found")
    assert await refused(port, request("POST /nope", JSON, body=b"{}")) == (404, "not_found")


@pytest.mark.gen_test
async def test_a_wrong_method_is_told_the_right_ones(port: int) -> None:
    answer = await exchange(port, request("DELETE /readyz"))
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.gen_test
async def test_a_method_that_there_is_not_is_the_last_on_its_connection(port: int) -> None:
    answer = await exchange(port, request("BREW " + PATH))
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize("line", ["GET /echo/%ff", "GET /users/%ff", "GET /messages/%C3%28"])
@pytest.mark.gen_test
async def test_a_path_that_is_no_utf_8_leads_nowhere_and_keeps_its_connection(
    port: int, line: str
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request(line))
    assert (await read_answer(reader)).status in (401, 404)
    writer.write(request("GET /healthz"))
    assert (await read_answer(reader)).status == 200
    writer.close()


@pytest.mark.gen_test
async def test_head_answers_as_get_without_the_body(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request(f"HEAD {PATH}?limit=7", "Connection: close"))
    whole = (await reader.read()).decode()
    writer.close()
    assert whole.startswith("HTTP/1.1 200 ")
    length = len(b'{"content":"","limit":7}')
    assert f"Content-Length: {length}\r\n" in whole
    assert whole.endswith("\r\n\r\n")


@pytest.mark.gen_test
async def test_only_the_client_s_origin_may_read_answers(port: int) -> None:
    own = await exchange(port, request("GET /healthz", f"Origin: {CLIENT}"))
    foreign = await exchange(port, request("GET /healthz", "Origin: https://evil.example"))
    assert own.headers["Access-Control-Allow-Origin"] == CLIENT
    assert "Access-Control-Allow-Origin" not in foreign.headers
    assert own.headers["Vary"] == foreign.headers["Vary"] == "Origin"


@pytest.mark.gen_test
async def test_errors_too_may_be_read_by_the_client_s_origin(port: int) -> None:
    for line in ("GET /nope", f"DELETE {PATH}"):
        answer = await exchange(port, request(line, f"Origin: {CLIENT}"))
        assert answer.status in (404, 401)
        assert answer.headers["Access-Control-Allow-Origin"] == CLIENT


@pytest.mark.gen_test
async def test_a_browser_s_question_beforehand_is_answered(port: int) -> None:
    asked = ("Access-Control-Request-Method: DELETE", f"Origin: {CLIENT}")
    answer = await exchange(port, request(f"OPTIONS {PATH}", *asked))
    assert (answer.status, answer.body) == (204, b"")
    assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.gen_test
async def test_a_private_address_asks_for_a_token(port: int) -> None:
    answer = await exchange(port, request(f"DELETE {PATH}"))
    assert (answer.status, answer.code) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.gen_test
async def test_a_token_in_the_query_string_is_no_token(port: int) -> None:
    assert await refused(port, request(f"DELETE {PATH}?token=abc")) == (401, "not_authenticated")


@pytest.mark.gen_test
async def test_who_calls_too_often_is_told_how_long_to_wait(port: int) -> None:
    first = await exchange(port, request(f"PATCH {PATH}"))
    again = await exchange(port, request(f"PATCH {PATH}", "X-Forwarded-For: 192.0.2.7"))
    assert first.status == 204
    assert (again.status, again.code) == (429, "rate_limited")
    assert 0 < int(again.headers["Retry-After"]) <= 100


@pytest.mark.gen_test
async def test_a_fault_says_nothing_of_itself(port: int, caplog: pytest.LogCaptureFixture) -> None:
    answer = await exchange(port, request(f"PUT {PATH}"))
    assert (answer.status, answer.code) == (500, "internal_error")
    assert b"secret" not in answer.body


@pytest.mark.gen_test
@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: text/plain",
        "Content-Type: application/x-www-form-urlencoded",
        "X-None: at all",
    ],
)
async def test_a_body_of_another_type_is_refused(port: int, header: str) -> None:
    assert await refused(port, post(b"{}", header)) == (415, "unsupported_media_type")


@pytest.mark.gen_test
async def test_a_compressed_body_is_refused(port: int) -> None:
    sent = post(b"{}", JSON, "Content-Encoding: gzip")
    assert await refused(port, sent) == (415, "unsupported_media_type")


@pytest.mark.gen_test
async def test_a_body_with_a_charset_is_taken(port: int) -> None:
    answer = await exchange(port, post(b'{"content":"a"}', JSON + "; charset=utf-8"))
    assert answer.status == 200


@pytest.mark.gen_test
@pytest.mark.parametrize("size", [256 * 1024 + 1, 7_000_000, 30_000_000])
async def test_an_over_long_body_is_refused_and_the_answer_can_be_read(
    port: int, size: int
) -> None:
    answer = await send_until_answered(port, post(b"x" * size))
    assert (answer.status, answer.code) == (413, "body_too_large")


@pytest.mark.gen_test
@pytest.mark.parametrize("size", [300_000, 30_000_000])
async def test_an_over_long_chunked_body_is_refused_and_the_answer_can_be_read(
    port: int, size: int
) -> None:
    head = request(f"POST {PATH}", JSON, "Transfer-Encoding: chunked")
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    body = chunk * (size // 0x10000 + 1) + b"0\r\n\r\n"
    answer = await send_until_answered(port, head + body)
    assert (answer.status, answer.code) == (413, "body_too_large")


async def send_until_answered(port: int, data: bytes) -> Answer:
    """Send as browsers do: when the server stops reading, read what it said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        return await read_answer(reader)
    finally:
        writer.transport.abort()


@pytest.mark.gen_test
async def test_a_chunked_body_is_taken(port: int) -> None:
    head = request(f"POST {PATH}", JSON, "Transfer-Encoding: chunked")
    answer = await exchange(port, head, b'4\r\n{"co\r\n', b'c\r\nntent":"hi"}\r\n', b"0\r\n\r\n")
    assert answer.json()["content"] == "hi"


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "invalid_json"),
        (b"{'content':'a'}", "invalid_json"),
        (b'{"content":NaN}', "invalid_json"),
        (b'{"content":"a"} x', "invalid_json"),
        (b'{"content":"a\nb"}', "invalid_json"),
        (b'\xef\xbb\xbf{"content":"a"}', "invalid_json"),
        (b"[" * 100_000, "validation_error"),
        (b'{"files":' + b"[" * 100_000, "validation_error"),
        (b'{"other":' + b"[" * 100_000, "unknown_field"),
        (b'{"content":"\xff"}', "invalid_text"),
        (b'{"content":"\xed\xa0\x80"}', "invalid_text"),
        (b'{"content":"\\ud800"}', "invalid_text"),
        (b'{"content":"\\ud83d"}', "invalid_text"),
        (b'{"content":"\\udc00\\ud800"}', "invalid_text"),
        (b'{"\\ud800":1}', "invalid_text"),
        (b'{"other":1}', "unknown_field"),
        (b'{"content":1}', "validation_error"),
        (b'{"content":null}', "validation_error"),
        (b'{"content":{"$ne":null}}', "validation_error"),
        (b'{"recipient_id":{"$gt":""}}', "validation_error"),
        (b"[]", "validation_error"),
        (b"null", "validation_error"),
        (b'"text"', "validation_error"),
    ],
)
async def test_a_body_that_is_not_as_it_should_be_is_refused(
    port: int, body: bytes, code: str
) -> None:
    assert await refused(port, post(body)) == (400, code)


@pytest.mark.gen_test
async def test_of_a_field_given_twice_the_last_one_counts(port: int) -> None:
    answer = await exchange(port, post(b'{"content":"a","content":"b"}'))
    assert answer.json()["content"] == "b"


@pytest.mark.gen_test
async def test_a_validation_error_names_the_field(port: int) -> None:
    answer = await exchange(port, post(b'{"recipient_id":"x"}'))
    assert answer.json()["error"]["fields"] == {"recipient_id": "must be an id: 24 hex digits"}


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "validation_error"),
        ("limit=201", "validation_error"),
        ("limit=ten", "validation_error"),
        ("limit=", "validation_error"),
        ("limit=NaN", "validation_error"),
        ("other=1", "unknown_field"),
        ("limit=%ff", "invalid_text"),
        ("limit=%ed%a0%80", "invalid_text"),
        ("before[$gt]=1", "unknown_field"),
    ],
)
async def test_a_query_that_is_not_as_it_should_be_is_refused(
    port: int, query: str, code: str
) -> None:
    assert await refused(port, request(f"GET {PATH}?{query}")) == (400, code)


@pytest.mark.gen_test
@pytest.mark.parametrize("id", ["x", "A" * 24, "a" * 25, "%00" * 8, "..", "%2e%2e%2f", "a%2fb"])
async def test_an_id_of_another_shape_is_not_found(port: int, id: str) -> None:
    assert await refused(port, request(f"GET /echo/{id}")) == (404, "not_found")


MALFORMED = [
    b"hello\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n",
    request(f"POST {PATH}", JSON, "Content-Length: ten"),
    request(f"POST {PATH}", JSON, "Content-Length: -1"),
    request(f"POST {PATH}", JSON, "Content-Length: 2", "Content-Length: 3", body=b"{}"),
    request(f"POST {PATH}", JSON, "Content-Length: 2", "Transfer-Encoding: chunked") + b"{}",
    request(f"POST {PATH}", JSON, "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    request(f"POST {PATH}", JSON, "Transfer-Encoding: chunked") + b"xyz\r\n",
    request(f"POST {PATH}", JSON, "Transfer-Encoding: chunked") + b"-1\r\n",
    request(f"POST {PATH}", JSON, "Transfer-Encoding: chunked") + b"2\r\n{}x\r\n0\r\n\r\n",
]


@pytest.mark.gen_test
@pytest.mark.parametrize("sent", MALFORMED)
async def test_malformed_http_is_answered_in_json_too(port: int, sent: bytes) -> None:
    assert await refused(port, sent) == (400, "bad_request")


@pytest.mark.gen_test
async def test_nothing_behind_malformed_http_is_taken_for_a_request(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(MALFORMED[-4] + request("GET /healthz"))
    await read_answer(reader)
    assert await reader.read() == b""
    writer.close()


@pytest.mark.gen_test
async def test_too_many_headers_are_refused(port: int) -> None:
    flood = [f"X-Header-{number}: {'x' * 40}" for number in range(700)]
    assert await refused(port, request("GET /healthz", *flood)) == (431, "headers_too_large")


@pytest.mark.gen_test
async def test_headers_without_end_lose_their_connection(port: int) -> None:
    flood = b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 200_000
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await exchange(port, flood)


@pytest.mark.gen_test
async def test_http_1_0_is_answered_and_closed(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
    answer = await read_answer(reader)
    assert (answer.status, await reader.read()) == (200, b"")
    writer.close()


@pytest.mark.gen_test
async def test_requests_sent_in_one_go_are_answered_in_order(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"".join(request(f"GET {PATH}?limit={number}") for number in (1, 2, 3)))
    answers = [await read_answer(reader) for _ in range(3)]
    assert [answer.json()["limit"] for answer in answers] == [1, 2, 3]
    writer.close()


@pytest.mark.gen_test
async def test_a_connection_survives_a_refused_request(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(post(b"{") + post(b'{"content":"a"}'))
    answers = [await read_answer(reader) for _ in range(2)]
    assert [answer.status for answer in answers] == [400, 200]
    writer.close()


@pytest.fixture
def impatient(io_loop: IOLoop, app: Application) -> Iterator[int]:
    """A server that gives a body next to no time."""
    server = make_server(app, body_timeout=0.05)
    server.listen(0, "127.0.0.1")
    (bound,) = server._sockets.values()
    yield bound.getsockname()[1]
    server.stop()
    io_loop.run_sync(server.close_all_connections)


@pytest.mark.gen_test
async def test_a_body_that_never_ends_loses_its_connection(impatient: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", impatient)
    writer.write(request(f"POST {PATH}", JSON, "Content-Length: 100") + b"{")
    assert await reader.read() == b""
    writer.close()


@pytest.mark.gen_test
async def test_every_answer_has_the_headers_that_keep_browsers_from_guessing(port: int) -> None:
    for line in ("GET /healthz", "GET /nope"):
        answer = await exchange(port, request(line))
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Server" not in answer.headers


@pytest.mark.gen_test
async def test_a_request_keeps_the_id_it_came_with_if_that_is_harmless(port: int) -> None:
    kept = await exchange(port, request("GET /healthz", "X-Request-Id: trace-7.a"))
    replaced = await exchange(port, request("GET /healthz", 'X-Request-Id: a"},{"b'))
    assert kept.headers["X-Request-Id"] == "trace-7.a"
    assert '"' not in replaced.headers["X-Request-Id"]


@pytest.mark.parametrize("path", ["/auth/me", "/nowhere", "/uploads/x/y"])
@pytest.mark.gen_test
async def test_a_connection_is_kept_after_a_refusal_without_a_body(port: int, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 40" in head.split(b"\r\n")[0]
        length = int(re.search(rb"Content-Length: (\d+)", head)[1])  # type: ignore[index]  # it has one
        assert b'"error"' in await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()
