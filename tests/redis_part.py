"""A real Redis for tests, as a child process that keeps nothing: to be stopped, paused, killed."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from parts import require
from processes import LEASH, wait_until
from redis import Redis
from redis.exceptions import RedisError


class RedisServer:
    """`redis-server` on a socket in a folder."""

    def __init__(self, folder: Path) -> None:
        """Start it, or skip the test where there is none."""
        binary = shutil.which("redis-server")
        require(binary is not None, "redis-server is not installed")
        self._command = [*LEASH, str(binary)]
        self._folder = folder
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.process = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        self.socket.unlink(missing_ok=True)
        options = ("--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no")
        with (self._folder / "redis.log").open("ab") as log:
            process = subprocess.Popen(
                [*self._command, *options, "--dir", self._folder],
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

    def listeners(self, channel: str) -> int:
        """Return how many connections listen to a channel."""
        with self.client() as client:
            ((_, number),) = client.pubsub_shardnumsub(channel)
            return int(number)

    def _answers(self) -> bool:
        with suppress(RedisError), self.client() as client:
            return bool(client.ping())
        return False
