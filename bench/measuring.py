"""One server after the other under the same load; what each round found is kept."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import defaultdict
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from pymongo import MongoClient, WriteConcern

from bench.contenders import OURS, PEERS, Running, peer_commands, run_ours, run_peer
from bench.loading import Loader, Stage
from bench.machine import move
from bench.workloads import PEER_TEXT, TEXT, Sizes, Workload
from realchat.mongod import start_mongod

# Stages by workload, as `A16` or `D`, and by server; one of each round.
Results = dict[str, dict[str, list[Stage]]]

INSERTING = "one insert_one a message"
BARE = "bare insert_one"
_BARE_INSERTS = 1_000


class Bench:
    """The servers, the loader, and what was found so far."""

    def __init__(
        self,
        program: Path,
        folder: Path,
        loader: Loader,
        floor: Path,
        *,
        server_core: int,
        loader_core: int,
    ) -> None:
        self._program = program
        self._folder = folder
        self._loader = loader
        self._server_core, self._loader_core = server_core, loader_core
        self._peers = peer_commands(floor)
        self.results: defaultdict[str, dict[str, list[Stage]]] = defaultdict(dict)

    def choose_peers(self, names: list[str]) -> None:
        """Measure these peers only."""
        self._peers = {name: self._peers[name] for name in names}

    def run_ours(self, *, everywhere: bool = False) -> AbstractContextManager[Running]:
        """Start our server, on its core, or on all cores, where nothing is measured."""
        data = self._folder / "ours"
        data.mkdir(exist_ok=True)
        if everywhere:
            return run_ours(self._program, data, None, None)
        return run_ours(self._program, data, self._server_core, self._loader_core)

    def measure(self, workload: Workload, sizes: Sizes) -> None:
        """Run one round: ours and each of those it is compared with, one after the other."""
        with self.run_ours() as running:
            self._load(OURS, running, workload, sizes)
        if workload.ack:
            self._measure_inserting(workload, sizes)
            return
        for name, command in self._peers.items():
            with run_peer(command, self._server_core) as running:
                self._load(name, running, workload, sizes)

    def _measure_inserting(self, workload: Workload, sizes: Sizes) -> None:
        """Measure the server that awaits each write, and the write alone."""
        mongod = start_mongod(self._folder / "inserting")
        with contextlib.ExitStack() as closing:
            closing.callback(mongod.stop)
            move(mongod.process.pid, self._loader_core)
            self._keep("P1", BARE, _insert_bare(mongod.uri))
            command = [sys.executable, str(PEERS / "insert_one.py")]
            environ = {"MONGODB_URI": mongod.uri}
            peer = closing.enter_context(run_peer(command, self._server_core, environ))
            both = Running(port=peer.port, pids=(*peer.pids, mongod.process.pid))
            self._load(INSERTING, both, workload, sizes)

    def _load(self, name: str, running: Running, workload: Workload, sizes: Sizes) -> None:
        ours = name == OURS
        options: dict[str, object] = {
            "pids": ",".join(map(str, running.pids)),
            "hello": int(ours),
            "size": TEXT if ours or workload.ack else PEER_TEXT,
            "ack": int(workload.ack),
            "seconds": sizes.seconds,
            "warm": sizes.warm,
        }
        if workload.senders:
            options["senders"] = ",".join(map(str, workload.senders))
        else:
            options["hold"] = 1
        plan = workload.ours if ours else workload.peer
        stages = self._loader.run(running.port, plan, None, **options)
        for key, stage in zip(workload.stages or (workload.key,), stages, strict=True):
            self._keep(key, name, stage)

    def _keep(self, key: str, name: str, stage: Stage) -> None:
        self.results[key].setdefault(name, []).append(stage)


def _insert_bare(uri: str) -> Stage:
    """Insert documents one at a time, with nothing around it; return how long each took."""
    with MongoClient[dict[str, Any]](uri) as client:
        concern = WriteConcern(w="majority", j=True)
        messages = client["bench"].get_collection("bare", write_concern=concern)
        start, cpu, times = time.perf_counter(), time.process_time(), []
        for number in range(_BARE_INSERTS):
            begun = time.perf_counter()
            messages.insert_one({"content": "x" * TEXT, "number": number})
            times.append(int((time.perf_counter() - begun) * 1e6))
        seconds = time.perf_counter() - start
    times.sort()
    return Stage(
        seconds=seconds,
        closed=0,
        memory_kb=0,
        cpu_us=[(time.process_time() - cpu) * 1e6],
        senders=1,
        sent=len(times),
        acks=len(times),
        ack_p50_us=times[len(times) // 2],
        ack_p99_us=times[len(times) * 99 // 100],
    )
