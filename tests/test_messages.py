"""What people say: sent, acked, delivered, changed and read again, over REST and sockets."""

from __future__ import annotations

import asyncio

import pytest
from people import Person, Reply, register
from sockets import device
from tornado.httpclient import AsyncHTTPClient

from realchat.services import Services


async def two_people(http: AsyncHTTPClient, base_url: str) -> tuple[Person, Person]:
    """Register Ana and Ben, who read the same language."""
    return await register(http, base_url, "Ana"), await register(http, base_url, "Ben")


def conversation_of(one: Person, other: Person) -> str:
    """Return the id of their direct conversation."""
    return "dm:" + ":".join(sorted((one.id, other.id)))


async def history(person: Person, other: Person, **query: object) -> Reply:
    """Read their direct conversation."""
    return await person.get("/messages/dm", user_id=other.id, **query)


@pytest.mark.gen_test
async def test_a_sent_message_is_acked_with_its_place(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    async with device(ana) as phone:
        for seq in (1, 2, 3):
            ack = await phone.command(
                "send_message", recipient_id=ben.id, content=f"text {seq}", client_id=f"c{seq}"
            )
            assert ack["type"] == "ack"
            assert (ack["seq"], ack["rev"], ack["client_id"]) == (seq, seq, f"c{seq}")
            assert ack["conversation"] == conversation_of(ana, ben)
            assert ack["created_at"].endswith("Z")


@pytest.mark.gen_test
async def test_every_device_of_every_member_gets_a_message_once(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    ana2, ben2 = await ana.login(), await ben.login()
    async with device(ana) as a1, device(ana2) as a2, device(ben) as b1, device(ben2) as b2:
        ack = await a1.command("send_message", recipient_id=ben.id, content="hi", client_id="c")
        for socket, own in ((a1, True), (a2, True), (b1, False), (b2, False)):
            messages = [one for one in await socket.settle() if one["type"] == "message"]
            assert [one["id"] for one in messages] == [ack["id"]]
            assert messages[0]["content"] == "hi"
            assert messages[0].get("client_id") == ("c" if own else None)
            assert "translation" not in messages[0]


@pytest.mark.gen_test
async def test_nobody_else_gets_a_message(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben = await two_people(http_client, base_url)
    eve = await register(http_client, base_url, "Eve")
    async with device(eve) as listening, device(ana) as phone:
        await phone.command("send_message", recipient_id=ben.id, content="secret")
        assert [one for one in await listening.settle() if one["type"] == "message"] == []
    assert (await eve.get("/messages/dm", user_id=ana.id)).json == []


@pytest.mark.gen_test
async def test_messages_sent_over_rest_arrive_on_sockets(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    async with device(ben) as phone:
        sent = await ana.post("/messages", {"recipient_id": ben.id, "content": "hi"})
        assert sent.status == 201
        assert (await phone.expect("message"))["id"] == sent.json["id"]


@pytest.mark.gen_test
async def test_a_message_has_all_fields_of_the_contract(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    body = {"recipient_id": ben.id, "content": "Hola", "content_lang": "ES-mx", "client_id": "1"}
    message = (await ana.post("/messages", body)).json
    created_at = message.pop("created_at")
    assert len(created_at) == len("2026-11-22T14:00:00.000Z")
    assert message == {
        "id": message["id"],
        "conversation": conversation_of(ana, ben),
        "seq": 1,
        "rev": 1,
        "sender_id": ana.id,
        "recipient_id": ben.id,
        "content": "Hola",
        "content_lang": "es-MX",
        "detected": False,
        "files": [],
        "attachments": [],
        "mentions": [],
        "reactions": {},
        "client_id": "1",
    }


@pytest.mark.gen_test
async def test_the_seeds_field_names_are_in_the_database(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben = await two_people(http_client, base_url)
    await ana.post("/messages", {"recipient_id": ben.id, "content": "hi"})
    document = await services.database.collection("messages").find_one({})
    assert document is not None
    assert (document["sender_id"], document["recipient_id"]) == (ana.id, ben.id)
    assert {"content", "content_lang", "files", "created_at"} <= document.keys()


@pytest.mark.gen_test
async def test_the_same_client_id_returns_the_first_message_for_ever(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    body = {"recipient_id": ben.id, "content": "once", "client_id": "same"}
    first = await ana.post("/messages", body)
    again = await ana.post("/messages", body)
    async with device(ana) as phone:
        ack = await phone.command("send_message", **body)
    assert (first.status, again.status) == (201, 200)
    assert again.json == first.json
    assert (ack["id"], ack["seq"]) == (first.json["id"], 1)
    assert len((await history(ana, ben)).json) == 1


@pytest.mark.gen_test
async def test_a_client_id_is_answered_also_where_one_may_no_longer_write(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    body = {"recipient_id": ben.id, "content": "once", "client_id": "same"}
    first = await ana.post("/messages", body)
    await ben.post(f"/users/{ana.id}/block")
    again = await ana.post("/messages", body)
    assert (again.status, again.json["id"]) == (200, first.json["id"])
    other = await ana.post("/messages", {**body, "content": "other"})
    assert other.error == "idempotency_conflict"


@pytest.mark.gen_test
async def test_the_same_client_id_with_another_body_is_a_conflict(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    body = {"recipient_id": ben.id, "content": "one", "client_id": "same"}
    await ana.post("/messages", body)
    other = await ana.post("/messages", {**body, "content": "two"})
    assert (other.status, other.error) == (409, "idempotency_conflict")


@pytest.mark.gen_test
async def test_a_client_id_is_its_senders_own(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben = await two_people(http_client, base_url)
    await ana.post("/messages", {"recipient_id": ben.id, "content": "x", "client_id": "same"})
    mine = await ben.post(
        "/messages", {"recipient_id": ana.id, "content": "y", "client_id": "same"}
    )
    assert mine.status == 201


@pytest.mark.gen_test
async def test_retries_at_the_same_moment_end_in_one_message(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    body = {"recipient_id": ben.id, "content": "once", "client_id": "same"}
    replies = await asyncio.gather(*(ana.post("/messages", body) for _ in range(10)))
    assert sorted(one.status for one in replies) == [200] * 9 + [201]
    assert len({one.json["id"] for one in replies}) == 1


@pytest.mark.gen_test
async def test_history_is_paged_newest_first(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben = await two_people(http_client, base_url)
    for number in range(1, 8):
        await ana.post("/messages", {"recipient_id": ben.id, "content": str(number)})
    first = await history(ben, ana, limit=3)
    assert [one["seq"] for one in first.json] == [7, 6, 5]
    link = first.headers["Link"]
    assert link.endswith('rel="next"')
    path = link[1 : link.index(">")]
    second = await ben.get(path)
    assert [one["seq"] for one in second.json] == [4, 3, 2]
    last = await history(ben, ana, limit=3, before=2)
    assert [one["seq"] for one in last.json] == [1]
    assert "Link" not in last.headers


@pytest.mark.gen_test
async def test_history_after_a_place_is_the_part_next_to_it(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    for number in range(1, 8):
        await ana.post("/messages", {"recipient_id": ben.id, "content": str(number)})
    page = await history(ben, ana, after=2, limit=3)
    assert [one["seq"] for one in page.json] == [5, 4, 3]
    assert "after=5" in page.headers["Link"]


@pytest.mark.gen_test
async def test_changes_since_a_rev_come_in_rev_order(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    ids = [
        (await ana.post("/messages", {"recipient_id": ben.id, "content": text})).json["id"]
        for text in ("one", "two", "three")
    ]
    await ana.patch(f"/messages/{ids[0]}", {"content": "ONE"})
    await ben.put(f"/messages/{ids[1]}/reactions/👍".replace("👍", "%F0%9F%91%8D"))
    await ana.delete(f"/messages/{ids[2]}")
    changes = (await history(ben, ana, changed_since=3)).json
    assert [(one["id"], one["rev"]) for one in changes] == [(ids[0], 4), (ids[1], 5), (ids[2], 6)]
    assert [one["seq"] for one in changes] == [1, 2, 3]
    paged = await history(ben, ana, changed_since=3, limit=2)
    assert "changed_since=5" in paged.headers["Link"]


@pytest.mark.gen_test
async def test_an_edit_reaches_everyone_with_a_new_rev(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    async with device(ana) as phone, device(ben) as other:
        ack = await phone.command("send_message", recipient_id=ben.id, content="helo")
        edited = await phone.command("edit_message", id=ack["id"], content="hello")
        assert (edited["type"], edited["rev"]) == ("ack", 2)
        update = await other.expect("message_updated")
        assert (update["content"], update["seq"], update["rev"]) == ("hello", 1, 2)
        assert update["edited_at"] >= update["created_at"]


@pytest.mark.gen_test
async def test_only_its_sender_may_edit_a_message(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    message = (await ana.post("/messages", {"recipient_id": ben.id, "content": "mine"})).json
    refused = await ben.patch(f"/messages/{message['id']}", {"content": "yours"})
    assert (refused.status, refused.error) == (403, "forbidden")


@pytest.mark.gen_test
async def test_a_deleted_message_keeps_its_place_without_content(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    async with device(ben) as other:
        sent = (await ana.post("/messages", {"recipient_id": ben.id, "content": "oops"})).json
        assert (await ana.delete(f"/messages/{sent['id']}")).status == 204
        update = await other.expect("message_updated")
        assert (update["deleted"], update["content"], update["seq"]) == (True, "", 1)
    (kept,) = (await history(ben, ana)).json
    assert (kept["deleted"], kept["content"]) == (True, "")
    again = await ana.patch(f"/messages/{sent['id']}", {"content": "back"})
    assert (again.status, again.error) == (409, "message_deleted")
    assert (await ana.delete(f"/messages/{sent['id']}")).status == 204


@pytest.mark.gen_test
async def test_reactions_are_set_and_taken_back_once(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    async with device(ana) as phone, device(ben) as other:
        ack = await phone.command("send_message", recipient_id=ben.id, content="hi")
        await other.command("react", id=ack["id"], emoji="👍", on=True)
        again = await other.command("react", id=ack["id"], emoji="👍", on=True)
        assert again["rev"] == 2
        assert (await phone.expect("message_updated"))["reactions"] == {"👍": [ben.id]}
        await other.command("react", id=ack["id"], emoji="👍", on=False)
        assert (await phone.expect("message_updated"))["reactions"] == {}


@pytest.mark.gen_test
async def test_what_is_no_emoji_is_no_reaction(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben = await two_people(http_client, base_url)
    sent = (await ana.post("/messages", {"recipient_id": ben.id, "content": "hi"})).json
    for nonsense in ("x", "$set", "a.b", "%F0%9F%91%8D%F0%9F%91%8D"):
        refused = await ben.put(f"/messages/{sent['id']}/reactions/{nonsense}")
        assert (refused.status, refused.error) == (400, "validation_error"), nonsense


@pytest.mark.gen_test
async def test_a_reply_names_a_message_of_the_same_conversation(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    eve = await register(http_client, base_url, "Eve")
    first = (await ana.post("/messages", {"recipient_id": ben.id, "content": "?"})).json
    reply = {"recipient_id": ana.id, "content": "!", "reply_to": first["id"]}
    assert (await ben.post("/messages", reply)).json["reply_to"] == first["id"]
    refused = await eve.post("/messages", reply)
    assert (refused.status, refused.error) == (400, "validation_error")


@pytest.mark.gen_test
async def test_mentions_are_found_by_name(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben = await two_people(http_client, base_url)
    text = "@ben, @Benjamin and b@ana: look"
    sent = (await ana.post("/messages", {"recipient_id": ben.id, "content": text})).json
    assert sent["mentions"] == [ben.id, ana.id]


@pytest.mark.gen_test
async def test_anothers_message_does_not_exist(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben = await two_people(http_client, base_url)
    eve = await register(http_client, base_url, "Eve")
    sent = (await ana.post("/messages", {"recipient_id": ben.id, "content": "hi"})).json
    for reply in (
        await eve.patch(f"/messages/{sent['id']}", {"content": "x"}),
        await eve.delete(f"/messages/{sent['id']}"),
        await eve.put(f"/messages/{sent['id']}/reactions/%F0%9F%91%8D"),
        await eve.get(f"/messages/{sent['id']}/translation"),
        await eve.get("/messages/search", q="hi", conversation=conversation_of(ana, ben)),
        await eve.post(f"/conversations/{conversation_of(ana, ben)}/read", {"seq": 1}),
        await eve.patch(f"/conversations/{conversation_of(ana, ben)}", {"muted": True}),
    ):
        assert (reply.status, reply.error) == (404, "not_found")


@pytest.mark.gen_test
async def test_typing_reaches_the_others_only(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben = await two_people(http_client, base_url)
    async with device(ana) as phone, device(ben) as other:
        await phone.send_json({"type": "typing", "recipient_id": ben.id, "on": True})
        typing = await other.expect("typing")
        assert typing == {
            "type": "typing",
            "conversation": conversation_of(ana, ben),
            "user_id": ana.id,
            "on": True,
        }
        assert [one for one in await phone.settle() if one["type"] == "typing"] == []


@pytest.mark.gen_test
async def test_between_people_one_of_whom_blocked_the_other_nothing_passes(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    sent = (await ana.post("/messages", {"recipient_id": ben.id, "content": "hi"})).json
    await ben.post(f"/users/{ana.id}/block")
    async with device(ana) as phone:
        for command in (
            {"kind": "send_message", "recipient_id": ben.id, "content": "again"},
            {"kind": "typing", "recipient_id": ben.id, "on": True},
            {"kind": "react", "id": sent["id"], "emoji": "👍", "on": True},
            {"kind": "edit_message", "id": sent["id"], "content": "more"},
        ):
            assert (await phone.command(**command))["code"] == "blocked"
    assert (
        await ben.post("/messages", {"recipient_id": ana.id, "content": "x"})
    ).error == "blocked"
    await ben.delete(f"/users/{ana.id}/block")
    assert (await ana.post("/messages", {"recipient_id": ben.id, "content": "x"})).status == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": " \n"}, "content"),
        ({"content": "x" * 10_001}, "content"),
        ({"content": "a\0b"}, "content"),
        ({"content": None}, "content"),
        ({"content": {"$ne": None}}, "content"),
        ({"content_lang": "english!"}, "content_lang"),
        ({"files": "x"}, "files"),
        ({"files": ["/uploads/x/y"]}, "files"),
        ({"files": [f"/uploads/{'0' * 24}/x.png"]}, "files"),
        ({"reply_to": "x"}, "reply_to"),
        ({"reply_to": "0" * 24}, "reply_to"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": "x" * 65}, "client_id"),
        ({"client_id": "a\0"}, "client_id"),
        ({"recipient_id": {"$gt": ""}}, "recipient_id"),
        ({"group_id": "0" * 24}, "recipient_id"),
    ],
)
@pytest.mark.gen_test
async def test_a_bad_message_is_refused_with_the_field_that_is_wrong(
    http_client: AsyncHTTPClient, base_url: str, change: dict[str, object], field: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    refused = await ana.post("/messages", {"recipient_id": ben.id, "content": "x", **change})
    assert (refused.status, refused.error) == (400, "validation_error")
    assert list(refused.fields) == [field]
    assert (await history(ana, ben)).json == []


@pytest.mark.gen_test
async def test_the_longest_text_passes_in_every_spelling(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await two_people(http_client, base_url)
    text = "𝄞" * 10_000
    sent = await ana.post("/messages", {"recipient_id": ben.id, "content": text})
    assert sent.status == 201
    (kept,) = (await history(ben, ana)).json
    assert kept["content"] == text


@pytest.mark.gen_test
async def test_notes_to_oneself_are_a_conversation(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    sent = await ana.post("/messages", {"recipient_id": ana.id, "content": "remember"})
    assert sent.status == 201
    (listed,) = (await ana.get("/conversations")).json
    assert (listed["peer"]["id"], listed["unread"]) == (ana.id, 0)
