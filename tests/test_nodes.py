"""Two servers on one MongoDB and one Redis: nobody can tell which one they are on."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from engine import Engine
from forms import download, upload
from people import Client, Person, register
from processes import ServerProcess, wait_until
from redis_part import RedisServer
from sockets import PATIENCE, Device, Frame, device, open_socket
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop

from realchat.mongod import EmbeddedMongod

SPANISH, CATALAN = "Buenos días, la casa es grande.", "Bon dia, la casa és gran."
# Seconds after which a killed process's people are offline, here.
SILENCE = 4


class Nodes:
    """Two servers that start, and the people on them."""

    http: AsyncHTTPClient

    def __init__(self, redis: RedisServer, folder: Path, **environ: str) -> None:
        self.redis = redis
        self._folder = folder
        self._environ = environ
        self.one, self.other = self._spawn("one"), self._spawn("other")

    def _spawn(self, name: str) -> ServerProcess:
        folder = self._folder / name
        folder.mkdir()
        return ServerProcess(folder, REDIS_URL=self.redis.url, **self._environ)

    def wait_ready(self) -> None:
        """Wait until both serve."""
        for server in (self.one, self.other):
            server.wait_ready()

    def stop(self) -> None:
        """End both."""
        for server in (self.one, self.other):
            server.kill()

    async def people(self, *names: str, language: str = "en") -> list[Person]:
        """Register people: the first on one server, the next on the other, and so on."""
        urls = (self.one.url, self.other.url)
        return [
            await register(self.http, urls[place % 2], name, language=language)
            for place, name in enumerate(names)
        ]

    def on(self, person: Person, server: ServerProcess) -> Person:
        """Return the same person, signed in the same, on a server."""
        signed_in = {
            "user": person.user,
            "user_id": person.id,
            "access_token": person.token,
            "refresh_token": person.refresh_token,
        }
        return Person(self.http, server.url, signed_in)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """One Redis for this module; a socket's name must be short."""
    with TemporaryDirectory() as folder:
        started = RedisServer(Path(folder))
        yield started
        started.kill()


@pytest.fixture(scope="module")
def environ(mongod: EmbeddedMongod) -> dict[str, str]:
    """What both servers are set to."""
    return {
        "MONGODB_URI": mongod.uri,
        "MONGODB_DB": f"test_{secrets.token_hex(6)}",
        "JWT_ACCESS_SECRET": secrets.token_hex(32),
        "JWT_REFRESH_SECRET": secrets.token_hex(32),
        "BCRYPT_ROUNDS": "10",
        "PRESENCE_GRACE_SECONDS": "0.2",
        "PROCESS_TIMEOUT_SECONDS": str(SILENCE),
        "SOCKETS_PER_USER": "4",
        "LOG_LEVEL": "WARNING",
    }


@pytest.fixture(scope="module")
def module_nodes(
    redis: RedisServer, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nodes]:
    started = Nodes(redis, tmp_path_factory.mktemp("nodes"), **environ)
    try:
        started.wait_ready()
        yield started
    finally:
        started.stop()


@pytest.fixture
def nodes(module_nodes: Nodes, http_client: AsyncHTTPClient) -> Nodes:
    """The two servers; the client is of this test's loop."""
    module_nodes.http = http_client
    return module_nodes


async def team(creator: Person, *others: Person) -> str:
    """Make a group; return its id."""
    body = {"name": "Team", "members": [one.id for one in others]}
    reply = await creator.post("/groups", body)
    assert reply.status == 201
    return str(reply.json["id"])


async def messages_of(phone: Device, number: int) -> list[dict[str, Any]]:
    """Return the next so many messages and changes that a device gets, in their order."""
    found: list[dict[str, Any]] = [
        frame for frame in phone.frames if frame["type"].startswith("message")
    ]
    phone.frames = [frame for frame in phone.frames if frame not in found]
    while len(found) < number:
        frame = await phone.receive()
        assert frame is not None
        (found if frame["type"].startswith("message") else phone.frames).append(frame)
    assert len(found) == number
    return found


