"""One line a request, with its id, and nothing that people wrote or that opens doors."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import re
import secrets
import socket
from typing import Any

import pytest
from raw_http import Answer, exchange, request
from tornado.httpserver import HTTPServer
from tornado.web import Application
from tornado.websocket import WebSocketClosedError, websocket_connect

from handlers.application import ROUTES, make_application
from handlers.base import ApiHandler
from handlers.endpoint import endpoint
from handlers.openapi import describe_routes
from realchat.errors import ChatError
from realchat.logs import configure_logs, trace
from realchat.models import Record
from realchat.s3 import S3
from realchat.services import Services
from realchat.settings import Settings

JSON = "Content-Type: application/json"
# Each is told apart from all that a log may hold.
PASSWORD = "Wh1sper-in-the-attic"
EMAIL = "mirabel.secret@example.org"
WORDS = "meet-me-at-the-harbour"
ID = "c" * 24


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self) -> bool:
        return True


class FaultHandler(ApiHandler):
    """Fails with an exception that quotes a message, as drivers' exceptions do."""

    @endpoint(public=True)
    async def get(self) -> Record:
        """Fail."""
        raise ValueError(f"duplicate key: {WORDS} of {EMAIL}")


@pytest.fixture
def stream(keep_logging: None) -> io.StringIO:
    """All that is logged, at the level that says most."""
    stream = io.StringIO()
    configure_logs("DEBUG", stream)
    return stream


@pytest.fixture
def terminal(keep_logging: None) -> Terminal:
    """The same, on a terminal."""
    stream = Terminal()
    configure_logs("INFO", stream)
    return stream


@pytest.fixture
def app(services: Services) -> Application:
    application = make_application(services)
    application.add_handlers(".*", [("/fault", FaultHandler, {"services": services})])
    return application


@pytest.fixture
def port(http_server: HTTPServer, http_port: int) -> int:
    """Where the server listens."""
    return http_port


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def said(stream: io.StringIO, *names: str) -> list[dict[str, Any]]:
    """Return what loggers said; asyncio may complain of what an earlier test has left to it."""
    return [line for line in lines(stream) if line["logger"] in names]


def access(stream: io.StringIO) -> list[dict[str, Any]]:
    return said(stream, "realchat.access")


@pytest.mark.gen_test
async def test_a_request_leaves_one_line_with_its_id(stream: io.StringIO, port: int) -> None:
    answer = await exchange(port, request("GET /docs/docs.css"))
    (line,) = access(stream)
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/docs/{name}", 200)
    assert line["ms"] >= 0
    assert line["time"].endswith("Z")


@pytest.mark.gen_test
async def test_requests_at_the_same_time_keep_their_ids_apart(
    stream: io.StringIO, port: int
) -> None:
    ids = [secrets.token_hex(4) for _ in range(8)]
    sent = [request("GET /readyz", f"X-Request-Id: {each}") for each in ids]
    answers = await asyncio.gather(*(exchange(port, each) for each in sent))
    assert [answer.headers["X-Request-Id"] for answer in answers] == ids
    assert sorted(line["request_id"] for line in access(stream)) == sorted(ids)


@pytest.mark.gen_test
async def test_a_refused_request_leaves_one_line_too(stream: io.StringIO, port: int) -> None:
    sent = [
        request("GET /nowhere"),
        request("PATCH /healthz"),
        request("GET /docs/%ff"),
        request("GET /auth/me"),
        b"rubbish\r\n\r\n",
    ]
    answers = [await exchange(port, each) for each in sent]
    assert [line["status"] for line in access(stream)] == [each.status for each in answers]
    ids = [each.headers["X-Request-Id"] for each in answers]
    assert [line["request_id"] for line in access(stream)] == ids


@pytest.mark.gen_test
async def test_at_a_terminal_a_line_is_for_people(terminal: Terminal, port: int) -> None:
    await exchange(port, request("GET /healthz"))
    told = terminal.getvalue().splitlines()
    (line,) = [line for line in told if " request " in line]
    assert "request method=GET route=/healthz status=200" in line


@pytest.mark.gen_test
async def test_a_fault_is_logged_with_its_place_but_not_its_words(
    stream: io.StringIO, port: int
) -> None:
    answer = await exchange(port, request("GET /fault"))
    (line,) = said(stream, "handlers.answers")
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert "builtins.ValueError" in line["exception"]
    assert "test_logs.py" in line["exception"]
    assert WORDS not in stream.getvalue()
    assert EMAIL not in stream.getvalue()


def test_a_fault_s_causes_are_told_without_their_words() -> None:
    told = trace(caught())
    assert told.index("builtins.RuntimeError") < told.index("builtins.ValueError")
    assert WORDS not in told


def caught() -> RuntimeError:
    """Return a fault with a cause, as it was caught."""
    try:
        fail()
    except RuntimeError as error:
        return error
    raise AssertionError


def fail() -> None:
    try:
        raise ValueError(WORDS)
    except ValueError as error:
        raise RuntimeError(WORDS) from error


@pytest.mark.parametrize("name", ["boto3", "botocore", "redis", "urllib3", "a.library"])
def test_what_a_library_says_of_its_work_is_in_no_log(stream: io.StringIO, name: str) -> None:
    logging.getLogger(name).debug(WORDS)
    logging.getLogger(name).info(WORDS)
    assert said(stream, name) == []
    logging.getLogger(name).warning("what an operator must know")
    assert len(said(stream, name)) == 1


