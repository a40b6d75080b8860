"""Groups: made, entered, managed, left; and what their members are told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from people import Client, Person, register
from sockets import device
from tornado.httpclient import AsyncHTTPClient

from realchat.events import GroupChanged
from realchat.ids import now
from realchat.services import Services


async def people(http: AsyncHTTPClient, base_url: str, *names: str) -> list[Person]:
    """Register people by name."""
    return [await register(http, base_url, name) for name in names]


async def make_group(owner: Person, *members: Person, **fields: Any) -> dict[str, Any]:
    """Have somebody make a group with these members."""
    body = {"name": "Team", "members": [member.id for member in members], **fields}
    reply = await owner.post("/groups", body)
    assert reply.status == 201, reply
    group: dict[str, Any] = reply.json
    return group


@pytest.mark.gen_test
async def test_a_new_group_has_its_maker_as_owner(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await people(http_client, base_url, "Ana", "Ben")
    group = await make_group(ana, ben)
    assert group["members"] == [ana.id, ben.id]
    assert group["roles"] == {ana.id: "owner", ben.id: "member"}
    assert (group["private"], group["created_by"]) == (False, ana.id)
    assert (await ben.get("/groups")).json == [group]


@pytest.mark.gen_test
async def test_all_members_devices_hear_of_a_new_group(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await people(http_client, base_url, "Ana", "Ben")
    async with device(ana) as phone, device(ben) as other:
        ack = await phone.command("create_group", name="Team", members=[ben.id])
        for socket in (phone, other):
            assert (await socket.expect("group_created"))["group"]["id"] == ack["group_id"]


@pytest.mark.gen_test
async def test_a_message_to_a_group_reaches_all_members_in_one_order(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, eva = await people(http_client, base_url, "Ana", "Ben", "Eva")
    group = await make_group(ana, ben, eva)
    async with device(ana) as a, device(ben) as b, device(eva) as e:
        sends = [
            socket.command("send_message", group_id=group["id"], content=f"{name} {number}")
            for number in range(5)
            for name, socket in (("a", a),)
        ]
        for send in sends:
            await send
        rest = [
            person.post("/messages", {"group_id": group["id"], "content": f"{number}"})
            for number in range(10)
            for person in (ben, eva)
        ]
        await asyncio.gather(*rest)
        seen = [
            [one["seq"] for one in await socket.settle() if one["type"] == "message"]
            for socket in (a, b, e)
        ]
        assert seen == [list(range(1, 26))] * 3


@pytest.mark.gen_test
async def test_a_public_group_is_joined_by_its_id(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await people(http_client, base_url, "Ana", "Ben")
    group = await make_group(ana)
    refused = await ben.post("/messages", {"group_id": group["id"], "content": "hi"})
    assert (refused.status, refused.error) == (403, "forbidden")
    async with device(ana) as phone:
        joined = await ben.post("/groups/join", {"group_id": group["id"]})
        again = await ben.post("/groups/join", {"group_id": group["id"]})
        assert (joined.status, again.status) == (200, 200)
        assert again.json == joined.json
        update = await phone.expect("group_updated")
        assert update["group"]["members"] == [ana.id, ben.id]
    assert (await ben.post("/messages", {"group_id": group["id"], "content": "hi"})).status == 201


@pytest.mark.gen_test
async def test_a_private_group_does_not_exist_for_others(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, eve = await people(http_client, base_url, "Ana", "Eve")
    group = await make_group(ana, private=True)
    address = f"/groups/{group['id']}"
    for reply in (
        await eve.get(address),
        await eve.patch(address, {"name": "Mine"}),
        await eve.delete(address),
        await eve.post(f"{address}/invite"),
        await eve.post(f"{address}/leave"),
        await eve.put(f"{address}/members/{eve.id}", {}),
        await eve.post("/groups/join", {"group_id": group["id"]}),
        await eve.get("/messages/group", group_id=group["id"]),
        await eve.post("/messages", {"group_id": group["id"], "content": "hi"}),
        await eve.post(f"/conversations/group:{group['id']}/read", {"seq": 1}),
    ):
        assert (reply.status, reply.error) == (404, "not_found")


@pytest.mark.gen_test
async def test_an_invite_opens_a_private_group(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben, eva = await people(http_client, base_url, "Ana", "Ben", "Eva")
    group = await make_group(ana, eva, private=True)
    refused = await eva.post(f"/groups/{group['id']}/invite")
    assert (refused.status, refused.error) == (403, "forbidden")
    invite = (await ana.post(f"/groups/{group['id']}/invite")).json
    assert invite["expires_at"].endswith("Z")
    async with device(ben) as phone:
        ack = await phone.command("join_group", invite=invite["invite"])
        assert ack["group"]["members"] == [ana.id, eva.id, ben.id]
    unknown = await ben.post("/groups/join", {"invite": "nonsense"})
    assert (unknown.status, unknown.error) == (404, "not_found")


@pytest.mark.gen_test
async def test_an_invite_shows_what_it_opens_before_one_joins(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, eva = await people(http_client, base_url, "Ana", "Ben", "Eva")
    group = await make_group(ana, eva, private=True)
    invite = (await ana.post(f"/groups/{group['id']}/invite")).json["invite"]
    seen = {"group_id": group["id"], "name": "Team", "private": True, "member_count": 2}
    assert (await ben.get(f"/groups/invite/{invite}")).json == {**seen, "joined": False}
    assert (await ana.get(f"/groups/invite/{invite}")).json == {**seen, "joined": True}
    assert (await ben.get(f"/groups/{group['id']}")).error == "not_found"
    await ben.post("/groups/join", {"invite": invite})
    joined = (await ben.get(f"/groups/invite/{invite}")).json
    assert (joined["member_count"], joined["joined"]) == (3, True)


@pytest.mark.gen_test
async def test_an_invite_that_is_no_longer_good_shows_nothing(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben = await people(http_client, base_url, "Ana", "Ben")
    expired, ended = [await make_group(ana) for _ in range(2)]
    invites = [
        (await ana.post(f"/groups/{group['id']}/invite")).json["invite"]
        for group in (expired, ended)
    ]
    await services.database.collection("invites").update(
        {"group_id": expired["id"]}, {"$set": {"expires_at": now()}}
    )
    await ana.delete(f"/groups/{ended['id']}")
    for invite in (*invites, "nonsense", ended["id"], "%00", "%F0%9F%98%80", "a" * 5_000):
        for person in (ana, ben):
            reply = await person.get(f"/groups/invite/{invite}")
            assert (reply.status, reply.error) == (404, "not_found"), invite


@pytest.mark.gen_test
async def test_nobody_sees_what_an_invite_opens_without_signing_in(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    (ana,) = await people(http_client, base_url, "Ana")
    group = await make_group(ana)
    invite = (await ana.post(f"/groups/{group['id']}/invite")).json["invite"]
    refused = await Client(http_client, base_url).get(f"/groups/invite/{invite}")
    assert (refused.status, refused.error) == (401, "not_authenticated")


@pytest.mark.gen_test
async def test_admins_rename_and_members_do_not(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await people(http_client, base_url, "Ana", "Ben")
    group = await make_group(ana, ben)
    address = f"/groups/{group['id']}"
    assert (await ben.patch(address, {"name": "Mine"})).error == "forbidden"
    async with device(ben) as phone:
        renamed = await ana.patch(address, {"name": "  Our   team ", "private": True})
        assert (renamed.json["name"], renamed.json["private"]) == ("Our team", True)
        assert (await phone.expect("group_updated"))["group"]["name"] == "Our team"


@pytest.mark.gen_test
async def test_roles_are_given_up_to_ones_own(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben, eva = await people(http_client, base_url, "Ana", "Ben", "Eva")
    group = await make_group(ana, ben)
    members = f"/groups/{group['id']}/members"
    promoted = await ana.put(f"{members}/{ben.id}", {"role": "admin"})
    assert promoted.json["roles"][ben.id] == "admin"
    added = await ben.put(f"{members}/{eva.id}", {})
    assert added.json["roles"][eva.id] == "member"
    for reply in (
        await ben.put(f"{members}/{eva.id}", {"role": "owner"}),
        await ben.put(f"{members}/{ana.id}", {"role": "member"}),
        await ben.delete(f"{members}/{ana.id}"),
        await eva.put(f"{members}/{eva.id}", {"role": "admin"}),
        await eva.delete(f"{members}/{ben.id}"),
    ):
        assert (reply.status, reply.error) == (403, "forbidden")


@pytest.mark.gen_test
async def test_a_removed_member_is_told_and_shut_out(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await people(http_client, base_url, "Ana", "Ben")
    group = await make_group(ana, ben, private=True)
    async with device(ben) as phone:
        removed = await ana.delete(f"/groups/{group['id']}/members/{ben.id}")
        assert removed.status == 204
        assert (await phone.expect("group_left"))["group_id"] == group["id"]
        answer = await phone.command("send_message", group_id=group["id"], content="still here?")
        assert answer["code"] == "not_found"
        await ana.post("/messages", {"group_id": group["id"], "content": "gone"})
        assert [one for one in await phone.settle() if one["type"] == "message"] == []


@pytest.mark.gen_test
async def test_who_is_a_member_when_a_message_is_told_hears_it(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ana, ben, cy = await people(http_client, base_url, "Ana", "Ben", "Cy")
    group = await make_group(ana, ben)
    gate = asyncio.Event()
    collection = services.collections.messages.collection
    insert = collection.insert_unordered

    async def wait(documents: list[dict[str, Any]]) -> dict[int, tuple[str, ...]]:
        await gate.wait()
        return await insert(documents)

    monkeypatch.setattr(collection, "insert_unordered", wait)
    async with device(ben) as old, device(cy) as new:
        sending = asyncio.ensure_future(
            ana.post("/messages", {"group_id": group["id"], "content": "for those who are here"})
        )
        await asyncio.sleep(0.05)
        await ana.delete(f"/groups/{group['id']}/members/{ben.id}")
        await cy.post("/groups/join", {"group_id": group["id"]})
        gate.set()
        assert (await sending).status == 201
        assert (await new.expect("message"))["content"] == "for those who are here"
        assert [one for one in await old.settle() if one["type"] == "message"] == []


@pytest.mark.gen_test
async def test_the_last_owner_hands_over_to_the_longest_standing_admin(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, eva = await people(http_client, base_url, "Ana", "Ben", "Eva")
    group = await make_group(ana, ben, eva)
    await ana.put(f"/groups/{group['id']}/members/{eva.id}", {"role": "admin"})
    assert (await ana.post(f"/groups/{group['id']}/leave")).status == 204
    left = (await ben.get(f"/groups/{group['id']}")).json
    assert left["roles"] == {ben.id: "member", eva.id: "owner"}
    async with device(eva) as phone:
        await phone.command("leave_group", group_id=group["id"])
    assert (await ben.get(f"/groups/{group['id']}")).json["roles"] == {ben.id: "owner"}


@pytest.mark.gen_test
async def test_the_last_member_to_leave_ends_the_group(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    (ana,) = await people(http_client, base_url, "Ana")
    group = await make_group(ana)
    await ana.post(f"/groups/{group['id']}/leave")
    assert (await ana.get(f"/groups/{group['id']}")).error == "not_found"


@pytest.mark.gen_test
async def test_who_joins_while_the_last_member_leaves_is_in_or_out_but_never_in_between(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await people(http_client, base_url, "Ana", "Ben")
    for _ in range(15):
        group = (await make_group(ana))["id"]
        joined, left = await asyncio.gather(
            ben.post("/groups/join", {"group_id": group}), ana.post(f"/groups/{group}/leave")
        )
        assert left.status == 204
        sent = await ben.post("/messages", {"group_id": group, "content": "here"})
        if joined.status == 200:
            assert sent.status == 201
            assert (await ben.get(f"/groups/{group}")).json["roles"] == {ben.id: "owner"}
        else:
            assert (joined.error, sent.error) == ("not_found", "not_found")


@pytest.mark.gen_test
async def test_a_deleted_group_is_gone_with_all_that_was_said(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await people(http_client, base_url, "Ana", "Ben")
    group = await make_group(ana, ben)
    await ana.post("/messages", {"group_id": group["id"], "content": "hi"})
    assert (await ben.delete(f"/groups/{group['id']}")).error == "forbidden"
    async with device(ben) as phone:
        assert (await ana.delete(f"/groups/{group['id']}")).status == 204
        assert (await phone.expect("group_left"))["group_id"] == group["id"]
    assert (await ben.get("/messages/group", group_id=group["id"])).error == "not_found"
    assert (await ben.get("/conversations")).json == []


@pytest.mark.gen_test
async def test_news_of_changes_that_cross_leave_the_newer_one(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben = await people(http_client, base_url, "Ana", "Ben")
    group_id = (await make_group(ana))["id"]
    before = await services.groups.get(group_id)
    await ben.post("/groups/join", {"group_id": group_id})
    services.bus.publish(GroupChanged(group_id=group_id, group=before))
    assert ben.id in (await services.groups.get(group_id)).members


@pytest.mark.gen_test
async def test_people_who_joined_at_the_same_moment_are_all_in(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, *others = await people(http_client, base_url, "Ana", *("Guest",) * 6)
    group = await make_group(ana)
    joins = [other.post("/groups/join", {"group_id": group["id"]}) for other in others]
    assert {reply.status for reply in await asyncio.gather(*joins)} == {200}
    members = (await ana.get(f"/groups/{group['id']}")).json["members"]
    assert sorted(members) == sorted([ana.id, *(other.id for other in others)])


@pytest.mark.gen_test
async def test_who_does_not_exist_is_not_found_and_a_list_with_them_is_wrong(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    (ana,) = await people(http_client, base_url, "Ana")
    group = await make_group(ana)
    added = await ana.put(f"/groups/{group['id']}/members/{'0' * 24}", {})
    assert (added.status, added.error) == (404, "not_found")
    made = await ana.post("/groups", {"name": "Team", "members": ["0" * 24]})
    assert (made.error, list(made.fields)) == ("validation_error", ["members"])


@pytest.mark.gen_test
async def test_nobody_is_added_by_someone_they_blocked(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, eve = await people(http_client, base_url, "Ana", "Eve")
    await ana.post(f"/users/{eve.id}/block")
    refused = await eve.post("/groups", {"name": "Trap", "members": [ana.id]})
    assert (refused.status, refused.error) == (403, "blocked")


@pytest.mark.gen_test
async def test_admins_delete_messages_of_their_group(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, eva = await people(http_client, base_url, "Ana", "Ben", "Eva")
    group = await make_group(ana, ben, eva)
    sent = (await ben.post("/messages", {"group_id": group["id"], "content": "rude"})).json
    assert (await eva.delete(f"/messages/{sent['id']}")).error == "forbidden"
    assert (await ana.delete(f"/messages/{sent['id']}")).status == 204
