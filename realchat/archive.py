"""Translations as they are kept, those that are wanted at the same time looked up together.

A message's translations into many languages begin at one moment, and would
else cost the database a call each for every step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from realchat.loader import Loader
from realchat.models import Message, StoredTranslation
from realchat.phrases import digest


class TranslationStore(Protocol):
    """Where translations are kept."""

    async def of_messages(
        self, message_ids: Sequence[str], langs: Sequence[str]
    ) -> list[StoredTranslation]:
        """Return what is there of these messages in these languages."""

    async def of_phrases(self, phrases: Sequence[str]) -> list[StoredTranslation]:
        """Return the latest translation of each phrase."""

    async def keep(self, translations: Sequence[StoredTranslation]) -> None:
        """Store translations of messages; an engine's never in place of a person's."""

    async def forget(self, message_id: str, text: str | None = None) -> None:
        """Delete the translations of a message, or of one text of it."""


class CorrectionStore(Protocol):
    """Where it is kept what people put right."""

    async def of_phrases(self, phrases: Sequence[str]) -> list[StoredTranslation]:
        """Return those that there are of phrases."""

    async def put(self, correction: StoredTranslation) -> None:
        """Store one."""

    async def has(self, conversation: str, text: str) -> bool:
        """Tell whether there is one of a text."""

    async def forget(self, conversation: str, text: str) -> None:
        """Delete those of a text."""


class MessageSource(Protocol):
    """Where messages are read."""

    async def find_many(self, message_ids: Sequence[str]) -> list[Message]:
        """Return those of the messages that there are, as they are now."""

    async def is_said(self, conversation: str, content: str) -> bool:
        """Tell whether a message of a conversation has this text."""


class Archive:
    """What is kept: of messages, of phrases, and by whom it was put right."""

    def __init__(
        self, translations: TranslationStore, corrections: CorrectionStore, messages: MessageSource
    ) -> None:
        self._translations = translations
        self._corrections = corrections
        self._messages = messages
        self._by_message = Loader(self._load_by_message)
        self._by_phrase = Loader(self._load_by_phrase)
        self._corrected = Loader(self._load_corrected)
        self._current = Loader(self._load_current)
        self._keeping = Loader(self._keep)

    async def of_messages(
        self, message_ids: Sequence[str], lang: str
    ) -> dict[str, StoredTranslation]:
        """Return what is kept of messages in a language, by message."""
        found = await self._by_message.get_many([(one, lang) for one in message_ids])
        return {message_id: stored for (message_id, _), stored in found.items()}

    async def of_phrases(self, phrases: Sequence[str]) -> dict[str, StoredTranslation]:
        """Return the engines' latest translations of phrases, by phrase."""
        return await self._by_phrase.get_many(phrases)

    async def corrections(self, phrases: Sequence[str]) -> dict[str, StoredTranslation]:
        """Return people's translations of phrases, by phrase."""
        return await self._corrected.get_many(phrases)

    async def keep(self, translation: StoredTranslation) -> None:
        """Store a translation of a message."""
        await self._keeping.get(translation)

    async def correct(self, correction: StoredTranslation) -> None:
        """Store a person's translation, of a message and of its text."""
        await self._corrections.put(correction)
        await self.keep(correction)

    async def is_current(self, message: Message) -> bool:
        """Tell whether a message has the same text still."""
        current = await self._current.get(message.id)
        return current is not None and current.content == message.content

    async def forget(self, message: Message, *, whole: bool = False) -> None:
        """Delete what was translated of a text that a message has no more, or of the whole message.

        What was put right stays while the text is said elsewhere in the conversation.
        """
        text, conversation = digest(message.content), message.conversation
        await self._translations.forget(message.id, None if whole else text)
        if await self._corrections.has(conversation, text) and not await self._messages.is_said(
            conversation, message.content
        ):
            await self._corrections.forget(conversation, text)

    async def _load_by_message(
        self, wanted: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], StoredTranslation]:
        ids, langs = ({one[place] for one in wanted} for place in (0, 1))
        found = await self._translations.of_messages(list(ids), list(langs))
        return {(one.message_id, one.lang): one for one in found}

    async def _load_by_phrase(self, phrases: Sequence[str]) -> Mapping[str, StoredTranslation]:
        return {one.phrase: one for one in await self._translations.of_phrases(phrases)}

    async def _load_corrected(self, phrases: Sequence[str]) -> Mapping[str, StoredTranslation]:
        return {one.phrase: one for one in await self._corrections.of_phrases(phrases)}

    async def _load_current(self, ids: Sequence[str]) -> Mapping[str, Message]:
        return {one.id: one for one in await self._messages.find_many(ids)}

    async def _keep(
        self, translations: Sequence[StoredTranslation]
    ) -> Mapping[StoredTranslation, None]:
        await self._translations.keep(translations)
        return {}
