"""What waits in the message log: new messages and changes, and how each is answered."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from realchat.drafts import Change, Draft
from realchat.errors import ChatError, Code
from realchat.ids import new_id
from realchat.models import Message
from realchat.store.documents import Document
from realchat.store.message_documents import read_message

logger = logging.getLogger(__name__)

R = TypeVar("R")
E = TypeVar("E", bound="Append | Update")
Stored = Callable[[Message], None]


# As many as fit well below MongoDB's 48 MB a message: 500 of 10,000 characters
# of 4 bytes are 20 MB.
MAX_APPENDS = 500


class Entry(Generic[R]):
    """Something that waits to be written; its caller gets `result`, readers hear by `stored`."""

    def __init__(self, conversation: str, stored: Stored) -> None:
        self.conversation = conversation
        self.result: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self.is_retried = False
        self._stored = stored
        self._is_published = False

    @property
    def is_answered(self) -> bool:
        """Whether the caller has the result, or is gone."""
        return self.result.done()

    @property
    def is_given_up(self) -> bool:
        """Whether the caller was told that it failed (not: whether the caller is gone)."""
        return self.result.done() and not self.result.cancelled()

    def answer(self, value: R) -> None:
        """Give the caller the result."""
        if not self.result.done():
            self.result.set_result(value)

    def fail(self, error: Exception) -> None:
        """Tell the caller that it failed."""
        if not self.result.done():
            self.result.set_exception(error)
            self.result.exception()  # looked at, since the caller may be gone

    def give_up(self) -> None:
        """Tell the caller that it took too long."""
        self.fail(ChatError(Code.UNAVAILABLE, retry_after=1))

    def publish(self, message: Message) -> None:
        """Tell readers of what is stored, once; a fault in the telling does not undo it."""
        if self._is_published:
            return
        self._is_published = True
        try:
            self._stored(message)
        except Exception:
            # The caller must be told that it is stored, whatever happens to others.
            logger.exception("fault while publishing a message")


class Append(Entry[tuple[Message, bool]]):
    """A draft that waits for its place."""

    def __init__(self, draft: Draft, stored: Stored) -> None:
        super().__init__(draft.conversation, stored)
        self.draft = draft

    def settle(self, message: Message) -> None:
        """Publish the stored message, then answer its sender."""
        self.publish(message)
        self.answer((message, True))

    def settle_repeated(self, document: Document) -> None:
        """Answer with the message of the first time, or say that it was another one."""
        if str(document["_id"]) == self.draft.id:
            self.settle(read_message(document))  # its own write, thought to have failed
        elif document["fingerprint"] != self.draft.fingerprint:
            self.fail(ChatError(Code.IDEMPOTENCY_CONFLICT))
        else:
            self.answer((read_message(document), False))


class Update(Entry[Message | None]):
    """A change that waits for its rev; the changed message keeps its `id` as `change`."""

    def __init__(self, message: Message, change: Change, stored: Stored) -> None:
        super().__init__(message.conversation, stored)
        self.id = new_id()
        self.message_id = message.id
        self.change = change

    def settle(self, message: Message | None) -> None:
        """Publish the changed message, if there was something to change, and answer."""
        if message is not None:
            self.publish(message)
        self.answer(message)


class Round(NamedTuple):
    """What is written at once; its `conversations` are in no other round until it is over."""

    appends: list[Append]
    updates: list[Update]
    conversations: set[str]


class Queue:
    """What waits, by conversation, in the order of arrival."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Append | Update]] = {}
        self._under_way: set[str] = set()

    def put(self, entry: Append | Update) -> None:
        """Add an entry behind the others of its conversation."""
        self._waiting.setdefault(entry.conversation, deque()).append(entry)

    def put_back(self, entry: Append | Update) -> None:
        """Put an entry that was taken before the others of its conversation."""
        self._waiting.setdefault(entry.conversation, deque()).appendleft(entry)

    def begin_round(self) -> Round | None:
        """Take the next change or run of messages of each conversation, while there is room.

        None where nothing waits, or only behind a round that is under way.
        """
        free = [one for one in self._waiting if one not in self._under_way]
        appends: list[Append] = []
        updates: list[Update] = []
        taken: set[str] = set()
        for conversation in free:
            queue = self._waiting[conversation]
            if len(appends) == MAX_APPENDS and isinstance(queue[0], Append):
                continue
            taken.add(conversation)
            if isinstance(head := queue[0], Update):
                updates.append(head)
                queue.popleft()
            else:
                while queue and len(appends) < MAX_APPENDS and isinstance(queue[0], Append):
                    appends.append(queue[0])
                    queue.popleft()
            if not queue:
                del self._waiting[conversation]
        self._under_way |= taken
        return Round(_wanted(appends), _wanted(updates), taken) if taken else None

    def end_round(self, done: Round) -> None:
        """Let the conversations of a round be in others."""
        self._under_way -= done.conversations


def _wanted(entries: list[E]) -> list[E]:
    """Leave out what would be written for a caller who was told that it failed."""
    return [entry for entry in entries if not entry.is_given_up]
