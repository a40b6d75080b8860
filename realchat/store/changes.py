"""The changes of stored messages: each under a rev of its own, whoever else writes there."""

from __future__ import annotations

import asyncio

from realchat.drafts import Change, Deletion, Edit, Reaction
from realchat.errors import ChatError, Code
from realchat.memory import Memory
from realchat.store.documents import Document, object_id
from realchat.store.health import DEADLINE, DuplicateError
from realchat.store.log_entries import Update
from realchat.store.message_documents import read_message
from realchat.store.messages import Messages, Numbers
from realchat.store.outcomes import Outcomes

# Times that a message can be changed where it keeps all its revs: it has 100 KB by then,
# a change takes 8 ms, and each page reads all of that (docs/decisions/0018-writers.md).
# None can be left out, for another process might give it again.
MAX_CHANGES = 10_000
# The first rev is one that no change has made.
_LAST = f"revs.{MAX_CHANGES}"
# What is left of a deleted message, besides its place.
_EMPTIED: Document = {
    "content": "",
    "files": [],
    "attachments": [],
    "mentions": [],
    "reactions": {},
}


class Changes:
    """Changes messages, and settles the entries of the message log that ask for it."""

    def __init__(
        self,
        messages: Messages,
        numbers: Memory[str, Numbers],
        outcomes: Outcomes,
        *,
        is_shared: bool,
    ) -> None:
        """Take the log's parts; other processes change messages as well, where `is_shared`."""
        self._messages = messages
        self._numbers = numbers
        self._outcomes = outcomes
        self._is_shared = is_shared

    async def carry_out(self, entry: Update) -> None:
        """Change a message under the next rev; settle also where there is nothing to change.

        What is refused again and again is given up at the deadline, and not written.
        """
        loop = asyncio.get_running_loop()
        # One of its own, for an entry whose caller is gone has none any more.
        end = loop.time() + DEADLINE
        query, change = _write(entry)
        room = {**query, _LAST: {"$exists": False}} if self._is_bounded(entry) else query
        while not entry.is_given_up and loop.time() < end:
            seq, rev = await self._numbers.get(entry.conversation)
            try:
                document = await self._try(room, change, rev + 1)
            except DuplicateError:
                # By what may be taken back before it is looked for: that the numbers
                # are the same then does not say that there was nothing to change.
                self._numbers.forget(entry.conversation)
                continue
            if document is not None:
                self._numbers.put(entry.conversation, Numbers(seq, rev + 1))
                entry.settle(read_message(document))
                return
            self._numbers.forget(entry.conversation)
            if await self._numbers.get(entry.conversation) == (seq, rev):
                await self._settle_unchanged(entry, query)
                return
        entry.give_up()

    async def _try(self, query: Document, change: Document, rev: int) -> Document | None:
        """Change what the query finds under a rev; None where it finds nothing."""
        change["$set"]["rev"] = rev
        if self._is_shared:
            change.setdefault("$push", {})["revs"] = rev
        # The unique index does not see two processes that give the same rev to the
        # same message; the condition on its rev does.
        return await self._messages.collection.find_and_update(
            {**query, "rev": {"$lt": rev}}, change
        )

    async def _settle_unchanged(self, entry: Update, query: Document) -> None:
        """Answer with what an earlier try did, that there was nothing to do, or that it may not."""
        late = await self._outcomes.find_late(entry) if entry.is_retried else None
        if late is None and await self._is_worn(entry, query):
            entry.fail(
                ChatError(
                    Code.FORBIDDEN,
                    f"This message was changed {MAX_CHANGES:,} times, and no more is possible. "
                    "It can still be deleted.",
                )
            )
        else:
            entry.settle(late)

    async def _is_worn(self, entry: Update, query: Document) -> bool:
        """Tell whether a message would be changed, had it not been so too often."""
        if not self._is_bounded(entry):
            return False
        worn = {**query, _LAST: {"$exists": True}}
        return await self._messages.collection.find_one(worn) is not None

    def _is_bounded(self, entry: Update) -> bool:
        return self._is_shared and not isinstance(entry.change, Deletion)


def _write(entry: Update) -> tuple[Document, Document]:
    """Return the query of the message as it must be for a change, and the update."""
    condition, change = _write_change(entry.change)
    change.setdefault("$set", {})["change"] = entry.id
    query = {
        "_id": object_id(entry.message_id),
        "conversation": entry.conversation,
        "deleted": {"$ne": True},
        **condition,
    }
    return query, change


def _write_change(change: Change) -> tuple[Document, Document]:
    """Return what must hold for a change to be one, and the update that makes it."""
    match change:
        case Edit():
            said = ("content", "content_lang", "detected", "edited_at")
            fields = {name: getattr(change, name) for name in said}
            return {}, {"$set": {**fields, "mentions": list(change.mentions)}}
        case Deletion():
            return {}, {"$set": {**_EMPTIED, "deleted": True}}
        case Reaction(on=True):
            users = f"reactions.{change.emoji}"
            return {users: {"$ne": change.user_id}}, {"$push": {users: change.user_id}}
        case Reaction():
            users = f"reactions.{change.emoji}"
            return {users: change.user_id}, {"$pull": {users: change.user_id}}
