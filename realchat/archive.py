"""Translations as they are kept, those that are wanted at the same time looked up together.

A message's translations into many languages begin at one moment, and would
else cost the database a call each for every step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

from realchat.loader import Loader
from realchat.models import Message, StoredTranslation
from realchat.phrases import digest


class TranslationStore(Protocol):
    """Where translations are kept."""

    async def of_messages(self, message_ids: Sequence[str]) -> list[StoredTranslation]:
        """Return what is there of these messages, in any language."""

    async def of_phrases(self, phrases: Sequence[str]) -> list[StoredTranslation]:
        """Return the latest translation of each phrase."""

    async def keep(self, translations: Sequence[StoredTranslation]) -> None:
        """Store translations of messages."""

    async def forget(self, message_id: str, text: str) -> None:
        """Delete the translations of a message's text."""


class MessageSource(Protocol):
    """Where messages are read."""

    async def find_many(self, message_ids: Sequence[str]) -> list[Message]:
        """Return those of the messages that there are, as they are now."""


class Archive:
    """What is kept, by message and by phrase."""

    def __init__(self, store: TranslationStore, messages: MessageSource) -> None:
        self._store = store
        self._messages = messages
        self._by_message = Loader(self._load_by_message)
        self._by_phrase = Loader(self._load_by_phrase)
        self._current = Loader(self._load_current)
        self._keeping = Loader(self._keep)

    async def of_messages(
        self, message_ids: Sequence[str], lang: str
    ) -> dict[str, StoredTranslation]:
        """Return what is kept of messages in a language, by message."""
        found = await self._by_message.get_many(message_ids)
        return {one: found[one][lang] for one in found if lang in found[one]}

    async def of_phrases(self, keys: Sequence[str]) -> dict[str, StoredTranslation]:
        """Return the latest translations of phrases, by phrase."""
        return await self._by_phrase.get_many(keys)

    async def keep(self, translation: StoredTranslation) -> None:
        """Store a translation of a message."""
        await self._keeping.get(translation)

    async def is_current(self, message: Message) -> bool:
        """Tell whether a message has the same text still."""
        current = await self._current.get(message.id)
        return current is not None and current.content == message.content

    async def forget(self, message: Message) -> None:
        """Delete what was translated of a message whose text is no longer that."""
        await self._store.forget(message.id, digest(message.content))

    async def _load_by_message(
        self, ids: Sequence[str]
    ) -> Mapping[str, Mapping[str, StoredTranslation]]:
        found: defaultdict[str, dict[str, StoredTranslation]] = defaultdict(dict)
        for one in await self._store.of_messages(ids):
            found[one.message_id][one.lang] = one
        return found

    async def _load_by_phrase(self, keys: Sequence[str]) -> Mapping[str, StoredTranslation]:
        return {one.phrase: one for one in await self._store.of_phrases(keys)}

    async def _load_current(self, ids: Sequence[str]) -> Mapping[str, Message]:
        return {one.id: one for one in await self._messages.find_many(ids)}

    async def _keep(
        self, translations: Sequence[StoredTranslation]
    ) -> Mapping[StoredTranslation, None]:
        await self._store.keep(translations)
        return {}
