"""What the bus lost, doubled or brought too early: readers have all of it, once, in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hearing import ANA, BEN, CEM, Hearing, changed, message, stored, team
from msgspec import structs
from outages import fail
from people import Person, register
from processes import wait_until
from redis_part import RedisServer
from sockets import Device, device, open_socket
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop

from realchat import retries, sequencer
from realchat.drafts import Draft, Reaction
from realchat.errors import ChatError, Code
from realchat.events import AnyHappening, GroupChanged, MessageStored, Resync
from realchat.ids import group_conversation, new_id, now
from realchat.models import Message
from realchat.redis_bus import RedisBus
from realchat.services import Services
from realchat.settings import Settings


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """One Redis for this module; a socket's name must be short."""
    with TemporaryDirectory() as folder:
        started = RedisServer(Path(folder))
        yield started
        started.kill()


@pytest.fixture
def settings(settings: Settings, redis: RedisServer) -> Settings:
    return structs.replace(settings, redis_url=redis.url)


class Elsewhere:
    """Another process that stores messages, and tells what a test has it tell."""

    def __init__(self, services: Services, bus: RedisBus, group_id: str) -> None:
        self.conversation = group_conversation(group_id)
        self._services = services
        self._bus = bus
        self._group_id = group_id

    async def store(self, sender: Person, text: str) -> Message:
        """Store a message without telling anybody."""
        draft = Draft(
            id=new_id(),
            conversation=self.conversation,
            sender_id=sender.id,
            recipient_id=None,
            group_id=self._group_id,
            content=text,
            content_lang="en",
            detected=False,
            files=(),
            attachments=(),
            reply_to=None,
            mentions=(),
            created_at=now(),
            client_id=None,
            fingerprint="",
        )
        message, _ = await self._services.collections.message_log.append(draft, lambda _: None)
        return message

    async def react(self, message: Message, user: Person) -> Message:
        """Put an emoji on a message without telling anybody."""
        reaction = Reaction(user_id=user.id, emoji="👍", on=True)
        log = self._services.collections.message_log
        changed = await log.change(message, reaction, lambda _: None)
        assert changed is not None
        return changed

    def tell(self, *messages: Message, kind: Any = "message") -> None:
        """Tell of messages."""
        for one in messages:
            self._bus.publish(MessageStored(kind=kind, message=one, readers=()))


@asynccontextmanager
async def elsewhere(
    services: Services, redis: RedisServer, *people: Person
) -> AsyncIterator[Elsewhere]:
    """Begin another process beside the one under test, in a new group of these people."""
    body = {"name": "Team", "members": [one.id for one in people[1:]]}
    group = (await people[0].post("/groups", body)).json
    bus = RedisBus(redis.url, services.epoch)
    await bus.open()
    try:
        yield Elsewhere(services, bus, group["id"])
    finally:
        await bus.close()


async def heard(phone: Device, number: int) -> list[tuple[str, int, str]]:
    """Return the next messages and changes that a device gets."""
    found: list[tuple[str, int, str]] = []
    while len(found) < number:
        frame = await phone.receive()
        assert frame is not None
        if frame["type"].startswith("message"):
            found.append((frame["type"], frame["rev"], frame["content"]))
    assert not [one for one in await phone.settle() if one["type"].startswith("message")]
    return found


async def join_unheard(services: Services, there: Elsewhere, user: Person) -> None:
    """Make somebody a member of the group, which this process remembers without them."""
    group = await services.groups.get(there.conversation.removeprefix("group:"))
    joined = structs.replace(
        group,
        members=[*group.members, user.id],
        roles={**group.roles, user.id: "member"},
        version=group.version + 1,
    )
    assert await services.collections.groups.replace(joined)


def new(*revs: int) -> list[tuple[str, int, str]]:
    return [("message", rev, f"text {rev}") for rev in revs]


