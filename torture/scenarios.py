"""The scenarios: who talks, what is broken how often, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

from torture import faults, fleet_faults
from torture.checker import Violation, check
from torture.crowd import Crowd, Size
from torture.fleet import Fleet
from torture.ground import Ground
from torture.namespace import Namespace, forbids_namespaces
from torture.programs import find_program
from torture.replica_set import ReplicaSet
from torture.stalling import stall_readers
from torture.stand import Stand

# Seconds until talking must go on after a fault was mended.
PATIENCE = 60
_BETWEEN = (0.0, 1.0)

# Takes what the scenario is played on, a `Stand` or a `Fleet`.
Fault = Callable[[Any, Crowd], Awaitable[None]]


class Scenario(NamedTuple):
    """A crowd, and what happens to it: `faults` times, with `acks` before each."""

    name: str
    size: Size
    fault: Fault
    faults: int
    acks: int = 100
    writers: int = 24
    pause: float = 0.05
    padding: int = 0
    members: int = 1
    workers: int = 1
    # Whether it counts as mended only when every device is back.
    everyone: bool = False
    # Two nodes behind nginx; one of them in a network namespace where that is to be cut.
    is_fleet: bool = False
    cuts: bool = False

    @property
    def what(self) -> str:
        """What is broken, in words."""
        return (self.fault.__doc__ or "").partition("\n")[0]


class Outcome(NamedTuple):
    """What came of a scenario; times in seconds, `back` from each mending to the next ack."""

    scenario: Scenario
    faults: int
    acked: int
    sights: int
    back: tuple[float, ...]
    seconds: float
    violations: list[Violation]
    times: dict[str, list[float]]


class Options(NamedTuple):
    """How to run: where, with which seed, and whether with `resume` or over REST alone."""

    folder: Path
    seed: int
    resumes: bool = True


def find_lack(scenario: Scenario) -> str:
    """Return, in words, what this machine lacks for a scenario; empty where it lacks nothing."""
    if not scenario.is_fleet:
        return ""
    for name in ("redis-server", "nginx"):
        if find_program(name) is None:
            return f"{name} is not installed"
    return forbids_namespaces() if scenario.cuts else ""


async def run(scenario: Scenario, options: Options) -> Outcome:
    """Carry out a scenario in a folder of its own."""
    folder = options.folder / scenario.name
    folder.mkdir(parents=True)
    rng = random.Random(f"{options.seed} {scenario.name}")
    with contextlib.ExitStack() as closing:
        ground = _prepare_ground(scenario, folder, rng, closing)
        try:
            await ground.open()
            crowd = Crowd(ground.url, scenario.size, options.seed, resumes=options.resumes)
            try:
                return await _torture(scenario, ground, crowd)
            finally:
                await crowd.leave()
        finally:
            await ground.close()


def _prepare_ground(
    scenario: Scenario, folder: Path, rng: random.Random, closing: contextlib.ExitStack
) -> Ground:
    """Start what the servers need; `closing` ends it."""
    network = None
    if scenario.cuts:
        network = Namespace()
        closing.callback(network.close)
    if not scenario.is_fleet and scenario.members == 1:
        return Stand(folder, rng, None, scenario.workers)
    host = network.outer if network else "127.0.0.1"
    members = ReplicaSet(folder, scenario.members, host)
    closing.callback(members.close)
    members.open()
    if scenario.is_fleet:
        return Fleet(folder, rng, members, network)
    return Stand(folder, rng, members, scenario.workers)


async def _torture(scenario: Scenario, ground: Ground, crowd: Crowd) -> Outcome:
    await crowd.gather()
    begin = time.monotonic()
    crowd.talk(scenario.writers, scenario.pause, scenario.padding)
    back: list[float] = []
    try:
        for _ in range(scenario.faults):
            await _break_once(scenario, ground, crowd, back)
        await crowd.next_acks(scenario.acks, PATIENCE)
        await crowd.hush(PATIENCE)
    except TimeoutError:
        ground.faults.append(f"nothing is acked for {PATIENCE} s after fault {len(back)}")
        # What is said until the end could not have reached everybody.
        await crowd.fall_silent()
    seconds = time.monotonic() - begin
    await crowd.settle(ground.look)
    stored = await asyncio.to_thread(ground.read_stored)
    ground.collect_faults()
    violations = [Violation("fault", line) for line in ground.faults]
    is_fleet = scenario.is_fleet or scenario.workers > 1
    return Outcome(
        scenario=scenario,
        faults=len(back),
        acked=len(crowd.record.acked),
        sights=sum(map(len, crowd.record.seen.values())),
        back=tuple(back),
        seconds=seconds,
        violations=[*check(crowd.record, stored, is_fleet=is_fleet), *violations],
        times=ground.times,
    )


async def _break_once(scenario: Scenario, ground: Ground, crowd: Crowd, back: list[float]) -> None:
    """Break something amid the talk; note the seconds from its mending to the next ack."""
    await ground.prepare(crowd)
    await crowd.next_acks(scenario.acks, PATIENCE)
    await asyncio.sleep(ground.rng.uniform(*_BETWEEN))
    await scenario.fault(ground, crowd)
    mended = time.monotonic()
    if scenario.everyone:
        await crowd.wait_ready(PATIENCE)
    await crowd.next_acks(1, PATIENCE)
    back.append(time.monotonic() - mended)


_FEW = Size(users=16, devices=2, group=8)
_MANY = Size(users=100, devices=5, group=20, loud=100, heartbeat=None)
_STORM = Size(users=400, devices=5, group=8, heartbeat=None)


def _fleet(name: str, fault: Fault, count: int) -> Scenario:
    """Return a scenario of a fleet, whose processes need more of the machine's time."""
    return Scenario(name, _FEW, fault, count, writers=16, pause=0.1, is_fleet=True)


