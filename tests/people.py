"""People for tests: each is an account on the server under test, and talks to it over HTTP."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httputil import HTTPHeaders

PASSWORD = "correct horse battery"

_numbers = itertools.count(1)


class Reply(NamedTuple):
    """What the server answered; `json` is None where there was no body."""

    status: int
    json: Any
    headers: HTTPHeaders

    @property
    def error(self) -> str:
        """The error's code, or an empty text for a success."""
        return self.json["error"]["code"] if self.status >= 400 else ""

    @property
    def fields(self) -> dict[str, str]:
        """What is wrong with which field."""
        found: dict[str, str] = self.json["error"].get("fields", {})
        return found


class Client:
    """Talks JSON to one server, as nobody until it has a token."""

    def __init__(self, http: AsyncHTTPClient, base_url: str) -> None:
        self.http = http
        self.base_url = base_url
        self.token = ""

    async def get(self, path: str, **query: object) -> Reply:
        """GET an address, with a query string."""
        return await self.call("GET", f"{path}?{urlencode(query)}" if query else path)

    async def post(self, path: str, body: Any = None) -> Reply:
        """POST a value as JSON, or no body."""
        return await self.call("POST", path, body)

    async def patch(self, path: str, body: Any = None) -> Reply:
        """PATCH with a value as JSON."""
        return await self.call("PATCH", path, body)

    async def put(self, path: str, body: Any = None) -> Reply:
        """PUT a value as JSON, or no body."""
        return await self.call("PUT", path, body)

    async def delete(self, path: str) -> Reply:
        """DELETE an address."""
        return await self.call("DELETE", path)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request: `body` as JSON, or `raw` as it is."""
        sent = HTTPHeaders(dict(headers or {}))
        if self.token and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.token}"
        if raw is None and body is not None:
            raw = json.dumps(body)
        if raw is None and method in {"POST", "PUT", "PATCH"}:
            raw = ""  # as browsers and curl do; without it Tornado sends an empty chunked body
        if raw and "Content-Type" not in sent:
            sent["Content-Type"] = "application/json"
        request = HTTPRequest(
            self.base_url + path,
            method,
            sent,
            raw,
            follow_redirects=False,
            allow_nonstandard_methods=True,
        )
        reply = await self.http.fetch(request, raise_error=False)
        is_json = reply.headers.get("Content-Type", "").startswith("application/json")
        value = json.loads(reply.body) if is_json and reply.body else None
        return Reply(reply.code, value, reply.headers)


class Person(Client):
    """Somebody with an account, signed in on one device."""

    def __init__(self, http: AsyncHTTPClient, base_url: str, signed_in: Mapping[str, Any]) -> None:
        super().__init__(http, base_url)
        self.user: dict[str, Any] = signed_in["user"]
        self.id: str = signed_in["user_id"]
        self.email: str = self.user["email"]
        self.token = signed_in["access_token"]
        self.refresh_token: str = signed_in["refresh_token"]

    async def login(self, password: str = PASSWORD) -> Person:
        """Sign in on one more device; returns the person as they are there."""
        return await login(self.http, self.base_url, self.email, password)


async def register(
    http: AsyncHTTPClient,
    base_url: str,
    name: str = "Ana",
    *,
    email: str | None = None,
    password: str = PASSWORD,
    language: str = "en",
) -> Person:
    """Make an account, at an address of its own, and sign in."""
    body = {
        "email": email or f"person{next(_numbers)}@example.org",
        "name": name,
        "password": password,
        "language": language,
    }
    reply = await Client(http, base_url).post("/auth/register", body)
    assert reply.status == 201, reply
    return Person(http, base_url, reply.json)


async def login(
    http: AsyncHTTPClient, base_url: str, email: str, password: str = PASSWORD
) -> Person:
    """Sign in to an account that exists."""
    body = {"email": email, "password": password}
    reply = await Client(http, base_url).post("/auth/login", body)
    assert reply.status == 200, reply
    return Person(http, base_url, reply.json)