async def sees(person: Person, *others: Person) -> None:
    """Ask who is online until it is these: while Redis is slow, a node knows of its own alone."""
    expected = {"online": sorted(one.id for one in others)}
    for _ in range(10 * PATIENCE):
        if (found := (await person.get("/presence")).json) == expected:
            return
        await asyncio.sleep(0.1)
    assert found == expected


async def heard(phone: Device, person: Person, *, online: bool) -> Frame | None:
    """Return the word that somebody came or left; None when a device does not get it soon."""
    for _ in range(100):
        for frame in await phone.settle():
            told = frame["type"], frame.get("user_id"), frame.get("online")
            if told == ("presence", person.id, online):
                return frame
        await asyncio.sleep(0.1)
    return None


@asynccontextmanager
async def seen(phone: Device, person: Person) -> AsyncIterator[Device]:
    """Connect somebody, again until a device on the other node is told of it.

    Nobody there is when a call of Redis takes longer than anybody waits for it.
    """
    while True:
        async with device(person) as opened:
            if await heard(phone, person, online=True):
                yield opened
                return
        await asyncio.sleep(1)  # more than the grace, or coming back is no news
        await phone.settle()


@pytest.mark.gen_test(timeout=60)
async def test_the_first_direct_message_reaches_somebody_on_the_other_node(nodes: Nodes) -> None:
    ana, ben = await nodes.people("Ana", "Ben")
    async with device(ana) as phone, device(ben) as other:
        ack = await phone.command("send_message", recipient_id=ben.id, content="hello")
        got = await other.expect("message")
        assert (got["id"], got["content"], "client_id" in got) == (ack["id"], "hello", False)
        await other.command("send_message", recipient_id=ana.id, content="hello, too")
        await phone.expect("message")
        assert (await phone.expect("message"))["content"] == "hello, too"


@pytest.mark.gen_test(timeout=60)
async def test_changes_of_a_message_are_seen_on_both_nodes_in_order(nodes: Nodes) -> None:
    ana, ben = await nodes.people("Ana", "Ben")
    await team(ana, ben)
    async with device(ana) as phone, device(ben) as other:
        group_id = (await ana.get("/groups")).json[0]["id"]
        sent = await phone.command("send_message", group_id=group_id, content="helo")
        await phone.command("edit_message", id=sent["id"], content="hello")
        await other.command("react", id=sent["id"], emoji="👍", on=True)
        await phone.command("delete_message", id=sent["id"])
        for each in (phone, other):
            got = await messages_of(each, 4)
            assert [one["rev"] for one in got] == [1, 2, 3, 4]
            assert [one["content"] for one in got] == ["helo", "hello", "hello", ""]
            assert got[2]["reactions"] == {"👍": [ben.id]}
            assert got[3]["deleted"] is True


@pytest.mark.gen_test(timeout=90)
async def test_typing_reads_and_presence_cross_over(nodes: Nodes) -> None:
    ana, ben = await nodes.people("Ana", "Ben")
    await ana.post("/messages", {"recipient_id": ben.id, "content": "hello"})
    conversation = (await ben.get("/conversations")).json[0]["id"]
    async with device(ana) as phone:
        async with seen(phone, ben) as other:
            await sees(ana, ben)
            await sees(ben, ana)
            await other.send_json({"type": "typing", "recipient_id": ana.id, "on": True})
            assert (await phone.expect("typing"))["user_id"] == ben.id
            await other.command("read", conversation=conversation, seq=1)
            assert (await phone.expect("read"))["seq"] == 1
        while (gone := await heard(phone, ben, online=False)) is None:
            async with seen(phone, ben):
                pass
        assert gone["last_seen"]


@pytest.mark.gen_test(timeout=60)
async def test_the_sender_s_device_on_the_other_node_gets_the_client_id(nodes: Nodes) -> None:
    (ana, ben) = await nodes.people("Ana", "Ben")
    async with device(ana) as phone, device(nodes.on(ana, nodes.other)) as laptop:
        await phone.command("send_message", recipient_id=ben.id, content="hello", client_id="mine")
        assert (await laptop.expect("message"))["client_id"] == "mine"


