"""A real Redis as a child process that keeps nothing: to be stopped, paused, killed."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from torture.processes import LEASH, wait_until
from torture.programs import find_program


class RedisProcess:
    """`redis-server` with some options, which must have it answer at `url`."""

    def __init__(self, folder: Path, url: str, *options: str) -> None:
        """Start it, with its log in a folder."""
        self.url = url
        self._folder = folder
        self._options = ("--save", "", "--appendonly", "no", "--dir", str(folder), *options)
        self.process = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self._folder / "redis.log").open("ab") as log:
            process = subprocess.Popen(
                [*LEASH, find_program("redis-server") or "redis-server", *self._options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers)
        return process

    def start(self) -> None:
        """Start it again, with nothing of what it knew."""
        self.process = self._spawn()

    def kill(self) -> None:
        """End it the hard way."""
        self.process.kill()
        self.process.wait()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep it from doing anything, though it takes connections and what comes over them."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def client(self) -> Redis:
        """Return a client of one's own."""
        return Redis.from_url(self.url)

    def _answers(self) -> bool:
        with suppress(RedisError), self.client() as client:
            return bool(client.ping())
        return False
