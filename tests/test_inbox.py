"""Everybody's own list of conversations: order, unread counts, muting and hiding."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from people import Person, register
from sockets import device
from tornado.httpclient import AsyncHTTPClient

from realchat.services import Services
from realchat.store.health import Health


async def two_people(http: AsyncHTTPClient, base_url: str) -> tuple[Person, Person, str]:
    """Register Ana and Ben; return them with their conversation's id."""
    ana, ben = await register(http, base_url, "Ana"), await register(http, base_url, "Ben")
    return ana, ben, "dm:" + ":".join(sorted((ana.id, ben.id)))


async def say(sender: Person, recipient: Person, *texts: str) -> None:
    """Send some messages."""
    for text in texts:
        reply = await sender.post("/messages", {"recipient_id": recipient.id, "content": text})
        assert reply.status == 201


async def reads(person: Person, conversation: str) -> dict[str, int]:
    """Return how far the members of a conversation have read, as one of them is told."""
    reply = await person.get(f"/conversations/{conversation}/reads")
    assert reply.status == 200, reply
    return {one["user_id"]: one["seq"] for one in reply.json}


@pytest.mark.gen_test
async def test_unread_is_what_came_after_the_mark(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, "one", "two", "three")
    (listed,) = (await ben.get("/conversations")).json
    assert (listed["id"], listed["kind"], listed["peer"]["name"]) == (conversation, "dm", "Ana")
    assert (listed["unread"], listed["read_seq"], listed["last_rev"]) == (3, 0, 3)
    assert listed["last_message"]["content"] == "three"
    state = await ben.post(f"/conversations/{conversation}/read", {"seq": 2})
    assert state.json == {"conversation": conversation, "read_seq": 2, "unread": 1}
    (listed,) = (await ben.get("/conversations")).json
    assert (listed["unread"], listed["read_seq"]) == (1, 2)


@pytest.mark.gen_test
async def test_marks_never_go_back_nor_beyond_the_last_message(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, "one", "two")
    async with device(ben) as phone:
        assert (await phone.command("read", conversation=conversation, seq=99))["seq"] == 2
        assert (await phone.command("read", conversation=conversation, seq=1))["seq"] == 2


