"""The connection to MongoDB and its limits.

What fails because the database is away raises `ChatError` `unavailable`, so that
nobody above sees a driver's exception.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from bson.codec_options import CodecOptions
from motor.motor_tornado import MotorClient
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import Nearest

from realchat.errors import ChatError
from realchat.store.collection import Collection
from realchat.store.documents import Document, Query
from realchat.store.health import Health
from realchat.store.primaries import Primaries

_NO_PRIMARY = "has no primary, for which most members of its replica set must be up"
_OPTIONS: dict[str, Any] = {
    "w": "majority",
    "journal": True,
    "retryWrites": True,
    "timeoutMS": 4500,
    "serverSelectionTimeoutMS": 3000,
    "connectTimeoutMS": 2000,
    "waitQueueTimeoutMS": 3000,
    "heartbeatFrequencyMS": 1000,
    "maxPoolSize": 64,
}


class Database:
    """One database of a MongoDB server or cluster."""

    def __init__(self, uri: str, name: str, caller: str = "realchat") -> None:
        """Connect when need be; MongoDB shows who that is as `caller`."""
        self._client: MotorClient[Document] = MotorClient(uri, appname=caller, **_OPTIONS)
        self._database = self._client.get_database(
            name, codec_options=CodecOptions(tz_aware=True, tzinfo=UTC)
        )
        self._health = Health(lambda: self._database.command("ping"))
        self._primaries = Primaries(self._client, self._database)

    def collection(self, name: str) -> Collection:
        """Return one of the database's collections."""
        return Collection(self._database[name], self._health)

    def lasting(self, name: str) -> Collection:
        """Return a collection in which all that was acked is read, and only what lasts.

        That is, what no crash can take back.
        """
        motor = self._database.get_collection(name, read_concern=ReadConcern("majority"))
        return Collection(motor, self._health, self._primaries)

    async def ping(self) -> None:
        """Return when the primary answers, else raise `unavailable`, which says what lacks."""
        try:
            await self._health.run(self._database.command, "ping")
        except ChatError as error:
            lack = _NO_PRIMARY if self._lacks_primary() else "is out of reach"
            raise ChatError(error.code, lack, retry_after=error.retry_after) from error

    async def epoch(self, candidate: str) -> str:
        """Return the name of the database's history: `candidate`, if it has none yet."""
        document = await self.collection("meta").find_and_update(
            {"_id": "epoch"}, {"$setOnInsert": {"value": candidate}}, upsert=True
        )
        assert document is not None  # an upsert returns what it wrote
        return str(document["value"])

    async def set_epoch(self, value: str) -> None:
        """Give the database's history another name."""
        await self.collection("meta").update(
            {"_id": "epoch"}, {"$set": {"value": value}}, upsert=True
        )

    async def callers(self) -> set[str]:
        """Return who is connected, as they call themselves and as far as this user may know.

        Raises `PyMongoError` where it may not.
        """
        asked = {"allUsers": False, "idleConnections": True, "localOps": True}
        cursor = self._client.admin.aggregate([{"$currentOp": asked}])
        found = await self._health.run(cursor.to_list, None)
        return {one["appName"] for one in found if "appName" in one}

    async def explain(self, collection: str, pipeline: Sequence[Query]) -> str:
        """Return the plan that the database makes for a pipeline, as text (for tests)."""
        command = {"aggregate": collection, "pipeline": pipeline, "cursor": {}}
        return str(await self._health.run(self._database.command, "explain", command))

    async def drop(self) -> None:
        """Delete the whole database (for tests)."""
        await self._health.run(self._client.drop_database, self._database.name)

    def _lacks_primary(self) -> bool:
        """Tell whether members of a replica set answer, none of them as the primary."""
        known = self._client.delegate.topology_description
        return known.has_readable_server(Nearest()) and not known.has_writable_server()

    def close(self) -> None:
        """Let go of all connections."""
        self._health.close()
        self._client.close()
