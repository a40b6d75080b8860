"""What waits in the message log: new messages and changes, and how each is answered."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from realchat.drafts import Change, Deletion, Draft, Edit, Reaction
from realchat.errors import ChatError, Code
from realchat.models import Message
from realchat.store.database import Document
from realchat.store.messages import read_message

logger = logging.getLogger(__name__)

Stored = Callable[[Message], None]

# As many as fit well below MongoDB's 48 MB a message: 500 of 10,000 characters
# of 4 bytes are 20 MB.
MAX_APPENDS = 500
# What is left of a deleted message, besides its place.
EMPTIED: Document = {
    "content": "",
    "files": [],
    "attachments": [],
    "mentions": [],
    "reactions": {},
}


class Append(NamedTuple):
    """A draft that waits for its place."""

    draft: Draft
    stored: Stored
    result: asyncio.Future[tuple[Message, bool]]

    @property
    def conversation(self) -> str:
        """The conversation that the message goes to."""
        return self.draft.conversation


class Update(NamedTuple):
    """A change that waits for its rev."""

    message_id: str
    conversation: str
    change: Change
    stored: Stored
    result: asyncio.Future[Message | None]


class Queue:
    """What waits, by conversation, in the order of arrival."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Append | Update]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, entry: Append | Update) -> None:
        """Add an entry behind the others of its conversation."""
        self._waiting.setdefault(entry.conversation, deque()).append(entry)

    def put_back(self, entry: Append) -> None:
        """Put an entry that was taken before the others of its conversation."""
        self._waiting.setdefault(entry.conversation, deque()).appendleft(entry)

    def take_round(self) -> tuple[list[Append], list[Update]]:
        """Take the next change or run of messages of each conversation, while there is room."""
        appends: list[Append] = []
        updates: list[Update] = []
        for conversation, queue in list(self._waiting.items()):
            if isinstance(head := queue[0], Update):
                updates.append(head)
                queue.popleft()
            else:
                while queue and len(appends) < MAX_APPENDS and isinstance(queue[0], Append):
                    appends.append(queue[0])
                    queue.popleft()
            if not queue:
                del self._waiting[conversation]
        return appends, updates


def claim(entry: Append) -> Document:
    """Return the query for the message that has an entry's `client_id`."""
    return {"sender_id": entry.draft.sender_id, "client_id": entry.draft.client_id}


def settle(entry: Append, message: Message) -> None:
    """Publish a stored message, then answer its sender."""
    publish(entry.stored, message)
    if not entry.result.done():
        entry.result.set_result((message, True))


def publish(stored: Stored, message: Message) -> None:
    """Tell of a stored message; a fault in the telling does not undo it."""
    try:
        stored(message)
    except Exception:
        # The message is stored; its sender must be told so whatever happens to others.
        logger.exception("fault while publishing a message")


def answer_repeated(entry: Append, document: Document) -> None:
    """Answer with the message of the first time, or say that it was another one."""
    if entry.result.done():
        return
    if document["fingerprint"] != entry.draft.fingerprint:
        entry.result.set_exception(ChatError(Code.IDEMPOTENCY_CONFLICT))
    else:
        entry.result.set_result((read_message(document), False))


def write_change(change: Change) -> tuple[Document, Document]:
    """Return what must hold for a change to be one, and the update that makes it."""
    match change:
        case Edit():
            fields = {"content": change.content, "mentions": list(change.mentions)}
            return {}, {"$set": {**fields, "edited_at": change.edited_at}}
        case Deletion():
            return {}, {"$set": {**EMPTIED, "deleted": True}}
        case Reaction(on=True):
            users = f"reactions.{change.emoji}"
            return {users: {"$ne": change.user_id}}, {"$push": {users: change.user_id}}
        case Reaction():
            users = f"reactions.{change.emoji}"
            return {users: change.user_id}, {"$pull": {users: change.user_id}}
