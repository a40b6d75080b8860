"""Messages on several shards: every unique index is legal there, every query finds its shard.

No router of MongoDB's is at hand, so no sharded cluster is started. What is held against
the shard keys are the real indexes and the real queries, on one real server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from forms import upload
from msgspec import structs
from people import Person, register
from pymongo import MongoClient
from pymongo.database import Database
from redis_part import RedisServer
from shards import ADOPTIONS, DROPPED, KEYS, Watch
from sockets import Device, device
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop

from realchat.errors import ChatError, Code
from realchat.models import Message, StoredTranslation
from realchat.mongod import EmbeddedMongod
from realchat.requests import MessageDraft
from realchat.services import Services, open_services
from realchat.settings import Settings
from realchat.store import database as store

Raw = Database[dict[str, Any]]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """What the database is asked in a test."""
    watch = Watch()
    monkeypatch.setitem(store._OPTIONS, "event_listeners", [watch])
    return watch


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """What the processes of this module share, besides the database."""
    with TemporaryDirectory() as folder:
        started = RedisServer(Path(folder))
        yield started
        started.kill()


@pytest.fixture
def settings(settings: Settings, watch: Watch, redis: RedisServer) -> Settings:
    """A server that is watched, is one of several and knows that messages lie on shards."""
    return structs.replace(settings, mongodb_sharded=True, redis_url=redis.url)


@pytest.fixture
def other(
    io_loop: IOLoop, services: Services, mongod: EmbeddedMongod, settings: Settings
) -> Iterator[Services]:
    """Another process on the same database, which remembers nothing yet."""
    opened: Services = io_loop.run_sync(lambda: open_services(settings, mongod.uri))
    yield opened
    io_loop.run_sync(opened.close)


@pytest.fixture
def before(
    io_loop: IOLoop, mongod: EmbeddedMongod, settings: Settings, watch: Watch
) -> Iterator[Services]:
    """A process of before, when all messages lay on one server; it made its indexes, too."""
    alone = structs.replace(settings, mongodb_sharded=False)
    opened: Services = io_loop.run_sync(lambda: open_services(alone, mongod.uri))
    yield opened
    io_loop.run_sync(opened.close)


@pytest.fixture
def raw(mongod: EmbeddedMongod, settings: Settings) -> Iterator[Raw]:
    """The database without the program."""
    with MongoClient[dict[str, Any]](mongod.uri) as client:
        yield client[settings.mongodb_db]


def adopt(raw: Raw) -> None:
    """Do what an operator does between the two ways of keeping messages."""
    for pipeline in ADOPTIONS:
        raw.messages.aggregate(pipeline)
    for index in DROPPED:
        raw.messages.drop_index(index)


async def begin(watch: Watch, *processes: Services) -> None:
    """Watch from now on, once what processes do at their start is done."""
    for process in processes:
        await process.tasks.drain()
    watch.asked.clear()


async def crowd(http_client: AsyncHTTPClient, base_url: str, count: int = 3) -> list[Person]:
    return [await register(http_client, base_url, f"Person {n}") for n in range(count)]


def unique_indexes(raw: Raw) -> dict[str, list[list[str]]]:
    """Return the keys of the unique indexes of each sharded collection."""
    return {
        name: [
            list(index["key"]) for index in raw[name].list_indexes() if index.get("unique") is True
        ]
        for name in KEYS
    }


@pytest.mark.gen_test
async def test_every_unique_index_begins_with_the_shard_key(services: Services, raw: Raw) -> None:
    unique = unique_indexes(raw)
    assert len(unique["messages"]) == 4
    wrong = {(n, *keys) for n, found in unique.items() for keys in found if keys[0] != KEYS[n]}
    assert wrong == set()


@pytest.mark.gen_test
async def test_what_an_operator_drops_is_the_one_that_does_not(
    before: Services, services: Services, raw: Raw
) -> None:
    assert ["client_id", "sender_id"] in unique_indexes(raw)["messages"]
    adopt(raw)
    assert {keys[0] for keys in unique_indexes(raw)["messages"]} == {"conversation"}


async def talk_over_socket(phone: Device, ben: Person, group: str) -> None:
    """Do with a message whatever can be done with it, by frames."""
    first = await phone.command("send_message", recipient_id=ben.id, content="a", client_id="1")
    await phone.command("send_message", recipient_id=ben.id, content="a", client_id="1")
    burst = [
        {"type": "send_message", "recipient_id": ben.id, "content": n, "client_id": n, "ref": n}
        for n in "1bcd"
    ]
    for each in burst:
        await phone.send_json(each)
    sent = await phone.command("send_message", group_id=group, content="hello")
    for command, fields in (
        ("edit_message", {"content": "b"}),
        ("react", {"emoji": "👍", "on": True}),
        ("react", {"emoji": "👍", "on": False}),
        ("delete_message", {}),
    ):
        assert (await phone.command(command, id=sent["id"], **fields))["type"] == "ack"
    assert (await phone.command("read", conversation=first["conversation"], seq=1))["type"] == "ack"


async def talk_over_rest(ana: Person, ben: Person, group: str) -> None:
    """Do the same by requests, and read."""
    url = (await upload(ana, b"text"))["url"]
    body = {"group_id": group, "content": "y", "files": [url], "client_id": "rest"}
    sent = (await ana.post("/messages", body)).json
    path = f"/messages/{sent['id']}"
    replies = [
        await ana.post("/messages", body),
        await ana.post("/messages", {"recipient_id": ben.id, "content": "y", "client_id": "r2"}),
        await ana.post("/messages", {"group_id": group, "content": "y", "reply_to": sent["id"]}),
        await ana.get(path),
        await ana.patch(path, {"content": "z"}),
        await ana.put(f"{path}/reactions/%F0%9F%91%8D"),
        await ana.delete(f"{path}/reactions/%F0%9F%91%8D"),
        await ana.get("/messages/group", group_id=group),
        await ana.get("/messages/group", group_id=group, before=3),
        await ana.get("/messages/group", group_id=group, after=1),
        await ana.get("/messages/dm", user_id=ben.id, changed_since=1),
        await ana.get("/conversations"),
        await ana.get(f"/conversations/{sent['conversation']}/reads"),
        await ana.post(f"/conversations/{sent['conversation']}/read", {"seq": 2}),
        await ana.delete(path),
    ]
    assert [reply.json for reply in replies if reply.status >= 300] == []


async def send(services: Services, sender: Person, recipient: Person, client_id: str) -> Message:
    """Send a message as a process has it sent, without a socket before it."""
    request = MessageDraft(recipient_id=recipient.id, content="a", client_id=client_id)
    message, _ = await services.chat.send(sender.id, request)
    return message


async def walk_the_path(services: Services, ana: Person, ben: Person, other: Services) -> None:
    """Do all that the path of a message has, also as a process that remembers nothing."""
    group = (await ana.post("/groups", {"name": "Us", "members": [ben.id]})).json["id"]
    async with device(ana) as phone:
        await talk_over_socket(phone, ben, group)
        await talk_over_rest(ana, ben, group)
        epoch = phone.hello["epoch"]
    async with device(ben, "?resume=true") as phone:
        await phone.send_json({"type": "resume", "epoch": epoch, "cursors": {}})
        await phone.expect("resumed")
    (mine, *_) = (await ana.get("/messages/dm", user_id=ben.id)).json
    await other.chat.edit(ana.id, mine["id"], "as another process")
    # A run in which one was sent before, from two processes that take each other's places.
    runs = [send(one, ana, ben, name) for one in (services, other) for name in ("1", "e", "f")]
    assert len({message.seq for message in await asyncio.gather(*runs)}) == 3
    await services.tasks.drain()


@pytest.mark.gen_test(timeout=60)
async def test_every_query_on_the_path_of_a_message_names_the_shard_key(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    other: Services,
    watch: Watch,
    raw: Raw,
) -> None:
    ana, ben, _ = await crowd(http_client, base_url)
    await begin(watch, services, other)
    await walk_the_path(services, ana, ben, other)
    asked = watch.asked.copy()
    assert {one.collection for one in asked} >= {"messages", "places", "read_marks", "sessions"}
    assert {one.name for one in asked if one.collection == "messages"} >= {
        *("find", "aggregate", "insert", "findAndModify")
    }
    assert [one for one in asked if not one.is_targeted] == []
    scans = [one for one in asked for plan in one.plans(raw) if "COLLSCAN" in plan]
    assert scans == []


@pytest.mark.gen_test
async def test_a_client_id_used_in_another_conversation_is_refused(
    http_client: AsyncHTTPClient, base_url: str, services: Services, other: Services
) -> None:
    ana, ben, cleo = await crowd(http_client, base_url)
    first = await send(services, ana, ben, "c")
    assert await send(other, ana, ben, "c") == first
    for process in (services, other):
        with pytest.raises(ChatError) as refused:
            await send(process, ana, cleo, "c")
        assert refused.value.code is Code.IDEMPOTENCY_CONFLICT
    assert (await ana.get("/messages/dm", user_id=cleo.id)).json == []
    assert await send(services, ben, ana, "c") != first


@pytest.mark.gen_test
async def test_of_two_processes_that_use_a_client_id_at_once_one_is_refused(
    http_client: AsyncHTTPClient, base_url: str, services: Services, other: Services
) -> None:
    ana, ben, cleo = await crowd(http_client, base_url)
    for client_id in map(str, range(20)):
        results = await asyncio.gather(
            send(services, ana, ben, client_id),
            send(other, ana, cleo, client_id),
            return_exceptions=True,
        )
        assert sorted(type(one) is ChatError for one in results) == [False, True]
    kept = [
        message["client_id"]
        for peer in (ben, cleo)
        for message in (await ana.get("/messages/dm", user_id=peer.id)).json
    ]
    assert sorted(kept, key=int) == [str(number) for number in range(20)]


@pytest.mark.gen_test
async def test_messages_of_before_keep_their_client_ids_until_an_operator_has_them_noted(
    http_client: AsyncHTTPClient, base_url: str, before: Services, services: Services, raw: Raw
) -> None:
    ana, ben, cleo = await crowd(http_client, base_url)
    first, second = [await send(before, ana, ben, name) for name in "12"]
    assert await send(services, ana, ben, "1") == first
    with pytest.raises(ChatError) as refused:
        await send(services, ana, cleo, "2")
    assert refused.value.code is Code.IDEMPOTENCY_CONFLICT
    adopt(raw)
    assert await send(services, ana, ben, "2") == second
    with pytest.raises(ChatError) as refused:
        await send(services, ana, cleo, "1")
    assert refused.value.code is Code.IDEMPOTENCY_CONFLICT


@pytest.mark.gen_test
async def test_a_message_of_before_is_found_on_all_shards_until_it_is_noted_then_on_one(
    http_client: AsyncHTTPClient,
    base_url: str,
    before: Services,
    services: Services,
    other: Services,
    watch: Watch,
    raw: Raw,
) -> None:
    ana, ben, _ = await crowd(http_client, base_url)
    message = await send(before, ana, ben, "1")
    scattered = []
    await begin(watch, before, services, other)
    for process in (services, other):
        watch.asked.clear()
        assert await process.collections.messages.find(message.id) == message
        scattered.append(any(not one.is_targeted for one in watch.asked))
        if process is services:
            adopt(raw)
    assert scattered == [True, False]


@pytest.mark.gen_test
async def test_what_was_said_in_a_group_that_ended_leaves_no_place(
    http_client: AsyncHTTPClient, base_url: str, services: Services, raw: Raw
) -> None:
    (ana,) = await crowd(http_client, base_url, 1)
    group = (await ana.post("/groups", {"name": "Us"})).json["id"]
    for number in "123":
        await ana.post("/messages", {"group_id": group, "content": "a", "client_id": number})
    assert raw.places.count_documents({}) == 6
    assert (await ana.delete(f"/groups/{group}")).status == 204
    await services.tasks.drain()
    assert raw.places.count_documents({}) == 0


@pytest.mark.gen_test
async def test_translations_are_written_and_read_by_their_messages(
    services: Services, watch: Watch
) -> None:
    kept, message = services.collections.translations, "1" * 24
    by_engine = StoredTranslation(
        message_id=message,
        conversation="group:" + "2" * 24,
        lang="es",
        text="text",
        phrase="phrase",
        version="1",
        content="hola",
        engine="engine",
        reviewed_by=None,
    )
    await begin(watch, services)
    await kept.keep([by_engine])
    assert await kept.of_messages([message], ["es"]) == [by_engine]
    await kept.forget(message)
    assert len(watch.asked) == 3
    assert all(one.is_targeted for one in watch.asked)


@pytest.mark.gen_test
async def test_a_message_is_found_by_its_id_however_long_its_conversation_is(
    http_client: AsyncHTTPClient, base_url: str, services: Services, watch: Watch, raw: Raw
) -> None:
    ana, ben, _ = await crowd(http_client, base_url)
    message = await send(services, ana, ben, "1")
    await begin(watch, services)
    await services.chat.edit(ana.id, message.id, "b")
    named = [one for one in watch.asked if one.collection == "messages" and "_id" in one.queries[0]]
    assert {one.name for one in named} == {"find", "findAndModify"}
    plans = [plan for one in named for plan in one.plans(raw)]
    assert [plan for plan in plans if "'indexName': '_id_'" not in plan] == []
