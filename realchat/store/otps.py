"""One-time codes as MongoDB keeps them; those that have expired sweep themselves."""

from __future__ import annotations

from pymongo import ASCENDING, IndexModel

from realchat.credentials import OneTimeCode
from realchat.ids import now
from realchat.store.database import Database
from realchat.store.documents import Document
from realchat.store.health import DuplicateError

_BY_EXPIRY = IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0)


class Otps:
    """The `otps` collection; `_id` is the address's key."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("otps")

    async def prepare(self) -> None:
        """Create the index."""
        await self._collection.create_indexes(_BY_EXPIRY)

    async def put(self, code: OneTimeCode, max_tries: int) -> bool:
        """Put a code in the place of the last one, unless that one is locked."""
        replaceable = {
            "_id": code.key,
            "$or": [{"tries": {"$lt": max_tries}}, {"expires_at": {"$lte": now()}}],
        }
        fresh = {
            "email": code.email,
            "digest": code.digest,
            "tries": code.tries,
            "expires_at": code.expires_at,
        }
        try:
            await self._collection.update(replaceable, {"$set": fresh}, upsert=True)
        except DuplicateError:  # it is there, and does not match: it is locked
            return False
        return True

    async def count_try(self, key: str, max_tries: int) -> OneTimeCode | None:
        """Count one more try, if there is one left; return the code as it is then."""
        document = await self._collection.find_and_update(
            {"_id": key, "tries": {"$lt": max_tries}, "expires_at": {"$gt": now()}},
            {"$inc": {"tries": 1}},
        )
        return _read(document) if document else None

    async def find(self, key: str) -> OneTimeCode | None:
        """Return the code of an address that has not expired."""
        document = await self._collection.find_one({"_id": key, "expires_at": {"$gt": now()}})
        return _read(document) if document else None

    async def spend(self, key: str, digest: bytes) -> bool:
        """Delete a code; tell whether it was still there."""
        return await self._collection.delete({"_id": key, "digest": digest}) == 1


def _read(document: Document) -> OneTimeCode:
    return OneTimeCode(
        key=document["_id"],
        email=document["email"],
        digest=bytes(document["digest"]),
        tries=document["tries"],
        expires_at=document["expires_at"],
    )
