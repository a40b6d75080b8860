"""What a group leaves behind when it ends: messages, translations, shares of files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from realchat.errors import ChatError
from realchat.tasks import Tasks

# Seconds until what could not be cleared is tried again, and until all is cleared
# once more: by then every write that was under way has ended.
_PAUSE = 1.0
_LATER = 10.0


class Kept(Protocol):
    """Something that is kept of conversations."""

    async def delete_conversation(self, conversation: str) -> None:
        """Delete all that is kept of a conversation."""


class Clearing:
    """Clears conversations away, after the answer."""

    def __init__(self, kept: Sequence[Kept], tasks: Tasks) -> None:
        self._kept = kept
        self._tasks = tasks

    def clear(self, conversation: str) -> None:
        """Begin to delete all that is kept of a conversation."""
        self._tasks.start(self._delete(conversation))
        asyncio.get_running_loop().call_later(
            _LATER, lambda: self._tasks.start(self._delete(conversation))
        )

    async def _delete(self, conversation: str) -> None:
        for each in self._kept:
            while True:
                try:
                    await each.delete_conversation(conversation)
                    break
                except ChatError:
                    await asyncio.sleep(_PAUSE)
