"""The connection to MongoDB: its limits, its calls, and how its failures are told.

Every call has a deadline. What fails because the database is away raises
`ChatError` `unavailable`, so that nobody above sees a driver's exception.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any, TypeVar

# Motor runs each call in a thread of a pool, whose size it reads from here when
# it is imported. Its default of five per core would be filled by ten slow calls.
os.environ.setdefault("MOTOR_MAX_WORKERS", "32")

from bson import ObjectId
from bson.codec_options import CodecOptions
from motor.motor_tornado import MotorClient, MotorCollection
from pymongo import IndexModel, ReturnDocument
from pymongo.errors import BulkWriteError, OperationFailure
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import Nearest

from realchat.errors import ChatError, Code, ShardedError
from realchat.store.health import Health, index_of

Document = dict[str, Any]
Query = Mapping[str, Any]
Sort = Sequence[tuple[str, int]]
T = TypeVar("T")

_DUPLICATE_KEY = 11000
_CANNOT_CREATE_INDEX = 67
_BY_ID = "_id_"
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

    def collection(self, name: str) -> Collection:
        """Return one of the database's collections."""
        return Collection(self._database[name], self._health)

    def lasting(self, name: str) -> Collection:
        """Return a collection in which only that is read which no crash can take back."""
        motor = self._database.get_collection(name, read_concern=ReadConcern("majority"))
        return Collection(motor, self._health)

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


class Collection:
    """A collection whose calls have a deadline and raise `ChatError` or `DuplicateError`."""

    def __init__(self, motor: MotorCollection[Document], health: Health) -> None:
        self._motor = motor
        self._health = health

    def require(self) -> None:
        """Raise `unavailable` while the database is known to be away."""
        self._health.require()

    async def create_indexes(self, *indexes: IndexModel) -> None:
        """Create what indexes are missing. Raises `ShardedError`, or as the driver does."""
        # Not under the deadline: building an index on a grown collection takes its time.
        try:
            await self._motor.create_indexes(list(indexes))
        except OperationFailure as error:
            if error.code != _CANNOT_CREATE_INDEX:
                raise
            raise ShardedError(str(error)) from error

    async def find_one(self, query: Query, *, sort: Sort | None = None) -> Document | None:
        """Return the first document that matches."""
        return await self._health.run(self._motor.find_one, query, sort=sort)

    async def find(
        self, query: Query, *, sort: Sort | None = None, limit: int = 0
    ) -> list[Document]:
        """Return the documents that match, all of them when `limit` is 0."""
        cursor = self._motor.find(query, sort=sort, limit=limit)
        return await self._health.run(cursor.to_list, None)

    async def aggregate(self, pipeline: Sequence[Query]) -> list[Document]:
        """Return what a pipeline yields."""
        return await self._health.run(self._motor.aggregate(pipeline).to_list, None)

    async def count(self, query: Query) -> int:
        """Count the documents that match."""
        return await self._health.run(self._motor.count_documents, query)

    async def insert(self, document: Document) -> None:
        """Insert one document. Raises `DuplicateError`."""
        await self._health.run(self._motor.insert_one, document)

    async def insert_unordered(self, documents: Sequence[Document]) -> dict[int, tuple[str, ...]]:
        """Insert many in one write; return the unique index that refused each refused one."""
        try:
            await self._health.run(self._motor.insert_many, documents, ordered=False)
        except BulkWriteError as error:
            return _refusals(error)
        return {}

    async def insert_ordered(self, documents: Sequence[Document]) -> dict[int, tuple[str, ...]]:
        """Insert one after the other in one write, up to the first that is refused.

        Return the unique index that refused it, and () for each that came after it.
        """
        try:
            await self._health.run(self._motor.insert_many, documents)
        except BulkWriteError as error:
            refused = _refusals(error)
            return dict.fromkeys(range(min(refused), len(documents)), ()) | refused
        return {}

    async def update(
        self, query: Query, change: Query | list[Query], *, upsert: bool = False
    ) -> int:
        """Change one document; return how many matched or were made. Raises `DuplicateError`."""
        result = await self._health.run(self._motor.update_one, query, change, upsert=upsert)
        return result.matched_count + (result.upserted_id is not None)

    async def update_many(self, query: Query, change: Query) -> int:
        """Change all documents that match; return their number."""
        return (await self._health.run(self._motor.update_many, query, change)).matched_count

    async def write_unordered(self, operations: Sequence[Any]) -> None:
        """Carry out PyMongo write operations (`UpdateOne` …) in one call.

        What a unique index refuses is left out.
        """
        try:
            await self._health.run(self._motor.bulk_write, operations, ordered=False)
        except BulkWriteError as error:
            _refusals(error)

    async def find_and_update(
        self, query: Query, change: Query | list[Query], *, upsert: bool = False
    ) -> Document | None:
        """Change one document and return it as it is then. Raises `DuplicateError`."""
        return await self._health.run(
            self._motor.find_one_and_update,
            query,
            change,
            upsert=upsert,
            return_document=ReturnDocument.AFTER,
        )

    async def find_and_delete(self, query: Query) -> Document | None:
        """Delete one document and return it as it was."""
        return await self._health.run(self._motor.find_one_and_delete, query)

    async def settle(self, where: Query) -> None:
        """Return when all that was written so far is journaled by a majority.

        A write that changes nothing waits for the last one before it
        (https://www.mongodb.com/docs/manual/reference/write-concern/); on
        several shards, on those to which the query `where` goes.
        """
        nothing, change = {**where, "_id": None}, {"$set": {"settled": True}}
        await self._health.run(self._motor.update_many, nothing, change, hint=_BY_ID)

    async def delete(self, query: Query) -> int:
        """Delete all documents that match; return their number."""
        return (await self._health.run(self._motor.delete_many, query)).deleted_count


def object_id(id: str) -> ObjectId:
    """Return the id as the database keeps it in `_id`."""
    return ObjectId(id)


def _refusals(error: BulkWriteError) -> dict[int, tuple[str, ...]]:
    """Return the refused places of an insert; raise what is not a refusal."""
    details: Mapping[str, Any] = error.details or {}
    failures = details.get("writeErrors", [])
    if details.get("writeConcernErrors") or any(f["code"] != _DUPLICATE_KEY for f in failures):
        raise ChatError(Code.UNAVAILABLE, retry_after=1) from error
    return {failure["index"]: index_of(failure) for failure in failures}
