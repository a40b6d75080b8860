"""`python -m bench.workers`: one worker and two on the same cores, and what sharing costs.

Under the same load by turns: one process without Redis, one with it, two with it; all
with one MongoDB, the embedded one. Then the bus alone (`bench.bus`), and the room that
people and messages take (`bench.room`). Takes some seven minutes; `--quick` shows that it works.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from pymongo import MongoClient

from bench import bus, room, workloads
from bench.contenders import RedisServer, Running, run_redis, run_workers
from bench.loading import Connect, Loader, Stage
from bench.machine import HERE, ROOT, allow_many_files, compile_program, describe
from bench.worker_tables import Counts, Found, Run, write_report
from bench.workloads import TEXT, Sizes, Workload, World
from realchat.mongod import EmbeddedMongod, start_mongod

# Everybody of a room writes, each going on at the ack: where two workers meet most.
_ROOM = 32
# Connections that are opened at a time. Of many at once one worker takes all that it
# finds waiting, and no two runs would be alike.
_OPENING = 2
# But for one load: many who come back at the same time.
_CROWD, _AT_ONCE = "CC", 64
# Seconds until a server has let go of the connections of the load before.
_REST = 0.5
_PARTS = ("workers", "bus", "room")


class Contender(Struct, frozen=True, kw_only=True):
    """So many workers, with Redis or without."""

    name: str
    workers: int
    has_redis: bool = True


CONTENDERS = (
    Contender(name="1 worker", workers=1, has_redis=False),
    Contender(name="1 worker, Redis", workers=1),
    Contender(name="2 workers, Redis", workers=2),
)
FULL = Sizes(crowd=300, circles=60, circle=5, writers=(300,), rounds=3, seconds=2, warm=0.5)
QUICK = Sizes(crowd=60, circles=15, circle=4, writers=(60,), rounds=1, seconds=0.5, warm=0.2)


class Place(Struct, frozen=True, kw_only=True):
    """What is measured, with what, and where it keeps its files."""

    program: Path
    folder: Path
    loader: Loader
    mongod: EmbeddedMongod
    redis: RedisServer

    def environ(self, contender: Contender) -> Mapping[str, str]:
        """Return the settings that tell a server which database and Redis are its own."""
        redis = {"REDIS_URL": self.redis.socket_url} if contender.has_redis else {}
        return {"MONGODB_URI": self.mongod.uri, **redis}


def main() -> None:
    """Measure what the command line asks for."""
    given = _read_arguments()
    allow_many_files()
    sys.stdout.write(f"{describe()}\n\n")
    with contextlib.ExitStack() as closing:
        # A socket's name must be short.
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="rc-bench-")))
        mongod = start_mongod(folder / "database")
        closing.callback(mongod.stop)
        redis = closing.enter_context(run_redis(folder))
        if "workers" in given.only:
            sizes = QUICK if given.quick else msgspec.structs.replace(FULL, rounds=given.rounds)
            loader = Loader(compile_program(HERE / "loader.c", folder), folder)
            place = Place(
                program=given.server.resolve(),
                folder=folder,
                loader=loader,
                mongod=mongod,
                redis=redis,
            )
            print_part(write_report(measure(place, sizes)))
        if "bus" in given.only:
            load = bus.QUICK if given.quick else bus.Load(rounds=given.rounds)
            print_part(bus.write_table(bus.measure(redis, load)))
        if "room" in given.only:
            number = 2_000 if given.quick else 50_000
            print_part(room.write_table(room.measure(redis, folder / "room", number)))


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.workers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small, to see that it works")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--only", type=_read_parts, default=_PARTS, help="parts of it, as bus,room")
    parser.add_argument(
        "--server", type=Path, default=ROOT / "server.py", help="another copy's server.py"
    )
    return parser.parse_args()


def _read_parts(wanted: str) -> Sequence[str]:
    parts = wanted.split(",")
    if unknown := set(parts).difference(_PARTS):
        raise argparse.ArgumentTypeError(f"no such part: {', '.join(unknown)}")
    return parts


def print_part(text: str) -> None:
    """Print what one part found, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def measure(place: Place, sizes: Sizes) -> Found:
    """Run all rounds; return what each contender did under each load."""
    say("making accounts and groups")
    with run_workers(place.program, place.folder, 2, place.environ(CONTENDERS[-1])) as running:
        world = asyncio.run(workloads.populate(running.port, sizes))
    loads = loads_of(world, sizes)
    found: Found = defaultdict(lambda: defaultdict(list))
    for number in range(sizes.rounds):
        for contender in CONTENDERS:
            say(f"{contender.name}, round {number + 1} of {sizes.rounds}")
            environ = place.environ(contender)
            workers = contender.workers
            with run_workers(place.program, place.folder, workers, environ) as running:
                for load in loads:
                    found[load.title][contender.name].append(run(place, running, load, sizes))
    return found