@pytest.mark.gen_test(timeout=60)
async def test_the_order_is_the_same_for_all_when_both_nodes_write(nodes: Nodes) -> None:
    people = await nodes.people("Ana", "Ben", "Cem", "Dan")
    group_id = await team(*people)
    async with AsyncExitStack() as stack:
        phones = [await stack.enter_async_context(device(one)) for one in people]

        async def talk(phone: Device) -> None:
            for number in range(40):
                await phone.command("send_message", group_id=group_id, content=str(number))

        await asyncio.gather(*map(talk, phones))
        heard = [await messages_of(phone, 160) for phone in phones]
    for got in heard:
        assert [one["rev"] for one in got] == list(range(1, 161))
        assert [one["seq"] for one in got] == list(range(1, 161))
        assert [one["id"] for one in got] == [one["id"] for one in heard[0]]


@pytest.mark.gen_test(timeout=60)
async def test_who_joins_on_one_node_hears_on_the_other_all_that_is_said_after_it(
    nodes: Nodes,
) -> None:
    ana, ben, _, dan = await nodes.people("Ana", "Ben", "Cem", "Dan")
    group_id = await team(ana, ben)
    async with device(ana) as phone, device(dan) as late:
        # Dan's socket is on the other node; the joining goes through the first one.
        for number in range(10):
            await phone.command("send_message", group_id=group_id, content=f"before {number}")
        joined = await nodes.on(dan, nodes.one).post("/groups/join", {"group_id": group_id})
        assert joined.status == 200
        for number in range(10):
            await phone.command("send_message", group_id=group_id, content=f"after {number}")
        got = await messages_of(late, 10)
        assert [one["content"] for one in got] == [f"after {number}" for number in range(10)]
        # And may write there at once.
        answer = await late.command("send_message", group_id=group_id, content="hello")
        assert answer["type"] == "ack"


@pytest.mark.gen_test(timeout=60)
async def test_who_leaves_on_one_node_hears_no_more_on_the_other(nodes: Nodes) -> None:
    ana, ben = await nodes.people("Ana", "Ben")
    group_id = await team(ana, ben)
    async with device(ana) as phone, device(ben) as other:
        left = await nodes.on(ben, nodes.one).post(f"/groups/{group_id}/leave")
        assert left.status == 204
        assert (await other.expect("group_left"))["group_id"] == group_id
        await phone.command("send_message", group_id=group_id, content="secret")
        await phone.command("send_message", recipient_id=ben.id, content="end")
        assert (await other.expect("message"))["content"] == "end"


@pytest.mark.gen_test(timeout=60)
async def test_who_made_a_group_on_one_node_is_heard_by_its_members_on_the_other(
    nodes: Nodes,
) -> None:
    ana, ben = await nodes.people("Ana", "Ben")
    async with device(ben) as other:
        group_id = await team(ana, ben)
        await ana.post("/messages", {"group_id": group_id, "content": "hello"})
        assert (await other.expect("group_created"))["group"]["id"] == group_id
        assert (await other.expect("message"))["content"] == "hello"


@pytest.mark.gen_test(timeout=60)
async def test_a_resume_on_another_node_brings_what_was_missed_once(nodes: Nodes) -> None:
    ana, ben = await nodes.people("Ana", "Ben")
    async with device(ana) as phone:
        async with device(ben) as other:
            await phone.command("send_message", recipient_id=ben.id, content="1")
            first = await other.expect("message")
            epoch = other.hello["epoch"]
        for number in range(2, 30):
            await phone.command("send_message", recipient_id=ben.id, content=str(number))
        async with device(nodes.on(ben, nodes.one), "?resume=true") as back:
            sending = asyncio.ensure_future(
                phone.command("send_message", recipient_id=ben.id, content="30")
            )
            cursors = {first["conversation"]: first["rev"]}
            await back.command("resume", epoch=epoch, cursors=cursors)
            await sending
            got = await messages_of(back, 29)
            assert [one["content"] for one in got] == [str(number) for number in range(2, 31)]


@pytest.mark.gen_test(timeout=60)
async def test_signing_out_everywhere_ends_the_sockets_on_the_other_node(nodes: Nodes) -> None:
    (ana,) = await nodes.people("Ana")
    async with device(nodes.on(ana, nodes.other)) as phone:
        assert (await ana.post("/auth/logout", {"everywhere": True})).status == 204
        assert await phone.closed() == 4401
    assert (await nodes.on(ana, nodes.other).get("/auth/me")).status == 401