@pytest.mark.gen_test
async def test_what_was_never_told_comes_before_what_is_told_next(
    http_client: AsyncHTTPClient, base_url: str, services: Services, redis: RedisServer
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with elsewhere(services, redis, ana, ben) as there, device(ben) as phone:
        said = [await there.store(ana, f"text {number}") for number in range(1, 6)]
        there.tell(said[4])
        assert await heard(phone, 5) == new(1, 2, 3, 4, 5)


@pytest.mark.gen_test
async def test_what_comes_too_early_waits(
    http_client: AsyncHTTPClient, base_url: str, services: Services, redis: RedisServer
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with elsewhere(services, redis, ana, ben) as there, device(ben) as phone:
        said = [await there.store(ana, f"text {number}") for number in range(1, 6)]
        there.tell(said[2], said[4], said[0], said[3], said[1])
        assert await heard(phone, 5) == new(1, 2, 3, 4, 5)


@pytest.mark.gen_test
async def test_what_comes_twice_is_told_once(
    http_client: AsyncHTTPClient, base_url: str, services: Services, redis: RedisServer
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with elsewhere(services, redis, ana, ben) as there, device(ben) as phone:
        said = [await there.store(ana, f"text {number}") for number in range(1, 4)]
        there.tell(said[0], said[0], said[1], said[0], said[2], said[1])
        assert await heard(phone, 3) == new(1, 2, 3)


@pytest.mark.gen_test
async def test_one_s_own_message_waits_for_an_earlier_one_of_another_process(
    http_client: AsyncHTTPClient, base_url: str, services: Services, redis: RedisServer
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with elsewhere(services, redis, ana, ben) as there, device(ben) as phone:
        await there.store(ana, "text 1")
        group_id = there.conversation.removeprefix("group:")
        await phone.send_json({"type": "send_message", "group_id": group_id, "content": "text 2"})
        assert await heard(phone, 2) == new(1, 2)


@pytest.mark.gen_test
async def test_what_changed_unheard_is_told_as_it_is_now(
    http_client: AsyncHTTPClient, base_url: str, services: Services, redis: RedisServer
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with elsewhere(services, redis, ana, ben) as there, device(ben) as phone:
        one = await there.store(ana, "text 1")
        there.tell(one)
        two = await there.store(ana, "text 2")
        await there.react(one, ben)  # 3
        await there.react(two, ben)  # 4
        there.tell(await there.store(ana, "text 5"))
        assert await heard(phone, 4) == [
            ("message", 1, "text 1"),
            ("message_updated", 3, "text 1"),
            ("message", 4, "text 2"),  # new to who hears it
            ("message", 5, "text 5"),
        ]


@pytest.mark.gen_test
async def test_what_was_never_told_is_new_also_where_only_its_change_is_heard_of(
    http_client: AsyncHTTPClient, base_url: str, services: Services, redis: RedisServer
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with elsewhere(services, redis, ana, ben) as there, device(ben) as phone:
        one = await there.store(ana, "text 1")
        there.tell(await there.react(one, ben), kind="message_updated")
        there.tell(await there.store(ana, "text 3"))
        assert await heard(phone, 2) == [("message", 2, "text 1"), ("message", 3, "text 3")]


@pytest.mark.gen_test
async def test_what_waited_for_its_turn_and_was_changed_meanwhile_is_new_once(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    redis: RedisServer,
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with elsewhere(services, redis, ana, ben) as there, device(ben) as phone:
        await there.store(ana, "text 1")
        two = await there.store(ana, "text 2")
        await there.react(two, ben)  # before what is missing is looked for
        there.tell(two)
        assert await heard(phone, 3) == [
            ("message", 1, "text 1"),
            ("message", 2, "text 2"),
            ("message_updated", 3, "text 2"),
        ]


@pytest.mark.gen_test
async def test_more_than_a_page_is_fetched(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sequencer, "_PAGE", 3)
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with elsewhere(services, redis, ana, ben) as there, device(ben) as phone:
        said = [await there.store(ana, f"text {number}") for number in range(1, 12)]
        there.tell(said[10], said[5])
        assert await heard(phone, 11) == new(*range(1, 12))


@pytest.mark.gen_test
async def test_a_database_that_is_away_is_asked_again(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retries, "RETRY", 0.01)
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    missed = services.collections.messages.missed
    faults = [ChatError(Code.UNAVAILABLE), ChatError(Code.UNAVAILABLE)]

    async def fail_twice(*asked: Any) -> Any:
        if faults:
            raise faults.pop()
        return await missed(*asked)

    monkeypatch.setattr(services.collections.messages, "missed", fail_twice)
    async with elsewhere(services, redis, ana, ben) as there, device(ben) as phone:
        said = [await there.store(ana, f"text {number}") for number in range(1, 3)]
        there.tell(said[1])
        assert await heard(phone, 2) == new(1, 2)


@pytest.mark.gen_test
async def test_after_a_gap_in_hearing_the_untold_is_looked_for(
    http_client: AsyncHTTPClient, base_url: str, services: Services, redis: RedisServer
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with elsewhere(services, redis, ana, ben) as there, device(ben) as phone:
        for number in range(1, 4):
            await there.store(ana, f"text {number}")
        services.bus.publish(Resync())
        assert await heard(phone, 3) == new(1, 2, 3)


@pytest.mark.gen_test(timeout=30)
async def test_what_a_process_that_died_left_untold_counts_once_it_is_taken_out(
    http_client: AsyncHTTPClient, base_url: str, services: Services, redis: RedisServer
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with elsewhere(services, redis, ana, ben) as there, device(ben) as phone:
        await phone.settle()
        await there.store(ana, "text 1")
        await services.people.get(ana.id)
        await services.collections.users.set_blocked(ana.id, ben.id, True)
        with redis.client() as client:
            processes, died = f"realchat:{services.epoch}:processes", new_id()
            client.zadd(processes, {died: 1})
            while client.zscore(processes, died) is not None:
                await services.presences.keep()
        assert await heard(phone, 1) == new(1)
        assert ben.id in (await services.people.get(ana.id)).blocked


@pytest.mark.gen_test
async def test_what_was_said_before_somebody_came_is_not_told_to_them(
    http_client: AsyncHTTPClient, base_url: str, services: Services, redis: RedisServer
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with elsewhere(services, redis, ana, ben) as there:
        first = await there.store(ana, "text 1")
        async with device(ben) as phone:
            there.tell(first, await there.store(ana, "text 2"))
            assert await heard(phone, 1) == new(2)


@pytest.mark.gen_test
async def test_who_joined_unheard_may_write_at_once(
    http_client: AsyncHTTPClient, base_url: str, services: Services, redis: RedisServer
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with elsewhere(services, redis, ana) as there:
        await join_unheard(services, there, ben)
        group_id = there.conversation.removeprefix("group:")
        sent = await ben.post("/messages", {"group_id": group_id, "content": "hello"})
        assert sent.status == 201


@pytest.mark.gen_test
async def test_who_joined_unheard_is_told_so_after_a_gap(
    http_client: AsyncHTTPClient, base_url: str, services: Services, redis: RedisServer
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with elsewhere(services, redis, ana) as there, device(ben) as phone:
        await join_unheard(services, there, ben)
        services.bus.publish(Resync())
        assert (await phone.expect("group_updated"))["group"]["members"] == [ana.id, ben.id]
        there.tell(await there.store(ana, "text 1"))
        assert (await phone.expect("message"))["content"] == "text 1"


@pytest.mark.gen_test
async def test_an_older_version_of_a_group_changes_nobody_s_place(
    http_client: AsyncHTTPClient, base_url: str, services: Services, redis: RedisServer
) -> None:
    ana, ben, cem = [await register(http_client, base_url, name) for name in ("Ana", "Ben", "Cem")]
    async with elsewhere(services, redis, ana, cem) as there, device(ben) as phone:
        group_id = there.conversation.removeprefix("group:")
        before = await services.groups.get(group_id)
        await ben.post("/groups/join", {"group_id": group_id})
        services.bus.publish(GroupChanged(group_id=group_id, group=before))
        there.tell(await there.store(ana, "text 1"))
        assert (await phone.expect("message"))["content"] == "text 1"


@pytest.mark.gen_test
async def test_nobody_is_greeted_while_the_database_does_not_say_where_they_are(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with elsewhere(services, redis, ana, ben) as there:
        with monkeypatch.context() as away:
            away.setattr(services.collections.messages, "revs", fail)
            async with open_socket(base_url, f"?token={ben.token}") as socket:
                assert (await socket.expect("error"))["code"] == "unavailable"
                assert await socket.closed() == 1012
        async with device(ben) as phone:
            there.tell(await there.store(ana, "text 1"))
            assert await heard(phone, 1) == new(1)


@pytest.mark.gen_test
async def test_many_who_come_at_once_share_the_look_ups(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people = [await register(http_client, base_url, name) for name in "ABCDEFGH"]
    asked: list[int] = []
    of_members = services.collections.groups.of_members

    async def count(user_ids: Any) -> Any:
        asked.append(len(user_ids))
        return await of_members(user_ids)

    monkeypatch.setattr(services.collections.groups, "of_members", count)
    async with elsewhere(services, redis, *people):
        await asyncio.gather(*(services.attendance.arrive(one.id) for one in people))
        assert len(asked) < len(people)
        for one in people:
            services.attendance.depart(one.id)


@pytest.mark.gen_test
async def test_after_the_last_connection_a_process_hears_no_more_of_somebody(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("realchat.attendance._LINGER", 0)
    ana, ben = [await register(http_client, base_url, name) for name in ("Ana", "Ben")]
    async with elsewhere(services, redis, ana, ben) as there:
        told: list[AnyHappening] = []
        services.bus.subscribe(told.append)
        async with device(ben) as phone:
            there.tell(await there.store(ana, "text 1"))
            assert await heard(phone, 1) == new(1)
        channel = f"realchat:{services.epoch}:c:{there.conversation}"
        await asyncio.to_thread(wait_until, lambda: redis.listeners(channel) == 0)
        there.tell(await there.store(ana, "text 2"))
        assert sum(isinstance(one, MessageStored) for one in told) == 1


class TestPeopleWhoComeLate:
    """Who is told the past while others are told what happens."""

    @pytest.fixture
    def here(self, io_loop: IOLoop) -> Hearing:
        """A process in which Cem hears revs 1 and 2 of the group, and Ana is in no group."""
        made = Hearing()
        made.kept.group = team(1, BEN, CEM)

        async def begin() -> None:
            await made.attendance.arrive(CEM)
            await made.attendance.arrive(ANA)

        io_loop.run_sync(begin)
        made.say(1, 2)
        return made

    @pytest.mark.parametrize("is_seen", [False, True], ids=["unseen", "seen"])
    @pytest.mark.gen_test
    async def test_what_is_said_here_during_the_look_comes_once_and_in_its_turn(
        self, here: Hearing, is_seen: bool
    ) -> None:
        gate = asyncio.Event()
        here.kept.looking = gate.wait
        if is_seen:
            here.kept.put(message(3))
        here.bus.publish(changed(0, 2, BEN, CEM, ANA))
        await asyncio.sleep(0.01)
        here.kept.put(message(3))
        here.bus.publish(stored(message(3), BEN, CEM, ANA))
        gate.set()
        await here.rest()
        assert here.revs_of(ANA) == here.revs_of(CEM) == [1, 2, 3]

    @pytest.mark.gen_test
    async def test_what_was_said_here_and_waits_is_told_to_those_who_came_meanwhile(
        self, here: Hearing
    ) -> None:
        here.kept.put(message(3), message(4))
        here.bus.publish(stored(message(4), BEN, CEM))  # 3 is missing
        here.bus.publish(changed(2, 2, BEN, CEM, ANA))
        await here.rest()
        assert here.revs_of(ANA) == [3, 4]

    @pytest.mark.gen_test
    async def test_a_change_that_the_look_found_first_is_not_told_once_more(
        self, here: Hearing
    ) -> None:
        here.kept.put(message(3), message(5, id=message(3).id), message(4))
        here.bus.publish(changed(2, 2, BEN, CEM, ANA))
        here.bus.publish(stored(message(3)))
        await here.rest()
        told = [(one.kind, one.message.rev) for one in here.told if ANA in one.readers]
        assert told == [("message", 4), ("message", 5)]

    @pytest.mark.gen_test
    async def test_what_was_said_before_they_came_and_is_told_late_is_not_for_them(
        self, here: Hearing
    ) -> None:
        here.bus.publish(changed(3, 2, BEN, CEM, ANA))
        here.say(3, 4)
        await here.rest()
        assert here.revs_of(ANA) == [4]

    @pytest.mark.gen_test
    async def test_their_own_message_comes_with_the_news_of_their_coming_once(
        self, here: Hearing
    ) -> None:
        own = message(3, sender_id=ANA)
        here.kept.put(own)
        here.bus.publish(stored(own, ANA, BEN, CEM))
        here.bus.publish(changed(2, 2, BEN, CEM, ANA))
        await here.rest()
        assert here.revs_of(ANA) == [3]

    @pytest.mark.gen_test
    async def test_their_own_message_comes_once_where_nobody_else_is(self) -> None:
        here = Hearing()
        await here.attendance.arrive(ANA)
        own = message(1, sender_id=ANA)
        here.kept.put(own)
        here.bus.publish(stored(own, ANA, BEN))
        here.bus.publish(changed(0, 2, BEN, ANA))
        await here.rest()
        assert here.revs_of(ANA) == [1]


@pytest.mark.gen_test
async def test_a_message_that_came_during_the_look_for_its_change_is_new_once() -> None:
    here = Hearing()
    here.kept.group = team(1, BEN, CEM)
    await here.attendance.arrive(CEM)
    here.kept.put(message(1), message(2), message(3, id=message(1).id))
    gate = asyncio.Event()
    here.kept.looking = gate.wait
    here.bus.publish(Resync())
    await asyncio.sleep(0.1)
    here.bus.publish(stored(message(1)))
    gate.set()
    await here.rest()
    told = [(one.kind, one.message.rev) for one in here.told]
    assert told == [("message", 1), ("message", 2), ("message_updated", 3)]


class Confusion:
    """Messages and changes, said here or elsewhere, lost, doubled and late, while one more comes.

    All is decided by one number, so that what fails fails again.
    """

    def __init__(self, seed: int) -> None:
        self.here = Hearing()
        self._chance = random.Random(seed)
        self._loss = self._chance.random() * 0.5
        self._local = self._chance.random() * 0.4
        self._members = [BEN, CEM]
        self.here.kept.looking = self.here.kept.asking = self._wait
        self.last = 0
        self.since = 0

    async def run(self, changes: int) -> None:
        """Have so many changes happen, and all be told in the end."""
        self.here.kept.group = team(1, *self._members)
        await self.here.attendance.arrive(CEM)
        await self.here.attendance.arrive(ANA)
        coming = self._chance.randrange(10, changes - 40)
        for rev in range(1, changes + 1):
            self._say(rev)
            if rev == coming:
                self._come(rev)
            if self._chance.random() < 0.02:
                self.here.bus.publish(Resync())
            await self._wait()
        self.here.bus.publish(Resync())
        await self.here.rest()
        await self.here.rest()

    def _say(self, rev: int) -> None:
        self.last = rev
        old = [one for one, _ in self.here.kept.messages.values()]
        if old and self._chance.random() < 0.4:
            known = self._chance.choice(old)
            told = stored(message(rev, id=known.id, seq=known.seq), kind="message_updated")
        else:
            told = stored(message(rev))
        self.here.kept.put(told.message)
        if self._chance.random() < self._local:
            self._tell_later(0.001, structs.replace(told, readers=tuple(self._members)))
        elif self._chance.random() > self._loss:
            for _ in range(self._chance.choice((1, 1, 2))):
                self._tell_later(0.01, told)

    def _come(self, rev: int) -> None:
        self.since = rev - self._chance.randrange(8)
        self._members.append(ANA)
        news = changed(self.since, 2, *self._members)

        def tell() -> None:
            # At once: who is found by a review before the news comes hears all from then on only.
            self.here.kept.group = news.group
            self.here.bus.publish(news)

        asyncio.get_running_loop().call_later(self._chance.random() * 0.005, tell)

    def _tell_later(self, seconds: float, happening: AnyHappening) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(self._chance.random() * seconds, self.here.bus.publish, happening)

    async def _wait(self) -> None:
        await asyncio.sleep(self._chance.random() * 0.003)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.gen_test(timeout=30)
async def test_whatever_is_lost_doubled_and_late_all_comes_once_in_order(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencer, "_PATIENCE", 0.004)
    monkeypatch.setattr(sequencer, "_PAGE", 5)
    confusion = Confusion(seed)
    await confusion.run(120)
    here = confusion.here
    for person, since in ((CEM, 0), (ANA, confusion.since)):
        revs = here.revs_of(person)
        assert revs == sorted(set(revs))
        current = [one.rev for one, _ in here.kept.messages.values() if one.rev > since]
        assert set(current) <= set(revs)
