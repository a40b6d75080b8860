"""A newcomer's first ten minutes: the real program, the public contract, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from forms import download, png, upload
from people import Person, login, register
from processes import ServerProcess, is_alive
from sockets import Device, device
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop

NAMES = ("Ana", "Ben", "Eva")
THUMBS_UP = "👍"


@pytest.fixture
def http(io_loop: IOLoop) -> Iterator[AsyncHTTPClient]:
    """A client, without a server in this process."""
    client = AsyncHTTPClient(force_instance=True)
    yield client
    client.close()


@pytest.mark.gen_test(timeout=120)
async def test_three_people_talk_and_find_everything_after_a_restart(
    http: AsyncHTTPClient, tmp_path: Path
) -> None:
    with ServerProcess(tmp_path) as server:
        database = server.mongod_pid
        ana, ben, eva = [await register(http, server.url, name) for name in NAMES]
        group = await talk(ana, ben, eva)
        before = [await everything(one, group) for one in (ana, ben, eva)]
        assert (await ana.post("/auth/logout")).status == 204
        assert (await ana.get("/auth/me")).error == "not_authenticated"
    assert not is_alive(database)
    with ServerProcess(tmp_path) as server:
        back = [await login(http, server.url, one.email) for one in (ana, ben, eva)]
        assert [await everything(one, group) for one in back] == before


async def talk(ana: Person, ben: Person, eva: Person) -> str:
    """Have three people, on two devices each, use all that there is; return their group."""
    async with AsyncExitStack() as stack:
        everyone = [
            await stack.enter_async_context(device(one))
            for person in (ana, ben, eva)
            for one in (person, await person.login())
        ]
        a, _, b, _, e, _ = everyone

        hello = await a.command("send_message", recipient_id=ben.id, content="Hi Ben")
        for socket in everyone[:4]:
            assert (await socket.expect("message"))["id"] == hello["id"]

        made = await a.command("create_group", name="Team", members=[ben.id, eva.id])
        group = made["group_id"]
        for socket in everyone:
            assert (await socket.expect("group_created"))["group"]["id"] == group

        picture = await upload(ana, png(40, 30), "plan.png")
        sent = await a.command("send_message", group_id=group, files=[picture["url"]])
        for socket in everyone:
            shown = await socket.expect("message")
            assert (shown["id"], shown["attachments"][0]["width"]) == (sent["id"], 40)
        assert (await download(ben, picture["url"])).body == png(40, 30)

        slip = await b.command("send_message", group_id=group, content="teh plan")
        await b.command("edit_message", id=slip["id"], content="the plan")
        await e.command("react", id=slip["id"], emoji=THUMBS_UP, on=True)
        oops = (await eva.post("/messages", {"group_id": group, "content": "oops"})).json
        await e.command("delete_message", id=oops["id"])
        await a.command("read", conversation=f"group:{group}", seq=3)
        for socket in everyone:
            await agree(socket, slip["id"], oops["id"])
        return str(group)


async def agree(socket: Device, edited: str, deleted: str) -> None:
    """Check that a device was told of an edit, a reaction and a deletion, in the order of revs."""
    updates: list[dict[str, Any]] = [await socket.expect("message_updated") for _ in range(3)]
    assert [one["rev"] for one in updates] == sorted(one["rev"] for one in updates)
    assert updates[0]["content"] == "the plan"
    assert (updates[1]["id"], list(updates[1]["reactions"])) == (edited, [THUMBS_UP])
    assert (updates[2]["id"], updates[2]["deleted"]) == (deleted, True)


async def everything(person: Person, group: str) -> list[Any]:
    """Return all that a person can read."""
    conversations = (await person.get("/conversations")).json
    peers = [one["peer"]["id"] for one in conversations if one["kind"] == "dm"]
    return [
        conversations,
        (await person.get("/groups")).json,
        (await person.get("/messages/group", group_id=group)).json,
        [(await person.get("/messages/dm", user_id=peer)).json for peer in peers],
    ]
