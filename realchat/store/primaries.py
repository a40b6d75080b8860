"""Whether a read with read concern `majority` misses nothing after a change of the primary.

A new primary does not know at first how much of what it has a majority had when
its forerunner died. Until a majority has followed it in its own term, which may
take a second, such a read shows a state of before, and not what was acked just then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bson import ObjectId
from motor.motor_tornado import MotorClient, MotorDatabase
from pymongo.read_concern import ReadConcern
from pymongo.server_description import ServerDescription

from realchat.store.documents import Document

T = TypeVar("T")


class Primaries:
    """A replica set's primaries: one is confirmed in its term once a majority follows it."""

    def __init__(self, client: MotorClient[Document], database: MotorDatabase[Document]) -> None:
        self._client = client
        # Answered when a majority has what the primary had before, in its term
        # (https://www.mongodb.com/docs/manual/reference/read-concern-linearizable/).
        self._probe = database.get_collection("meta", read_concern=ReadConcern("linearizable"))
        self._confirmed: ObjectId | None = None
        self._asking = asyncio.Lock()

    async def read(self, call: Callable[[], Awaitable[T]]) -> T:
        """Carry out a read, again where its primary was not confirmed when it began."""
        while True:
            confirmed = self._confirmed
            found = await call()
            if self._is_certain(confirmed):
                return found
            await self._confirm()

    def _is_certain(self, confirmed: ObjectId | None) -> bool:
        """Tell whether what was read since a term was confirmed was read in that term."""
        if (primary := self._primary()) is not None:
            return confirmed is not None and primary.election_id == confirmed
        # A router tells nothing of its shards' primaries.
        known = self._client.delegate.topology_description
        return not known.topology_type_name.startswith("ReplicaSet")

    async def _confirm(self) -> None:
        async with self._asking:
            term = self._term()
            if term is None or term != self._confirmed:
                await self._probe.find_one({"_id": "epoch"})
                if term == self._term():
                    self._confirmed = term

    def _term(self) -> ObjectId | None:
        primary = self._primary()
        return None if primary is None else primary.election_id

    def _primary(self) -> ServerDescription | None:
        known = self._client.delegate.topology_description.server_descriptions()
        primaries = (one for one in known.values() if one.server_type_name == "RSPrimary")
        return next(primaries, None)
