"""What the server really answers is what its documents say, word for word."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlencode

import jsonschema
import pytest
from raw_http import Answer, exchange, request
from tornado.httpserver import HTTPServer
from tornado.websocket import WebSocketClientConnection, websocket_connect

from handlers.application import ROUTES
from handlers.openapi import describe_routes, find_operations
from realchat.asyncapi import describe_frames

SERVER = "https://chat.example"
REST = json.loads(json.dumps(describe_routes(ROUTES, SERVER)))
SOCKET = json.loads(json.dumps(describe_frames(SERVER)))
# They need a code from a mail; tests/test_otp.py has them.
MAILED = {("post", "/auth/verify-otp"), ("post", "/auth/reset-password")}
FORM = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhi\r\n--b--\r\n'
)


class Person:
    """Somebody who calls the server and holds each answer against the document."""

    walked: set[tuple[str, str]]

    def __init__(self, port: int, walked: set[tuple[str, str]]) -> None:
        self.port = port
        self.walked = walked
        self.id = ""
        self.headers: list[str] = []

    async def register(self, name: str) -> Any:
        body = {"email": f"{name}@example.org", "name": name, "password": "correct horse"}
        reply = await self.call("post", "/auth/register", body)
        self.id = reply["user_id"]
        self.headers = [f"Authorization: Bearer {reply['access_token']}"]
        return reply

    async def call(self, method: str, template: str, body: Any = None, **values: str) -> Any:
        """Call an operation; return its reply, which is as documented."""
        names = {name for name in values if f"{{{name}}}" in template}
        path = template.format(**{name: quote(values[name], safe="") for name in names})
        query = urlencode({name: text for name, text in values.items() if name not in names})
        octets, headers = encode_body(body)
        line = f"{method.upper()} {path}{'?' if query else ''}{query}"
        sent = request(line, *self.headers, *headers, body=octets)
        answer = await exchange(self.port, sent)
        self.walked.add((method, template))
        check_answer(answer, REST["paths"][template][method])
        assert answer.status < 400, (method, template, answer.body)
        return json.loads(answer.body) if is_json(answer) else None


def encode_body(body: Any) -> tuple[bytes, list[str]]:
    if body is None:
        return b"", []
    if isinstance(body, bytes):
        return body, ["Content-Type: multipart/form-data; boundary=b"]
    return json.dumps(body).encode(), ["Content-Type: application/json"]


def is_json(answer: Answer) -> bool:
    return answer.headers.get("Content-Type", "").startswith("application/json")


def check_answer(answer: Answer, operation: Any) -> None:
    """Fail if the status, the headers or the body are not as documented."""
    described = operation["responses"][str(answer.status)]
    assert "X-Request-Id" in answer.headers
    content = described.get("content", {})
    assert bool(content) == bool(answer.body), (answer, described)
    if is_json(answer):
        check(json.loads(answer.body), content["application/json"]["schema"], REST)


def check(value: Any, schema: Any, document: Any) -> None:
    """Fail if a value is not as a schema of the document says, or has more than that."""
    whole = {**schema, "components": closed(document["components"])}
    jsonschema.validate(value, whole, jsonschema.Draft202012Validator)


def closed(components: Any) -> Any:
    """Return schemas that let no field through that they do not name."""
    schemas = {
        name: {**shape, "additionalProperties": False} if "properties" in shape else shape
        for name, shape in components["schemas"].items()
    }
    return {"schemas": schemas}


@pytest.fixture
def port(http_server: HTTPServer, http_port: int) -> int:
    """Where the server listens."""
    return http_port


@pytest.mark.gen_test(timeout=60)
async def test_every_operation_answers_as_documented(port: int) -> None:
    walked: set[tuple[str, str]] = set()
    ana, ben = Person(port, walked), Person(port, walked)
    tokens = await ana.register("ana")
    await ben.register("ben")
    await meet(ana, ben)
    group_id = await gather(ana, ben)
    await talk(ana, ben, group_id)
    await look_around(ana)
    await part(ana, ben, group_id, tokens)
    declared = {(found.method, found.template) for found in find_operations(ROUTES)}
    assert declared - walked == MAILED


@pytest.mark.gen_test
async def test_a_session_in_a_cookie_answers_as_documented(port: int) -> None:
    async def ask(path: str, body: Any, *headers: str) -> Answer:
        octets, kind = encode_body(body)
        sent = request(f"POST {path}", "X-Session: cookie", *headers, *kind, body=octets)
        answer = await exchange(port, sent)
        check_answer(answer, REST["paths"][path]["post"])
        return answer

    newcomer = {"email": "ana@example.org", "name": "Ana", "password": "correct horse"}
    begun = await ask("/auth/register", newcomer)
    cookies = [each.partition(";")[0] for each in begun.headers.get_list("Set-Cookie")]
    renewed = await ask("/auth/refresh", None, f"Cookie: {'; '.join(cookies)}")
    foreign = await ask("/auth/refresh", {}, "Origin: https://evil.example")
    nobody = await ask("/auth/refresh", {})
    answers = [begun, renewed, foreign, nobody]
    assert [answer.status for answer in answers] == [201, 200, 403, 401]


async def meet(ana: Person, ben: Person) -> None:
    await ana.call("get", "/auth/me")
    await ana.call("patch", "/auth/me", {"name": "Ana", "reads": ["fr"]})
    await ana.call("get", "/auth/sessions")
    await ana.call("get", "/users/search", q="ben")
    await ana.call("get", "/users/{user_id}", user_id=ben.id)
    await ana.call("get", "/users", ids=f"{ben.id},{ana.id}")
    await ana.call("post", "/users/{user_id}/block", user_id=ben.id)
    await ana.call("delete", "/users/{user_id}/block", user_id=ben.id)


async def gather(ana: Person, ben: Person) -> str:
    group = await ana.call("post", "/groups", {"name": "Friends"})
    group_id: str = group["id"]
    await ana.call("get", "/groups")
    await ana.call("get", "/groups/{group_id}", group_id=group_id)
    await ana.call("patch", "/groups/{group_id}", {"private": True}, group_id=group_id)
    terms = [{"term": "RealChat"}, {"term": "hola", "translations": {"en": "hi"}}]
    await ana.call("put", "/groups/{group_id}/glossary", {"terms": terms}, group_id=group_id)
    await ana.call("get", "/groups/{group_id}/glossary", group_id=group_id)
    invite = await ana.call("post", "/groups/{group_id}/invite", group_id=group_id)
    await ben.call("get", "/groups/invite/{invite}", invite=invite["invite"])
    await ben.call("post", "/groups/join", {"invite": invite["invite"]})
    member = {"group_id": group_id, "user_id": ben.id}
    await ana.call("put", "/groups/{group_id}/members/{user_id}", {"role": "admin"}, **member)
    await ana.call("delete", "/groups/{group_id}/members/{user_id}", **member)
    return group_id


async def talk(ana: Person, ben: Person, group_id: str) -> None:
    (file,) = (await ana.call("post", "/upload", FORM))["files"]
    address = {"id": file["id"], "name": file["url"].rpartition("/")[2]}
    await ana.call("get", "/uploads/{id}/{name}", **address)
    draft = {"recipient_id": ben.id, "content": "hola", "content_lang": "es", "client_id": "1"}
    message = await ana.call("post", "/messages", {**draft, "files": [file["url"]]})
    again = await ana.call("post", "/messages", {**draft, "files": [file["url"]]})
    assert message["id"] == again["id"]
    await ana.call("post", "/messages", {"group_id": group_id, "content": "hello"})
    one = {"message_id": message["id"]}
    await ana.call("get", "/messages/{message_id}", **one)
    await ana.call("patch", "/messages/{message_id}", {"content": "hola!"}, **one)
    emoji = {**one, "emoji": "👍"}
    await ben.call("put", "/messages/{message_id}/reactions/{emoji}", **emoji)
    await ben.call("delete", "/messages/{message_id}/reactions/{emoji}", **emoji)
    await ben.call("get", "/messages/{message_id}/translation", **one)
    better = {"lang": "de", "content": "Hallo!"}
    await ben.call("put", "/messages/{message_id}/translation", better, **one)
    await ana.call("post", "/translate/preview", {"content": "hola", "to": "de"})
    await ben.call("get", "/messages/dm", user_id=ana.id)
    await ana.call("get", "/messages/group", group_id=group_id)
    await ben.call("get", "/messages/search", q="hola")
    await ben.call("get", "/conversations")
    conversation = {"conversation": message["conversation"]}
    await ben.call("post", "/conversations/{conversation}/read", {"seq": 1}, **conversation)
    await ana.call("get", "/conversations/{conversation}/reads", **conversation)
    await ben.call("patch", "/conversations/{conversation}", {"muted": True}, **conversation)
    await ben.call("get", "/presence")
    await ben.call("get", "/presence/{user_id}", user_id=ana.id)
    await ana.call("delete", "/messages/{message_id}", **one)


async def look_around(ana: Person) -> None:
    for template in ("/", "/healthz", "/readyz", "/metrics", "/docs"):
        await ana.call("get", template)
    for template in ("/openapi.json", "/asyncapi.json"):
        await ana.call("get", template)
    await ana.call("get", "/docs/{name}", name="docs.css")
    for template in ("/service-worker.js", "/manifest.webmanifest", "/favicon.ico"):
        await ana.call("get", template)
    file = {"version": "0" * 12, "path": "icons/icon.svg"}
    await ana.call("get", "/static/{version}/{path}", **file)


async def part(ana: Person, ben: Person, group_id: str, tokens: Any) -> None:
    await ana.call("post", "/auth/request-otp", {"email": "nobody@example.org"})
    other = await ana.call("post", "/groups", {"name": "Others"})
    await ana.call("post", "/groups/{group_id}/leave", group_id=other["id"])
    await ana.call("delete", "/groups/{group_id}", group_id=group_id)
    await ben.call("post", "/auth/login", {"email": "ben@example.org", "password": "correct horse"})
    sessions = await ben.call("get", "/auth/sessions")
    session_id = next(each["id"] for each in sessions if not each["current"])
    await ben.call("delete", "/auth/sessions/{session_id}", session_id=session_id)
    await ana.call("post", "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
    await ana.call("post", "/auth/logout")


class Connection:
    """A connection that holds each frame against the document."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self._connection = connection
        self.heard: set[str] = set()

    async def say(self, **command: Any) -> None:
        """Send a command that is as documented."""
        check_frame(command, command["type"])
        await self._connection.write_message(json.dumps(command))

    async def hear(self, kind: str) -> Any:
        """Return the next frame of a kind, and check all that come before it."""
        while True:
            raw = await self._connection.read_message()
            assert raw is not None
            frame = json.loads(raw)
            check_frame(frame, f"{frame['type']}_event")
            self.heard.add(frame["type"])
            if frame["type"] == kind:
                return frame


