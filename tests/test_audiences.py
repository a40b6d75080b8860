"""Who is told of somebody's presence, looked up for many at once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from people import Person, register
from tornado.httpclient import AsyncHTTPClient

from realchat.audiences import Audiences
from realchat.bus import LocalRoster
from realchat.ids import direct_conversation
from realchat.services import Services


async def people(http: AsyncHTTPClient, base_url: str, *names: str) -> list[Person]:
    """Register people."""
    return [await register(http, base_url, name) for name in names]


async def audiences(
    services: Services, of: Sequence[Person], online: Sequence[Person]
) -> list[set[str]]:
    """Return the audience of each, while these people are online."""
    kept, roster = services.collections, LocalRoster()
    for person in online:
        await roster.appear(person.id)
    lookup = Audiences(roster, kept.directs, kept.groups, kept.messages, services.people)
    found = await lookup.of([person.id for person in of])
    return [found[person.id] for person in of]


def ids(*persons: Person) -> set[str]:
    """Return the ids of people."""
    return {person.id for person in persons}


@pytest.mark.gen_test
async def test_each_is_told_to_those_online_whom_they_share_a_conversation_with(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben, eva, kim, leo = await people(http_client, base_url, "Ana", "Ben", "Eva", "Kim", "Leo")
    await ana.post("/groups", {"name": "Team", "members": [ben.id, eva.id]})
    await ben.post("/groups", {"name": "Other", "members": [kim.id]})
    await eva.post("/messages", {"recipient_id": kim.id, "content": "hi"})
    found = await audiences(services, [ana, ben, eva, kim, leo], [ana, ben, kim, leo])
    assert found == [ids(ben), ids(ana, kim), ids(ana, ben, kim), ids(ben), set()]


@pytest.mark.gen_test
@pytest.mark.parametrize("is_watcher", [False, True])
async def test_a_block_keeps_two_apart_whoever_made_it(
    http_client: AsyncHTTPClient, base_url: str, services: Services, is_watcher: bool
) -> None:
    ana, ben, eva = await people(http_client, base_url, "Ana", "Ben", "Eva")
    await ana.post("/groups", {"name": "Team", "members": [ben.id, eva.id]})
    await ana.post("/messages", {"recipient_id": ben.id, "content": "hi"})
    await ana.post(f"/users/{ben.id}/block")
    comer, watcher = (ben, ana) if is_watcher else (ana, ben)
    assert await audiences(services, [comer], [watcher, eva]) == [ids(eva)]
    assert await audiences(services, [eva, comer], [watcher]) == [ids(watcher), set()]


@pytest.mark.gen_test
async def test_one_whose_first_message_was_refused_is_nobodys_audience(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    eve, ben = await people(http_client, base_url, "Eve", "Ben")
    conversation = direct_conversation(eve.id, ben.id)
    await services.collections.directs.start(conversation, [eve.id, ben.id])
    assert await audiences(services, [eve, ben], [eve, ben]) == [set(), set()]


@pytest.mark.gen_test
async def test_who_talks_to_themselves_is_not_told_of_themselves(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    [ana] = await people(http_client, base_url, "Ana")
    await ana.post("/messages", {"recipient_id": ana.id, "content": "note"})
    assert await audiences(services, [ana], [ana]) == [set()]
