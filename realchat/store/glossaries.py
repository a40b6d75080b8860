"""What groups have agreed on for their terms."""

from __future__ import annotations

from collections.abc import Sequence

from realchat.ids import GroupKey, parse_conversation
from realchat.store.database import Database, object_id
from realchat.terms import Term


class Glossaries:
    """The `glossaries` collection: one document a group, under the group's id."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("glossaries")

    async def find(self, group_id: str) -> list[Term]:
        """Return the terms of a group."""
        found = await self._collection.find_one({"_id": object_id(group_id)})
        return [Term(**one) for one in found["terms"]] if found else []

    async def keep(self, group_id: str, terms: Sequence[Term]) -> None:
        """Store the terms of a group, in place of those it had."""
        written = [{"term": one.term, "translations": one.translations} for one in terms]
        query = {"_id": object_id(group_id)}
        await self._collection.update(query, {"$set": {"terms": written}}, upsert=True)

    async def delete_conversation(self, conversation: str) -> None:
        """Delete the glossary of a group that is no more."""
        key = parse_conversation(conversation)
        if isinstance(key, GroupKey):
            await self._collection.delete({"_id": object_id(key.group_id)})
