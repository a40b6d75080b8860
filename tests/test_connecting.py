"""Connecting, while what it rests on comes to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from people import Person, register
from sockets import device, open_socket
from tornado.httpclient import AsyncHTTPClient

from handlers.socket import ChatSocket
from realchat.models import User
from realchat.people import People
from realchat.services import Services


class SlowPeople(People):
    """People of whom one hears only after something has happened."""

    def __init__(self, services: Services, happen: Callable[[], Awaitable[object]]) -> None:
        super().__init__(services.collections.users, services.bus)
        self._happen = happen

    async def get(self, user_id: str) -> User:
        """Return a user as they were before it."""
        user = await super().get(user_id)
        await self._happen()
        return user


@pytest.mark.gen_test
async def test_a_session_that_ends_while_its_user_is_looked_up_gets_no_connection(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    session = (await services.tokens.authenticate(ana.token)).session_id
    services.people = SlowPeople(services, lambda: services.tokens.end(ana.id, [session]))
    async with open_socket(base_url, f"?token={ana.token}") as socket:
        assert (await socket.expect("error"))["code"] == "not_authenticated"
        assert await socket.closed() == 4401
    assert not any(ChatSocket.registry)


@pytest.mark.gen_test
async def test_many_who_connect_at_once_are_each_greeted(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    people = [await register(http_client, base_url, name) for name in "ABC"]
    others = [await one.login() for one in people]

    async def greet(person: Person) -> str:
        async with device(person) as opened:
            greeted: str = opened.hello["user_id"]
            return greeted

    everybody = [*people, *others, *people]
    assert await asyncio.gather(*map(greet, everybody)) == [one.id for one in everybody]


@pytest.mark.gen_test
async def test_of_many_sessions_that_connect_at_once_an_ended_one_is_refused(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    good, ended = await ana.login(), await ana.login()
    assert (await ended.post("/auth/logout")).status == 204

    async def knock(person: Person) -> str:
        async with open_socket(base_url, f"?token={person.token}") as socket:
            frame = await socket.receive()
            assert frame is not None
            return str(frame["type"])

    answers = await asyncio.gather(*map(knock, [ana, ended, good, ended]))
    assert answers == ["hello", "error", "hello", "error"]
