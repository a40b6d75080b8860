"""The one writer of messages: gives each its place and stores it, many in one write.

Rounds: all that arrived while two rounds were written makes up the next one. In
a round each conversation has either a run of new messages or one change of an
old one, in the order of arrival, and is in no other round at the same time: so a
conversation's numbers become visible in their order, and whoever has seen `rev` 7
will not find a 6 later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextvars import Context
from typing import Any

from realchat.drafts import Change, Draft
from realchat.errors import ChatError, Code
from realchat.loader import Loader
from realchat.memory import Memory
from realchat.metrics import count_batch
from realchat.models import Message
from realchat.store.changes import Changes
from realchat.store.deadlines import Deadlines
from realchat.store.documents import Document
from realchat.store.health import DEADLINE
from realchat.store.log_entries import Append, Queue, Stored, Update
from realchat.store.message_documents import read_message, write_message
from realchat.store.messages import Messages, Numbers
from realchat.store.outcomes import Outcomes
from realchat.store.runs import insert_runs

logger = logging.getLogger(__name__)

_MAX_REMEMBERED = 50_000
# Rounds under way at once: one more than one hides the wait for the journal from
# those who come in between; more would make each of them smaller.
_MAX_ROUNDS = 2
# The ends of the indexes that refuse what has a number that is taken.
_NUMBERS = frozenset(("seq", "rev", "revs"))


class MessageLog:
    """Appends and changes messages; what it returns is journaled by a majority."""

    def __init__(self, messages: Messages, *, is_shared: bool) -> None:
        """Write to a database that other processes write to as well, where `is_shared`."""
        self._messages = messages
        self._is_shared = is_shared
        self._queue = Queue()
        self._deadlines = Deadlines()
        self._outcomes = Outcomes(messages, self._queue)
        self._asked = Loader(messages.numbers)
        self._numbers = Memory(self._ask_numbers, _MAX_REMEMBERED)
        self._changes = Changes(messages, self._numbers, self._outcomes, is_shared=is_shared)
        self._claims: dict[tuple[str, str], asyncio.Future[Any]] = {}
        self._writers: set[asyncio.Task[None]] = set()

    async def append(self, draft: Draft, stored: Stored) -> tuple[Message, bool]:
        """Store a message at the end of its conversation; tell whether it is a new one.

        `stored` is called with it, in the conversation's order, before this
        returns, and also when the caller is gone by then. A `client_id` that
        its sender used before returns the message of that time. Raises
        `idempotency_conflict` and `unavailable`.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + DEADLINE
        key = (draft.sender_id, draft.client_id or draft.id)
        while key in self._claims:
            done, _ = await asyncio.wait([self._claims[key]], timeout=end - loop.time())
            if not done:
                raise ChatError(Code.UNAVAILABLE, retry_after=1)
        self._messages.collection.require()
        entry = Append(draft, stored)
        self._claims[key] = entry.result
        entry.result.add_done_callback(lambda _: self._claims.pop(key))
        self._enqueue(entry, end)
        return await entry.result

    async def change(self, message: Message, change: Change, stored: Stored) -> Message | None:
        """Change a message; return it as it is then, or None where there was nothing to change.

        `stored` is called as for `append`. Raises `unavailable`, and `forbidden` where it
        was changed too often.
        """
        self._messages.collection.require()
        entry = Update(message, change, stored)
        self._enqueue(entry, asyncio.get_running_loop().time() + DEADLINE)
        return await entry.result

    def note(self, conversation: str, seq: int, rev: int) -> None:
        """Take notice of numbers that another process gave, so that they are not tried here."""
        known = self._numbers.peek(conversation)
        if known is not None and rev > known.rev:
            self._numbers.put(conversation, Numbers(max(seq, known.seq), rev))

    async def drain(self) -> None:
        """Wait until all that was accepted is written, or its callers were told that it is not."""
        if writers := self._writers.copy():
            _, late = await asyncio.wait(writers, timeout=DEADLINE)
            for writer in late:
                writer.cancel()

    def _enqueue(self, entry: Append | Update, end: float) -> None:
        self._queue.put(entry)
        self._deadlines.add(entry, end)
        if len(self._writers) < _MAX_ROUNDS:
            # In a context of its own: it outlives the request that woke it.
            loop = asyncio.get_running_loop()
            self._writers.add(loop.create_task(self._write_rounds(), context=Context()))

    async def _write_rounds(self) -> None:
        try:
            while (written := self._queue.begin_round()) is not None:
                try:
                    writes = [self._write_appends(written.appends)] if written.appends else []
                    await asyncio.gather(*writes, *map(self._write_update, written.updates))
                finally:
                    self._queue.end_round(written)
        finally:
            # In the turn in which it found nothing to write, so that what comes next has a writer.
            self._writers.discard(asyncio.current_task())

    async def _write_appends(self, appends: list[Append]) -> None:
        try:
            fresh = await self._outcomes.sort_out_strayed(appends)
            fresh = await self._outcomes.sort_out_repeated(fresh)
            documents = await self._place(fresh)
            refused = await self._insert(documents)
        except Exception as error:
            await self._handle_failure(appends, error)
            return
        stored = [
            pair for n, pair in enumerate(zip(fresh, documents, strict=True)) if n not in refused
        ]
        for _, document in stored:
            numbers = Numbers(document["seq"], document["rev"])
            self._numbers.put(document["conversation"], numbers)
        # First, since what was refused may be stored already, before the others.
        await self._handle_refused([(fresh[n], documents[n], key) for n, key in refused.items()])
        for entry, document in stored:
            entry.settle(read_message(document))

    async def _ask_numbers(self, conversation: str) -> Numbers:
        return await self._asked.get(conversation) or Numbers(0, 0)

    async def _insert(self, documents: list[Document]) -> dict[int, tuple[str, ...]]:
        if not documents:
            return {}
        collection = self._messages.collection
        if self._is_shared:
            refused = await insert_runs(collection, documents)
        else:
            refused = await collection.insert_unordered(documents)
        count_batch(len(documents) - len(refused))
        return refused

    async def _place(self, appends: Sequence[Append]) -> list[Document]:
        """Give each draft the next numbers of its conversation."""
        conversations = dict.fromkeys(entry.conversation for entry in appends)
        last = dict(
            zip(
                conversations,
                await asyncio.gather(*map(self._numbers.get, conversations)),
                strict=True,
            )
        )
        documents = []
        for entry in appends:
            seq, rev = last[entry.conversation]
            last[entry.conversation] = Numbers(seq + 1, rev + 1)
            documents.append(
                write_message(entry.draft, seq + 1, rev + 1, is_shared=self._is_shared)
            )
        return documents

    async def _handle_refused(
        self, refused: list[tuple[Append, Document, tuple[str, ...]]]
    ) -> None:
        """Answer repeated messages, and put those that lost their place to another process back."""
        for entry, *_ in refused:
            self._numbers.forget(entry.conversation)
        for entry, document, index in reversed(refused):
            if not index or _NUMBERS.intersection(index):
                self._queue.put_back(entry)
            else:
                await self._answer_refused(entry, document)

    async def _answer_refused(self, entry: Append, document: Document) -> None:
        try:
            await self._outcomes.answer_refused(entry, document)
        except Exception as error:
            await self._handle_failure([entry], error)

    async def _write_update(self, entry: Update) -> None:
        try:
            await self._changes.carry_out(entry)
        except Exception as error:
            await self._handle_failure([entry], error)

    async def _handle_failure(self, entries: Sequence[Append | Update], error: Exception) -> None:
        """Find out what became of what failed; a fault of ours is told at once."""
        for entry in entries:
            self._numbers.forget(entry.conversation)
        try:
            if isinstance(error, ChatError) and error.code is Code.UNAVAILABLE:
                await self._outcomes.find_out(entries)
                return
        except Exception as another:
            error = another
        logger.error("fault while writing messages", exc_info=error)
        for entry in entries:
            entry.fail(ChatError(Code.INTERNAL))
