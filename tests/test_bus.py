"""What passes between processes: the same is asked of the bus of one and of that of several."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from msgspec import UNSET, UnsetType
from processes import wait_until
from redis.crc import key_slot
from redis_part import RedisCluster, RedisServer
from tornado.ioloop import IOLoop

from realchat.bus import LocalBuckets, LocalBus
from realchat.channels import EVERYBODY, FEW, conversation_channel, user_channel
from realchat.events import (
    AnyHappening,
    GlossaryChanged,
    MessageStored,
    MessageTranslated,
    Notice,
    Notices,
    Resync,
    UserChanged,
)
from realchat.frames import PresenceEvent, TranslationEvent, TypingEvent
from realchat.ids import direct_conversation, group_conversation, new_id
from realchat.limits import SIGN_IN_ACCOUNT
from realchat.models import Message
from realchat.redis_buckets import RedisBuckets
from realchat.redis_bus import RedisBus
from realchat.redis_client import Calls, make_redis
from realchat.redis_link import Link
from realchat.redis_roster import RedisRoster

# Seconds; a bound for what never comes, not a measure of speed.
PATIENCE = 30

ANA, BEN, CEM = (digit * 24 for digit in "abc")
TEAM = group_conversation("d" * 24)
DIRECT = direct_conversation(ANA, BEN)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """One Redis for this module; a socket's name must be short."""
    with TemporaryDirectory() as folder:
        started = RedisServer(Path(folder))
        yield started
        started.kill()


class Ear:
    """Keeps what a bus tells."""

    def __init__(self, bus: LocalBus | RedisBus) -> None:
        self.heard: asyncio.Queue[AnyHappening] = asyncio.Queue()
        bus.subscribe(self.heard.put_nowait)

    async def next(self) -> AnyHappening:
        """Wait for the next happening."""
        return await asyncio.wait_for(self.heard.get(), PATIENCE)

    async def all_until(self, last: AnyHappening) -> list[AnyHappening]:
        """Wait for a happening; return what came before it."""
        found: list[AnyHappening] = []
        while (one := await self.next()) != last:
            found.append(one)
        return found


def message(rev: int, conversation: str = TEAM, client_id: str | UnsetType = UNSET) -> Message:
    """Return a message."""
    return Message(
        id=new_id(),
        conversation=conversation,
        seq=rev,
        rev=rev,
        sender_id=ANA,
        content="hello",
        content_lang="en",
        detected=False,
        files=[],
        attachments=[],
        mentions=[],
        reactions={},
        created_at="2026-11-22T14:00:00.000Z",
        client_id=client_id,
    )


def stored(rev: int, conversation: str = TEAM, client_id: str | UnsetType = UNSET) -> MessageStored:
    """Return that a message was stored."""
    said = message(rev, conversation, client_id)
    return MessageStored(kind="message", message=said, readers=(ANA, BEN))


def typing(conversation: str, readers: tuple[str, ...] = (BEN,)) -> Notice:
    """Return that Ana writes."""
    frame = TypingEvent(conversation=conversation, user_id=ANA, on=True)
    return Notice(readers=readers, frame=frame)


def translated(*, is_asked: bool = False, is_local: bool = False) -> MessageTranslated:
    """Return that a translation was made."""
    frame = TranslationEvent(
        id=new_id(), conversation=TEAM, rev=1, lang="de", status="ready", content="hallo"
    )
    return MessageTranslated(
        is_asked=is_asked, is_local=is_local, readers=(BEN,), content_lang="en", frame=frame
    )


END = UserChanged(user_id=CEM)


