"""What groups have agreed on for their terms."""

from __future__ import annotations

from collections.abc import Sequence

from realchat.ids import GroupKey, parse_conversation
from realchat.loader import Loader
from realchat.store.database import Database
from realchat.store.documents import object_id
from realchat.terms import Term


class Glossaries:
    """The `glossaries` collection: one document a group, under the group's id."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("glossaries")
        self._loader = Loader(self._load)

    async def find(self, group_id: str) -> list[Term]:
        """Return the terms of a group."""
        return await self._loader.get(group_id) or []

    async def _load(self, group_ids: Sequence[str]) -> dict[str, list[Term]]:
        query = {"_id": {"$in": [object_id(group_id) for group_id in group_ids]}}
        found = await self._collection.find(query)
        return {str(one["_id"]): [Term(**each) for each in one["terms"]] for one in found}

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
