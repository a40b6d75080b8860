"""What is stored already: of repeated messages, and of writes whose outcome is unknown."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from realchat.errors import ChatError, Code
from realchat.models import Message
from realchat.store.documents import Document, object_id
from realchat.store.log_entries import Append, Queue, Update
from realchat.store.message_documents import read_message
from realchat.store.messages import Messages

# Seconds between two questions to a database that is away.
_PAUSE = 0.2


class Outcomes:
    """Settles entries of the message log that may or may not be stored."""

    def __init__(self, messages: Messages, queue: Queue) -> None:
        self._messages = messages
        self._queue = queue

    async def sort_out_strayed(self, appends: Sequence[Append]) -> list[Append]:
        """Refuse those whose sender used their `client_id` elsewhere; return the others.

        Only where the index of a conversation's shard does not tell.
        """
        if self._messages.places is None:
            return list(appends)
        strayed = await self._messages.places.take([entry.draft for entry in appends])
        ids = {draft.id for draft in strayed}
        for entry in appends:
            if entry.draft.id in ids:
                entry.fail(ChatError(Code.IDEMPOTENCY_CONFLICT))
        return [entry for entry in appends if entry.draft.id not in ids]

    async def sort_out_repeated(self, appends: Sequence[Append]) -> list[Append]:
        """Answer those that were stored before; return the others.

        Only for messages that others follow in their run: refused by the unique
        index, such a one would leave its place empty with the next ones taken.
        The last of a run leaves no gap, so the index alone decides about it.
        """
        followed = [
            entry
            for entry, following in itertools.pairwise(appends)
            if (entry.draft.client_id or entry.is_retried)
            and entry.conversation == following.conversation
        ]
        if not followed:
            return list(appends)
        known: dict[object, Document] = {}
        for query in self._queries(followed):
            for document in await self._find_lasting(query):
                known[str(document["_id"])] = document
                if "client_id" in document:
                    known[document["sender_id"], document["client_id"]] = document
        fresh = []
        for entry in appends:
            draft = entry.draft
            before = known.get(draft.id) or known.get((draft.sender_id, draft.client_id))
            if before is None or (entry not in followed):
                fresh.append(entry)
            else:
                entry.settle_repeated(before)
        return fresh

    async def find_out(self, entries: Sequence[Append | Update]) -> None:
        """Ask the database, once it answers, what it stored of writes of unknown outcome.

        What is there is told, also where its caller was given up; what is not
        is written again, unless its caller was.
        """
        ids = {entry: _target(entry) for entry in entries}
        documents = {str(one["_id"]): one for one in await self._await_documents(ids)}
        missing = []
        for entry in entries:
            document = documents.get(ids[entry])
            if document is not None and _is_written(entry, document):
                entry.settle(read_message(document))
            elif not entry.is_given_up:
                missing.append(entry)
        for entry in reversed(missing):
            entry.is_retried = True
            self._queue.put_back(entry)

    async def answer_refused(self, entry: Append, document: Document) -> None:
        """Answer a message that was refused as `document`: with itself, or what was there."""
        stored = await self._find_stored(entry)
        if stored is None and self._messages.places is not None:
            # An index of before the messages were sharded knows it of another conversation.
            entry.fail(ChatError(Code.IDEMPOTENCY_CONFLICT))
        else:
            entry.settle_repeated(stored or document)

    async def find_late(self, entry: Update) -> Message | None:
        """Return what an earlier try of a change made of its message after all."""
        query = {**_within([entry], [entry.message_id]), "change": entry.id}
        found = await self._find_lasting(query)
        return read_message(found[0]) if found else None

    async def _find_stored(self, entry: Append) -> Document | None:
        queries: list[Document] = [_within([entry], [entry.draft.id])]
        if entry.draft.client_id:
            queries.append(self._messages.named([entry.draft]))
        for query in queries:
            if (document := await self._messages.collection.find_one(query)) is not None:
                return document
        return None

    async def _await_documents(self, ids: Mapping[Append | Update, str]) -> list[Document]:
        query = _within(ids, ids.values())
        while True:
            try:
                return await self._find_lasting(query)
            except ChatError:
                await asyncio.sleep(_PAUSE)

    async def _find_lasting(self, query: Document) -> list[Document]:
        """Return what is stored now, once no crash can take it back any more.

        Reading with read concern `majority` would miss what is on its way there,
        and have it written once more.
        """
        found = await self._messages.collection.find(query)
        if found:
            await self._messages.collection.settle(
                {"conversation": {"$in": list({one["conversation"] for one in found})}}
            )
        return found

    def _queries(self, entries: Sequence[Append]) -> Iterator[Document]:
        """Yield what finds the messages that are stored of these entries, and perhaps others."""
        retried = [entry for entry in entries if entry.is_retried]
        if retried:
            yield _within(retried, [entry.draft.id for entry in retried])
        named = [entry.draft for entry in entries if entry.draft.client_id]
        if named:
            yield self._messages.named(named)


def _target(entry: Append | Update) -> str:
    """Return the id of the message that an entry writes."""
    return entry.draft.id if isinstance(entry, Append) else entry.message_id


def _is_written(entry: Append | Update, document: Document) -> bool:
    """Tell whether a message is there as the entry would have it."""
    return isinstance(entry, Append) or document.get("change") == entry.id


def _within(entries: Iterable[Append | Update], ids: Iterable[str]) -> Document:
    """Return the query of messages by their ids, which names the conversations of entries."""
    return {
        "_id": {"$in": [object_id(each) for each in ids]},
        "conversation": {"$in": list({entry.conversation for entry in entries})},
    }
