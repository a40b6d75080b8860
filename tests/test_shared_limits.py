"""Limits and presence that several processes share: each of two has its own end of one Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from redis_part import RedisServer
from tornado.ioloop import IOLoop

from realchat.bus import LocalBuckets
from realchat.ids import new_id
from realchat.limits import SEND, SIGN_IN_ACCOUNT, Rate
from realchat.redis_buckets import RedisBuckets
from realchat.redis_client import Calls
from realchat.redis_roster import RedisRoster
from realchat.redis_signs import Signs

# Seconds for which a sign of life is good here, and between two of them: many in that time, so
# that nobody who was held up for a moment is taken for dead.
GOOD_FOR, BEAT = 2, 0.25
ANA, BEN = new_id(), new_id()


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """One Redis for this module; a socket's name must be short."""
    with TemporaryDirectory() as folder:
        started = RedisServer(Path(folder))
        yield started
        started.kill()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every call reach Redis, where a slow one would be left to what the process knows."""
    monkeypatch.setattr("realchat.redis_client._PATIENCE", 10)
    monkeypatch.setattr("realchat.redis_client.DEADLINE", 10)


@pytest.fixture
def calls(redis: RedisServer, io_loop: IOLoop) -> Iterator[Calls]:
    opened = Calls(redis.url)
    yield opened
    io_loop.run_sync(opened.close)


@pytest.fixture
def buckets(calls: Calls) -> tuple[RedisBuckets, RedisBuckets]:
    """The buckets of two processes."""
    scope = new_id()
    one, other = (RedisBuckets(calls, scope, LocalBuckets()) for _ in range(2))
    return one, other


@pytest.fixture
def rosters(calls: Calls) -> tuple[RedisRoster, RedisRoster]:
    """The rosters of two processes."""
    scope = new_id()
    one, other = (begin_roster(calls, scope) for _ in range(2))
    return one, other


def begin_roster(
    calls: Calls, scope: str, make_up: Callable[[], None] = lambda: None, grace: float = 0.2
) -> RedisRoster:
    """Return the roster of one more process."""
    return RedisRoster(calls, scope, new_id(), good_for=GOOD_FOR, grace=grace, make_up=make_up)


@pytest.mark.gen_test
async def test_a_strict_limit_is_exact_over_all_processes(
    buckets: tuple[RedisBuckets, RedisBuckets],
) -> None:
    waits = [await each.take("k", SIGN_IN_ACCOUNT) for each in buckets * 6]
    assert waits[:10] == [0] * 10
    assert 0 < waits[10] <= 6


@pytest.mark.gen_test
async def test_those_who_ask_at_once_do_not_share_a_token(
    buckets: tuple[RedisBuckets, RedisBuckets],
) -> None:
    waits = await asyncio.gather(*(buckets[0].take("k", SIGN_IN_ACCOUNT) for _ in range(15)))
    assert waits.count(0) == 10


@pytest.mark.gen_test
async def test_of_a_large_bucket_a_process_takes_some_tokens_at_once(
    buckets: tuple[RedisBuckets, RedisBuckets], redis: RedisServer
) -> None:
    with redis.client() as client:
        before = client.info("commandstats").get("cmdstat_eval", {"calls": 0})["calls"]
        for _ in range(100):
            assert await buckets[0].take("k", SEND) == 0
        after = client.info("commandstats")["cmdstat_eval"]["calls"]
    assert after - before <= 100 // 10


@pytest.mark.gen_test
async def test_a_large_bucket_lets_no_more_pass_than_it_has(
    buckets: tuple[RedisBuckets, RedisBuckets],
) -> None:
    rate = Rate("test", 200, 50)
    passed = 0
    loop = asyncio.get_running_loop()
    start = loop.time()
    while passed < 1_000 and await buckets[passed % 2].take("k", rate) == 0:
        passed += 1
    seconds = loop.time() - start
    # One of two processes may still have a twentieth when the other one is refused.
    assert 190 <= passed <= 200 + 50 * seconds


@pytest.mark.gen_test
async def test_a_bucket_is_not_kept_under_the_name_of_whom_it_is_for(
    buckets: tuple[RedisBuckets, RedisBuckets], redis: RedisServer
) -> None:
    await buckets[0].take("ana@example.org", SIGN_IN_ACCOUNT)
    with redis.client() as client:
        assert not [key for key in client.keys("*") if b"ana" in key]
        assert all(client.ttl(key) > 0 for key in client.keys("*:rate:*"))


@pytest.mark.gen_test
async def test_a_user_comes_with_the_first_connection_anywhere_and_goes_with_the_last(
    rosters: tuple[RedisRoster, RedisRoster],
) -> None:
    one, other = rosters
    assert await one.appear(ANA) is True
    assert await other.appear(ANA) is False
    assert await one.online([ANA, BEN]) == await other.online([ANA, BEN]) == {ANA}
    assert (await one.elsewhere(ANA), await one.elsewhere(BEN)) == (1, 0)
    assert await one.vanish(ANA) is False
    assert await one.online([ANA]) == {ANA}
    assert await other.vanish(ANA) is True
    assert await one.online([ANA]) == set()


@pytest.mark.gen_test
async def test_who_moves_to_another_process_within_the_grace_has_not_come(calls: Calls) -> None:
    scope = new_id()
    one, other = (begin_roster(calls, scope, grace=60) for _ in range(2))
    await one.appear(ANA)
    assert await one.vanish(ANA) is True
    assert await other.appear(ANA) is False


async def outlive(roster: RedisRoster) -> list[tuple[list[str], list[str]]]:
    """Have a process live until a sign of before is over; return what it found."""
    found = []
    for _ in range(int(GOOD_FOR / BEAT) + 3):
        found.append(await roster.keep())
        await asyncio.sleep(BEAT)
    return found


@pytest.mark.gen_test
async def test_a_sign_of_life_is_good_for_as_long_as_it_says(
    calls: Calls, redis: RedisServer
) -> None:
    scope, name = new_id(), new_id()
    with redis.client() as client:
        before = client.time()
        await Signs(calls, f"realchat:{scope}:", name).show(GOOD_FOR)
        after = client.time()
        over = client.zscore(f"realchat:{scope}:processes", name)
    first, last = (seconds + micros / 1e6 + GOOD_FOR for seconds, micros in (before, after))
    assert first <= over <= last


@pytest.mark.gen_test
async def test_the_people_of_a_process_that_shows_no_sign_of_life_are_gone_once(
    rosters: tuple[RedisRoster, RedisRoster],
) -> None:
    one, other = rosters
    await one.keep()
    await one.appear(ANA)
    await one.appear(BEN)
    await other.appear(BEN)
    found = await outlive(other)
    assert [gone for _, gone in found if gone] == [[ANA]]
    assert await other.online([ANA, BEN]) == {BEN}


@pytest.mark.gen_test
async def test_a_process_that_was_taken_for_dead_brings_its_people_back(
    rosters: tuple[RedisRoster, RedisRoster],
) -> None:
    one, other = rosters
    await one.keep()
    await one.appear(ANA)
    await outlive(other)
    assert await one.keep() == ([ANA], [])
    assert await other.online([ANA]) == {ANA}


@pytest.mark.gen_test
async def test_a_process_that_stops_leaves_it_to_others_to_say_who_is_gone(
    rosters: tuple[RedisRoster, RedisRoster],
) -> None:
    one, other = rosters
    await one.keep()
    await one.appear(ANA)
    await one.vanish(ANA)
    await one.bequeath([ANA])
    found = await outlive(other)
    assert [gone for _, gone in found if gone] == [[ANA]]


@pytest.mark.parametrize("has_told", [False, True], ids=["killed", "stopped"])
@pytest.mark.gen_test
async def test_what_a_process_that_is_gone_may_not_have_told_is_made_up_for(
    calls: Calls, has_told: bool
) -> None:
    scope = new_id()
    made_up: list[str] = []
    gone = begin_roster(calls, scope)
    others = [begin_roster(calls, scope, lambda: made_up.append("all")) for _ in range(2)]
    await gone.keep()
    if has_told:
        await gone.bequeath([])
        await gone.sign_off()
    await asyncio.gather(*(outlive(one) for one in others))
    # Both may notice at the same moment; made up for twice is made up for.
    assert bool(made_up) is not has_told


class TestWithoutRedis:
    """What a process knows itself."""

    @pytest.fixture
    def calls(self, io_loop: IOLoop, tmp_path: Path) -> Iterator[Calls]:
        opened = Calls(f"unix://{tmp_path / 'none.sock'}")
        yield opened
        io_loop.run_sync(opened.close)

    @pytest.mark.gen_test
    async def test_each_process_has_buckets_of_its_own(
        self, buckets: tuple[RedisBuckets, RedisBuckets]
    ) -> None:
        waits = [await buckets[0].take("k", SIGN_IN_ACCOUNT) for _ in range(11)]
        assert (waits[:10], waits[10] > 0) == ([0] * 10, True)
        assert await buckets[1].take("k", SIGN_IN_ACCOUNT) == 0

    @pytest.mark.gen_test
    async def test_each_process_knows_its_own_people(
        self, rosters: tuple[RedisRoster, RedisRoster]
    ) -> None:
        one, other = rosters
        assert await one.appear(ANA) is True
        assert await one.appear(ANA) is False
        assert (await one.online([ANA]), await other.online([ANA])) == ({ANA}, set())
        assert await one.vanish(ANA) is False
        assert await one.vanish(ANA) is True
        assert await one.elsewhere(ANA) == 0
        assert await one.keep() == ([], [])
        await one.bequeath([ANA])
        await one.sign_off()
