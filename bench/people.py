"""The accounts and groups that our server is measured with, made over its REST interface."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from tornado.httpclient import AsyncHTTPClient

# Requests under way at a time; hashing passwords is what takes long.
_AT_ONCE = 16
_PASSWORD = "correct horse battery"

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Person(Struct, frozen=True):
    """An account, signed in."""

    id: str
    token: str


async def make_people(
    port: int, count: int, prefix: str, languages: Sequence[str] = ("en",)
) -> list[Person]:
    """Register that many accounts, with these languages by turns."""

    async def make(number: int) -> Person:
        name = f"{prefix}{number}"
        body = {
            "email": f"{name}@example.org",
            "name": name,
            "password": _PASSWORD,
            "language": languages[number % len(languages)],
        }
        made = await ask(port, "POST", "/auth/register", body)
        return Person(made["user_id"], made["access_token"])

    return await _gather(make, range(count))


async def make_groups(port: int, groups: Sequence[Sequence[Person]]) -> list[str]:
    """Make a group of each row of people, owned by its first; return their ids."""

    async def make(members: Sequence[Person]) -> str:
        body = {"name": "bench", "members": [one.id for one in members[1:]], "private": True}
        made = await ask(port, "POST", "/groups", body, members[0].token)
        group_id: str = made.get("group", made)["id"]
        return group_id

    return await _gather(make, groups)


async def let_read(port: int, person: Person, *languages: str) -> None:
    """Have somebody read more than their own language."""
    await ask(port, "PATCH", "/auth/me", {"reads": languages}, person.token)


async def _gather(
    make: Callable[[_Item], Awaitable[_Result]], items: Iterable[_Item]
) -> list[_Result]:
    free = asyncio.Semaphore(_AT_ONCE)

    async def make_one(item: _Item) -> _Result:
        async with free:
            return await make(item)

    return list(await asyncio.gather(*map(make_one, items)))


async def ask(port: int, method: str, path: str, body: Any = None, token: str = "") -> Any:
    """Return what our server replies over REST."""
    client = AsyncHTTPClient(max_clients=_AT_ONCE)
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    reply = await client.fetch(
        f"http://127.0.0.1:{port}{path}",
        method=method,
        headers=headers,
        body=None if body is None else msgspec.json.encode(body),
        request_timeout=60,
    )
    return msgspec.json.decode(reply.body)
