"""What is tortured: the server as a child process with its database, and how either is broken."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from tornado.httpclient import AsyncHTTPClient

from torture.crowd import Crowd
from torture.ground import Ground, Members, find_faults
from torture.processes import PATIENCE, ServerProcess

SLOW_READERS = "realchat_slow_readers_total"
# Many clients of one address are no flood here, and no token runs out in a long run.
ENVIRON = {"RATE_LIMITS": "false", "BCRYPT_ROUNDS": "10", "ACCESS_TOKEN_SECONDS": "86400"}


class Stand(Ground):
    """A server on a fixed port, with a proxy before it, and its restarts and deaths."""

    def __init__(
        self,
        folder: Path,
        rng: random.Random,
        members: Members | None = None,
        workers: int = 1,
    ) -> None:
        self._environ = {**ENVIRON, **({"MONGODB_URI": members.uri} if members else {})}
        self._arguments = ("--workers", str(workers)) if workers > 1 else ()
        self.server = ServerProcess(folder, *self._arguments, **self._environ)
        super().__init__(rng, self.server.port, members)

    async def open(self) -> None:
        """Wait until the server serves, and open the proxy."""
        await self.wait_ready()
        await self.proxy.open()

    async def prepare(self, crowd: Crowd) -> None:
        """Do nothing: all are connected to the one that is to be broken."""

    async def close(self) -> None:
        """End everything."""
        await self.proxy.close()
        await self.stop()

    async def start(self) -> None:
        """Start the server again, on its port and data."""
        environ = {**self._environ, "PORT": str(self.server.port)}
        self.server = ServerProcess(self.server.folder, *self._arguments, **environ)
        await self.wait_ready()

    async def wait_ready(self) -> None:
        """Wait until `/readyz` says so."""
        end = time.monotonic() + PATIENCE
        while not await asyncio.to_thread(self.server.is_ready):
            assert self.server.process.poll() is None, self.server.stderr
            assert time.monotonic() < end, "the server does not become ready"
            await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """Kill the server as the kernel does when memory is short."""
        await asyncio.to_thread(self.server.kill)
        self.collect_faults()

    async def stop(self) -> float:
        """Stop the server as an operator does; return the seconds it took."""
        begin = time.monotonic()
        code = await asyncio.to_thread(self.server.stop)
        if code != 0:
            self.faults.append(f"the server ended with code {code} after SIGTERM")
        self.collect_faults()
        return time.monotonic() - begin

    def kill_mongod(self) -> None:
        """Kill the embedded database; the server starts it again."""
        os.kill(self.server.mongod_pid, signal.SIGKILL)

    @contextmanager
    def frozen_mongod(self) -> Iterator[None]:
        """Keep the embedded database from doing anything."""
        pid = self.server.mongod_pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    async def count_slow_readers(self) -> float:
        """Return how many readers this server has cut off."""
        url = f"http://127.0.0.1:{self.server.port}/metrics"
        reply = await AsyncHTTPClient().fetch(url)
        lines = reply.body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(SLOW_READERS))

    def connect(self) -> MongoClient[dict[str, Any]]:
        """Connect to the database."""
        return self.members.client() if self.members else self.server.database()

    def collect_faults(self) -> None:
        """Take over what the server has complained of since its start."""
        self.faults += find_faults(self.server.stderr)
