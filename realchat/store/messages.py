"""Messages as MongoDB keeps them, and every way of reading them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import NamedTuple

from pymongo import ASCENDING, DESCENDING

from realchat.drafts import Draft
from realchat.errors import ChatError, Code
from realchat.models import Message
from realchat.readings import Look, Missed
from realchat.store.collection import Collection
from realchat.store.database import Database
from realchat.store.documents import Document, Query, object_id
from realchat.store.message_documents import read_message
from realchat.store.message_indexes import indexes_of
from realchat.store.places import Places

# How many messages' places are given up at once.
_BATCH = 500


class Numbers(NamedTuple):
    """The last `seq` and the last `rev` of a conversation; 0 before its first message."""

    seq: int
    rev: int


class Messages:
    """The `messages` collection, read."""

    def __init__(self, database: Database, places: Places | None = None) -> None:
        """Read a database's messages; with `places`, those of one conversation at a time."""
        self.collection: Collection = database.collection("messages")
        self.places = places
        # What readers are shown must still be there after a crash of the
        # database: a rev that was seen and then given to another message would
        # hide that one from them for ever.
        self._lasting = database.lasting("messages")

    async def prepare(self) -> None:
        """Create the indexes."""
        await self.collection.create_indexes(*indexes_of(is_sharded=self.places is not None))

    async def find(self, message_id: str) -> Message | None:
        """Return one message."""
        document = await self._lasting.find_one(await self._by_id(message_id))
        return read_message(document) if document else None

    async def find_repeated(
        self, sender_id: str, client_id: str, fingerprint: str
    ) -> Message | None:
        """Return the message that was stored under a `client_id`, if any.

        Raises `idempotency_conflict` where it is another one.
        """
        query: Document = {"sender_id": sender_id, "client_id": client_id}
        if self.places is not None:
            conversation = await self.places.of_name(sender_id, client_id)
            if conversation is None:
                return None
            query["conversation"] = conversation
        document = await self._lasting.find_one(query)
        if document is not None and document["fingerprint"] != fingerprint:
            raise ChatError(Code.IDEMPOTENCY_CONFLICT)
        return read_message(document) if document else None

    def named(self, drafts: Sequence[Draft]) -> Document:
        """Return the query of what is stored under drafts' `client_id`s, and perhaps more."""
        query: Document = {
            "client_id": {"$in": [draft.client_id for draft in drafts]},
            "sender_id": {"$in": list({draft.sender_id for draft in drafts})},
        }
        if self.places is not None:
            query["conversation"] = {"$in": list({draft.conversation for draft in drafts})}
        return query

    async def find_many(self, message_ids: Sequence[str]) -> list[Message]:
        """Return those of the messages that there are, in no order."""
        query: Document = {"_id": {"$in": [object_id(one) for one in message_ids]}}
        if self.places is not None:
            known = await self.places.of_messages(message_ids)
            if len(known) == len(set(message_ids)):
                query["conversation"] = {"$in": sorted(set(known.values()))}
        return [read_message(found) for found in await self._lasting.find(query)]

    async def is_said(self, conversation: str, content: str) -> bool:
        """Tell whether a message of a conversation has this text now."""
        query = {"conversation": conversation, "content": content, "deleted": {"$ne": True}}
        return await self._lasting.find_one(query) is not None

    async def page(
        self, conversation: str, *, before: int | None, after: int | None, limit: int
    ) -> list[Message]:
        """Return a part of a conversation, newest first: the latest, or those next to `after`."""
        seqs = {
            **({"$lt": before} if before is not None else {}),
            **({"$gt": after} if after is not None else {}),
        }
        query: Query = {"conversation": conversation, **({"seq": seqs} if seqs else {})}
        direction = DESCENDING if after is None else ASCENDING
        found = await self._lasting.find(query, sort=[("seq", direction)], limit=limit)
        return [read_message(one) for one in (found if after is None else reversed(found))]

    async def changes(self, conversation: str, since: int, limit: int) -> list[Message]:
        """Return what changed after the rev `since`, in rev order."""
        query = {"conversation": conversation, "rev": {"$gt": since}}
        found = await self._lasting.find(query, sort=[("rev", ASCENDING)], limit=limit)
        return [read_message(one) for one in found]

    async def missed(self, conversation: str, since: int, limit: int) -> list[Missed]:
        """Return what changed after the rev `since`, in rev order, and what of it is new."""
        query = {"conversation": conversation, "rev": {"$gt": since}}
        found = await self._lasting.find(query, sort=[("rev", ASCENDING)], limit=limit)
        firsts = [one.get("first_rev", 0) for one in found]
        return [
            Missed(read_message(one), first > since, first)
            for one, first in zip(found, firsts, strict=True)
        ]

    async def revs(self, conversations: Sequence[str]) -> dict[str, int]:
        """Return the last rev of each conversation that has any."""
        return await _tops(self._lasting, conversations, "rev")

    async def numbers(self, conversations: Sequence[str]) -> dict[str, Numbers]:
        """Return the last numbers of each conversation that has any, also those not lasting yet."""
        seqs, revs = await asyncio.gather(
            *(_tops(self.collection, conversations, number) for number in ("seq", "rev"))
        )
        return {one: Numbers(seqs.get(one, 0), revs.get(one, 0)) for one in seqs | revs}

    async def last(self, conversations: Sequence[str]) -> dict[str, tuple[Message, int]]:
        """Return the last message and the last rev of each conversation that has any."""
        newest = await self._first_of(conversations, "seq")
        # Second, so that there is one for each; none, where a group ended in between.
        latest = await self._first_of(list(newest), "rev")
        return {
            key: (read_message(document), latest[key]["rev"])
            for key, document in newest.items()
            if key in latest
        }

    async def last_sent(self, sender_id: str, conversations: Sequence[str]) -> dict[str, int]:
        """Return the `seq` of somebody's last message in each conversation that has any."""
        # A DISTINCT_SCAN, as for `_tops`.
        found = await self._lasting.aggregate(
            [
                {"$match": {"sender_id": sender_id, "conversation": {"$in": list(conversations)}}},
                {"$sort": {"conversation": -1, "seq": -1}},
                {"$group": {"_id": "$conversation", "seq": {"$first": "$seq"}}},
            ]
        )
        return {one["_id"]: one["seq"] for one in found}

    async def last_of_senders(self, sender_ids: Sequence[str], conversation: str) -> dict[str, int]:
        """Return the `seq` of the last message of each who has sent any to a conversation."""
        # A DISTINCT_SCAN, as for `_tops`.
        found = await self._lasting.aggregate(
            [
                {"$match": {"sender_id": {"$in": list(sender_ids)}, "conversation": conversation}},
                {"$sort": {"sender_id": -1, "conversation": -1, "seq": -1}},
                {"$group": {"_id": "$sender_id", "seq": {"$first": "$seq"}}},
            ]
        )
        return {one["_id"]: one["seq"] for one in found}

    async def is_shared(self, url: str, conversation: str) -> bool:
        """Tell whether a message of the conversation still shows a file."""
        query = {"files": url, "attachments.0": {"$exists": True}, "conversation": conversation}
        return await self.collection.find_one(query) is not None

    async def search(self, look: Look) -> list[Message]:
        """Return messages whose text holds a text, in any case, newest first."""
        query: Document = {
            "conversation": {"$in": look.conversations},
            "content": {"$regex": re.escape(look.text), "$options": "i"},
            **({"content_lang": {"$regex": look.lang}} if look.lang else {}),
            **({"_id": {"$lt": object_id(look.before)}} if look.before else {}),
        }
        found = await self._lasting.find(query, sort=[("_id", DESCENDING)], limit=look.limit)
        return [read_message(one) for one in found]

    async def delete_conversation(self, conversation: str) -> None:
        """Delete all messages of a conversation."""
        if self.places is not None:
            await self._leave_places(conversation)
        await self.collection.delete({"conversation": conversation})

    async def _by_id(self, message_id: str) -> Document:
        """Return the query of one message, which names its conversation where that is needed."""
        query: Document = {"_id": object_id(message_id)}
        if self.places is not None:
            known = await self.places.of_messages([message_id])
            # One that has no place is looked for on every shard.
            if message_id in known:
                query["conversation"] = known[message_id]
        return query

    async def _leave_places(self, conversation: str) -> None:
        assert self.places is not None
        seq = 0
        while found := await self.collection.find(
            {"conversation": conversation, "seq": {"$gt": seq}},
            sort=[("seq", ASCENDING)],
            limit=_BATCH,
        ):
            await self.places.leave(found)
            seq = found[-1]["seq"]

    async def _first_of(self, conversations: Sequence[str], number: str) -> dict[str, Document]:
        # A DISTINCT_SCAN, as for `_tops`.
        found = await self._lasting.aggregate(
            [
                {"$match": {"conversation": {"$in": list(conversations)}}},
                {"$sort": {"conversation": -1, number: -1}},
                {"$group": {"_id": "$conversation", "document": {"$first": "$$ROOT"}}},
            ]
        )
        return {one["_id"]: one["document"] for one in found}


async def _tops(
    collection: Collection, conversations: Sequence[str], number: str
) -> dict[str, int]:
    # This shape is answered from the index alone, with one look a conversation
    # (a DISTINCT_SCAN), however many messages each has.
    found = await collection.aggregate(
        [
            {"$match": {"conversation": {"$in": list(conversations)}}},
            {"$sort": {"conversation": -1, number: -1}},
            {"$group": {"_id": "$conversation", "top": {"$first": f"${number}"}}},
        ]
    )
    return {one["_id"]: one["top"] for one in found}
