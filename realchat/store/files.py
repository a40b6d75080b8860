"""Files as MongoDB keeps them, and how much space each user has taken.

`idle_since` is there only while a file is neither shared nor an avatar; it says
since when. A `condemned` file is about to be swept and no longer there for anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel

from realchat.ids import now
from realchat.models import StoredFile
from realchat.store.database import Database
from realchat.store.documents import Document, object_id

_USED = {"$ifNull": ["$storage_used", 0]}
_OWNED = IndexModel([("owner_id", ASCENDING), ("is_avatar", ASCENDING)])
_SHARED = IndexModel([("conversations", ASCENDING)])
_IDLE = IndexModel([("idle_since", ASCENDING)], sparse=True)


class Files:
    """The `files` collection."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("files")

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._collection.create_indexes(_OWNED, _SHARED, _IDLE)

    async def add(self, files: Sequence[StoredFile]) -> None:
        """Keep new files."""
        await self._collection.insert_unordered([_write_file(file) for file in files])

    async def remove(self, ids: Sequence[str]) -> int:
        """Forget files; return how many were still there."""
        return await self._collection.delete({"_id": _among(ids)})

    async def find(self, ids: Sequence[str]) -> list[StoredFile]:
        """Return those of the files that there are, in no order."""
        query = {"_id": _among(ids), "condemned": {"$ne": True}}
        return [_read_file(document) for document in await self._collection.find(query)]

    async def touch(self, owner_id: str, ids: Sequence[str], moment: datetime) -> None:
        """Count an owner's files as idle only from a moment on."""
        idle = {"idle_since": {"$exists": True}, "condemned": {"$ne": True}}
        await self._collection.update_many(
            {"_id": _among(ids), "owner_id": owner_id, **idle}, {"$set": {"idle_since": moment}}
        )

    async def share(self, ids: Sequence[str], conversation: str) -> int:
        """Let a conversation have files; return how many of them there are."""
        return await self._collection.update_many(
            {"_id": _among(ids), "condemned": {"$ne": True}},
            {"$addToSet": {"conversations": conversation}, "$unset": {"idle_since": ""}},
        )

    async def unshare(self, ids: Sequence[str], conversation: str) -> None:
        """Take files away from a conversation."""
        query = {"_id": _among(ids), "conversations": conversation}
        await self._collection.update_many(query, {"$pull": {"conversations": conversation}})
        await self._mark_idle(query={"_id": _among(ids)})

    async def delete_conversation(self, conversation: str) -> None:
        """Take all files away from a conversation that is no more."""
        shared = {"conversations": conversation}
        found = await self._collection.find(shared)
        await self._collection.update_many(shared, {"$pull": shared})
        await self._mark_idle(query={"_id": {"$in": [document["_id"] for document in found]}})

    async def mark_avatar(self, owner_id: str, id: str) -> None:
        """Mark a file as its owner's avatar."""
        await self._collection.update(
            {"_id": object_id(id), "owner_id": owner_id, "condemned": {"$ne": True}},
            {"$set": {"is_avatar": True}, "$unset": {"idle_since": ""}},
        )

    async def set_avatar(self, owner_id: str, id: str | None) -> None:
        """Mark one file as its owner's avatar, or none, and no other one any longer."""
        if id is not None:
            await self.mark_avatar(owner_id, id)
        others: dict[str, Any] = {"owner_id": owner_id, "is_avatar": True}
        if id is not None:
            others["_id"] = {"$ne": object_id(id)}
        replaced = await self._collection.find(others)
        await self._collection.update_many(others, {"$set": {"is_avatar": False}})
        await self._mark_idle(query={"_id": {"$in": [document["_id"] for document in replaced]}})

    async def find_idle(self, before: datetime, limit: int) -> list[str]:
        """Return the ids of files that were idle since before a moment, at most so many."""
        found = await self._collection.find({"idle_since": {"$lt": before}}, limit=limit)
        return [str(document["_id"]) for document in found]

    async def condemn(self, id: str, before: datetime) -> StoredFile | None:
        """Take a file from everybody, if it is still idle; return it then."""
        document = await self._collection.find_and_update(
            {"_id": object_id(id), "idle_since": {"$lt": before}}, {"$set": {"condemned": True}}
        )
        return None if document is None else _read_file(document)

    async def _mark_idle(self, query: Document) -> None:
        await self._collection.update_many(
            {**query, "conversations": [], "is_avatar": False, "idle_since": {"$exists": False}},
            {"$set": {"idle_since": now()}},
        )


class Quotas:
    """How many bytes each user has taken: `storage_used` in the `users` collection."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("users")
        self._files = database.collection("files")

    async def used(self, user_id: str) -> int:
        """Return how many bytes a user has taken."""
        document = await self._collection.find_one({"_id": object_id(user_id)})
        return int((document or {}).get("storage_used", 0))

    async def take(self, user_id: str, size: int, limit: int) -> bool:
        """Take space for a user, unless that would be more than the limit; tell whether."""
        free: Document = {"$lte": [{"$add": [_USED, size]}, limit]}
        change: Document = {"$set": {"storage_used": {"$add": [_USED, size]}}}
        query = {"_id": object_id(user_id), "$expr": free}
        return await self._collection.find_and_update(query, [change]) is not None

    async def give_back(self, user_id: str, size: int) -> None:
        """Give back space that a user had taken."""
        rest = {"$max": [0, {"$subtract": [_USED, size]}]}
        await self._collection.update(
            {"_id": object_id(user_id)}, [{"$set": {"storage_used": rest}}]
        )

    async def recount(self, user_id: str) -> None:
        """Correct what a user has taken to the sizes of their files, if it does not just change."""
        used = await self.used(user_id)
        sums = await self._files.aggregate(
            [
                {"$match": {"owner_id": user_id}},
                {"$group": {"_id": None, "size": {"$sum": "$size"}}},
            ]
        )
        await self._collection.update(
            {"_id": object_id(user_id), "storage_used": used},
            {"$set": {"storage_used": sums[0]["size"] if sums else 0}},
        )


def _among(ids: Sequence[str]) -> Document:
    return {"$in": [object_id(file_id) for file_id in ids]}


def _write_file(file: StoredFile) -> Document:
    return {
        "_id": object_id(file.id),
        "owner_id": file.owner_id,
        "name": file.name,
        "size": file.size,
        "type": file.type,
        "sha256": file.sha256,
        "width": file.width,
        "height": file.height,
        "conversations": list(file.conversations),
        "is_avatar": file.is_avatar,
        "created_at": file.created_at,
        "idle_since": file.created_at,
    }


def _read_file(document: Document) -> StoredFile:
    return StoredFile(
        id=str(document["_id"]),
        owner_id=document["owner_id"],
        name=document["name"],
        size=document["size"],
        type=document["type"],
        sha256=document["sha256"],
        width=document["width"],
        height=document["height"],
        conversations=tuple(document["conversations"]),
        is_avatar=document["is_avatar"],
        created_at=document["created_at"],
    )
