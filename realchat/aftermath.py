"""What follows a message once it is out: translations, files. None of it is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from realchat.errors import ChatError
from realchat.models import Message
from realchat.tasks import Tasks
from realchat.translation import Interpreter

# Seconds until what could not be deleted is tried again.
_PAUSE = 1.0


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
        interpreter: Interpreter,
        messages: MessageSource,
        files: SharedFiles,
        tasks: Tasks,
    ) -> None:
        self._interpreter = interpreter
        self._messages = messages
        self._files = files
        self._tasks = tasks

    def sent(self, message: Message) -> None:
        """See to it that a new message's files can be read."""
        if message.files:
            self._tasks.start(self._settle_files(message.files, message.conversation))

    def edited(self, message: Message) -> None:
        """Drop the translations of a text that was replaced."""
        self._tasks.start(self._forget(message, whole=False))

    def deleted(self, message: Message) -> None:
        """Drop a deleted message's translations, and take back the files it showed."""
        self._tasks.start(self._forget(message, whole=True))
        self.refused(message.conversation, message.files)

    def refused(self, conversation: str, files: Sequence[str]) -> None:
        """Take back the files of a message that is not there, or not any more."""
        if files:
            self._tasks.start(self._settle_files(files, conversation))

    async def _forget(self, message: Message, *, whole: bool) -> None:
        """Delete translations; what is to be gone must not stay because of an outage."""
        while True:
            try:
                return await self._interpreter.forget(message, whole=whole)
            except ChatError:
                await asyncio.sleep(_PAUSE)

    async def _settle_files(self, urls: Sequence[str], conversation: str) -> None:
        """Have files readable in a conversation if, and only if, a message there shows them.

        Looked up again after it was written: where a file is sent and its
        message deleted at the same moment, whoever comes last sees the other.
        """
        shown = await self._shown(urls, conversation)
        while True:
            await self._files.share_again(shown, conversation)
            await self._files.unshare([url for url in urls if url not in shown], conversation)
            before, shown = shown, await self._shown(urls, conversation)
            if before == shown:
                return

    async def _shown(self, urls: Sequence[str], conversation: str) -> list[str]:
        return [url for url in urls if await self._messages.is_shared(url, conversation)]
