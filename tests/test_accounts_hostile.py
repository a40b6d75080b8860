"""Hostile input to every route of accounts and people: a clear error each time, never a fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from people import PASSWORD, Client, Reply, register
from tornado.httpclient import AsyncHTTPClient

REGISTER = {"email": "eva@example.org", "name": "Eva", "password": PASSWORD}
LOGIN = {"email": "eva@example.org", "password": PASSWORD}
VERIFY = {"email": "eva@example.org", "code": "123456"}
# Every route that takes a body, with one that has the right shape.
BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/auth/register", REGISTER),
    ("POST", "/auth/login", LOGIN),
    ("POST", "/auth/refresh", {"refresh_token": "x"}),
    ("POST", "/auth/logout", {"everywhere": False}),
    ("PATCH", "/auth/me", {"name": "Anna"}),
    ("POST", "/auth/request-otp", {"email": "eva@example.org"}),
    ("POST", "/auth/verify-otp", VERIFY),
    ("POST", "/auth/reset-password", {**VERIFY, "password": PASSWORD}),
]
IDS = [path for _, path, _ in BODIES]
WRONG_VALUES: list[Any] = [
    {"$ne": None},
    {"$gt": ""},
    ["a@b.org"],
    12345678,
    1.5,
    True,
    [],
    {},
    "",
]


async def send(client: Client, method: str, path: str, raw: str | bytes) -> Reply:
    """Send a body as it is."""
    reply = await client.call(method, path, raw=raw)
    assert reply.status < 500, reply
    return reply


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=IDS)
@pytest.mark.gen_test
async def test_values_of_the_wrong_kind_are_named(
    http_client: AsyncHTTPClient, base_url: str, method: str, path: str, body: dict[str, Any]
) -> None:
    ana = await register(http_client, base_url)
    for field, right in body.items():
        for value in WRONG_VALUES:
            if type(value) is type(right) and (value != "" or path == "/auth/login"):
                continue
            reply = await send(ana, method, path, json.dumps({**body, field: value}))
            assert (reply.status, reply.error, list(reply.fields)) == (
                400,
                "validation_error",
                [field],
            ), (field, value)


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=IDS)
@pytest.mark.gen_test
async def test_unknown_fields_are_refused(
    http_client: AsyncHTTPClient, base_url: str, method: str, path: str, body: dict[str, Any]
) -> None:
    ana = await register(http_client, base_url)
    for field in ("is_verified", "_id", "$where", "__proto__", "password_hash", ""):
        reply = await send(ana, method, path, json.dumps({**body, field: "x"}))
        assert (reply.status, reply.error) == (400, "unknown_field"), field


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=IDS)
@pytest.mark.gen_test
async def test_what_is_not_strict_json_is_refused(
    http_client: AsyncHTTPClient, base_url: str, method: str, path: str, body: dict[str, Any]
) -> None:
    ana = await register(http_client, base_url)
    field = next(iter(body))
    bodies: list[tuple[bytes, str]] = [
        (b"{", "invalid_json"),
        (b"nonsense", "invalid_json"),
        (b'{"%s": NaN}' % field.encode(), "invalid_json"),
        (b'{"%s": Infinity}' % field.encode(), "invalid_json"),
        (b"{'a': 1}", "invalid_json"),
        (json.dumps(body).encode() + b"{}", "invalid_json"),
        (b'{"%s": "\\ud800"}' % field.encode(), "invalid_text"),
        (b'{"%s": "\xff"}' % field.encode(), "invalid_text validation_error"),
        (json.dumps(body).encode("utf-16"), "invalid_json invalid_text"),
        (b'{"x": ' + b"[" * 7000 + b"]" * 7000 + b"}", "unknown_field invalid_json"),
        (b"[" * 7000, "validation_error invalid_json"),
        (b"[]", "validation_error"),
        (b"null", "validation_error"),
        (b'"text"', "validation_error"),
        (b"0", "validation_error"),
    ]
    for raw, codes in bodies:
        reply = await send(ana, method, path, raw)
        assert reply.status == 400, raw[:40]
        assert reply.error in codes.split(), raw[:40]


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=IDS)
@pytest.mark.gen_test
async def test_bodies_have_a_type_and_a_bound(
    http_client: AsyncHTTPClient, base_url: str, method: str, path: str, body: dict[str, Any]
) -> None:
    ana = await register(http_client, base_url)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await ana.call(method, path, body, headers=form)).status == 415
    long = json.dumps({**body, "more": "x" * 20_000})
    assert (await send(ana, method, path, long)).error == "body_too_large"


@pytest.mark.parametrize(
    "field", ["email", "name", "password", "language"], ids=lambda field: f"register {field}"
)
@pytest.mark.gen_test
async def test_registering_refuses_what_is_out_of_bounds(
    http_client: AsyncHTTPClient, base_url: str, field: str
) -> None:
    wrong: dict[str, list[str]] = {
        "email": [
            "ana",
            "ana@",
            "@example.org",
            "ana@example",
            "ana@@example.org",
            "ana@exa mple.org",
            "ana\r\nBcc: eva@example.org",
            "ana@example.org\n",
            " ana@example.org",
            "Ana <ana@example.org>",
            "ana@[127.0.0.1]",
            "ana@-example.org",
            "ana\u202e@example.org",
            "ana\0@example.org",
            "ana@" + "a." * 124 + "org",
            "x" * 255,
        ],
        "name": [
            " ",
            "\t",
            "\u3000",
            "\u200b",
            "x" * 81,
            "An\u202eana",
            "An\0a",
            "An\na",
            "An\u2066a",
            "\ufeffAna",
            "Ana\u0085",
            "\u200d\u200d",
        ],
        "password": ["x" * 7, "x" * 129, "\U0001f980" * 129],
        "language": ["e", "english", "en-", "-en", "en--GB", "en\n", "../en", "e" * 36, "12"],
    }
    client = Client(http_client, base_url)
    for value in wrong[field]:
        reply = await client.post("/auth/register", {**REGISTER, field: value})
        assert (reply.status, reply.error, list(reply.fields)) == (
            400,
            "validation_error",
            [field],
        ), value


@pytest.mark.gen_test
async def test_nothing_of_an_account_changes_when_one_thing_is_wrong(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    changes: list[dict[str, Any]] = [
        {"name": None},
        {"name": "\u200b"},
        {"language": None},
        {"reads": "en"},
        {"reads": ["en"] * 21},
        {"reads": [None]},
        {"reads": ["not a language"]},
        {"password": "short", "current_password": PASSWORD},
        {"avatar": ["/uploads/x/y"]},
        {"avatar": "/uploads/../../etc/passwd"},
        {"avatar": "javascript:alert(1)"},
    ]
    for change in changes:
        reply = await ana.patch("/auth/me", {"language": "fr", **change})
        assert (reply.status, reply.error) == (400, "validation_error"), change
        assert (await ana.get("/auth/me")).json["user"] == ana.user, change


@pytest.mark.gen_test
async def test_a_code_is_six_plain_digits(http_client: AsyncHTTPClient, base_url: str) -> None:
    client = Client(http_client, base_url)
    for code in ("12345", "1234567", "12345a", "\uff11" * 6, "\u0661" * 6, "12345\n", "-12345"):
        reply = await client.post("/auth/verify-otp", {**VERIFY, "code": code})
        assert list(reply.fields) == ["code"], code


@pytest.mark.gen_test
async def test_nonsense_for_a_token_is_not_authenticated(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    client = Client(http_client, base_url)
    for path in ("/auth/me", "/auth/sessions", "/users/search?q=a", "/users/" + "a" * 24):
        for token in ("x", "a.b.c", "null", "\u00e9", "[" * 3000, "eyJhbGciOiJub25lIn0.e30."):
            header = {"Authorization": f"Bearer {token}"}
            reply = await client.call("GET", path, headers=header)
            assert (reply.status, reply.error) == (401, "not_authenticated"), (path, token)


@pytest.mark.gen_test
async def test_a_search_refuses_what_is_no_question(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    for query in ("", "q=", "q=a&q2=b", "q[$ne]=a", "q=" + "x" * 255, "q=%FF", "token=x&q=a"):
        assert (await ana.get(f"/users/search?{query}")).status == 400, query


@pytest.mark.gen_test
async def test_a_device_that_does_not_exist_is_not_found(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    for session_id in ("x", "a" * 24, "A" * 24, "%00", "%7B%22$ne%22:1%7D"):
        assert (await ana.delete(f"/auth/sessions/{session_id}")).error == "not_found"


@pytest.mark.gen_test
async def test_a_strange_user_agent_is_kept_short_and_clean(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    client = Client(http_client, base_url)
    header = {"User-Agent": "<b>\u0085" + "x" * 1000}
    reply = await client.call("POST", "/auth/register", REGISTER, headers=header)
    client.token = reply.json["access_token"]
    [device] = (await client.get("/auth/sessions")).json
    assert device["user_agent"] == "<b>" + "x" * 197