@pytest.mark.gen_test(timeout=60)
async def test_a_block_counts_on_the_other_node_at_once(nodes: Nodes) -> None:
    ana, ben = await nodes.people("Ana", "Ben")
    async with device(ana) as phone, device(ben) as other:
        await phone.command("send_message", recipient_id=ben.id, content="hello")
        await other.expect("message")
        await ben.post(f"/users/{ana.id}/block")
        while True:  # until the first node has heard of it
            answer = await phone.command("send_message", recipient_id=ben.id, content="hello")
            if answer["type"] == "error":
                break
        assert answer["code"] == "blocked"


@pytest.mark.gen_test(timeout=60)
async def test_a_language_chosen_on_one_node_counts_for_a_socket_on_the_other(
    nodes: Nodes,
) -> None:
    ana, ben = await nodes.people("Ana", "Ben")
    async with device(ana) as phone, device(ben) as other:
        await nodes.on(ben, nodes.one).patch("/auth/me", {"language": "de"})
        while True:  # until the other node has heard of it
            await phone.command(
                "send_message", recipient_id=ben.id, content="Good morning", content_lang="en"
            )
            got = await other.expect("message")
            if "translation" in got:
                break
        assert got["translation"]["lang"] == "de"


@pytest.mark.gen_test(timeout=60)
async def test_limits_count_for_both_nodes_together(nodes: Nodes) -> None:
    ana, _ = await nodes.people("Ana", "Ben")
    there = nodes.on(ana, nodes.other)
    body = {"email": ana.email, "password": "a wrong one"}
    replies = [await each.post("/auth/login", body) for each in (ana, there) * 15]
    errors = [reply.error for reply in replies]
    assert errors[:10] == ["invalid_credentials"] * 10
    assert "rate_limited" in errors[10:]


@pytest.mark.gen_test(timeout=60)
async def test_tries_of_a_one_time_code_count_for_both_nodes_together(nodes: Nodes) -> None:
    ana, _ = await nodes.people("Ana", "Ben")
    both = [Client(nodes.http, server.url) for server in (nodes.one, nodes.other)]
    assert (await both[0].post("/auth/request-otp", {"email": ana.email})).status == 202
    # Mails go to the console here.
    await asyncio.to_thread(wait_until, lambda: ana.email in nodes.one.stdout)
    code = re.search(r"\b\d{6}\b", nodes.one.stdout.partition(ana.email)[2])
    assert code is not None
    wrong = "000000" if code[0] != "000000" else "111111"
    tried = [
        await both[number % 2].post("/auth/verify-otp", {"email": ana.email, "code": wrong})
        for number in range(5)
    ]
    assert [reply.error for reply in tried] == ["invalid_otp"] * 5
    for each in both:
        reply = await each.post("/auth/verify-otp", {"email": ana.email, "code": code[0]})
        assert reply.error == "otp_locked"


@pytest.mark.gen_test(timeout=60)
async def test_connections_count_for_both_nodes_together(nodes: Nodes) -> None:
    (ana,) = await nodes.people("Ana")
    there = nodes.on(ana, nodes.other)
    async with device(ana), device(ana), device(there), device(there):
        for _ in range(100):  # until the nodes have told each other
            async with open_socket(nodes.one.url, f"?token={ana.token}") as one_more:
                frame = await one_more.receive()
                assert frame is not None
                if frame["type"] == "error":
                    assert frame["code"] == "rate_limited"
                    assert await one_more.closed() == 4429
                    return
    raise AssertionError("a fifth connection was never refused")


@pytest.mark.gen_test(timeout=60)
async def test_a_correction_is_told_once_on_each_node(nodes: Nodes) -> None:
    ana, ben = await nodes.people("Ana", "Ben")
    await ben.patch("/auth/me", {"language": "de"})
    async with device(ana) as phone, device(ben) as other:
        sent = await phone.command(
            "send_message", recipient_id=ben.id, content="Good morning", content_lang="en"
        )
        await other.expect("message")
        path = f"/messages/{sent['id']}/translation"
        reply = await ana.put(path, {"lang": "de", "content": "Guten Morgen"})
        assert reply.status == 200
        assert (await other.expect("translation"))["content"] == "Guten Morgen"
        await phone.command("send_message", recipient_id=ben.id, content="end")
        await other.expect("message")
        assert [one for one in other.frames if one["type"] == "translation"] == []


