"""What people put right of translations, by conversation and text."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs
from pymongo import ASCENDING, IndexModel

from realchat.ids import now
from realchat.models import StoredTranslation
from realchat.store.database import Database


class Corrections:
    """The `corrections` collection; `_id` is the phrase that a person's translation is of."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("corrections")

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._collection.create_indexes(
            IndexModel([("conversation", ASCENDING), ("text", ASCENDING)])
        )

    async def of_phrases(self, phrases: Sequence[str]) -> list[StoredTranslation]:
        """Return those that there are of phrases."""
        found = await self._collection.find({"_id": {"$in": list(phrases)}})
        names = StoredTranslation.__struct_fields__
        return [
            StoredTranslation(
                phrase=one["_id"], **{name: one[name] for name in names if name in one}
            )
            for one in found
        ]

    async def put(self, correction: StoredTranslation) -> None:
        """Store one in place of an earlier one of its phrase."""
        fields = structs.asdict(correction)
        phrase = fields.pop("phrase")
        change = {"$set": {**fields, "created_at": now()}}
        await self._collection.update({"_id": phrase}, change, upsert=True)

    async def has(self, conversation: str, text: str) -> bool:
        """Tell whether there is one of a text, by its digest, in any language."""
        found = await self._collection.find_one({"conversation": conversation, "text": text})
        return found is not None

    async def forget(self, conversation: str, text: str) -> None:
        """Delete those of a text."""
        await self._collection.delete({"conversation": conversation, "text": text})

    async def delete_conversation(self, conversation: str) -> None:
        """Delete those of a conversation."""
        await self._collection.delete({"conversation": conversation})
