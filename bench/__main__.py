"""`python -m bench`: measure RealChat and its peers, by turns, and print the tables.

Takes some fifteen minutes; `--only A,B` measures less, `--quick` all of it in
small, to see that it works. Figures are worth keeping from a machine that does
nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench import workloads
from bench.loading import Loader
from bench.machine import (
    HERE,
    PEER_PYTHON,
    ROOT,
    allow_many_files,
    compile_program,
    cores,
    install_peers,
    on_core,
)
from bench.machine import describe as describe_machine
from bench.measuring import Bench
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
    given = _read_arguments()
    sizes = _QUICK if given.quick else Sizes()
    install_peers()
    allow_many_files()
    sys.stdout.write(f"{describe_machine()}\n")
    with contextlib.ExitStack() as closing:
        folder = given.folder
        if folder is None:
            scratch = tempfile.TemporaryDirectory(prefix="realchat-bench-")
            folder = Path(closing.enter_context(scratch))
        folder.mkdir(parents=True, exist_ok=True)
        bench = prepare(given.server, folder.resolve())
        if given.peers:
            bench.choose_peers(given.peers.split(","))
        world = find_world(bench, folder, sizes)
        for key in given.only.split(","):
            workload = _WORKLOADS[key](world, sizes)
            measure(bench, workload, sizes, given.rounds or sizes.rounds)
        if given.plot:
            plot(bench, folder, given.plot)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default="A,B,D,P", help="workloads, as A,P")
    parser.add_argument("--peers", default="", help="peers by name, as 'Node ws,C floor'")
    parser.add_argument("--rounds", type=int, help="runs of each, of which the median counts")
    parser.add_argument("--quick", action="store_true", help="small, to see that it works")
    parser.add_argument("--folder", type=Path, help="keeps the accounts for the next time")
    parser.add_argument("--plot", type=Path, help="also draw the results, into this file (.svg)")
    parser.add_argument(
        "--server", type=Path, default=ROOT / "server.py", help="another copy's server.py"
    )
    return parser.parse_args()


def prepare(program: Path, folder: Path) -> Bench:
    """Compile what is in C, and bring it together."""
    server_core, loader_core = cores()
    loader = compile_program(HERE / "loader.c", folder)
    floor = compile_program(HERE / "peers" / "floor.c", folder)
    return Bench(
        program.resolve(),
        folder,
        Loader(loader, folder, on_core(loader_core)),
        floor,
        server_core=server_core,
        loader_core=loader_core,
    )


def measure(bench: Bench, workload: Workload, sizes: Sizes, rounds: int) -> None:
    """Run all rounds of a workload, and print its tables."""
    for number in range(rounds):
        say(f"{workload.title}, round {number + 1} of {rounds}")
        bench.measure(workload, sizes)
    keys = workload.stages or (workload.key,)
    sys.stdout.write(write_tables({key: bench.results[key] for key in keys}) + "\n")
    sys.stdout.flush()


def plot(bench: Bench, folder: Path, image: Path) -> None:
    """Draw all results, with the matplotlib of the peers' Python."""
    results = folder / "results.json"
    results.write_bytes(msgspec.json.encode(bench.results))
    subprocess.run([str(PEER_PYTHON), str(HERE / "plots.py"), str(results), str(image)], check=True)


def find_world(bench: Bench, folder: Path, sizes: Sizes) -> World:
    """Return the accounts and groups that an earlier run left in the folder, or make them."""
    path = folder / f"world-{sizes.crowd}-{sizes.people}.json"
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=World)
    say("making accounts and groups")
    with bench.run_ours(everywhere=True) as running:
        world = asyncio.run(workloads.populate(running.port, sizes))
    path.write_bytes(msgspec.json.encode(world))
    return world


def say(text: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(f"{text} ...\n")


if __name__ == "__main__":
    main()