class TestWithAnEngine:
    """Two servers of each test's own, and one translation engine."""

    @pytest.fixture
    def nodes(
        self,
        redis: RedisServer,
        environ: dict[str, str],
        engine: Engine,
        tmp_path: Path,
        io_loop: IOLoop,
        http_client: AsyncHTTPClient,
    ) -> Iterator[Nodes]:
        started = Nodes(redis, tmp_path, LIBRETRANSLATE_URL=engine.url, **environ)
        started.http = http_client
        try:
            # The engine is of this loop, and is asked while they start.
            io_loop.run_sync(lambda: asyncio.to_thread(started.wait_ready))
            yield started
        finally:
            started.stop()

    @pytest.mark.gen_test(timeout=90)
    async def test_what_is_pending_on_two_nodes_is_asked_for_once_and_comes_on_both(
        self, nodes: Nodes, engine: Engine
    ) -> None:
        ana, _ = await nodes.people("Ana", "Eva", language="es")
        near, far = await nodes.people("Pau", "Bru", language="ca")
        group_id = await team(ana, near, far)
        engine.gate.clear()
        async with device(ana) as phone, device(near) as here, device(far) as there:
            sent = await phone.command("send_message", group_id=group_id, content=SPANISH)
            for each in (here, there):
                got = await each.expect("message")
                assert got["translation"] == {"lang": "ca", "status": "pending"}
            engine.gate.set()
            for each in (here, there):
                made = await each.expect("translation")
                assert (made["id"], made["status"]) == (sent["id"], "ready")
                assert made["content"] == CATALAN
            await phone.command("send_message", group_id=group_id, content="👍")
            for each in (phone, here, there):
                await messages_of(each, 2 if each is phone else 1)
                assert [one for one in each.frames if one["type"] == "translation"] == []
        assert engine.asked == [SPANISH]


class TestWithABucket:
    """Two servers of each test's own, which keep files in one bucket."""

    @pytest.fixture
    def nodes(
        self,
        redis: RedisServer,
        environ: dict[str, str],
        bucket: dict[str, str],
        tmp_path: Path,
        http_client: AsyncHTTPClient,
    ) -> Iterator[Nodes]:
        files = {name.upper(): value for name, value in bucket.items()}
        started = Nodes(redis, tmp_path, **environ, **files)
        started.http = http_client
        try:
            started.wait_ready()
            yield started
        finally:
            started.stop()

    @pytest.mark.gen_test(timeout=90)
    async def test_a_file_is_read_on_the_other_node_by_those_who_may_read_it(
        self, nodes: Nodes
    ) -> None:
        ana, ben, _, dan = await nodes.people("Ana", "Ben", "Cem", "Dan")
        url = (await upload(ana, b"for Ben"))["url"]
        assert (await download(ben, url)).code == 404
        async with device(ben) as other:
            await ana.post("/messages", {"recipient_id": ben.id, "files": [url]})
            assert (await other.expect("message"))["files"] == [url]
            got = await download(ben, url)
            assert (got.code, got.body) == (200, b"for Ben")
        assert (await download(dan, url)).code == 404
        assert (await nodes.on(ana, nodes.other).get("/readyz")).json["parts"]["files"] == "bucket"


