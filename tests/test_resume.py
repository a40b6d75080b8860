"""`resume`: what was missed comes, each once and in order, also while new messages arrive."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from msgspec import structs
from people import Person, register
from sockets import Device, Frame, device
from tornado.httpclient import AsyncHTTPClient

from realchat.services import Services
from realchat.settings import Settings
from realchat.store.collection import Collection

MESSAGES = ("message", "message_updated")


async def two_people(http: AsyncHTTPClient, base_url: str) -> tuple[Person, Person, str]:
    """Register Ana and Ben; return them with their conversation's id."""
    ana, ben = await register(http, base_url, "Ana"), await register(http, base_url, "Ben")
    return ana, ben, "dm:" + ":".join(sorted((ana.id, ben.id)))


async def say(sender: Person, recipient: Person, *texts: str) -> list[str]:
    """Send some messages; return their ids."""
    body = {"recipient_id": recipient.id}
    sent = [await sender.post("/messages", {**body, "content": text}) for text in texts]
    assert {one.status for one in sent} == {201}
    return [one.json["id"] for one in sent]


async def resume(phone: Device, cursors: dict[str, int], **fields: Any) -> Frame:
    """Resume; what else arrives up to the answer is kept."""
    epoch = fields.pop("epoch", phone.hello["epoch"])
    return await phone.command("resume", epoch=epoch, cursors=cursors, **fields)


def revs(frames: list[Frame]) -> list[int]:
    """Return the revs of the messages among frames, in the order they came."""
    return [one["rev"] for one in frames if one["type"] in MESSAGES]


