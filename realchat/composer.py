"""How a request to send becomes the draft of a message: its files, language, mentions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

import msgspec
from msgspec import UNSET, UnsetType

from realchat.detection import Found, LanguageDetector
from realchat.drafts import Draft, Edit
from realchat.errors import invalid
from realchat.ids import new_id, now
from realchat.mentions import find_mentions
from realchat.models import Attachment, Message, StoredFile
from realchat.ports import KnownPeople
from realchat.requests import MessageDraft


class Files(Protocol):
    """What people have uploaded."""

    async def claim(self, owner_id: str, urls: Sequence[str]) -> list[StoredFile]:
        """Return one's own files by their URLs, or raise `validation_error`."""

    async def share(self, files: Sequence[StoredFile], conversation: str) -> None:
        """Let the members of a conversation read files."""

    def attachment(self, file: StoredFile) -> Attachment:
        """Return a file as a message shows it."""


class MessageSource(Protocol):
    """Where messages are read."""

    async def find(self, message_id: str) -> Message | None:
        """Return one message."""


class Composer:
    """Turns requests into drafts."""

    def __init__(
        self,
        messages: MessageSource,
        people: KnownPeople,
        files: Files,
        detector: LanguageDetector,
    ) -> None:
        self._messages = messages
        self._people = people
        self._files = files
        self._detector = detector

    async def compose(
        self, sender_id: str, request: MessageDraft, conversation: str, members: Sequence[str]
    ) -> Draft:
        """Return a request as the draft of a message; files of it are shared from then on.

        Raises `validation_error`: empty, files of others, a reply to elsewhere.
        """
        if not request.content.strip() and not request.files:
            raise invalid("content", "must not be empty when there are no files")
        await self._check_reply(request.reply_to, conversation)
        found = await self._find_language(sender_id, request, conversation, members)
        files = await self._files.claim(sender_id, request.files) if request.files else []
        attachments = {file.id: self._files.attachment(file) for file in files}
        if files:
            # Before the message is out, so that nobody is shown what they may not open yet.
            await self._files.share(files, conversation)
        return Draft(
            id=new_id(),
            conversation=conversation,
            sender_id=sender_id,
            recipient_id=_given(request.recipient_id),
            group_id=_given(request.group_id),
            content=request.content,
            content_lang=found.lang,
            detected=found.detected,
            files=tuple(each.url for each in attachments.values()),
            attachments=tuple(attachments.values()),
            reply_to=_given(request.reply_to),
            mentions=await self._find_mentions(request.content, members),
            created_at=now(),
            client_id=_given(request.client_id),
            fingerprint=fingerprint(request),
        )

    async def revise(self, message: Message, content: str, members: Sequence[str]) -> Edit:
        """Return another text for a message as the edit that gives it that."""
        found = await self._detector.detect_again(message, members, content)
        return Edit(
            content=content,
            content_lang=found.lang,
            detected=found.detected,
            mentions=await self._find_mentions(content, members),
            edited_at=now(),
        )

    async def _find_mentions(self, content: str, members: Sequence[str]) -> tuple[str, ...]:
        if "@" not in content:
            return ()
        return find_mentions(content, (await self._people.get_many(members)).values())

    async def _find_language(
        self, sender_id: str, request: MessageDraft, conversation: str, members: Sequence[str]
    ) -> Found:
        if request.content_lang:
            return self._detector.believe(sender_id, conversation, request.content_lang)
        return await self._detector.detect(sender_id, conversation, members, request.content)

    async def _check_reply(self, reply_to: str | UnsetType, conversation: str) -> None:
        if reply_to is UNSET:
            return
        original = await self._messages.find(reply_to)
        if original is None or original.conversation != conversation:
            raise invalid("reply_to", "must be a message of the same conversation")


def _given(value: str | UnsetType) -> str | None:
    return value if isinstance(value, str) else None


def fingerprint(request: MessageDraft) -> str:
    """Return what tells a repeated request from another one with the same `client_id`."""
    said = (
        _given(request.recipient_id),
        _given(request.group_id),
        request.content,
        _given(request.content_lang),
        request.files,
        _given(request.reply_to),
    )
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:32]
