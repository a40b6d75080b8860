"""What was translated before, and how what was not is: once for all who want it.

A translation is kept for each message. What was said before, by the same engine
with the same model, is taken from there; only then an engine is asked, by one of
the processes. Errors are not kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from cachetools import LRUCache
from msgspec import structs

from realchat.archive import Archive
from realchat.errors import TranslationFailedError
from realchat.flights import Flights
from realchat.metrics import count_translation
from realchat.models import Message, StoredTranslation
from realchat.phrases import Phrase, Rendering, Wanted, digest
from realchat.rendering import render

T = TypeVar("T")

# Seconds for a message, which may be several texts for the engine.
_DEADLINE = 60
# Characters of translations.
_REMEMBERED = 500_000
# Characters of a text with its terms: twice what a message may have.
_LONGEST = 20_000


class Translator(Protocol):
    """An engine; the calls that wait raise `TranslationFailedError`."""

    name: str

    async def translate(self, text: str, source: str, target: str) -> str:
        """Return the text in the target language."""

    async def identify(self, source: str, target: str) -> str:
        """Return which models bring one language into the other."""

    def version(self, source: str, target: str) -> str | None:
        """Return the same, if it is known now."""

    def engine_for(self, source: str, target: str) -> str:
        """Return what readers are told: the name, and the language between, if there is one."""


class Claims(Protocol):
    """Which of several processes does something."""

    def hold(self, name: str, seconds: float) -> AbstractAsyncContextManager[None]:
        """Wait until nobody else does it, and claim it for so long at most."""


class Phrasebook:
    """Finds translations, and has those made that there are not; `is_open` says if that can be."""

    def __init__(self, archive: Archive, claims: Claims, translator: Translator | None) -> None:
        self._archive = archive
        self._claims = claims
        self._translator = translator
        # What was asked for last, which may be a text that is about to be sent.
        self._remembered: LRUCache[tuple[Phrase, str], Rendering] = LRUCache(
            _REMEMBERED, getsizeof=lambda one: len(one.content)
        )
        self._jobs: Flights[Phrase, StoredTranslation] = Flights()
        self._questions: Flights[Phrase, Rendering] = Flights()

    @property
    def is_open(self) -> bool:
        """Whether there is an engine."""
        return self._translator is not None

    async def find(self, wanted: Sequence[Wanted]) -> dict[str, StoredTranslation]:
        """Return, by message, what is kept of these messages in one language.

        A person's wins over the engine's. It may be another message's, of the same text.
        """
        if not wanted:
            return {}
        ids, lang = [one.message.id for one in wanted], wanted[0].phrase.target
        own, corrected = await asyncio.gather(
            self._archive.of_messages(ids, lang),
            self._archive.corrections([one.correction_key for one in wanted]),
        )
        found, missing = {}, []
        for one in wanted:
            kept, correction = own.get(one.message.id), corrected.get(one.correction_key)
            if correction is not None:
                is_own = kept is not None and kept.content == correction.content
                found[one.message.id] = kept if kept and is_own else correction
            elif kept is not None and self._is_good(kept, one):
                found[one.message.id] = kept
            else:
                missing.append(one)
        return found | await self._find_elsewhere(missing)

    async def obtain(self, wanted: Wanted) -> StoredTranslation:
        """Return a message's translation, made now if need be, once it is kept.

        Raises `TranslationFailedError`; `superseded`, where the message has another
        text by now.
        """
        found = (await self.find([wanted])).get(wanted.message.id)
        if found is not None and found.message_id == wanted.message.id:
            return found
        if found is None:
            found = await self._jobs.join(wanted.phrase, lambda: self._make(wanted))
        else:
            count_translation("cached")
        return await self._adopt(wanted, found)

    async def foresee(self, phrase: Phrase, correction: str | None = None) -> Rendering:
        """Return what a phrase would arrive as, kept nowhere; `correction` is its key, if any."""
        put_right = await self._archive.corrections([correction]) if correction else {}
        for one in [*put_right.values(), *(await self._find_phrases([phrase])).values()]:
            return Rendering(one.content, one.engine, one.reviewed_by)
        return await self._ask(phrase)

    async def forget(self, message: Message, *, whole: bool = False) -> None:
        """Delete what was translated of a text that a message has no more, or of the message."""
        await self._archive.forget(message, whole=whole)

    async def close(self) -> None:
        """End what is under way, so that other processes need not wait for it."""
        await self._jobs.close()
        await self._questions.close()

    async def _find_elsewhere(self, wanted: Sequence[Wanted]) -> dict[str, StoredTranslation]:
        stored = await self._find_phrases([one.phrase for one in wanted])
        return {one.message.id: stored[one.phrase] for one in wanted if one.phrase in stored}

    async def _find_phrases(self, phrases: Sequence[Phrase]) -> dict[Phrase, StoredTranslation]:
        if self._translator is None or not phrases:
            return {}
        keys = {phrase: phrase.key(self._translator.name) for phrase in phrases}
        stored = await self._archive.of_phrases(list(dict.fromkeys(keys.values())))
        return {
            phrase: stored[key]
            for phrase, key in keys.items()
            if key in stored and self._is_of_model(stored[key], phrase)
        }

    def _is_good(self, stored: StoredTranslation, wanted: Wanted) -> bool:
        """Tell whether a message's kept translation is what would be made now."""
        if self._translator is None:
            return stored.text == digest(wanted.message.content)
        key = wanted.phrase.key(self._translator.name)
        return stored.phrase == key and self._is_of_model(stored, wanted.phrase)

    def _is_of_model(self, stored: StoredTranslation, phrase: Phrase) -> bool:
        version = self._require().version(phrase.source, phrase.target)
        return version in (None, stored.version)

    async def _make(self, wanted: Wanted) -> StoredTranslation:
        translator, phrase = self._require(), wanted.phrase
        version = await translator.identify(phrase.source, phrase.target)
        name = f"{phrase.key(translator.name)} {version}"
        async with self._claims.hold(name, _DEADLINE):
            # Another process may have made it while it had the claim.
            found = (await self._find_phrases([phrase])).get(phrase)
            return found or await self._translate(wanted, translator, version)

    async def _translate(
        self, wanted: Wanted, translator: Translator, version: str
    ) -> StoredTranslation:
        message, phrase = wanted
        rendering = await self._ask(phrase)
        made = StoredTranslation(
            message_id=message.id,
            conversation=message.conversation,
            lang=phrase.target,
            text=digest(message.content),
            phrase=phrase.key(translator.name),
            version=version,
            content=rendering.content,
            engine=rendering.engine,
        )
        await self._archive.keep(made)
        count_translation("ready")
        return made

    async def _ask(self, phrase: Phrase) -> Rendering:
        return await self._questions.join(phrase, lambda: self._render(phrase))

    async def _render(self, phrase: Phrase) -> Rendering:
        """Return what the engine makes of a phrase, which is remembered for a while."""
        translator, (text, source, target, vocabulary) = self._require(), phrase
        if len(text) > _LONGEST:
            raise TranslationFailedError("too_long")
        version = await translator.identify(source, target)
        if (phrase, version) not in self._remembered:
            rendering = render(
                text, vocabulary, lambda part: translator.translate(part, source, target)
            )
            content = await _within(_DEADLINE, rendering)
            made = Rendering(content, translator.engine_for(source, target))
            self._remembered[phrase, version] = made
        return self._remembered[phrase, version]

    async def _adopt(self, wanted: Wanted, found: StoredTranslation) -> StoredTranslation:
        """Keep for a message what was made for its text; return what counts for it now."""
        message = wanted.message
        own = structs.replace(
            found,
            message_id=message.id,
            conversation=message.conversation,
            text=digest(message.content),
        )
        if own != found:
            await self._archive.keep(own)
        # Deleted, edited or corrected meanwhile? Looked up after it was kept, so that
        # whichever came last sees the other.
        if not await self._archive.is_current(message):
            await self.forget(message)
            raise TranslationFailedError("superseded")
        if own.reviewed_by is None:
            for correction in (await self._archive.corrections([wanted.correction_key])).values():
                return await self._adopt(wanted, correction)
        return own

    def _require(self) -> Translator:
        if self._translator is None:
            raise TranslationFailedError("not_configured")
        return self._translator


async def _within(seconds: float, work: Awaitable[T]) -> T:
    try:
        return await asyncio.wait_for(work, seconds)
    except TimeoutError:
        raise TranslationFailedError("engine_unreachable") from None