# The long form, with the counts that were asked of it.
LONG = [
    Scenario("server-killed", _FEW, faults.kill_server, 100, acks=500),
    Scenario("server-restarted", _FEW, faults.restart_server, 50),
    Scenario("workers-renewed", _FEW, faults.renew_workers, 50, workers=2),
    Scenario("database-killed", _FEW, faults.kill_mongod, 50),
    Scenario("database-frozen", _FEW, faults.freeze_mongod, 50),
    Scenario("network-broken", _FEW, faults.break_network, 50),
    Scenario("primary-steps-down", _FEW, faults.step_down, 50, members=3),
    Scenario("readers-stalled", _MANY, stall_readers, 10, pause=0.3, padding=9000, everyone=True),
    Scenario("all-return-at-once", _STORM, faults.cut_all, 5, pause=0.2, everyone=True),
    Scenario("soak", _FEW, faults.anything, 100),
    _fleet("node-killed", fleet_faults.kill_node, 50),
    _fleet("redis-killed", fleet_faults.kill_redis, 50),
    _fleet("redis-paused", fleet_faults.pause_redis, 25),
    _fleet("nginx-killed", fleet_faults.kill_nginx, 50),
    _fleet("fleet-primary-killed", faults.step_down, 50)._replace(members=3),
    _fleet("node-cut-off", fleet_faults.cut_node_off, 25)._replace(cuts=True),
    _fleet("nodes-renewed", fleet_faults.renew_nodes, 25),
    _fleet("fleet-soak", fleet_faults.anything, 50)._replace(members=3, cuts=True),
]
# What fits into a coffee break, and into the tests.
MEDIUM = [one._replace(faults=max(3, one.faults // 10)) for one in LONG]
_HANDFUL = Size(users=6, devices=2, group=6, heartbeat=2)
SHORT = [
    Scenario("server-killed", _HANDFUL, faults.kill_server, 2, acks=60, writers=6),
    Scenario("server-restarted", _HANDFUL, faults.restart_server, 1, acks=60, writers=6),
    Scenario("database-killed", _HANDFUL, faults.kill_mongod, 1, acks=60, writers=6),
    Scenario("database-frozen", _HANDFUL, faults.freeze_mongod_briefly, 1, acks=60, writers=6),
    Scenario("network-broken", _HANDFUL, faults.break_network, 2, acks=60, writers=6),
    Scenario(
        "readers-stalled",
        _HANDFUL._replace(heartbeat=None),
        faults.hang_briefly,
        1,
        acks=60,
        padding=4000,
    ),
    Scenario(
        "node-killed",
        _HANDFUL,
        fleet_faults.kill_node,
        2,
        acks=60,
        writers=6,
        is_fleet=True,
    ),
    Scenario(
        "redis-killed",
        _HANDFUL,
        fleet_faults.kill_redis,
        2,
        acks=60,
        writers=6,
        is_fleet=True,
    ),
    Scenario(
        "node-cut-off",
        _HANDFUL,
        fleet_faults.cut_node_off_briefly,
        1,
        acks=60,
        writers=6,
        is_fleet=True,
        cuts=True,
    ),
]
