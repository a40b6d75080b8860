"""What the bench of several processes says: who took what, and what follows for many people."""

from __future__ import annotations

import asyncio
import math
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from msgspec import structs
from parts import require

from bench import bus, model, room, workers
from bench.bus_part import OURS
from bench.contenders import PEERS, RedisServer, run_peer, run_redis, run_workers
from bench.loading import Connect, Loader, Stage
from bench.machine import HERE, ROOT, compile_program, cores
from bench.model_inputs import Costs
from bench.reckoning import Model, cost_of_send
from bench.worker_tables import Counts, write_report
from bench.workloads import Sizes, populate
from realchat.mongod import start_mongod

needs_compiler = pytest.mark.skipif(
    not (shutil.which("cc") or shutil.which("gcc")), reason="there is no C compiler here"
)

SCALE = (ROOT / "docs/scale.md").read_text()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder for this module; a socket's name must be short."""
    with TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture(scope="module")
def redis(folder: Path) -> Iterator[RedisServer]:
    """One Redis for this module."""
    require(shutil.which("redis-server") is not None, "redis-server is not installed")
    with run_redis(folder) as running:
        yield running


def stage_of(cpu_us: Sequence[float], acks: int = 1_000, **other: int) -> Stage:
    """Return a stage of a second, a tenth of which the loader was busy."""
    return Stage(
        seconds=1,
        closed=0,
        memory_kb=0,
        cpu_us=list(cpu_us),
        acks=acks,
        senders=1,
        loader_share=0.1,
        opened=[30, 10],
        **other,
    )


# Two workers, the database, Redis, the machine.
TWO = [400_000, 300_000, 200_000, 50_000, 1_500_000]
COUNTS = Counts(tried=12, stored=10, inserts=5, finds=20)


def test_what_a_stage_took_is_shared_out() -> None:
    run = workers.split(stage_of(TWO), COUNTS)
    assert run.server_us == 950_000
    assert run.others_us == pytest.approx(1_500_000 - 950_000 - 100_000)
    assert (run.each(run.database_us), run.fullest) == (200, 0.75)
    assert run.counts.each(run.counts.tried) == 1.2


def test_without_the_loader_there_is_no_more_room_than_it_took() -> None:
    run = workers.split(stage_of(TWO), COUNTS)
    assert run.room == pytest.approx(1.05 / 0.95)


def test_a_worker_whose_core_is_full_gains_nothing_without_the_loader() -> None:
    full = workers.split(stage_of([1_000_000, 0, 200_000, 0, 1_500_000]), COUNTS)
    assert full.room == 1
    assert full.on_own_cores == full.sends


def test_the_report_has_the_ratio_of_each_round_and_names_what_is_unsound() -> None:
    found = {
        "P2: two": {
            "1 worker": [workers.split(stage_of(TWO, acks=n), COUNTS) for n in (1_000, 3_000)],
            "2 workers": [
                workers.split(stage_of(TWO, acks=n, doubled=1), COUNTS) for n in (2_000, 6_000)
            ],
        }
    }
    report = write_report(found)
    assert "| P2 | 2.00 x | 2.00 x | 2.00 x |" in report
    assert "2 workers (unsound)" in report
    assert "1 worker (unsound)" not in report


@needs_compiler
def test_the_loader_says_who_took_its_connections_and_what_the_machine_did(folder: Path) -> None:
    loader = Loader(compile_program(HERE / "loader.c", folder), folder)
    floor = compile_program(PEERS / "floor.c", folder)
    with run_peer([str(floor)], cores()[0]) as running:
        plan = [Connect(0, "/0") for _ in range(7)]
        (stage,) = loader.run(
            running.port, plan, pids=f"{running.pids[0]},0", opening=1, seconds=0.1, settle=1
        )
    assert list(stage.opened) == [7, 0]
    assert stage.cpu_us[1] >= stage.cpu_us[0]