def loads_of(world: World, sizes: Sizes) -> list[Workload]:
    """Return what everybody is measured under, one stage each."""
    coming = [Connect(0, "/ws", one.token) for one in world.people]
    alone, most = workloads.writers(world, sizes), max(sizes.writers)
    small = workloads.circles(world, sizes)
    crowd = workloads.crowd(world, sizes)
    few = crowd.senders[-1]
    busy = [Connect(0, "/ws", one.token, world.crowd_group) for one in world.crowd[:_ROOM]]
    return [
        Workload(key="C", title="C: people connect, two at a time", ours=coming, peer=()),
        Workload(key=_CROWD, title=f"{_CROWD}: {_AT_ONCE} at a time", ours=coming, peer=()),
        msgspec.structs.replace(
            alone, senders=(most,), title=f"P{most}: {most} people, each in a group of their own"
        ),
        msgspec.structs.replace(
            small, senders=(sizes.circles,), title=f"G: {small.title}, one of each writes"
        ),
        msgspec.structs.replace(small, title=f"B: {small.title}, all write"),
        msgspec.structs.replace(
            crowd, senders=(few,), title=f"A{few}: {crowd.title}, {few} of them write"
        ),
        Workload(
            key="R",
            title=f"R: one room, {len(busy)} connected, all write",
            ours=busy,
            peer=(),
            senders=(len(busy),),
            ack=True,
        ),
    ]


def run(place: Place, running: Running, load: Workload, sizes: Sizes) -> Run:
    """Load the workers that are running; return what they did, and what each part took."""
    # The last is the whole machine, whoever used it.
    pids = [*running.pids, place.mongod.process.pid, place.redis.pid, 0]
    time.sleep(_REST)
    before: list[Counts] = []

    def note() -> None:
        before.append(read_counts(place.mongod.uri))

    options: dict[str, object] = {
        "pids": ",".join(map(str, pids)),
        "hello": 1,
        "opening": _AT_ONCE if load.key == _CROWD else _OPENING,
        "size": TEXT,
        "ack": int(load.ack),
        "seconds": sizes.seconds,
        "warm": sizes.warm,
    }
    options |= {"senders": load.senders[0]} if load.senders else {"hold": sizes.warm}
    if not load.senders:
        note()
    begins = note if load.senders else None
    stage = place.loader.run(running.port, load.ours, begins, **options)[0]
    return split(stage, read_counts(place.mongod.uri).since(before[0]))


def split(stage: Stage, counts: Counts) -> Run:
    """Share out what a stage took: the workers', database's, Redis', machine's, in this order."""
    *workers, database, redis, machine = stage.cpu_us
    opened = stage.opened[: len(workers)]
    loader = stage.loader_share * stage.seconds * 1e6
    ours = sum(workers) + database + redis + loader
    return Run(
        stage=stage,
        workers_us=workers,
        fullest=max(opened) / max(sum(opened), 1),
        database_us=database,
        redis_us=redis,
        loader_us=loader,
        others_us=max(0.0, machine - ours),
        counts=counts,
    )


def read_counts(uri: str) -> Counts:
    """Return what the database has done so far."""
    with MongoClient[dict[str, Any]](uri) as client:
        status = client.admin.command("serverStatus")
    commands = status["metrics"]["commands"]
    return Counts(
        tried=status["opcounters"]["insert"],
        stored=status["metrics"]["document"]["inserted"],
        inserts=commands["insert"]["total"],
        finds=commands["find"]["total"],
    )


def say(text: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(f"{text} ...\n")


if __name__ == "__main__":
    main()
