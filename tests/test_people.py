"""People: finding them, seeing who they are, blocking them, remembering them."""

from __future__ import annotations

import asyncio

import pytest
from people import Client, Person, register
from tornado.httpclient import AsyncHTTPClient

from realchat.errors import ChatError, Code
from realchat.events import AnyHappening, UserChanged
from realchat.ids import new_id
from realchat.models import UserChange
from realchat.people import MAX_BLOCKED
from realchat.services import Services


async def names_found(person: Person, text: str) -> list[str]:
    """Return the names of those whom a search finds."""
    reply = await person.get("/users/search", q=text)
    assert reply.status == 200, reply
    return [user["name"] for user in reply.json]


@pytest.mark.gen_test
async def test_people_are_found_by_the_beginning_of_their_name(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url, "Ana")
    for name in ("Anselm", "Banana", "anabel"):
        await register(http_client, base_url, name)
    assert await names_found(ana, "AN") == ["Ana", "anabel", "Anselm"]


@pytest.mark.gen_test
async def test_case_width_and_composition_of_letters_do_not_matter(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    for name, text in [
        ("Straße", "STRASSE"),
        ("\uff37\uff49\uff44\uff45", "wide"),
        ("Ine\u0301s", "in\u00e9"),
        ("李小龍", "李"),
        ("Ünal", "u\u0308N"),
    ]:
        person = await register(http_client, base_url, name)
        assert await names_found(person, text) == [person.user["name"]]


@pytest.mark.gen_test
async def test_what_looks_like_a_pattern_is_none(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url, "Ana")
    for text in (".*", "^A", "A|B", "$ne", "a.a", "\\", "[A-Z]", " ", "@", "a@", "\0"):
        assert await names_found(ana, text) == [], text


@pytest.mark.gen_test
async def test_people_are_found_by_their_whole_address_only(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url, "Ana", email="ana@example.org")
    assert await names_found(ana, "ANA@example.org") == ["Ana"]
    assert await names_found(ana, "ana@example.or") == []
    assert await names_found(ana, "ana@") == []


@pytest.mark.gen_test
async def test_others_do_not_see_an_address(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, eva = [await register(http_client, base_url, name) for name in ("Ana", "Eva")]
    profile = {"id": eva.id, "name": "Eva", "language": "en", "avatar_url": None}
    assert (await ana.get(f"/users/{eva.id}")).json == profile
    assert (await ana.get("/users/search", q=eva.email)).json == [profile]


@pytest.mark.gen_test
async def test_a_search_finds_twenty_at_most(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    for number in range(25):
        await register(http_client, base_url, f"Same {number}")
    assert len(await names_found(ana, "same")) == 20


@pytest.mark.gen_test
async def test_several_people_are_shown_in_one_call_in_the_order_asked(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, eva = [await register(http_client, base_url, name) for name in ("Ana", "Ben", "Eva")]
    asked = [eva.id, "a" * 24, ben.id, eva.id]
    reply = await ana.get("/users", ids=",".join(asked))
    assert reply.json == [(await ana.get(f"/users/{one.id}")).json for one in (eva, ben)]


@pytest.mark.gen_test
async def test_two_hundred_people_are_shown_in_one_call_and_no_more(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    ids = [ana.id, *(new_id() for _ in range(199))]
    shown = await ana.get("/users", ids=",".join(ids))
    assert [user["id"] for user in shown.json] == [ana.id]
    refused = await ana.get("/users", ids=",".join([*ids, new_id()]))
    assert (refused.status, list(refused.fields)) == (400, ["ids"])


@pytest.mark.gen_test
async def test_what_is_no_list_of_ids_is_refused(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    for text in ("", "x", ",", f"{ana.id},", f"{ana.id}, {ana.id}", ana.id + "\n", "A" * 24):
        reply = await ana.get("/users", ids=text)
        assert (reply.error, list(reply.fields)) == ("validation_error", ["ids"]), text
    assert (await ana.get("/users")).fields == {"ids": "is required"}


@pytest.mark.parametrize(
    "path", ["/users/search?q=a", "/users/" + "a" * 24, "/users?ids=" + "a" * 24]
)
@pytest.mark.gen_test
async def test_nobody_finds_people_without_signing_in(
    http_client: AsyncHTTPClient, base_url: str, path: str
) -> None:
    assert (await Client(http_client, base_url).get(path)).error == "not_authenticated"


@pytest.mark.gen_test
async def test_who_does_not_exist_is_not_found(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana = await register(http_client, base_url)
    for nobody in ("a" * 24, "A" * 24, "x", "%00", "..%2f", "%F0%9F%98%80"):
        for method, rest in (("GET", ""), ("POST", "/block"), ("DELETE", "/block")):
            reply = await ana.call(method, f"/users/{nobody}{rest}")
            assert (reply.status, reply.error) == (404, "not_found"), (method, nobody)


@pytest.mark.gen_test
async def test_a_block_keeps_two_people_apart_whoever_made_it(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, eva = [await register(http_client, base_url) for _ in range(2)]
    assert not await services.people.blocked_between(ana.id, eva.id)
    assert (await ana.post(f"/users/{eva.id}/block")).status == 204
    assert await services.people.blocked_between(ana.id, eva.id)
    assert await services.people.blocked_between(eva.id, ana.id)


@pytest.mark.gen_test
async def test_a_block_can_be_taken_back(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, eva = [await register(http_client, base_url) for _ in range(2)]
    for _ in range(2):
        assert (await ana.post(f"/users/{eva.id}/block")).status == 204
    for _ in range(2):
        assert (await ana.delete(f"/users/{eva.id}/block")).status == 204
    assert not await services.people.blocked_between(ana.id, eva.id)


@pytest.mark.gen_test
async def test_a_block_of_the_other_side_stays_when_ones_own_is_taken_back(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, eva = [await register(http_client, base_url) for _ in range(2)]
    await ana.post(f"/users/{eva.id}/block")
    await eva.post(f"/users/{ana.id}/block")
    await ana.delete(f"/users/{eva.id}/block")
    assert await services.people.blocked_between(ana.id, eva.id)


@pytest.mark.gen_test
async def test_nobody_blocks_themselves(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana = await register(http_client, base_url)
    assert (await ana.post(f"/users/{ana.id}/block")).error == "forbidden"


@pytest.mark.gen_test
async def test_blocks_have_a_bound(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, eva = [await register(http_client, base_url) for _ in range(2)]
    blocked = [new_id() for _ in range(MAX_BLOCKED)]
    await services.database.collection("users").update(
        {"email": ana.email}, {"$set": {"blocked": blocked}}
    )
    assert (await ana.post(f"/users/{eva.id}/block")).error == "forbidden"


@pytest.mark.gen_test
async def test_a_block_is_told_to_all_processes(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, eva = [await register(http_client, base_url) for _ in range(2)]
    heard: list[AnyHappening] = []
    services.bus.subscribe(heard.append)
    await ana.post(f"/users/{eva.id}/block")
    assert heard == [UserChanged(user_id=ana.id)]


@pytest.mark.gen_test
async def test_a_remembered_person_costs_no_database_call(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, eva = [await register(http_client, base_url) for _ in range(2)]
    await services.people.get(ana.id)
    # Behind the memory's back, so that what it returns shows where it has it from.
    await services.collections.users.update(ana.id, UserChange(name="Anna"))
    await services.collections.users.update(eva.id, UserChange(name="Evi"))
    people = await services.people.get_many([eva.id, ana.id, "a" * 24, ana.id])
    assert [user.name for user in people.values()] == ["Evi", "Ana"]


@pytest.mark.gen_test
async def test_a_change_told_by_another_process_is_seen_at_once(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    await services.people.get(ana.id)
    await services.collections.users.update(ana.id, UserChange(name="Anna"))
    services.bus.publish(UserChanged(user_id=ana.id))
    assert (await services.people.get(ana.id)).name == "Anna"


@pytest.mark.gen_test
async def test_what_changed_while_it_was_read_is_not_remembered(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana = await register(http_client, base_url)
    reading = asyncio.ensure_future(services.people.get(ana.id))
    await asyncio.sleep(0)
    services.bus.publish(UserChanged(user_id=ana.id))
    await reading
    await services.collections.users.update(ana.id, UserChange(name="Anna"))
    assert (await services.people.get(ana.id)).name == "Anna"


@pytest.mark.gen_test
async def test_who_does_not_exist_raises_not_found(services: Services) -> None:
    with pytest.raises(ChatError) as caught:
        await services.people.get("a" * 24)
    assert caught.value.code is Code.NOT_FOUND
    with pytest.raises(ChatError):
        await services.people.blocked_between("a" * 24, "b" * 24)