class TestEitherBus:
    """What every bus does, whether there are several processes or not."""

    @pytest.fixture(params=["one process", "several"])
    def bus(self, request: pytest.FixtureRequest, io_loop: IOLoop) -> Iterator[LocalBus | RedisBus]:
        if request.param == "one process":
            yield LocalBus()
            return
        redis: RedisServer = request.getfixturevalue("redis")

        async def begin() -> RedisBus:
            started = RedisBus(redis.url, new_id())
            await started.open()
            return started

        bus = io_loop.run_sync(begin)
        yield bus
        io_loop.run_sync(bus.close)

    @pytest.mark.gen_test
    async def test_who_publishes_hears_it_at_once_and_in_order(
        self, bus: LocalBus | RedisBus
    ) -> None:
        heard: list[AnyHappening] = []
        bus.subscribe(heard.append)
        said: list[AnyHappening] = [UserChanged(user_id=ANA), typing(TEAM), translated(), END]
        for happening in said:
            bus.publish(happening)
        assert heard == said

    @pytest.mark.gen_test
    async def test_every_listener_hears_in_the_order_of_subscription(
        self, bus: LocalBus | RedisBus
    ) -> None:
        heard: list[str] = []
        bus.subscribe(lambda _: heard.append("first"))
        bus.subscribe(lambda _: heard.append("second"))
        bus.publish(END)
        assert heard == ["first", "second"]

    @pytest.mark.gen_test
    async def test_what_one_publishes_oneself_is_heard_once(self, bus: LocalBus | RedisBus) -> None:
        await bus.join([conversation_channel(TEAM), user_channel(ANA)])
        ear = Ear(bus)
        bus.publish(typing(TEAM))
        bus.publish(END)
        await bus.join([conversation_channel(DIRECT)])  # which Redis answers after those
        assert [await ear.next() for _ in range(2)] == [typing(TEAM), END]
        assert ear.heard.empty()

    @pytest.mark.gen_test
    async def test_it_answers(self, bus: LocalBus | RedisBus) -> None:
        await bus.ping()

    @pytest.mark.gen_test
    async def test_a_channel_can_be_left_that_nobody_listens_to(
        self, bus: LocalBus | RedisBus
    ) -> None:
        bus.leave([user_channel(ANA)])
        await bus.join([user_channel(ANA)])


