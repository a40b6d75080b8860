"""Files in messages: who may open them, as messages come, go and are repeated."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from forms import download, upload
from people import Person, Reply, register
from tornado.httpclient import AsyncHTTPClient

from realchat.services import Services


async def two_people(http: AsyncHTTPClient, base_url: str) -> tuple[Person, Person]:
    """Register Ana and Ben."""
    return await register(http, base_url, "Ana"), await register(http, base_url, "Ben")


async def send(sender: Person, recipient: Person, url: str, **fields: Any) -> Reply:
    """Send a file."""
    return await sender.post("/messages", {"recipient_id": recipient.id, "files": [url], **fields})


@pytest.mark.gen_test
async def test_repeating_a_deleted_message_does_not_open_its_file_again(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben = await two_people(http_client, base_url)
    url = (await upload(ana, b"hello"))["url"]
    sent = await send(ana, ben, url, client_id="c")
    assert (await download(ben, url)).code == 200
    await ana.delete(f"/messages/{sent.json['id']}")
    await services.tasks.drain()
    again = await send(ana, ben, url, client_id="c")
    await services.tasks.drain()
    assert (again.status, again.json["deleted"]) == (200, True)
    assert (await download(ben, url)).code == 404


@pytest.mark.gen_test
async def test_a_refused_message_opens_no_file(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben = await two_people(http_client, base_url)
    url = (await upload(ana, b"hello"))["url"]
    body = {"recipient_id": ana.id, "content": "mine", "client_id": "c"}
    assert (await ana.post("/messages", body)).status == 201
    assert (await send(ana, ben, url, client_id="c")).error == "idempotency_conflict"
    await services.tasks.drain()
    assert (await download(ben, url)).code == 404


@pytest.mark.gen_test
async def test_another_spelling_of_an_address_is_the_same_file(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben = await two_people(http_client, base_url)
    url = (await upload(ana, b"hello", "a.txt"))["url"]
    first = await send(ana, ben, url)
    second = await send(ana, ben, url.replace("a.txt", "%61.txt"))
    assert second.json["files"] == [url]
    await ana.delete(f"/messages/{first.json['id']}")
    await services.tasks.drain()
    assert (await download(ben, url)).code == 200


@pytest.mark.gen_test(timeout=60)
async def test_a_file_sent_again_while_its_message_is_deleted_stays_open(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben = await two_people(http_client, base_url)
    for _ in range(20):
        url = (await upload(ana, b"hello"))["url"]
        sent = (await send(ana, ben, url)).json
        await asyncio.gather(ana.delete(f"/messages/{sent['id']}"), send(ana, ben, url))
        await services.tasks.drain()
        assert (await download(ben, url)).code == 200
