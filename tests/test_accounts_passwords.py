"""Passwords: hashed off the loop, and of the same price for nobody as for somebody."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Iterator
from typing import Any

import bcrypt
import pytest
from people import PASSWORD, Client, login, register
from tornado.httpclient import AsyncHTTPClient

from realchat.accounts import Accounts
from realchat.errors import ChatError, Code
from realchat.ids import now
from realchat.models import UserChange
from realchat.passwords import MAX_WAITING, Passwords, nobodys_hash
from realchat.requests import Login
from realchat.services import Services
from realchat.store.documents import object_id
from realchat.store.users import Users


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    """Passwords of the lowest cost."""
    passwords = Passwords(4)
    yield passwords
    passwords.close()


@pytest.mark.gen_test
async def test_a_password_has_its_own_hash_only(passwords: Passwords) -> None:
    hashed = await passwords.hash("a password")
    assert hashed.startswith("$2b$04$")
    assert await passwords.verify("a password", hashed)
    assert not await passwords.verify("a Password", hashed)


@pytest.mark.gen_test
async def test_a_letter_may_be_typed_in_more_than_one_way(passwords: Passwords) -> None:
    hashed = await passwords.hash(unicodedata.normalize("NFD", "pässwörd"))
    assert await passwords.verify(unicodedata.normalize("NFC", "pässwörd"), hashed)


@pytest.mark.gen_test
async def test_nobody_has_a_password(passwords: Passwords) -> None:
    for password in ("", "null", PASSWORD):
        assert not await passwords.verify(password, None)


def test_bcrypt_works_on_nobodys_hash_as_on_any() -> None:
    hashed = nobodys_hash(5)
    assert (hashed[:7], len(hashed)) == (b"$2b$05$", len(bcrypt.hashpw(b"", bcrypt.gensalt(4))))
    assert not bcrypt.checkpw(b"a password", hashed)  # a malformed one would raise at once


@pytest.mark.parametrize("kept", ["", "x", "$2b$04$short", "$1$md5", "\u00e9" * 60])
@pytest.mark.gen_test
async def test_what_is_no_hash_matches_nothing(passwords: Passwords, kept: str) -> None:
    assert not await passwords.verify("a password", kept)


@pytest.mark.gen_test
async def test_who_comes_when_too_many_wait_is_sent_away(passwords: Passwords) -> None:
    waiting = [asyncio.ensure_future(passwords.hash("x")) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(ChatError) as caught:
        await passwords.verify("x", None)
    assert caught.value.code is Code.RATE_LIMITED
    await asyncio.gather(*waiting)
    assert not await passwords.verify("x", None)


class ChangedMeanwhile(Passwords):
    """Verifies a password while its owner is replacing it elsewhere."""

    def __init__(self, users: Users, user_id: str) -> None:
        super().__init__(4)
        self._users = users
        self._user_id = user_id

    async def verify(self, password: str, kept: str | None) -> bool:
        """Tell whether the password is right, and replace it."""
        matches = await super().verify(password, kept)
        await self._users.update(self._user_id, UserChange(password_hash="another"))
        return matches


@pytest.mark.gen_test
async def test_a_password_replaced_while_it_is_verified_opens_no_session(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    users = Users(services.database)
    hasher = ChangedMeanwhile(users, ana.id)
    accounts = Accounts(
        users, hasher, services.tokens, services.limits, services.bus, services.uploads
    )
    with pytest.raises(ChatError) as caught:
        await accounts.login(Login(email=ana.email, password=PASSWORD), "")
    assert caught.value.code is Code.INVALID_CREDENTIALS
    assert len(await services.tokens.sessions_of(ana.id)) == 1
    hasher.close()


@pytest.mark.gen_test
async def test_users_of_the_seeds_database_are_found_again(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url, "Ana")
    users = services.database.collection("users")
    seed: list[dict[str, Any]] = [
        {
            "_id": object_id(letter * 24),
            "email": email,
            "name": name,
            "password_hash": await services.passwords.hash(PASSWORD),
            "language": "es",
            "created_at": now(),
        }
        for letter, name, email in [
            ("a", "Old One", "Old@Example.org"),
            ("b", "Old Two", "none"),
            ("c", "Old Three", "old@example.org"),
        ]
    ]
    await users.insert_unordered(seed)
    await Users(services.database).prepare()
    assert (await login(http_client, base_url, "old@example.org")).id == "a" * 24
    found = (await ana.get("/users/search", q="old")).json
    assert [user["name"] for user in found] == ["Old One", "Old Three", "Old Two"]


@pytest.mark.gen_test
async def test_the_password_is_in_no_reply(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana = await register(http_client, base_url)
    body = {"email": ana.email, "password": PASSWORD}
    replies = [
        await Client(http_client, base_url).post("/auth/login", body),
        await ana.get("/auth/me"),
        await ana.get(f"/users/{ana.id}"),
        await ana.get("/users/search", q="Ana"),
    ]
    for reply in replies:
        assert "password" not in str(reply.json)
        assert "$2b$" not in str(reply.json)