def test_our_own_modules_say_what_the_level_asks_for(stream: io.StringIO) -> None:
    names = ["realchat.store.health", "handlers.delivery"]
    for name in names:
        logging.getLogger(name).debug("more")
    assert [line["logger"] for line in said(stream, *names)] == names


def test_only_errors_are_logged_where_only_they_are_asked_for(keep_logging: None) -> None:
    stream = io.StringIO()
    configure_logs("ERROR", stream)
    names = "realchat.store.health", "a.library"
    for name in names:
        logging.getLogger(name).warning("less")
    assert said(stream, *names) == []


def test_no_secret_of_the_bucket_is_in_a_log(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "AWS_ACCESS_KEY_ID": "the-key's-id",
        "AWS_SECRET_ACCESS_KEY": "the-secret",
        "AWS_SESSION_TOKEN": "the-token",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    bucket = S3(Settings(s3_bucket="chat-files", s3_endpoint_url=address))
    with pytest.raises(ChatError):
        bucket.ping()
    bucket.close()
    log = stream.getvalue()
    assert [one for one in (*given.values(), "Signature") if one in log] == []


async def sign_in(port: int) -> dict[str, str]:
    """Register somebody; return the tokens."""
    body = {"email": EMAIL, "name": WORDS, "password": PASSWORD}
    answer = await exchange(port, request("POST /auth/register", JSON, body=encode(body)))
    assert answer.status == 201
    reply: dict[str, str] = answer.json()
    return reply


def encode(value: object) -> bytes:
    return json.dumps(value).encode()


def telling_body(schema: dict[str, Any]) -> bytes:
    """Fill a body with secrets, some of them where they pass the checks."""
    known = {"email": EMAIL, "password": PASSWORD, "current_password": PASSWORD}
    return encode({name: known.get(name, WORDS) for name in schema.get("properties", {})})


async def call_everything(port: int, authorization: str) -> list[Answer]:
    """Call every operation with secrets wherever something can be put."""
    document = describe_routes(ROUTES, "http://127.0.0.1")
    schemas = document["components"]["schemas"]
    answers = []
    for template, methods in document["paths"].items():
        path = re.sub(r"\{(name|emoji|invite)\}", WORDS, template)
        path = "/".join(ID if part.startswith("{") else part for part in path.split("/"))
        for method, operation in methods.items():
            if template in ("/ws", "/auth/logout"):
                continue
            content = operation.get("requestBody", {}).get("content", {})
            shape = content.get("application/json", {}).get("schema", {}).get("$ref", "")
            body = telling_body(schemas.get(shape.rpartition("/")[2], {})) if shape else b""
            line = f"{method.upper()} {path}?token={WORDS}&q={EMAIL}"
            headers = [JSON] if body else []
            sent = request(line, *headers, f"Authorization: {authorization}", body=body)
            answers.append(await exchange(port, sent))
    return answers


@pytest.mark.gen_test(timeout=60)
async def test_no_secret_is_logged_whatever_is_called(
    stream: io.StringIO, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    tokens = await sign_in(port)
    login = encode({"email": EMAIL, "password": PASSWORD + "!"})
    answers = [
        await exchange(port, request("POST /auth/login", JSON, body=login)),
        await exchange(port, request("GET /" + WORDS)),
        await exchange(port, request(f"GET /ws?token={tokens['access_token']}")),
        await exchange(port, request("POST /auth/login", JSON, body=b'{"email": "' + b"\xff")),
        *await call_everything(port, f"Bearer {tokens['access_token']}x"),
        *await call_everything(port, f"Bearer {tokens['access_token']}"),
    ]
    assert {200, 401, 400, 404} <= {answer.status for answer in answers}
    assert len(access(stream)) >= len(answers)
    logged = stream.getvalue()
    for secret in (PASSWORD, EMAIL, WORDS, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in logged
    for part in tokens["access_token"].split(".")[1:]:
        assert part not in logged


@pytest.mark.gen_test(timeout=60)
async def test_no_secret_of_a_socket_is_logged(stream: io.StringIO, port: int) -> None:
    tokens = await sign_in(port)
    url = f"ws://127.0.0.1:{port}/ws?token="
    for token in (tokens["access_token"], tokens["access_token"] + "x"):
        connection = await websocket_connect(url + token)
        for frame in (
            {"type": "send_message", "recipient_id": tokens["user_id"], "content": WORDS},
            {"type": "send_message", "content": {WORDS: EMAIL}},
            {"type": WORDS, "token": PASSWORD},
        ):
            # The second connection is closed at once, for its token is no good.
            with contextlib.suppress(WebSocketClosedError):
                await connection.write_message(json.dumps(frame))
        with contextlib.suppress(WebSocketClosedError):
            await connection.write_message("{" + WORDS)
        codes = []
        while (raw := await connection.read_message()) is not None:
            codes.append(json.loads(raw).get("code"))
            if codes[-1] == "invalid_json":
                break
        assert codes[-1] in ("invalid_json", "not_authenticated")
        connection.close()
        while raw is not None:
            raw = await connection.read_message()
    logged = stream.getvalue()
    for secret in (PASSWORD, EMAIL, WORDS, *tokens["access_token"].split(".")[1:]):
        assert secret not in logged
