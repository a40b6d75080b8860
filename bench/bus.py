"""`python -m bench.bus`: what an event over the bus costs its sender, each hearer, and Redis.

Beside it redis-py as it is, which passes on the same bytes: by turns, at the same pace.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct
from redis import Redis

from bench.bus_part import ONE_BY_ONE, OURS, PIPELINED, Taken
from bench.contenders import RedisServer, StartFailedError, run_redis
from bench.machine import ROOT, describe
from bench.tables import write_row
from realchat.ids import group_conversation, new_id

KINDS = (OURS, PIPELINED, ONE_BY_ONE)
# Seconds that a process may take to end after what it had to say.
_PATIENCE = 20


class Load(Struct, frozen=True, kw_only=True):
    """So many events, at so many a second, to so many hearers."""

    events: int = 4_000
    rate: float = 5_000
    hearers: tuple[int, ...] = (1, 4)
    rounds: int = 3


QUICK = Load(events=300, hearers=(1, 2), rounds=1)


class Cost(Struct, frozen=True, kw_only=True):
    """CPU microseconds of an event: its sender's, one hearer's, Redis' for all hearers."""

    sender: float
    hearer: float
    redis: float
    events_per_second: float

    def total(self, hearers: int) -> float:
        """Return what an event costs all of them."""
        return self.sender + hearers * self.hearer + self.redis


# Costs by the way to Redis, the number of hearers, and kind; one of each round.
Costs = dict[tuple[str, int], dict[str, list[Cost]]]


def measure(redis: RedisServer, load: Load) -> Costs:
    """Run all rounds."""
    found: Costs = defaultdict(lambda: defaultdict(list))
    ways = {"Unix socket": redis.socket_url, "TCP": redis.tcp_url}
    for number in range(load.rounds):
        sys.stderr.write(f"the bus, round {number + 1} of {load.rounds} ...\n")
        for way, url in ways.items():
            for hearers in load.hearers:
                for kind in KINDS:
                    cost = measure_one(url, kind, hearers, load)
                    found[way, hearers][kind].append(cost)
    return found


def measure_one(url: str, kind: str, hearers: int, load: Load) -> Cost:
    """Have one process send to others. Raises `StartFailedError` where something is lost."""
    conversation = group_conversation(new_id())
    rest = [kind, url, conversation, str(load.events), str(load.rate)]
    with contextlib.ExitStack() as closing, Redis.from_url(url) as redis:
        listening = [closing.enter_context(_Part("hear", *rest)) for _ in range(hearers)]
        for each in listening:
            each.read()
        before = _cpu_us(redis)
        sent = closing.enter_context(_Part("send", *rest)).read_taken()
        heard = [each.read_taken() for each in listening]
        used = _cpu_us(redis) - before
    return Cost(
        sender=sent.cpu_us / load.events,
        hearer=statistics.mean(each.cpu_us for each in heard) / load.events,
        redis=used / load.events,
        events_per_second=load.events / sent.seconds,
    )


class _Part:
    """A process of `bench.bus_part`, which ends with the block."""

    def __init__(self, *words: str) -> None:
        command = [sys.executable, "-m", "bench.bus_part", *words]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> _Part:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()

    @property
    def _output(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout

    def read(self) -> str:
        """Return what it says next. Raises `StartFailedError` where it has ended."""
        line = self._output.readline()
        if not line:
            raise StartFailedError("A part of the bench ended before its time.")
        return line

    def read_taken(self) -> Taken:
        """Return what it says that it took."""
        return msgspec.json.decode(self.read(), type=Taken)


def _cpu_us(redis: Redis) -> float:
    used = redis.info("cpu")
    return float(used["used_cpu_user"] + used["used_cpu_sys"]) * 1e6


_COLUMNS: list[tuple[str, Callable[[Cost], float]]] = [
    ("sender µs/event", lambda cost: cost.sender),
    ("each hearer", lambda cost: cost.hearer),
    ("Redis", lambda cost: cost.redis),
]


def write_table(found: Costs) -> str:
    """Return a table: medians, and ours as a ratio to each, round by round."""
    names = [name for name, _ in _COLUMNS]
    head = ["**an event**", "through", *names, "all", "ours is", "events/s"]
    lines = [head, ["---", "---", *["---:"] * (len(head) - 2)]]
    for (way, hearers), by_kind in found.items():
        for kind, costs in by_kind.items():
            pairs = zip(by_kind[OURS], costs, strict=True)
            ratio = statistics.median(
                one.total(hearers) / other.total(hearers) for one, other in pairs
            )
            cells = [f"{statistics.median(map(of, costs)):.1f}" for _, of in _COLUMNS]
            whole = statistics.median(cost.total(hearers) for cost in costs)
            pace = statistics.median(cost.events_per_second for cost in costs)
            place = f"{way}, {hearers} hearer{'s' * (hearers > 1)}"
            ours_is = "" if kind == OURS else f"{ratio:.2f} x"
            lines.append([place, kind, *cells, f"{whole:.1f}", ours_is, f"{pace:,.0f}"])
    return "".join(map(write_row, lines))


def main() -> None:
    """Measure the bus alone."""
    parser = argparse.ArgumentParser(prog="python -m bench.bus", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small, to see that it works")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; the median counts")
    given = parser.parse_args()
    sys.stdout.write(f"{describe()}\n\n")
    with (
        tempfile.TemporaryDirectory(prefix="rc-bench-") as folder,
        run_redis(Path(folder)) as redis,
    ):
        load = QUICK if given.quick else Load(rounds=given.rounds)
        sys.stdout.write(write_table(measure(redis, load)))


if __name__ == "__main__":
    main()
