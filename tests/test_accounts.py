"""Accounts over the contract: register, sign in, oneself, one's devices."""

from __future__ import annotations

import pytest
from people import PASSWORD, Client, login, register
from tornado.httpclient import AsyncHTTPClient


@pytest.mark.gen_test
async def test_who_registers_is_signed_in(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana = await register(http_client, base_url, "Ana", email="Ana@Example.org", language="pt-br")
    reply = await ana.get("/auth/me")
    assert reply.status == 200
    created = reply.json["user"].pop("created_at")
    assert created.endswith("Z")
    assert reply.json["user"] == {
        "id": ana.id,
        "name": "Ana",
        "language": "pt-BR",
        "avatar_url": None,
        "email": "Ana@Example.org",
        "reads": [],
        "is_verified": False,
    }


@pytest.mark.gen_test
async def test_the_password_opens_the_account_whatever_the_case_of_the_address(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url, email="ana@example.org")
    again = await login(http_client, base_url, "ANA@EXAMPLE.ORG")
    assert again.id == ana.id


@pytest.mark.gen_test
async def test_an_address_has_one_account_however_it_is_spelled(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    await register(http_client, base_url, email="ana@example.org")
    body = {"email": "Ana@EXAMPLE.org", "name": "Eva", "password": PASSWORD}
    reply = await Client(http_client, base_url).post("/auth/register", body)
    assert (reply.status, reply.error) == (409, "email_taken")
