"""Who talks directly with whom, and how each user keeps each conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo import ASCENDING, IndexModel

from realchat.ids import now
from realchat.memory import Memory
from realchat.models import ReadMark
from realchat.store.database import Database
from realchat.store.documents import Document

_MAX_REMEMBERED = 50_000


class DirectConversations:
    """The `conversations` collection: one document for each two people who have talked."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("conversations")
        self._started = Memory(self._exists, _MAX_REMEMBERED)

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._collection.create_indexes(IndexModel([("members", ASCENDING)]))

    async def start(self, conversation: str, members: Sequence[str]) -> None:
        """Keep that these two have a conversation; costs nothing when they had one before."""
        if await self._started.get(conversation):
            return
        fields = {"kind": "dm", "members": sorted(set(members)), "created_at": now()}
        await self._collection.update({"_id": conversation}, {"$setOnInsert": fields}, upsert=True)
        self._started.put(conversation, True)

    async def has(self, conversation: str) -> bool:
        """Tell whether these two have a conversation."""
        return await self._started.get(conversation)

    async def of_member(self, user_id: str) -> list[str]:
        """Return the ids of a user's direct conversations."""
        return [str(one["_id"]) for one in await self._collection.find({"members": user_id})]

    async def of_members(self, user_ids: Sequence[str]) -> list[str]:
        """Return the ids of the direct conversations that any of the users has."""
        found = await self._collection.find({"members": {"$in": list(user_ids)}})
        return [str(one["_id"]) for one in found]

    async def _exists(self, conversation: str) -> bool:
        return await self._collection.find_one({"_id": conversation}) is not None


class ReadMarks:
    """The `read_marks` collection: how far each user has come, what is muted or hidden."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("read_marks")

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._collection.create_indexes(
            IndexModel([("user_id", ASCENDING), ("conversation", ASCENDING)], unique=True)
        )

    async def of_user(self, user_id: str) -> dict[str, ReadMark]:
        """Return a user's marks by conversation."""
        found = await self._collection.find({"user_id": user_id})
        return {one["conversation"]: _read(one) for one in found}

    async def of_members(self, user_ids: Sequence[str], conversation: str) -> dict[str, int]:
        """Return how far each of the users who has a mark has read a conversation."""
        query = {"user_id": {"$in": list(user_ids)}, "conversation": conversation}
        return {one["user_id"]: _read(one).read_seq for one in await self._collection.find(query)}

    async def find(self, user_id: str, conversation: str) -> ReadMark:
        """Return a user's mark in one conversation."""
        found = await self._collection.find_one({"user_id": user_id, "conversation": conversation})
        return _read(found) if found else ReadMark(conversation=conversation)

    async def advance(self, user_id: str, conversation: str, seq: int) -> ReadMark:
        """Move a mark forward; it never moves back."""
        return await self._change(user_id, conversation, {"$max": {"read_seq": seq}})

    async def keep(self, user_id: str, conversation: str, **fields: Any) -> ReadMark:
        """Set `muted` or `hidden_seq`."""
        return await self._change(user_id, conversation, {"$set": fields})

    async def _change(self, user_id: str, conversation: str, change: Document) -> ReadMark:
        document = await self._collection.find_and_update(
            {"user_id": user_id, "conversation": conversation}, change, upsert=True
        )
        assert document is not None  # an upsert returns what it wrote
        return _read(document)


def _read(document: Document) -> ReadMark:
    return ReadMark(
        conversation=document["conversation"],
        read_seq=document.get("read_seq", 0),
        muted=document.get("muted", False),
        hidden_seq=document.get("hidden_seq", 0),
    )