@pytest.mark.gen_test
async def test_what_one_sends_counts_as_read(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben, _ = await two_people(http_client, base_url)
    await say(ana, ben, "one", "two")
    await say(ben, ana, "three")
    (listed,) = (await ben.get("/conversations")).json
    assert (listed["unread"], listed["read_seq"]) == (0, 3)
    await say(ana, ben, "four")
    (listed,) = (await ben.get("/conversations")).json
    assert listed["unread"] == 1


@pytest.mark.gen_test
async def test_reading_is_told_to_the_others_and_ones_other_devices(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, "one")
    async with device(ana) as sender, device(await ben.login()) as laptop, device(ben) as phone:
        await phone.command("read", conversation=conversation, seq=1)
        for socket in (sender, laptop):
            read = await socket.expect("read")
            assert (read["user_id"], read["seq"]) == (ben.id, 1)


@pytest.mark.gen_test
async def test_everybody_is_told_how_far_each_member_has_read(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, "one", "two", "three")
    await ben.post(f"/conversations/{conversation}/read", {"seq": 2})
    for person in (ana, ben):
        assert await reads(person, conversation) == {ana.id: 3, ben.id: 2}


@pytest.mark.gen_test
async def test_a_mark_counts_where_it_is_beyond_ones_last_message(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, "one", "two")
    await say(ben, ana, "three")
    await ana.post(f"/conversations/{conversation}/read", {"seq": 3})
    assert await reads(ben, conversation) == {ana.id: 3, ben.id: 3}


@pytest.mark.gen_test
async def test_who_has_read_nothing_has_no_read_mark(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    assert await reads(ana, conversation) == {}
    await say(ana, ben, "one")
    await ben.patch(f"/conversations/{conversation}", {"muted": True})
    assert await reads(ana, conversation) == {ana.id: 1}


@pytest.mark.gen_test
async def test_read_marks_of_other_conversations_do_not_count(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    group = (await ana.post("/groups", {"name": "Team", "members": [ben.id]})).json["id"]
    for person in (ana, ben):
        await person.post("/messages", {"group_id": group, "content": "hi"})
        await person.post(f"/conversations/group:{group}/read", {"seq": 2})
    await say(ana, ben, "one")
    assert await reads(ben, conversation) == {ana.id: 1}
    assert await reads(ben, f"group:{group}") == {ana.id: 1, ben.id: 2}


@pytest.mark.gen_test
async def test_strangers_are_not_told_who_has_read(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    eve = await register(http_client, base_url, "Eve")
    await say(ana, ben, "one")
    secret = (await ana.post("/groups", {"name": "Two", "private": True})).json["id"]
    public = (await ana.post("/groups", {"name": "All"})).json["id"]
    for one, status in (
        (conversation, 404),
        (f"group:{secret}", 404),
        (f"group:{public}", 403),
        ("group:" + "a" * 24, 404),
        ("nonsense", 404),
    ):
        assert (await eve.get(f"/conversations/{one}/reads")).status == status, one


@pytest.mark.gen_test
async def test_a_block_hides_who_has_read_from_either_of_the_two(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, _ = await two_people(http_client, base_url)
    eva = await register(http_client, base_url, "Eva")
    members = [ben.id, eva.id]
    group = (await ana.post("/groups", {"name": "Team", "members": members})).json["id"]
    for person in (ana, ben, eva):
        await person.post("/messages", {"group_id": group, "content": "hi"})
    await ben.post(f"/users/{ana.id}/block")
    assert await reads(ana, f"group:{group}") == {ana.id: 1, eva.id: 3}
    assert await reads(ben, f"group:{group}") == {ben.id: 2, eva.id: 3}
    assert await reads(eva, f"group:{group}") == {ana.id: 1, ben.id: 2, eva.id: 3}


@pytest.mark.gen_test
async def test_who_left_a_group_neither_has_read_marks_nor_is_told_any(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, _ = await two_people(http_client, base_url)
    body = {"name": "Team", "members": [ben.id], "private": True}
    group = (await ana.post("/groups", body)).json["id"]
    for person in (ana, ben):
        await person.post("/messages", {"group_id": group, "content": "hi"})
    await ben.post(f"/groups/{group}/leave")
    assert await reads(ana, f"group:{group}") == {ana.id: 1}
    assert (await ben.get(f"/conversations/group:{group}/reads")).error == "not_found"


@pytest.mark.gen_test
async def test_who_has_read_is_read_from_the_indexes_whatever_was_said(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, *map(str, range(20)))
    await ben.post(f"/conversations/{conversation}/read", {"seq": 2})
    plan = await services.database.explain(
        "messages",
        [
            {"$match": {"sender_id": {"$in": [ana.id, ben.id]}, "conversation": conversation}},
            {"$sort": {"sender_id": -1, "conversation": -1, "seq": -1}},
            {"$group": {"_id": "$sender_id", "seq": {"$first": "$seq"}}},
        ],
    )
    assert "DISTINCT_SCAN" in plan
    match = {"user_id": {"$in": [ana.id, ben.id]}, "conversation": conversation}
    assert "IXSCAN" in await services.database.explain("read_marks", [{"$match": match}])


@pytest.mark.gen_test
async def test_the_list_is_in_the_order_of_activity(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, _ = await two_people(http_client, base_url)
    eva = await register(http_client, base_url, "Eva")
    await say(ana, ben, "first")
    await say(ana, eva, "second")
    group = (await ana.post("/groups", {"name": "Team"})).json
    await say(ben, ana, "third")
    kinds = [
        one.get("peer", one.get("group"))["name"] for one in (await ana.get("/conversations")).json
    ]
    assert kinds == ["Ben", "Team", "Eva"]
    assert group["id"]


@pytest.mark.gen_test
async def test_a_muted_conversation_says_so(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, "one")
    assert (await ben.patch(f"/conversations/{conversation}", {"muted": True})).status == 204
    assert (await ben.get("/conversations")).json[0]["muted"] is True
    assert (await ana.get("/conversations")).json[0]["muted"] is False


@pytest.mark.gen_test
async def test_a_hidden_conversation_comes_back_with_the_next_message(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, "one")
    await ben.patch(f"/conversations/{conversation}", {"hidden": True})
    assert (await ben.get("/conversations")).json == []
    await say(ana, ben, "two")
    (listed,) = (await ben.get("/conversations")).json
    assert listed["unread"] == 2


@pytest.mark.gen_test
async def test_a_conversation_in_which_nothing_was_said_is_not_listed(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, _ = await two_people(http_client, base_url)
    assert (await ana.get("/messages/dm", user_id=ben.id)).json == []
    assert (await ana.get("/conversations")).json == []


@pytest.mark.gen_test
async def test_the_list_is_read_from_the_index_whatever_was_said(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, *map(str, range(20)))
    plan = await services.database.explain(
        "messages",
        [
            {"$match": {"conversation": {"$in": [conversation]}}},
            {"$sort": {"conversation": -1, "seq": -1}},
            {"$group": {"_id": "$conversation", "document": {"$first": "$$ROOT"}}},
        ],
    )
    assert "DISTINCT_SCAN" in plan
    plan = await services.database.explain(
        "messages",
        [
            {"$match": {"sender_id": ana.id, "conversation": {"$in": [conversation]}}},
            {"$sort": {"conversation": -1, "seq": -1}},
            {"$group": {"_id": "$conversation", "seq": {"$first": "$seq"}}},
        ],
    )
    assert "DISTINCT_SCAN" in plan


@pytest.mark.parametrize("number", ["seq", "rev"])
@pytest.mark.gen_test
async def test_where_conversations_stand_is_read_from_the_index_alone(
    http_client: AsyncHTTPClient, base_url: str, services: Services, number: str
) -> None:
    ana, ben, conversation = await two_people(http_client, base_url)
    await say(ana, ben, *map(str, range(20)))
    plan = await services.database.explain(
        "messages",
        [
            {"$match": {"conversation": {"$in": [conversation, "group:none"]}}},
            {"$sort": {"conversation": -1, number: -1}},
            {"$group": {"_id": "$conversation", "top": {"$first": f"${number}"}}},
        ],
    )
    assert "DISTINCT_SCAN" in plan
    assert "FETCH" not in plan
    assert "PROJECTION_COVERED" in plan


@pytest.mark.gen_test
async def test_a_list_of_what_is_to_be_translated_asks_the_database_no_more_often_the_longer_it_is(
    http_client: AsyncHTTPClient, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await register(http_client, base_url, "Ana")
    eva, mia = [
        await register(http_client, base_url, name, language="es") for name in ("Eva", "Mia")
    ]
    for reader, number in ((eva, 2), (mia, 12)):
        for place in range(number):
            made = await ana.post("/groups", {"name": f"Team {place}", "members": [reader.id]})
            sent = {"group_id": made.json["id"], "content": "Good morning", "content_lang": "en"}
            assert (await ana.post("/messages", sent)).status == 201
    run, asked = Health.run, Counter[str]()

    async def count(health: Health, call: Any, *values: Any, **options: Any) -> Any:
        asked[listing.user["name"]] += 1
        return await run(health, call, *values, **options)

    monkeypatch.setattr(Health, "run", count)
    for listing in (eva, mia):
        listed = (await listing.get("/conversations")).json
        assert {one["last_message"]["translation"]["lang"] for one in listed} == {"es"}
    assert asked["Mia"] == asked["Eva"]
