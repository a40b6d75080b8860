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
from realchat.metrics import count_translation
from realchat.models import Message, StoredTranslation
from realchat.phrases import Phrase, Rendering, Wanted, correction_key, digest
from realchat.rendering import render

T = TypeVar("T")

# Seconds for a message, which may be several texts for the engine.
_DEADLINE = 60
# Characters of translations.
_REMEMBERED = 500_000


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
        self._jobs: dict[Phrase, asyncio.Task[StoredTranslation]] = {}

    @property
    def is_open(self) -> bool:
        """Whether there is an engine."""
        return self._translator is not None

    async def find(self, wanted: Sequence[Wanted]) -> dict[str, StoredTranslation]:
        """Return, by message, what is kept of these messages in one language.

        It may be another message's, of the same text.
        """
        if not wanted:
            return {}
        ids, lang = [one.message.id for one in wanted], wanted[0].phrase.target
        own = await self._archive.of_messages(ids, lang)
        found = {
            one.message.id: own[one.message.id]
            for one in wanted
            if one.message.id in own and self._is_good(own[one.message.id], one)
        }
        missing = [one for one in wanted if one.message.id not in found]
        return found | (await self._find_elsewhere(missing) if missing else {})

    async def obtain(self, wanted: Wanted) -> StoredTranslation:
        """Return a message's translation, made now if need be, once it is kept.

        Raises `TranslationFailedError`; `superseded`, where the message has another
        text by now.
        """
        found = (await self.find([wanted])).get(wanted.message.id)
        if found is not None and found.message_id == wanted.message.id:
            return found
        if found is None:
            found = await self._share(wanted)
        else:
            count_translation("cached")
        return await self._adopt(wanted.message, found)

    async def ask(self, phrase: Phrase) -> Rendering:
        """Return what the engine makes of a phrase, which is remembered, but stored nowhere."""
        translator, (text, source, target, vocabulary) = self._require(), phrase
        version = await translator.identify(source, target)
        if (phrase, version) in self._remembered:
            return self._remembered[phrase, version]
        rendering = render(
            text, vocabulary, lambda part: translator.translate(part, source, target)
        )
        content = await _within(_DEADLINE, rendering)
        made = Rendering(content, translator.engine_for(source, target))
        self._remembered[phrase, version] = made
        return made

    async def forget(self, message: Message) -> None:
        """Delete what was translated of a message whose text is no longer that."""
        await self._archive.forget(message)

    async def _find_elsewhere(self, wanted: Sequence[Wanted]) -> dict[str, StoredTranslation]:
        keys = dict.fromkeys(key for one in wanted for key in self._keys(one))
        stored = await self._archive.of_phrases(list(keys))
        found = {}
        for one in wanted:
            kept = [stored[key] for key in self._keys(one) if key in stored]
            for good in [each for each in kept if self._is_good(each, one)][:1]:
                found[one.message.id] = good
        return found

    def _keys(self, wanted: Wanted) -> list[str]:
        """Return what the translation may be kept under: a person's wins over the engine's."""
        engines = [self._translator.name] if self._translator else []
        return [wanted.correction_key, *map(wanted.phrase.key, engines)]

    def _is_good(self, stored: StoredTranslation, wanted: Wanted) -> bool:
        """Tell whether a kept translation is what would be made now."""
        phrase, translator = wanted.phrase, self._translator
        if stored.phrase == wanted.correction_key:
            return True
        if translator is None:
            return stored.text == digest(wanted.message.content)
        version = translator.version(phrase.source, phrase.target)
        is_same = stored.phrase == phrase.key(translator.name)
        return is_same and version in (None, stored.version)

    async def _share(self, wanted: Wanted) -> StoredTranslation:
        """Return the phrase's translation; those who want the same one wait for one job."""
        phrase = wanted.phrase
        if phrase not in self._jobs:
            task = asyncio.get_running_loop().create_task(self._make(wanted))
            self._jobs[phrase] = task
            task.add_done_callback(lambda done: self._finish(phrase, done))
        return await asyncio.shield(self._jobs[phrase])

    def _finish(self, phrase: Phrase, task: asyncio.Task[StoredTranslation]) -> None:
        del self._jobs[phrase]
        if not task.cancelled():
            task.exception()  # looked at, since those who waited for it may be gone

    async def _make(self, wanted: Wanted) -> StoredTranslation:
        translator, phrase = self._require(), wanted.phrase
        version = await translator.identify(phrase.source, phrase.target)
        name = f"{phrase.key(translator.name)} {version}"
        async with self._claims.hold(name, _DEADLINE):
            # Another process may have made it while it had the claim.
            found = (await self.find([wanted])).get(wanted.message.id)
            return found or await self._translate(wanted, translator, version)

    async def _translate(
        self, wanted: Wanted, translator: Translator, version: str
    ) -> StoredTranslation:
        message, phrase = wanted
        rendering = await self.ask(phrase)
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

    async def _adopt(self, message: Message, found: StoredTranslation) -> StoredTranslation:
        """Keep for a message what was made for its text; return what counts for it now."""
        own = structs.replace(found, message_id=message.id, conversation=message.conversation)
        if own != found:
            await self._archive.keep(own)
        # Deleted, edited or corrected meanwhile? Looked up after it was kept, so that
        # whichever came last sees the other.
        if not await self._archive.is_current(message):
            await self.forget(message)
            raise TranslationFailedError("superseded")
        if own.reviewed_by is None:
            correction = await self._archive.of_phrases([correction_key(message, own.lang)])
            for one in correction.values():
                return await self._adopt(message, one)
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