def check_frame(frame: Any, key: str) -> None:
    check(frame, SOCKET["components"]["messages"][key]["payload"], SOCKET)


@asynccontextmanager
async def connect(person: Person) -> AsyncIterator[Connection]:
    token = person.headers[0].rpartition(" ")[2]
    opened = await websocket_connect(f"ws://127.0.0.1:{person.port}/ws?token={token}")
    connection = Connection(opened)
    await connection.hear("hello")
    yield connection
    opened.close()
    while await opened.read_message() is not None:
        pass


@pytest.mark.gen_test(timeout=60)
async def test_every_frame_is_as_documented(port: int) -> None:
    ana, ben = Person(port, set()), Person(port, set())
    await ana.register("ana")
    await ben.register("ben")
    async with connect(ana) as one, connect(ben) as other:
        await one.say(type="send_message", recipient_id=ben.id, content="hola", ref="1")
        message = await one.hear("ack")
        await other.hear("message")
        await one.say(type="edit_message", id=message["id"], content="hola!", ref="2")
        await other.hear("message_updated")
        await other.say(type="react", id=message["id"], emoji="👍", on=True)
        await other.say(type="read", conversation=message["conversation"], seq=1)
        await one.hear("read")
        await other.say(type="typing", recipient_id=ana.id, on=True)
        await one.hear("typing")
        await one.say(type="create_group", name="Friends", members=[ben.id], ref="3")
        group_id = (await other.hear("group_created"))["group"]["id"]
        await other.say(type="leave_group", group_id=group_id)
        await one.hear("group_updated")
        await other.say(type="join_group", group_id=group_id, ref="4")
        await one.hear("group_updated")
        await one.say(type="delete_message", id=message["id"])
        await other.hear("message_updated")
        await other.say(type="delete_message", id="a" * 24, ref="5")
        assert (await other.hear("error"))["code"] == "not_found"
        await other.say(type="ping", ref="6")
        await other.hear("pong")
        assert one.heard | other.heard >= {"hello", "ack", "message", "read", "typing"}
