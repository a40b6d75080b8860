"""Processes that write to one database and do not hear each other: the later one says so."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from pymongo import MongoClient
from tornado.ioloop import IOLoop

from realchat.mongod import EmbeddedMongod
from realchat.services import Services, open_services
from realchat.settings import Settings
from realchat.store.database import Database
from realchat.store.neighbours import introduce, look_around

WARNING = "do not hear each other: give all of them the same REDIS_URL"
ONE, OTHER = "unix:///one/redis.sock", "unix:///other/redis.sock"
NETWORK, SAME_NETWORK = "redis://one:6379", "rediss://:password@two:6380"


class Crowd:
    """Processes that come one after the other, as far as a database knows."""

    def __init__(self, uri: str, stack: ExitStack) -> None:
        self._uri = uri
        self._stack = stack

    async def come(self, redis_url: str, name: str) -> Database:
        """Have one process more look around."""
        me = introduce(redis_url, name)
        database = self._stack.enter_context(closing(Database(self._uri, name, str(me))))
        await database.ping()
        await look_around(database, me)
        return database


@pytest.fixture
def name() -> str:
    """A database that nobody else uses."""
    return f"test_{secrets.token_hex(6)}"


@pytest.fixture
def crowd(mongod: EmbeddedMongod) -> Iterator[Crowd]:
    with ExitStack() as stack:
        yield Crowd(mongod.uri, stack)


@pytest.mark.parametrize(
    ("first", "second"), [("", ""), ("", ONE), (NETWORK, ""), (ONE, OTHER), (OTHER, ONE)]
)
@pytest.mark.gen_test
async def test_who_cannot_hear_another_says_so(
    crowd: Crowd, name: str, first: str, second: str, caplog: pytest.LogCaptureFixture
) -> None:
    await crowd.come(first, name)
    assert WARNING not in caplog.text
    await crowd.come(second, name)
    assert caplog.text.count(WARNING) == 1
    assert name in caplog.text


@pytest.mark.parametrize(
    ("first", "second"),
    [(NETWORK, NETWORK), (NETWORK, SAME_NETWORK), (ONE, ONE), (ONE, NETWORK), (NETWORK, ONE)],
)
@pytest.mark.gen_test
async def test_who_may_hear_the_others_says_nothing(
    crowd: Crowd, name: str, first: str, second: str, caplog: pytest.LogCaptureFixture
) -> None:
    for redis_url in (first, second):
        await crowd.come(redis_url, name)
    assert WARNING not in caplog.text


@pytest.mark.gen_test
async def test_who_uses_another_database_does_not_count(
    crowd: Crowd, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    await crowd.come("", name)
    await crowd.come("", f"{name}_2")
    assert WARNING not in caplog.text


@pytest.mark.gen_test
async def test_who_is_gone_does_not_count(
    crowd: Crowd, name: str, mongod: EmbeddedMongod, caplog: pytest.LogCaptureFixture
) -> None:
    (await crowd.come("", name)).close()
    with closing(Database(mongod.uri, name)) as database:
        while any(name in caller for caller in await database.callers()):
            pass  # until MongoDB has seen that the connections are closed
    await crowd.come("", name)
    assert WARNING not in caplog.text


@pytest.mark.gen_test
async def test_a_user_with_rights_to_one_database_alone_is_told_too(
    mongod: EmbeddedMongod, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = (mongod.folder.parent / "secrets/mongodb_key").read_text()
    address = f"127.0.0.1:{mongod.port}"
    system = f"mongodb://__system:{key}@{address}/?authSource=local&directConnection=true"
    client: MongoClient[dict[str, object]]
    with MongoClient(system) as client, ExitStack() as stack:
        client[name].command("createUser", "chat", pwd="chat", roles=["readWrite"])
        stack.callback(lambda: client[name].command("dropUser", "chat"))
        uri = f"mongodb://chat:chat@{address}/?authSource={name}&directConnection=true"
        crowd = Crowd(uri, stack)
        await crowd.come("", name)
        await crowd.come("", name)
    assert caplog.text.count(WARNING) == 1


@pytest.mark.gen_test
async def test_who_may_not_ask_starts_all_the_same(
    caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.DEBUG)
    me = introduce("", name)
    with closing(Database("mongodb://127.0.0.1:1/?directConnection=true", name, str(me))) as gone:
        await look_around(gone, me)
    assert WARNING not in caplog.text
    assert "is not told" in caplog.text


def test_a_server_says_so_when_it_starts(
    io_loop: IOLoop,
    services: Services,
    mongod: EmbeddedMongod,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = io_loop.run_sync(lambda: open_services(settings, mongod.uri))
    io_loop.run_sync(other.close)
    assert caplog.text.count(WARNING) == 1
