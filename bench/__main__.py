"""`python -m bench`: measure RealChat and its peers, by turns, and print the tables.

Takes some fifteen minutes; `--only A,B` measures less, `--quick` all of it in
small, to see that it works. Figures are worth keeping from a machine that does
nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import workloads
from bench.loading import Loader
from bench.machine import HERE, allow_many_files, compile_program, cores, install_peers, on_core
from bench.machine import describe as describe_machine
from bench.measuring import Bench, Results
from bench.people import make_groups, make_people
from bench.tables import write_tables
from bench.workloads import Sizes, Workload, World

_QUICK = Sizes(
    crowd=40, circles=10, circle=4, writers=(1, 10), idle_each=2, rounds=1, seconds=0.5, warm=0.2
)
_WORKLOADS: dict[str, Callable[[World, Sizes], Workload]] = {
    "A": workloads.crowd,
    "B": workloads.circles,
    "D": workloads.idle,
    "P": workloads.writers,
}


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default="A,B,D,P", help="workloads, as A,P")
    parser.add_argument("--peers", default="", help="peers by name, as 'Node ws,C floor'")
    parser.add_argument("--rounds", type=int, help="runs of each, of which the median counts")
    parser.add_argument("--quick", action="store_true", help="small, to see that it works")
    given = parser.parse_args()
    sizes = _QUICK if given.quick else Sizes()
    install_peers()
    allow_many_files()
    with tempfile.TemporaryDirectory(prefix="realchat-bench-") as name:
        bench = prepare(Path(name))
        chosen = [each for each in given.peers.split(",") if each]
        if chosen:
            bench.choose_peers(chosen)
        results = measure(bench, sizes, given.only.split(","), given.rounds or sizes.rounds)
    sys.stdout.write(f"\n{describe_machine()}\n\n{write_tables(results)}")


def prepare(folder: Path) -> Bench:
    """Compile what is in C, and bring it together."""
    server_core, loader_core = cores()
    loader = compile_program(HERE / "loader.c", folder)
    floor = compile_program(HERE / "peers" / "floor.c", folder)
    return Bench(
        folder,
        Loader(loader, folder, on_core(loader_core)),
        floor,
        server_core=server_core,
        loader_core=loader_core,
    )


def measure(bench: Bench, sizes: Sizes, keys: list[str], rounds: int) -> Results:
    """Run the workloads; return their results, those of each round."""
    world = populate(bench, sizes)
    for key in keys:
        workload = _WORKLOADS[key](world, sizes)
        for number in range(rounds):
            say(f"{workload.title}, round {number + 1} of {rounds}")
            bench.measure(workload, sizes)
    return bench.results


def populate(bench: Bench, sizes: Sizes) -> World:
    """Make all accounts and groups that any workload needs."""
    say("making accounts and groups")
    with bench.run_ours(everywhere=True) as running:
        return asyncio.run(_populate(running.port, sizes))


async def _populate(port: int, sizes: Sizes) -> World:
    crowd = await make_people(port, sizes.crowd, "crowd")
    people = await make_people(port, sizes.people, "person")
    rows = [people[n : n + sizes.circle] for n in range(0, sizes.people, sizes.circle)]
    return World(
        crowd=crowd,
        crowd_group=(await make_groups(port, [crowd]))[0],
        people=people,
        circles=await make_groups(port, rows),
        own_groups=await make_groups(port, [[one] for one in people[: max(sizes.writers)]]),
    )


def say(text: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(f"{text} ...\n")


if __name__ == "__main__":
    main()