@pytest.mark.gen_test
async def test_what_was_missed_comes_in_rev_order(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    first, second, third = await say(ana, ben, "one", "two", "three")
    await ana.patch(f"/messages/{first}", {"content": "ONE"})
    await ana.delete(f"/messages/{third}")
    async with device(ben) as phone:
        resumed = await resume(phone, {conversation: 1})
        assert resumed["type"] == "resumed"
        assert resumed["cursors"] == {conversation: 5}
        assert (resumed["epoch"], resumed["reset"]) == (phone.hello["epoch"], [])
        came = [one for one in phone.frames if one["type"] in MESSAGES]
        assert [(one["type"], one["id"], one["rev"]) for one in came] == [
            ("message", second, 2),
            ("message_updated", first, 4),
            ("message", third, 5),
        ]
        assert came[2]["deleted"] is True


@pytest.mark.gen_test
async def test_what_is_new_comes_as_new_also_where_its_change_is_on_a_later_page(
    http_client: AsyncHTTPClient, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realchat.catch_up._PAGE", 2)
    ana, ben, conversation = await two_people(http_client, base_url)
    first, second, third, fourth = await say(ana, ben, "one", "two", "three", "four")
    await ana.patch(f"/messages/{second}", {"content": "TWO"})
    await ana.patch(f"/messages/{first}", {"content": "ONE"})
    async with device(ben) as phone:
        await resume(phone, {conversation: 1})
        came = [one for one in phone.frames if one["type"] in MESSAGES]
        assert [(one["type"], one["id"], one["rev"]) for one in came] == [
            ("message", third, 3),
            ("message", fourth, 4),
            ("message", second, 5),
            ("message_updated", first, 6),
        ]


@pytest.mark.gen_test
async def test_who_missed_nothing_gets_nothing(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, "one", "two")
    async with device(ben) as phone:
        resumed = await resume(phone, {conversation: 2})
        assert revs(phone.frames) == []
        assert resumed["cursors"] == {conversation: 2}


@pytest.mark.gen_test
async def test_a_conversation_without_a_cursor_comes_whole(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, *map(str, range(5)))
    async with device(ben) as phone:
        resumed = await resume(phone, {})
        assert revs(phone.frames) == [1, 2, 3, 4, 5]
        assert resumed["cursors"] == {conversation: 5}


@pytest.mark.gen_test
async def test_another_epoch_means_that_everything_starts_anew(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, "one")
    async with device(ben) as phone:
        resumed = await resume(phone, {conversation: 7}, epoch="another")
        assert resumed["reset"] == [conversation]
        assert resumed["epoch"] == phone.hello["epoch"]
        assert revs(phone.frames) == []


@pytest.mark.gen_test
async def test_a_cursor_beyond_the_end_starts_anew(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, "one")
    async with device(ben) as phone:
        assert (await resume(phone, {conversation: 9}))["reset"] == [conversation]


@pytest.mark.gen_test
async def test_changes_of_groups_come_too(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben, _ = await two_people(http_client, base_url)
    kept = (await ana.post("/groups", {"name": "Kept", "members": [ben.id]})).json
    same = (await ana.post("/groups", {"name": "Same", "members": [ben.id]})).json
    gone = (await ana.post("/groups", {"name": "Gone", "members": [ben.id]})).json
    await ana.patch(f"/groups/{kept['id']}", {"name": "Renamed"})
    await ana.delete(f"/groups/{gone['id']}/members/{ben.id}")
    known = {one["id"]: one["version"] for one in (kept, same, gone)}
    async with device(ben) as phone:
        await resume(phone, {f"group:{gone['id']}": 0}, groups=known)
        updated = [one["group"]["name"] for one in phone.frames if one["type"] == "group_updated"]
        left = [one["group_id"] for one in phone.frames if one["type"] == "group_left"]
        assert (updated, left) == (["Renamed"], [gone["id"]])


@pytest.mark.gen_test
async def test_anothers_conversation_is_not_resumed(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    eve = await register(http_client, base_url, "Eve")
    await say(ana, ben, "secret")
    async with device(eve) as phone:
        resumed = await resume(phone, {conversation: 0})
        assert (resumed["cursors"], revs(phone.frames)) == ({}, [])


@pytest.mark.gen_test
async def test_without_the_hint_what_came_live_before_is_not_repeated(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, "one", "two")
    async with device(ben) as phone:
        await say(ana, ben, "three")
        await resume(phone, {conversation: 1})
        assert revs(phone.frames) == [3, 2]


@pytest.mark.parametrize("is_told", [False, True])
@pytest.mark.gen_test
async def test_what_was_read_before_it_was_told_does_not_come_again(
    http_client: AsyncHTTPClient, base_url: str, monkeypatch: pytest.MonkeyPatch, is_told: bool
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, "one")
    insert = Collection.insert_unordered
    written, told = asyncio.Event(), asyncio.Event()

    async def tell_late(collection: Collection, documents: Any) -> Any:
        refused = await insert(collection, documents)
        written.set()
        await told.wait()
        return refused

    monkeypatch.setattr(Collection, "insert_unordered", tell_late)
    sending = asyncio.ensure_future(say(ana, ben, "two"))
    await written.wait()
    async with device(ben, "?resume=true") as phone:
        await resume(phone, {conversation: 1})
        assert revs(phone.frames) == [2]
    async with device(ben, "?resume=true") as phone:
        if is_told:
            told.set()
            await sending
        await resume(phone, {conversation: 2})
        told.set()
        await sending
        await say(ana, ben, "three")
        assert revs(await phone.settle()) == [3]


@pytest.mark.parametrize("query", ["", "?resume=true"])
@pytest.mark.gen_test(timeout=60)
async def test_nothing_is_lost_or_doubled_while_messages_keep_coming(
    http_client: AsyncHTTPClient, base_url: str, query: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, *map(str, range(30)))
    stop = asyncio.Event()

    async def keep_talking() -> int:
        number = 30
        while not stop.is_set():
            await say(ana, ben, str(number))
            number += 1
        return number

    talking = asyncio.ensure_future(keep_talking())
    chance = random.Random(7)
    cursor = 0
    seen: list[int] = []
    for _ in range(12):
        async with device(ben, query) as phone:
            await asyncio.sleep(chance.random() * 0.05)
            await resume(phone, {conversation: cursor})
            await asyncio.sleep(chance.random() * 0.05)
            came = revs(await phone.settle())
            if query:
                assert came == sorted(came)
            else:
                # What came before `resume` was sent where nobody knew yet what Ben has.
                came = [rev for rev in came if rev > cursor]
            seen += came
            cursor = max([cursor, *came])
    stop.set()
    last = await talking
    async with device(ben) as phone:
        await resume(phone, {conversation: cursor})
        seen += revs(phone.frames)
    assert sorted(seen) == list(range(1, last + 1))


class TestWithASmallLimit:
    """A server that replays no more than ten changes."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return structs.replace(settings, resume_limit=10)

    @pytest.mark.gen_test
    async def test_who_is_too_far_behind_is_told_to_start_anew(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana, ben, conversation = await two_people(http_client, base_url)
        await say(ana, ben, *map(str, range(12)))
        async with device(ben) as phone:
            assert (await resume(phone, {conversation: 1}))["reset"] == [conversation]
            assert revs(phone.frames) == []
            assert (await resume(phone, {conversation: 2}))["reset"] == []
            assert revs(phone.frames) == list(range(3, 13))
