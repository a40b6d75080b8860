"""In which conversation a message is, by its id and by what its sender called it.

For messages that lie on several shards by their conversations: who names a message
names no conversation, and no shard alone can tell that a `client_id` was never used.
"""

from __future__ import annotations

from collections.abc import Sequence

from cachetools import LRUCache

from realchat.drafts import Draft
from realchat.store.database import Database
from realchat.store.documents import Document, object_id

_MAX_REMEMBERED = 50_000


class Places:
    """The `places` collection; `_id` is a message's id, or `<sender_id>:<client_id>`."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("places")
        # What was read with read concern `majority`, or is journaled by one, never changes.
        self._lasting = database.lasting("places")
        self._known: LRUCache[str, str] = LRUCache(_MAX_REMEMBERED)

    async def take(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Note where drafts are about to be stored; return those that may not be.

        Their sender has used their `client_id` in another conversation.
        """
        names = {_name(one.sender_id, one.client_id): one for one in drafts if one.client_id}
        documents = [_write(object_id(one.id), one) for one in drafts]
        documents += [_write(name, one) for name, one in names.items()]
        # Before the messages, so that none is stored that may not be. What is refused
        # waits for the majority as well as what is not.
        refused = await self._collection.insert_unordered(documents)
        self._known.update((one.id, one.conversation) for one in drafts)
        taken = await self._find([documents[place]["_id"] for place in refused])
        if len(taken) < len(refused):
            return await self.take(drafts)  # some were left that moment
        return [
            names[name]
            for name, conversation in taken.items()
            if isinstance(name, str) and names[name].conversation != conversation
        ]

    async def of_messages(self, message_ids: Sequence[str]) -> dict[str, str]:
        """Return the conversations of those messages that have a place, by their ids."""
        unknown = [object_id(one) for one in message_ids if one not in self._known]
        found = {str(one): place for one, place in (await self._find(unknown)).items()}
        known = {one: self._known[one] for one in message_ids if one in self._known}
        self._known.update(found)
        return known | found

    async def of_name(self, sender_id: str, client_id: str) -> str | None:
        """Return the conversation in which somebody has used a `client_id`, if any."""
        name = _name(sender_id, client_id)
        return (await self._find([name])).get(name)

    async def leave(self, messages: Sequence[Document]) -> None:
        """Forget where messages are that are about to be deleted."""
        ids: list[object] = [one["_id"] for one in messages]
        ids += [_name(one["sender_id"], one["client_id"]) for one in messages if "client_id" in one]
        await self._collection.delete({"_id": {"$in": ids}})

    async def _find(self, ids: Sequence[object]) -> dict[object, str]:
        if not ids:
            return {}
        found = await self._lasting.find({"_id": {"$in": ids}})
        return {one["_id"]: one["conversation"] for one in found}


def _name(sender_id: str, client_id: str) -> str:
    return f"{sender_id}:{client_id}"


def _write(id: object, draft: Draft) -> Document:
    return {"_id": id, "conversation": draft.conversation}
