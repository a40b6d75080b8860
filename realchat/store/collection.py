"""One collection of MongoDB: every call has a deadline, and its failures the contract's words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from motor.motor_tornado import MotorCollection
from pymongo import IndexModel, ReturnDocument
from pymongo.errors import BulkWriteError, OperationFailure

from realchat.errors import ChatError, Code, ShardedError
from realchat.store.documents import Document, Query
from realchat.store.health import Health, index_of
from realchat.store.primaries import Primaries

T = TypeVar("T")
Sort = Sequence[tuple[str, int]]

_DUPLICATE_KEY = 11000
_CANNOT_CREATE_INDEX = 67
_BY_ID = "_id_"


class Collection:
    """A collection whose calls have a deadline and raise `ChatError` or `DuplicateError`."""

    def __init__(
        self, motor: MotorCollection[Document], health: Health, primaries: Primaries | None = None
    ) -> None:
        """Take the driver's collection, and `primaries` where a read is to miss nothing."""
        self._motor = motor
        self._health = health
        self._primaries = primaries

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
        return await self._read(lambda: self._motor.find_one(query, sort=sort))

    async def find(
        self, query: Query, *, sort: Sort | None = None, limit: int = 0
    ) -> list[Document]:
        """Return the documents that match, all of them when `limit` is 0."""
        return await self._read(
            lambda: self._motor.find(query, sort=sort, limit=limit).to_list(None)
        )

    async def aggregate(self, pipeline: Sequence[Query]) -> list[Document]:
        """Return what a pipeline yields."""
        return await self._read(lambda: self._motor.aggregate(pipeline).to_list(None))

    async def count(self, query: Query) -> int:
        """Count the documents that match."""
        return await self._read(lambda: self._motor.count_documents(query))

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

    async def _read(self, call: Callable[[], Awaitable[T]]) -> T:
        if self._primaries is None:
            return await self._health.run(call)
        return await self._health.run(self._primaries.read, call)


def _refusals(error: BulkWriteError) -> dict[int, tuple[str, ...]]:
    """Return the refused places of an insert; raise what is not a refusal."""
    details: Mapping[str, Any] = error.details or {}
    failures = details.get("writeErrors", [])
    if details.get("writeConcernErrors") or any(f["code"] != _DUPLICATE_KEY for f in failures):
        raise ChatError(Code.UNAVAILABLE, retry_after=1) from error
    return {failure["index"]: index_of(failure) for failure in failures}
