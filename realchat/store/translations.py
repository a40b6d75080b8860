"""What was translated: of each message and language the text, found again by message or by text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pymongo import ASCENDING, DESCENDING, IndexModel

from realchat.ids import now
from realchat.models import StoredTranslation
from realchat.readings import Look
from realchat.store.database import Database, Document


class Translations:
    """The `translations` collection."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("translations")

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._collection.create_indexes(
            IndexModel([("message_id", ASCENDING), ("lang", ASCENDING)], unique=True),
            IndexModel([("key", ASCENDING)]),
            IndexModel([("conversation", ASCENDING)]),
        )

    async def of_messages(self, message_ids: Sequence[str], lang: str) -> list[StoredTranslation]:
        """Return what is there of these messages in a language."""
        query = {"message_id": {"$in": list(message_ids)}, "lang": lang}
        return [_read(one) for one in await self._collection.find(query)]

    async def of_text(self, key: str) -> StoredTranslation | None:
        """Return any translation of the same text, by the same engine, into the same language."""
        found = await self._collection.find_one({"key": key})
        return _read(found) if found else None

    async def keep(self, translation: StoredTranslation) -> None:
        """Store a translation, in place of an earlier one of that message and language."""
        fields = {
            "conversation": translation.conversation,
            "key": translation.key,
            "content": translation.content,
            "engine": translation.engine,
            "created_at": now(),
        }
        query = {"message_id": translation.message_id, "lang": translation.lang}
        await self._collection.update(query, {"$set": fields}, upsert=True)

    async def forget_message(self, message_id: str) -> None:
        """Delete all translations of a message."""
        await self._collection.delete({"message_id": message_id})

    async def delete_conversation(self, conversation: str) -> None:
        """Delete all translations of a conversation's messages."""
        await self._collection.delete({"conversation": conversation})

    async def search(self, look: Look) -> list[StoredTranslation]:
        """Return translations whose text holds a text, in any case, newest messages first."""
        query: Document = {
            "conversation": {"$in": look.conversations},
            "content": {"$regex": re.escape(look.text), "$options": "i"},
            **({"lang": look.lang} if look.lang else {}),
            **({"message_id": {"$lt": look.before}} if look.before else {}),
        }
        order = [("message_id", DESCENDING)]
        found = await self._collection.find(query, sort=order, limit=look.limit)
        return [_read(one) for one in found]


def _read(document: Document) -> StoredTranslation:
    return StoredTranslation(
        message_id=document["message_id"],
        conversation=document["conversation"],
        lang=document["lang"],
        key=document["key"],
        content=document["content"],
        engine=document["engine"],
    )
