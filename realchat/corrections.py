"""Translations that readers put right: marked as theirs, and shown in place of the engine's."""

from __future__ import annotations

from typing import Protocol

from realchat.archive import Archive
from realchat.errors import ChatError, Code, invalid
from realchat.languages import base
from realchat.models import Message, StoredTranslation, Translation
from realchat.phrases import correction_key, digest
from realchat.translation import Interpreter


class Speech(Protocol):
    """What was said, to those who may see it and may say something there."""

    async def find(self, user_id: str, message_id: str) -> tuple[Message, tuple[str, ...]]:
        """Return a message and its conversation's members, or raise `not_found`."""

    async def require_open(self, message: Message, user_id: str) -> None:
        """Raise `blocked` where a message's direct conversation is closed by a block."""


class Corrections:
    """What readers know better than the engine."""

    def __init__(self, speech: Speech, archive: Archive, interpreter: Interpreter) -> None:
        self._speech = speech
        self._archive = archive
        self._interpreter = interpreter

    async def correct(self, user_id: str, message_id: str, lang: str, content: str) -> Translation:
        """Give a message another translation; the same text is shown with it from now on.

        In its conversation only: what somebody says here is nobody's word elsewhere.
        Raises `not_found`, `message_deleted`, `blocked`, `validation_error`, and
        `conflict` where the message was changed at the same moment.
        """
        message, members = await self._speech.find(user_id, message_id)
        if message.deleted is True:
            raise ChatError(Code.MESSAGE_DELETED)
        await self._speech.require_open(message, user_id)
        target = base(lang)
        if target == base(message.content_lang):
            raise invalid("lang", "must not be the message's own language")
        if not content.strip():
            raise invalid("content", "must not be empty")
        corrected = StoredTranslation(
            message_id=message.id,
            conversation=message.conversation,
            lang=target,
            text=digest(message.content),
            phrase=correction_key(
                message.conversation, message.content_lang, target, message.content
            ),
            version="",
            content=content,
            reviewed_by=user_id,
        )
        await self._archive.correct(corrected)
        # Looked up after it was kept, so that whichever came last sees the other.
        current, _ = await self._speech.find(user_id, message_id)
        if current.content != message.content:
            await self._interpreter.forget(message)
            raise ChatError(Code.MESSAGE_DELETED if current.deleted is True else Code.CONFLICT)
        return self._interpreter.spread(current, corrected, members)