class TestFaults:
    """Nodes, or Redis, that are killed or stand still; servers of each test's own."""

    @pytest.fixture
    def redis(self) -> Iterator[RedisServer]:
        with TemporaryDirectory() as folder:
            started = RedisServer(Path(folder))
            yield started
            started.kill()

    @pytest.fixture
    def nodes(
        self,
        redis: RedisServer,
        environ: dict[str, str],
        tmp_path: Path,
        http_client: AsyncHTTPClient,
    ) -> Iterator[Nodes]:
        started = Nodes(redis, tmp_path, **environ)
        started.http = http_client
        try:
            started.wait_ready()
            yield started
        finally:
            started.stop()

    @pytest.mark.gen_test(timeout=90)
    async def test_a_killed_node_s_people_are_offline_soon(self, nodes: Nodes) -> None:
        ana, ben = await nodes.people("Ana", "Ben")
        await ana.post("/messages", {"recipient_id": ben.id, "content": "hello"})
        async with device(ana) as phone, AsyncExitStack() as stack:
            await stack.enter_async_context(seen(phone, ben))
            nodes.other.kill()
            gone = await phone.expect("presence")
            assert (gone["user_id"], gone["online"]) == (ben.id, False)
            # It is told and kept at the same time.
            kept = None
            while kept != gone["last_seen"]:
                kept = (await ana.get(f"/presence/{ben.id}")).json["last_seen"]

    @pytest.mark.gen_test(timeout=90)
    async def test_a_stopped_node_s_people_are_offline_but_those_who_are_elsewhere(
        self, nodes: Nodes
    ) -> None:
        ana, ben, _, dan = await nodes.people("Ana", "Ben", "Cem", "Dan")
        await team(ana, ben, dan)
        async with device(ana) as phone, AsyncExitStack() as stack:
            for one in (ben, dan):
                await stack.enter_async_context(seen(phone, one))
            await stack.enter_async_context(device(nodes.on(ben, nodes.one)))
            nodes.other.stop()
            # That Ben is on the one node may be news where Redis did not say he is on the other.
            while (gone := await phone.expect("presence"))["online"]:
                assert gone["user_id"] == ben.id
            assert gone["user_id"] == dan.id
            await sees(ana, ben)

    @pytest.mark.gen_test(timeout=90)
    async def test_while_redis_is_away_all_goes_on_and_comes_a_little_later(
        self, nodes: Nodes
    ) -> None:
        ana, ben, cem, dan = await nodes.people("Ana", "Ben", "Cem", "Dan")
        group_id = await team(ana, ben, cem, dan)
        async with device(ana) as phone, device(ben) as other, device(cem) as near:
            await phone.command("send_message", group_id=group_id, content="0")
            await messages_of(other, 1)
            nodes.redis.kill()
            for number in range(1, 11):
                sender = (phone, other)[number % 2]
                ack = await sender.command("send_message", group_id=group_id, content=str(number))
                assert ack["type"] == "ack"
            # The others' node looks now and then.
            got = await messages_of(other, 10)
            assert [one["content"] for one in got] == [str(number) for number in range(1, 11)]
            # Who is on the sender's node has what was said there, and what came before it.
            got = await messages_of(near, 11)
            assert [one["content"] for one in got] == [str(number) for number in range(11)]
            ready = await ana.get("/readyz")
            assert (ready.status, ready.json["parts"]["bus"]) == (200, "away")
            nodes.redis.start()
            await phone.command("send_message", recipient_id=ben.id, content="after")
            assert (await other.expect("message"))["content"] == "after"

    @pytest.mark.gen_test(timeout=90)
    async def test_a_session_that_ended_while_redis_is_away_ends_everywhere(
        self, nodes: Nodes
    ) -> None:
        ana, _ = await nodes.people("Ana", "Ben")
        async with device(nodes.on(ana, nodes.other)) as phone:
            nodes.redis.kill()
            assert (await ana.post("/auth/logout", {"everywhere": True})).status == 204
            nodes.one.kill()  # what it kept to be told is told by nobody
            assert await phone.closed() == 4401

    @pytest.mark.gen_test(timeout=90)
    async def test_a_redis_that_stands_still_holds_up_nobody(self, nodes: Nodes) -> None:
        ana, ben = await nodes.people("Ana", "Ben")
        async with device(ana) as phone, device(ben) as other:
            await phone.command("send_message", recipient_id=ben.id, content="0")
            await messages_of(other, 1)
            with nodes.redis.paused():
                for number in range(1, 11):
                    ack = await phone.command(
                        "send_message", recipient_id=ben.id, content=str(number)
                    )
                    assert ack["type"] == "ack"
                await asyncio.sleep(3)
            got = await messages_of(other, 10)
            assert [one["content"] for one in got] == [str(number) for number in range(1, 11)]
