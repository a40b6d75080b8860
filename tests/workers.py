"""The server with several workers, as tests start it and look at it."""

from __future__ import annotations

import os
import signal
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from people import Person
from processes import PATIENCE, ServerProcess, is_alive, wait_until
from sockets import Device, device

from torture.stand import ENVIRON


class Team(ServerProcess):
    """`python server.py --workers N` in a folder."""

    def __init__(self, folder: Path, number: str = "2", **environ: str) -> None:
        super().__init__(folder, "--workers", number, **{**ENVIRON, **environ})
        self._killed = 0

    def __enter__(self) -> Team:
        super().__enter__()
        return self

    def wait_ready(self) -> Team:
        """Wait until all workers serve, which the start-up block tells."""
        wait_until(lambda: self.process.poll() is not None or "is ready" in self.stdout)
        assert self.process.poll() is None, self.stderr
        super().wait_ready()
        return self

    def kill_worker(self, pid: int = 0) -> int:
        """End a worker the hard way, any if none is named; return its process id."""
        pid = pid or self.workers[0]
        self._killed += 1
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(pid))
        return pid

    def is_whole(self) -> bool:
        """Tell whether every worker that was killed has a successor that serves."""
        return self.stderr.count("serves in its place") == self._killed

    @contextmanager
    def only(self, pid: int) -> Iterator[None]:
        """Have one worker alone take connections, as long as the block lasts."""
        others = [each for each in self.workers if each != pid]
        for each in others:
            os.kill(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in others:
                os.kill(each, signal.SIGCONT)

    def measure(self, name: str) -> float:
        """Return the sum of a measure over its labels, as one of the workers tells it."""
        return sum(float(line.split()[-1]) for line in self._lines(name))

    def labels(self, name: str, label: str) -> set[str]:
        """Return the values that a label of a measure has."""
        return {line.partition(f'{label}="')[2].partition('"')[0] for line in self._lines(name)}

    def _lines(self, name: str) -> list[str]:
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=PATIENCE) as reply:
            lines = reply.read().decode().splitlines()
        return [line for line in lines if line.startswith((f"{name} ", f"{name}{{"))]


@asynccontextmanager
async def device_on(team: Team, pid: int, person: Person) -> AsyncIterator[Device]:
    """Connect a device of a person to one of the workers."""
    connecting = device(person)
    with team.only(pid):
        phone = await connecting.__aenter__()
    try:
        yield phone
    finally:
        await connecting.__aexit__(None, None, None)