@needs_compiler
def test_of_two_workers_each_is_measured(redis: RedisServer, folder: Path) -> None:
    mongod = start_mongod(folder / "database")
    try:
        place = workers.Place(
            program=ROOT / "server.py",
            folder=folder,
            loader=Loader(compile_program(HERE / "loader.c", folder), folder),
            mongod=mongod,
            redis=redis,
        )
        sizes = Sizes(crowd=4, circles=1, circle=2, writers=(2,), seconds=2, warm=0.1)
        two = workers.CONTENDERS[-1]
        with run_workers(place.program, folder, two.workers, place.environ(two)) as running:
            world = asyncio.run(populate(running.port, sizes))
            loads = workers.loads_of(world, sizes)
            runs = [workers.run(place, running, load, sizes) for load in (loads[0], loads[-1])]
    finally:
        mongod.stop()
    connecting, talking = runs
    assert (len(connecting.workers_us), connecting.stage.connections) == (2, 2)
    assert talking.stage.is_sound
    assert talking.stage.acks > 0
    assert talking.counts.tried >= talking.counts.stored > 0
    assert min(talking.counts.inserts, talking.counts.finds) > 0


def test_the_bus_is_measured_beside_redis_py(redis: RedisServer) -> None:
    found = bus.measure(redis, bus.Load(events=60, rate=2_000, hearers=(2,), rounds=1))
    assert list(found) == [("Unix socket", 2), ("TCP", 2)]
    for by_kind in found.values():
        assert list(by_kind) == list(bus.KINDS)
        assert all(min(cost.sender, cost.hearer) > 0 for (cost,) in by_kind.values())
    table = bus.write_table(found)
    assert f"| TCP, 2 hearers | {OURS} |" in table
    assert table.count(" x |") == 4


def test_a_message_and_a_conversation_take_room(redis: RedisServer, folder: Path) -> None:
    found = room.measure(redis, folder / "room", 500)
    # The text alone is some 60 letters, an id's name some 60 bytes.
    assert found.message.data > 200
    assert min(found.message.disk, found.message.indexes) > 20
    assert min(found.redis_channel, found.redis_listener, found.redis_person) > 60
    assert found.news_bytes > 120 * 24


def test_a_hundred_times_the_people_need_a_hundred_times_the_disk() -> None:
    few, many = Model(size=10_000), Model(size=1_000_000)
    assert many.storage() == pytest.approx(100 * few.storage())
    assert many.rates.deliveries == pytest.approx(100 * few.rates.deliveries)


def test_one_process_hears_nobody_and_many_hear_each_reader() -> None:
    people = Model(size=1).people
    assert Model(size=1).hearers(1) == 0
    others = people.direct_share + (1 - people.direct_share) * (people.group_size - 1)
    assert Model(size=1).hearers(1e9) == pytest.approx(others * people.online, rel=0.01)


def test_where_all_cores_hear_only_no_number_of_processes_is_enough() -> None:
    many = Model(size=100_000_000)
    assert not many.processes().is_enough
    assert structs.replace(many, tells_presence=False).processes().is_enough
    assert "no number is enough" in model.write_tables([many])


def test_a_limit_is_met_where_it_is_used_up() -> None:
    whole = Model(size=1)
    for limit in whole.limits():
        people = whole.met_at(limit)
        assert Model(size=people).limits()[limit] >= 1
        assert Model(size=people / 1.1).limits()[limit] < 1.05


def test_a_send_costs_what_was_measured_and_between_that_in_between() -> None:
    costs = Costs()
    (low, dear), (high, cheap), (most, least) = costs.sending
    assert [cost_of_send(costs, rate) for rate in (1, low, high, most, 1e6)] == pytest.approx(
        [dear, dear, cheap, least, least]
    )
    assert cheap < cost_of_send(costs, math.sqrt(low * high)) < dear


def test_the_document_shows_what_the_model_prints() -> None:
    shown = SCALE.partition(model.BEGIN)[2].partition(model.END)[0]
    assert shown.strip() == model.write_model().strip()
