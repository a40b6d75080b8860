"""What clients talk to while it is broken: what a single server and a fleet have in common."""

from __future__ import annotations

import asyncio
import json
import random
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Protocol

from pymongo import MongoClient

from torture.crowd import Crowd
from torture.proxy import Proxy
from torture.record import Stored, digest

DATABASE = "realchat"
_UNAVAILABLE = 503


class Members(Protocol):
    """A database that the server does not start itself."""

    @property
    def uri(self) -> str:
        """The address of all its members."""

    def client(self) -> MongoClient[dict[str, Any]]:
        """Connect to it."""


class Ground(ABC):
    """Something that serves behind a proxy, with its database."""

    def __init__(self, rng: random.Random, port: int, members: Members | None) -> None:
        """Take where it listens; without `members` it has a database of its own."""
        self.rng = rng
        self.members = members
        self.proxy = Proxy(port, rng)
        # Lines of the servers' logs that tell of faults of their own, and what took too long.
        self.faults: list[str] = []
        # Seconds that were measured, by what they are of.
        self.times: dict[str, list[float]] = defaultdict(list)

    @property
    def url(self) -> str:
        """Where clients connect to, through the proxy."""
        return f"http://127.0.0.1:{self.proxy.port}"

    @abstractmethod
    async def open(self) -> None:
        """Wait until it serves, and open the proxy."""

    @abstractmethod
    async def close(self) -> None:
        """End everything."""

    @abstractmethod
    def collect_faults(self) -> None:
        """Take over what the servers have complained of since their starts."""

    @abstractmethod
    def connect(self) -> MongoClient[dict[str, Any]]:
        """Connect to the database."""

    @abstractmethod
    async def prepare(self, crowd: Crowd) -> None:
        """Bring about, amid the talk, what must be so before something is broken."""

    async def look(self) -> dict[str, int]:
        """Return the last rev of every conversation."""
        return await asyncio.to_thread(self.read_last)

    def read_stored(self) -> list[Stored]:
        """Return all messages that the database has."""
        with self.connect() as client:
            found = client[DATABASE]["messages"].find({})
            return [_read(document) for document in found]

    def read_last(self) -> dict[str, int]:
        """Return the last rev of every conversation."""
        # Sorted as an index is, so that it skips from one conversation to the next.
        order = {"$sort": {"conversation": -1, "rev": -1}}
        last = {"$group": {"_id": "$conversation", "rev": {"$first": "$rev"}}}
        with self.connect() as client:
            found = client[DATABASE]["messages"].aggregate([order, last])
            return {one["_id"]: one["rev"] for one in found}


def find_faults(log: str) -> Iterator[str]:
    """Yield the lines of a server's log that tell of faults of its own."""
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            yield line
            continue
        if entry["level"] == "error" and not _is_owed_to_the_database(entry):
            yield f"{entry['message']} {entry.get('exception', '')}"


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
