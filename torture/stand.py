"""What is tortured: the server as a child process with its database, and how either is broken."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from pymongo import MongoClient
from tornado.httpclient import AsyncHTTPClient

from torture.processes import PATIENCE, ServerProcess
from torture.proxy import Proxy
from torture.record import Stored, digest

DATABASE = "realchat"
_UNAVAILABLE = 503
SLOW_READERS = "realchat_slow_readers_total"
# Many clients of one address are no flood here, and no token runs out in a long run.
ENVIRON = {"RATE_LIMITS": "false", "BCRYPT_ROUNDS": "10", "ACCESS_TOKEN_SECONDS": "86400"}


class Members(Protocol):
    """A database that the server does not start itself."""

    @property
    def uri(self) -> str:
        """The address of all its members."""

    def client(self) -> MongoClient[dict[str, Any]]:
        """Connect to it."""


class Stand:
    """A server on a fixed port, with a proxy before it, and its restarts and deaths."""

    def __init__(
        self,
        folder: Path,
        rng: random.Random,
        members: Members | None = None,
        workers: int = 1,
    ) -> None:
        self.members = members
        self.rng = rng
        self._environ = {**ENVIRON, **({"MONGODB_URI": members.uri} if members else {})}
        self._arguments = ("--workers", str(workers)) if workers > 1 else ()
        self.server = ServerProcess(folder, *self._arguments, **self._environ)
        self.proxy = Proxy(self.server.port, rng)
        # Lines of the server's log that tell of faults of its own.
        self.faults: list[str] = []
        # Seconds that were measured, by what they are of.
        self.times: dict[str, list[float]] = defaultdict(list)

    @property
    def url(self) -> str:
        """Where clients connect to, through the proxy."""
        return f"http://127.0.0.1:{self.proxy.port}"

    async def open(self) -> None:
        """Wait until the server serves, and open the proxy."""
        await self.wait_ready()
        await self.proxy.open()

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

    async def look(self) -> dict[str, int]:
        """Return the last rev of every conversation."""
        return await asyncio.to_thread(self.read_last)

    def read_stored(self) -> list[Stored]:
        """Return all messages that the database has."""
        with self._connect() as client:
            found = client[DATABASE]["messages"].find({})
            return [_read(document) for document in found]

    def read_last(self) -> dict[str, int]:
        """Return the last rev of every conversation."""
        # Sorted as an index is, so that it skips from one conversation to the next.
        order = {"$sort": {"conversation": -1, "rev": -1}}
        last = {"$group": {"_id": "$conversation", "rev": {"$first": "$rev"}}}
        with self._connect() as client:
            found = client[DATABASE]["messages"].aggregate([order, last])
            return {one["_id"]: one["rev"] for one in found}

    def _connect(self) -> MongoClient[dict[str, Any]]:
        return self.members.client() if self.members else self.server.database()

    def collect_faults(self) -> None:
        """Take over what the server has complained of since its start."""
        for line in self.server.stderr.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                self.faults.append(line)
                continue
            if entry["level"] == "error" and not _is_owed_to_the_database(entry):
                self.faults.append(f"{entry['message']} {entry.get('exception', '')}")


def _is_owed_to_the_database(entry: dict[str, Any]) -> bool:
    """Tell whether a line says no more than that the database was away, as it was meant to be."""
    return entry.get("status") == _UNAVAILABLE or "is started again" in entry["message"]


def _read(document: dict[str, Any]) -> Stored:
    return Stored(
        id=str(document["_id"]),
        conversation=document["conversation"],
        seq=document["seq"],
        rev=document["rev"],
        sender=document["sender_id"],
        client_id=document.get("client_id", ""),
        digest=digest(document["content"]),
        is_changed="edited_at" in document or document.get("deleted", False),
    )
