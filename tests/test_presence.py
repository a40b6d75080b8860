"""Who is online, and who may know."""

from __future__ import annotations

import pytest
from msgspec import structs
from people import Person, register
from sockets import device
from tornado.httpclient import AsyncHTTPClient

from realchat.services import Services
from realchat.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Others hear of a leaving at once."""
    return structs.replace(settings, presence_grace_seconds=0)


async def acquaintances(http: AsyncHTTPClient, base_url: str) -> tuple[Person, Person]:
    """Register two people who have talked."""
    ana, ben = await register(http, base_url, "Ana"), await register(http, base_url, "Ben")
    await ana.post("/messages", {"recipient_id": ben.id, "content": "hi"})
    return ana, ben


@pytest.mark.gen_test
async def test_coming_and_going_is_told_to_those_one_talks_with(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await acquaintances(http_client, base_url)
    async with device(ana) as phone:
        async with device(ben):
            came = await phone.expect("presence")
            assert (came["user_id"], came["online"]) == (ben.id, True)
            assert (await ana.get("/presence")).json == {"online": [ben.id]}
        left = await phone.expect("presence")
        assert (left["user_id"], left["online"]) == (ben.id, False)
        assert left["last_seen"].endswith("Z")
    seen = (await ana.get(f"/presence/{ben.id}")).json
    assert seen == {"user_id": ben.id, "online": False, "last_seen": left["last_seen"]}


@pytest.mark.gen_test
async def test_several_devices_are_one_person(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben = await acquaintances(http_client, base_url)
    async with device(ana) as phone, device(ben):
        async with device(await ben.login()):
            pass
        assert (await ana.get(f"/presence/{ben.id}")).json["online"] is True
        seen = [one["online"] for one in await phone.settle() if one["type"] == "presence"]
        assert seen == [True]


@pytest.mark.gen_test
async def test_strangers_know_nothing(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben = await acquaintances(http_client, base_url)
    eve = await register(http_client, base_url, "Eve")
    async with device(eve) as listening, device(ben):
        assert (await eve.get(f"/presence/{ben.id}")).error == "not_found"
        assert (await eve.get("/presence")).json == {"online": []}
        assert [one for one in await listening.settle() if one["type"] == "presence"] == []
    assert ana.id


@pytest.mark.gen_test
async def test_a_message_that_was_refused_makes_nobody_a_contact(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    eve, ben = [await register(http_client, base_url, name) for name in ("Eve", "Ben")]
    await eve.post("/messages", {"recipient_id": eve.id, "content": "x", "client_id": "c"})
    refused = await eve.post(
        "/messages", {"recipient_id": ben.id, "content": "x", "client_id": "c"}
    )
    assert refused.error == "idempotency_conflict"
    async with device(ben) as phone:
        assert (await eve.get(f"/presence/{ben.id}")).error == "not_found"
        assert (await eve.get("/presence")).json == {"online": []}
        conversation = "dm:" + ":".join(sorted((eve.id, ben.id)))
        await eve.post(f"/conversations/{conversation}/read", {"seq": 1})
        assert [one for one in await phone.settle() if one["type"] == "read"] == []


@pytest.mark.gen_test
async def test_a_block_hides_presence_both_ways(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await acquaintances(http_client, base_url)
    await ana.post(f"/users/{ben.id}/block")
    async with device(ana) as a, device(ben) as b:
        assert (await ana.get(f"/presence/{ben.id}")).error == "not_found"
        assert (await ben.get(f"/presence/{ana.id}")).error == "not_found"
        assert (await ben.get("/presence")).json == {"online": []}
        frames = await a.settle() + await b.settle()
        assert [one for one in frames if one["type"] == "presence"] == []


@pytest.mark.gen_test
async def test_members_of_a_group_see_each_other(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url, "Ana")
    ben = await register(http_client, base_url, "Ben")
    await ana.post("/groups", {"name": "Team", "members": [ben.id]})
    async with device(ben):
        assert (await ana.get("/presence")).json == {"online": [ben.id]}


class TestWithGrace:
    """Somebody who reloads a page was never away."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return structs.replace(settings, presence_grace_seconds=60)

    @pytest.mark.gen_test
    async def test_a_short_absence_is_told_to_nobody(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana, ben = await acquaintances(http_client, base_url)
        async with device(ana) as phone:
            async with device(ben):
                await phone.expect("presence")
            async with device(ben):
                await services.tasks.drain()
                assert [one for one in await phone.settle() if one["type"] == "presence"] == []
