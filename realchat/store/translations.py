"""What was translated: a text for each message and language, also found by its phrase."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from realchat.ids import now
from realchat.models import StoredTranslation
from realchat.readings import Look
from realchat.store.database import Database
from realchat.store.documents import Document

_FIELDS = ("conversation", "text", "phrase", "version", "content", "engine", "reviewed_by")


class Translations:
    """The `translations` collection."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("translations")

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._collection.create_indexes(
            IndexModel([("message_id", ASCENDING), ("lang", ASCENDING)], unique=True),
            IndexModel([("phrase", ASCENDING), ("created_at", DESCENDING)]),
            IndexModel([("conversation", ASCENDING), ("text", ASCENDING)]),
        )

    async def of_messages(
        self, message_ids: Sequence[str], langs: Sequence[str]
    ) -> list[StoredTranslation]:
        """Return what is there of these messages in these languages."""
        query = {"message_id": {"$in": list(message_ids)}, "lang": {"$in": list(langs)}}
        return [_read(one) for one in await self._collection.find(query)]

    async def of_phrases(self, phrases: Sequence[str]) -> list[StoredTranslation]:
        """Return the latest translation of each phrase that has any."""
        found = await self._collection.aggregate(latest(phrases))
        return [_read(one["document"]) for one in found]

    async def keep(self, translations: Sequence[StoredTranslation]) -> None:
        """Store translations, each in place of an earlier one of its message and language.

        An engine's does not take the place of a person's of the same text.
        """
        await self._collection.write_unordered([_write(one) for one in translations])

    async def forget(self, message_id: str, text: str | None = None) -> None:
        """Delete the translations of a message, or only those of a text, by its digest."""
        query = {"message_id": message_id}
        await self._collection.delete(query if text is None else {**query, "text": text})

    async def delete_conversation(self, conversation: str) -> None:
        """Delete all translations of a conversation's messages."""
        await self._collection.delete({"conversation": conversation})

    async def search(self, look: Look) -> list[StoredTranslation]:
        """Return a translation of each message that has one with a text in it, in any case.

        Newest messages first.
        """
        query: Document = {
            "conversation": {"$in": look.conversations},
            "content": {"$regex": re.escape(look.text), "$options": "i"},
            **({"lang": {"$regex": look.lang}} if look.lang else {}),
            **({"message_id": {"$lt": look.before}} if look.before else {}),
        }
        found = await self._collection.aggregate(
            [
                {"$match": query},
                {"$sort": {"message_id": DESCENDING, "lang": ASCENDING}},
                {"$group": {"_id": "$message_id", "document": {"$first": "$$ROOT"}}},
                {"$sort": {"_id": DESCENDING}},
                {"$limit": look.limit},
            ]
        )
        return [_read(one["document"]) for one in found]


def latest(phrases: Sequence[str]) -> list[Document]:
    """Return the pipeline that finds the latest translation of each phrase.

    This shape is answered with one look into the index for each (a DISTINCT_SCAN),
    however often a phrase was said.
    """
    return [
        {"$match": {"phrase": {"$in": list(phrases)}}},
        {"$sort": {"phrase": 1, "created_at": -1}},
        {"$group": {"_id": "$phrase", "document": {"$first": "$$ROOT"}}},
    ]


def _write(translation: StoredTranslation) -> UpdateOne:
    fields = {name: getattr(translation, name) for name in _FIELDS}
    query: Document = {"message_id": translation.message_id, "lang": translation.lang}
    if translation.reviewed_by is None:
        # Where there is a person's, nothing matches, and the unique index refuses a second.
        query["$or"] = [{"reviewed_by": None}, {"text": {"$ne": translation.text}}]
    return UpdateOne(query, {"$set": {**fields, "created_at": now()}}, upsert=True)


def _read(document: Document) -> StoredTranslation:
    fields = {name: document[name] for name in _FIELDS}
    return StoredTranslation(message_id=document["message_id"], lang=document["lang"], **fields)
