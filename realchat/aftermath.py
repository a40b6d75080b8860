"""What follows a message once it is out: marks, translations, files. None of it is waited for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from realchat.inbox import Inbox
from realchat.models import Message
from realchat.tasks import Tasks
from realchat.translation import Interpreter


class MessageSource(Protocol):
    """Where messages are read."""

    async def is_shared(self, url: str, conversation: str) -> bool:
        """Tell whether a message of the conversation shows a file."""


class SharedFiles(Protocol):
    """Who may read which file."""

    async def unshare(self, urls: Sequence[str], conversation: str) -> None:
        """Let the members of a conversation no longer read files."""

    async def share_again(self, urls: Sequence[str], conversation: str) -> None:
        """Let them read files after all."""


class Aftermath:
    """Starts what a stored message brings with it."""

    def __init__(
        self,
        inbox: Inbox,
        interpreter: Interpreter,
        messages: MessageSource,
        files: SharedFiles,
        tasks: Tasks,
    ) -> None:
        self._inbox = inbox
        self._interpreter = interpreter
        self._messages = messages
        self._files = files
        self._tasks = tasks

    def sent(self, message: Message) -> None:
        """Count what somebody sent as read by them."""
        self._inbox.note_sent(message)

    def edited(self, message: Message) -> None:
        """Drop the translations of a text that was replaced."""
        self._tasks.start(self._interpreter.forget(message.id))

    def deleted(self, message: Message) -> None:
        """Drop a deleted message's translations, and take back the files it showed."""
        self._tasks.start(self._interpreter.forget(message.id))
        if message.files:
            self._tasks.start(self._take_back(message.files, message.conversation))

    def refused(self, conversation: str, files: Sequence[str]) -> None:
        """Take back the files of a message that was not stored."""
        if files:
            self._tasks.start(self._take_back(files, conversation))

    async def _take_back(self, urls: Sequence[str], conversation: str) -> None:
        if gone := await self._unused(urls, conversation):
            await self._files.unshare(gone, conversation)
            # Sent again at the same moment? Asked after it was taken away, so
            # that whichever came last sees the other.
            unused = await self._unused(gone, conversation)
            if shown := [url for url in gone if url not in unused]:
                await self._files.share_again(shown, conversation)

    async def _unused(self, urls: Sequence[str], conversation: str) -> list[str]:
        return [url for url in urls if not await self._messages.is_shared(url, conversation)]
