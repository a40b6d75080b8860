"""Sessions as MongoDB keeps them; those that have expired sweep themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from realchat.credentials import Session
from realchat.ids import is_id, now
from realchat.loader import Loader
from realchat.store.database import Database
from realchat.store.documents import Document, Query, object_id

_BY_EXPIRY = IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0)
_BY_USER = IndexModel([("user_id", ASCENDING), ("last_seen", DESCENDING)])


class Sessions:
    """The `sessions` collection."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("sessions")
        # Of many who connect at once each is looked for.
        self._alive = Loader(self._find_alive)

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._collection.create_indexes(_BY_EXPIRY, _BY_USER)

    async def create(self, session: Session) -> None:
        """Keep a new session."""
        await self._collection.insert(
            {
                "_id": object_id(session.id),
                "user_id": session.user_id,
                "refresh_id": session.refresh_id,
                "user_agent": session.user_agent,
                "created_at": session.created_at,
                "last_seen": session.last_seen,
                "expires_at": session.expires_at,
            }
        )

    async def find(self, session_id: str) -> Session | None:
        """Return a session that has not ended."""
        return await self._alive.get(session_id) if is_id(session_id) else None

    async def list_of(self, user_id: str) -> list[Session]:
        """Return a user's sessions, the latest seen first."""
        documents = await self._collection.find(
            {"user_id": user_id, "expires_at": {"$gt": now()}},
            sort=[("last_seen", DESCENDING), ("_id", DESCENDING)],
        )
        return [_read(document) for document in documents]

    async def rotate(
        self, session_id: str, spent: str, fresh: str, expires_at: datetime
    ) -> Session | None:
        """Put `fresh` in the place of the refresh token `spent`, if that is the current one."""
        moment = now()
        document = await self._collection.find_and_update(
            {"_id": object_id(session_id), "refresh_id": spent},
            {
                "$set": {
                    "refresh_id": fresh,
                    "previous_id": spent,
                    "rotated_at": moment,
                    "expires_at": expires_at,
                    "last_seen": moment,
                }
            },
        )
        return _read(document) if document else None

    async def touch(self, moments: Mapping[str, datetime]) -> None:
        """Note when sessions were last seen."""
        await self._collection.write_unordered(
            [
                UpdateOne({"_id": object_id(session_id)}, {"$max": {"last_seen": moment}})
                for session_id, moment in moments.items()
            ]
        )

    async def end(self, session_ids: Sequence[str]) -> None:
        """Delete sessions."""
        await self._collection.delete({"_id": _any_of(session_ids)})

    async def _find_alive(self, session_ids: Sequence[str]) -> dict[str, Session]:
        documents = await self._collection.find(
            {"_id": _any_of(session_ids), "expires_at": {"$gt": now()}}
        )
        return {str(document["_id"]): _read(document) for document in documents}


def _any_of(session_ids: Sequence[str]) -> Query:
    return {"$in": [object_id(session_id) for session_id in session_ids]}


def _read(document: Document) -> Session:
    return Session(
        id=str(document["_id"]),
        user_id=document["user_id"],
        refresh_id=document["refresh_id"],
        user_agent=document["user_agent"],
        created_at=document["created_at"],
        last_seen=document["last_seen"],
        expires_at=document["expires_at"],
        previous_id=document.get("previous_id"),
        rotated_at=document.get("rotated_at"),
    )