class TestBetweenProcesses:
    """What one process hears of another."""

    @pytest.fixture
    def pair(self, redis: RedisServer, io_loop: IOLoop) -> Iterator[tuple[RedisBus, RedisBus]]:
        """Two processes' ends of one bus."""
        scope = new_id()

        async def begin() -> RedisBus:
            started = RedisBus(redis.url, scope)
            await started.open()
            return started

        one, other = io_loop.run_sync(begin), io_loop.run_sync(begin)
        yield one, other
        io_loop.run_sync(one.close)
        io_loop.run_sync(other.close)

    @pytest.mark.gen_test
    async def test_what_concerns_everybody_is_heard_by_everybody(
        self, pair: tuple[RedisBus, RedisBus]
    ) -> None:
        one, other = pair
        ear = Ear(other)
        changed = GlossaryChanged(group_id="d" * 24)
        one.publish(changed)
        assert await ear.next() == changed

    @pytest.mark.gen_test
    async def test_a_conversation_is_heard_where_it_is_listened_to(
        self, pair: tuple[RedisBus, RedisBus]
    ) -> None:
        one, other = pair
        ear = Ear(other)
        one.publish(typing(TEAM))
        one.publish(END)
        assert await ear.all_until(END) == []
        await other.join([conversation_channel(TEAM)])
        one.publish(typing(TEAM))
        assert await ear.next() == typing(TEAM)
        other.leave([conversation_channel(TEAM)])
        await other.join([user_channel(CEM)])  # answered after that
        one.publish(typing(TEAM))
        one.publish(END)
        assert await ear.all_until(END) == []

    @pytest.mark.gen_test
    async def test_a_message_comes_as_the_frame_that_its_readers_get(
        self, pair: tuple[RedisBus, RedisBus]
    ) -> None:
        one, other = pair
        await other.join([conversation_channel(TEAM)])
        ear = Ear(other)
        told = stored(7, client_id="mine")
        one.publish(told)
        heard = await ear.next()
        assert isinstance(heard, MessageStored)
        assert (heard.kind, heard.message, heard.readers) == ("message", told.message, ())
        assert heard.frame is not None
        assert heard.frame.startswith(b'{"type":"message",')
        assert b"mine" not in heard.frame

    @pytest.mark.gen_test
    async def test_the_first_message_to_somebody_reaches_them_where_nobody_listens_yet(
        self, pair: tuple[RedisBus, RedisBus]
    ) -> None:
        one, other = pair
        await other.join([user_channel(BEN)])
        ear = Ear(other)
        one.publish(stored(1, DIRECT))
        heard = await ear.next()
        assert isinstance(heard, MessageStored)
        assert heard.message.conversation == DIRECT

    @pytest.mark.gen_test
    async def test_what_comes_through_several_channels_is_heard_once(
        self, pair: tuple[RedisBus, RedisBus]
    ) -> None:
        one, other = pair
        await other.join([user_channel(ANA), user_channel(BEN), conversation_channel(DIRECT)])
        ear = Ear(other)
        one.publish(stored(1, DIRECT))
        one.publish(END)
        assert len(await ear.all_until(END)) == 1

    @pytest.mark.gen_test
    async def test_what_a_process_tells_its_own_people_goes_to_no_other(
        self, pair: tuple[RedisBus, RedisBus]
    ) -> None:
        one, other = pair
        await other.join([conversation_channel(TEAM), user_channel(BEN)])
        ear = Ear(other)
        one.publish(translated(is_local=True))
        one.publish(END)
        assert await ear.all_until(END) == []

    @pytest.mark.gen_test
    async def test_a_notice_is_for_those_of_its_readers_who_are_there(
        self, pair: tuple[RedisBus, RedisBus]
    ) -> None:
        one, other = pair
        await other.join([user_channel(BEN)])
        ear = Ear(other)
        frame = PresenceEvent(user_id=ANA, online=True, last_seen=None)
        one.publish(Notices(readers=(CEM, BEN), frames=(frame,)))
        assert await ear.next() == Notices(readers=(BEN,), frames=(frame,))

    @pytest.mark.gen_test
    async def test_a_notice_for_very_many_is_one_event(
        self, pair: tuple[RedisBus, RedisBus]
    ) -> None:
        one, other = pair
        ear = Ear(other)
        frame = PresenceEvent(user_id=ANA, online=True, last_seen=None)
        told = Notices(readers=tuple(new_id() for _ in range(FEW + 1)), frames=(frame,))
        one.publish(told)
        assert await ear.next() == told

    @pytest.mark.gen_test
    async def test_the_order_of_one_process_is_kept(self, pair: tuple[RedisBus, RedisBus]) -> None:
        one, other = pair
        ear = Ear(other)
        said = [UserChanged(user_id=new_id()) for _ in range(1_000)]
        for happening in said:
            one.publish(happening)
        assert [await ear.next() for _ in said] == said

    @pytest.mark.gen_test
    async def test_all_make_up_for_what_one_that_is_gone_may_not_have_told(
        self, pair: tuple[RedisBus, RedisBus]
    ) -> None:
        one, other = pair
        here, there = Ear(one), Ear(other)
        one.have_made_up()
        assert await here.next() == await there.next() == Resync()
        assert here.heard.empty()

    @pytest.mark.gen_test
    async def test_what_is_no_envelope_harms_nobody(
        self, pair: tuple[RedisBus, RedisBus], redis: RedisServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        one, other = pair
        ear = Ear(other)
        with redis.client() as client:
            channel = f"{other._scope}{EVERYBODY}"
            client.execute_command("SPUBLISH", channel, b"?" * 40)
        one.publish(END)
        assert await ear.next() == END
        assert "none of ours" in caplog.text

    @pytest.mark.gen_test
    async def test_a_listener_with_a_fault_harms_no_other(
        self, pair: tuple[RedisBus, RedisBus], caplog: pytest.LogCaptureFixture
    ) -> None:
        one, other = pair

        def fail(happening: AnyHappening) -> None:
            raise ValueError

        other.subscribe(fail)
        ear = Ear(other)
        one.publish(END)
        assert await ear.next() == END
        assert "fault in what hears the bus" in caplog.text


def has_senders(redis: RedisServer, number: int) -> bool:
    """Tell whether so many connections are there that are neither heard nor asked anything."""
    with redis.client() as client:
        listed = client.client_list(_type="normal")
    # The others are where a process looks for masters, and this one.
    return sum(one["cmd"] not in ("info", "client|list") for one in listed) == number


async def try_in_vain(redis: RedisServer) -> None:
    """Begin with a Redis that is of no use; then end both."""
    bus = RedisBus(redis.url, new_id())
    await bus.open()
    assert not bus.is_up
    await bus.close()
    redis.kill()


class TestWithoutRedis:
    """A Redis that goes and comes back; each test has one of its own."""

    @pytest.fixture
    def redis(self) -> Iterator[RedisServer]:
        with TemporaryDirectory() as folder:
            started = RedisServer(Path(folder))
            yield started
            started.kill()

    @pytest.fixture
    def pair(self, redis: RedisServer, io_loop: IOLoop) -> Iterator[tuple[RedisBus, RedisBus]]:
        scope = new_id()

        async def begin() -> RedisBus:
            started = RedisBus(redis.url, scope)
            await started.open()
            await started.join([conversation_channel(TEAM)])
            return started

        one, other = io_loop.run_sync(begin), io_loop.run_sync(begin)
        yield one, other
        io_loop.run_sync(one.close)
        io_loop.run_sync(other.close)

    @pytest.mark.gen_test(timeout=30)
    async def test_what_is_said_meanwhile_is_told_here_at_once_and_elsewhere_later(
        self, pair: tuple[RedisBus, RedisBus], redis: RedisServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        one, other = pair
        here, there = Ear(one), Ear(other)
        redis.kill()
        one.publish(typing(TEAM))
        assert await here.next() == typing(TEAM)
        redis.start()
        heard = [await there.next(), await there.next()]
        assert heard == [Resync(), typing(TEAM)]
        assert await here.next() == Resync()
        assert caplog.text.count("Redis is back") == 2  # each said it once
        assert caplog.text.count("Redis is away") == 2

    @pytest.mark.gen_test(timeout=30)
    async def test_once_it_is_back_the_first_word_of_a_silent_process_finds_it_there(
        self, pair: tuple[RedisBus, RedisBus], redis: RedisServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        one, other = pair
        there = Ear(other)
        redis.kill()
        redis.start()
        assert await there.next() == Resync()
        await asyncio.to_thread(wait_until, lambda: has_senders(redis, 2))
        caplog.clear()
        one.publish(typing(TEAM))
        assert await there.next() == typing(TEAM)
        assert "Redis is away" not in caplog.text

    @pytest.mark.gen_test(timeout=30)
    async def test_one_that_closes_silent_connections_is_not_away(
        self, pair: tuple[RedisBus, RedisBus], redis: RedisServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        one, other = pair
        there = Ear(other)
        with redis.client() as client:
            # As its setting `timeout` does, which spares those that listen.
            client.client_kill_filter(_type="normal", skipme=True)
        await asyncio.to_thread(wait_until, lambda: has_senders(redis, 2))
        one.publish(typing(TEAM))
        assert await there.next() == typing(TEAM)
        assert "Redis is away" not in caplog.text

    @pytest.mark.gen_test(timeout=30)
    async def test_a_pause_loses_nothing(
        self, pair: tuple[RedisBus, RedisBus], redis: RedisServer
    ) -> None:
        one, other = pair
        there = Ear(other)
        with redis.paused():
            said = [UserChanged(user_id=new_id()) for _ in range(300)]
            for happening in said:
                one.publish(happening)
            await asyncio.sleep(3)
        one.publish(END)
        heard = await there.all_until(END)
        assert [one for one in heard if one != Resync()] == said

    @pytest.mark.gen_test(timeout=30)
    async def test_what_is_too_much_to_be_kept_is_made_up_for_by_everybody(
        self,
        pair: tuple[RedisBus, RedisBus],
        redis: RedisServer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        one, other = pair
        there = Ear(other)
        monkeypatch.setattr("realchat.redis_sender._MAX_WAITING", 10)
        redis.kill()
        for _ in range(20):
            one.publish(typing(TEAM))
        redis.start()
        heard = [await there.next() for _ in range(12)]
        assert heard.count(typing(TEAM)) == 10
        assert heard[-1] == Resync()

    @pytest.mark.parametrize(
        ("options", "advice"),
        [
            ("--user default on nopass ~* &* +@all -ssubscribe", "a user or a password"),
            # As an older one would.
            ("--rename-command SSUBSCRIBE NONE", "a Redis of version 7"),
        ],
    )
    @pytest.mark.gen_test(timeout=30)
    async def test_a_redis_that_refuses_is_told_of_with_what_to_set(
        self, options: str, advice: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        with TemporaryDirectory() as folder:
            redis = RedisServer(Path(folder), *options.split())
            await try_in_vain(redis)
        assert f"REDIS_URL needs {advice}" in caplog.text

    @pytest.mark.gen_test(timeout=30)
    async def test_a_redis_with_another_password_is_told_of(
        self, redis: RedisServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        with redis.client() as client:
            client.config_set("requirepass", "a secret")
        await try_in_vain(redis)
        assert "REDIS_URL needs a user or a password" in caplog.text
        assert "a secret" not in caplog.text

    @pytest.mark.gen_test(timeout=30)
    async def test_one_that_ends_knows_whether_it_left_something_untold(
        self, redis: RedisServer
    ) -> None:
        one, other = RedisBus(redis.url, new_id()), RedisBus(redis.url, new_id())
        for bus in (one, other):
            await bus.open()
            bus.publish(END)
        assert await one.close() is True
        redis.kill()
        other.publish(END)
        assert await other.close() is False

    @pytest.mark.gen_test
    async def test_what_is_left_while_it_is_away_leaves_nothing_to_be_sent(
        self, redis: RedisServer
    ) -> None:
        redis.kill()
        link = Link(make_redis(redis.url), lambda _: None, lambda: None, lambda: None)
        await link.open(0)
        for _ in range(3):
            await link.join(["c:1", "c:2"])
            link.leave(["c:1"])
        assert (link.channels, link._commands.empty()) == (["c:2"], True)
        await link.close()

    @pytest.mark.gen_test
    async def test_who_joins_a_channel_that_another_is_about_to_waits_as_well(
        self, redis: RedisServer
    ) -> None:
        link = Link(make_redis(redis.url), lambda _: None, lambda: None, lambda: None)
        await link.open(5)
        with redis.paused():
            joining = [asyncio.ensure_future(link.join(["c:1"])) for _ in range(2)]
            await asyncio.sleep(0.05)
            assert not [one for one in joining if one.done()]
        await asyncio.gather(*joining)
        await link.close()

    @pytest.mark.gen_test(timeout=30)
    async def test_a_process_starts_without_it(self, redis: RedisServer) -> None:
        redis.kill()
        bus = RedisBus(redis.url, new_id())
        ear = Ear(bus)
        await bus.open()
        await bus.join([user_channel(ANA)])
        assert not bus.is_up
        redis.start()
        assert await ear.next() == Resync()
        assert bus.is_up
        await bus.close()


class TestCluster:
    """A cluster of three, each with a part of the channels."""

    @pytest.fixture
    def cluster(self) -> Iterator[RedisCluster]:
        with TemporaryDirectory() as folder:
            started = RedisCluster(Path(folder))
            yield started
            started.kill()

    @pytest.fixture
    def pair(self, cluster: RedisCluster, io_loop: IOLoop) -> Iterator[tuple[RedisBus, RedisBus]]:
        scope = new_id()

        async def begin() -> RedisBus:
            started = RedisBus(cluster.url, scope)
            await started.open()
            return started

        one, other = io_loop.run_sync(begin), io_loop.run_sync(begin)
        yield one, other
        io_loop.run_sync(one.close)
        io_loop.run_sync(other.close)

    @pytest.mark.gen_test(timeout=30)
    async def test_channels_of_all_parts_are_heard(self, pair: tuple[RedisBus, RedisBus]) -> None:
        one, other = pair
        groups = [group_conversation(new_id()) for _ in range(50)]
        await other.join([conversation_channel(group) for group in groups])
        ear = Ear(other)
        for group in groups:
            one.publish(typing(group))
        heard = [await ear.next() for _ in groups]
        assert sorted(map(str, heard)) == sorted(str(typing(group)) for group in groups)

    @pytest.mark.gen_test(timeout=30)
    async def test_a_channel_that_moves_to_another_part_is_heard_there(
        self, pair: tuple[RedisBus, RedisBus], cluster: RedisCluster
    ) -> None:
        one, other = pair
        await other.join([conversation_channel(TEAM)])
        ear = Ear(other)
        await asyncio.to_thread(cluster.move, key_slot(f"{other._scope}c:{TEAM}".encode()))
        assert await ear.next() == Resync()
        one.publish(typing(TEAM))
        heard = await ear.next()
        while heard == Resync():
            heard = await ear.next()
        assert heard == typing(TEAM)

    @pytest.mark.gen_test(timeout=30)
    async def test_while_all_of_it_is_away_each_process_counts_for_itself(
        self, cluster: RedisCluster
    ) -> None:
        calls, scope = Calls(cluster.url), new_id()
        buckets = RedisBuckets(calls, scope, LocalBuckets())
        roster = RedisRoster(calls, scope, new_id(), good_for=9, grace=0, make_up=lambda: None)
        for name in map(str, range(5)):  # some of them on each part
            assert await buckets.take(name, SIGN_IN_ACCOUNT) == 0
        cluster.kill()
        for _ in range(3):
            assert await buckets.take("0", SIGN_IN_ACCOUNT) == 0
            assert await roster.appear(ANA)
            assert await roster.elsewhere(ANA) == 0
            await roster.vanish(ANA)
            calls._rest = 0  # ask again at once
        cluster.start()
        while not await asyncio.to_thread(cluster.keys):
            await buckets.take("0", SIGN_IN_ACCOUNT)
            calls._rest = 0
            await asyncio.sleep(0.05)
        await calls.close()

    @pytest.mark.gen_test(timeout=30)
    async def test_limits_and_presence_are_shared(
        self, cluster: RedisCluster, io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # A call that takes longer would be left to what the process knows.
        monkeypatch.setattr("realchat.redis_client._PATIENCE", 10)
        monkeypatch.setattr("realchat.redis_client.DEADLINE", 10)
        calls, scope = Calls(cluster.url), new_id()
        buckets = [RedisBuckets(calls, scope, LocalBuckets()) for _ in range(2)]
        for name in map(str, range(5)):
            waits = [await buckets[n % 2].take(name, SIGN_IN_ACCOUNT) for n in range(11)]
            assert (waits[:10], waits[10] > 0) == ([0] * 10, True)
        one, two = (
            RedisRoster(calls, scope, new_id(), good_for=9, grace=0, make_up=lambda: None)
            for _ in range(2)
        )
        users = [new_id() for _ in range(10)]
        assert await asyncio.gather(*map(one.appear, users)) == [True] * 10
        assert await two.online([*users, ANA]) == set(users)
        assert await two.keep() == ([], [])
        await calls.close()
