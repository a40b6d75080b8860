"""Each reader's language: which messages need a translation, and how they come by it.

Nothing here stands between a message and its readers: a message goes out as it
is, with its translation if that is known, else saying `pending`, and the
translation follows as an event of its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol

from msgspec import structs

from realchat.errors import ChatError, TranslationFailedError
from realchat.events import MessageTranslated
from realchat.frames import TranslationEvent
from realchat.kept import says_anything
from realchat.languages import base, can_read
from realchat.metrics import count_refusal
from realchat.models import Message, Reader, StoredTranslation, Translation
from realchat.phrases import Delivery, Wanted
from realchat.phrasing import Phrasing
from realchat.ports import Bus
from realchat.recollection import Place, Recollection, place_of
from realchat.tasks import Tasks

# What one person may have made at a time by reading history, so that the engine is there
# for others, too; a page of a web client is 50.
_MOST_ASKED = 100


class Phrasebook(Protocol):
    """What was translated, and how what was not is."""

    @property
    def is_open(self) -> bool:
        """Whether there is an engine."""

    async def find(self, wanted: Sequence[Wanted]) -> dict[str, StoredTranslation]:
        """Return, by message, what is kept of these messages in one language."""

    async def obtain(self, wanted: Wanted) -> StoredTranslation:
        """Return a message's translation, made now if need be."""

    async def forget(self, message: Message, *, whole: bool = False) -> None:
        """Delete what was translated of a text that a message has no more, or of the message."""


class _Waiting:
    """Who waits for a translation, and what a person made of that text meanwhile."""

    __slots__ = ("place", "put_right", "readers")

    def __init__(self, place: Place, readers: Iterable[str]) -> None:
        self.place = place
        self.put_right: Translation | None = None
        self.readers = dict.fromkeys(readers)


class Interpreter:
    """Gives each reader each message in a language they read, or says why it cannot be had."""

    def __init__(self, phrasebook: Phrasebook, phrasing: Phrasing, bus: Bus, tasks: Tasks) -> None:
        self._phrasebook = phrasebook
        self._phrasing = phrasing
        self._bus = bus
        self._tasks = tasks
        self._turn = asyncio.Lock()
        # Who waits for what is under way, and how much of it each has asked for.
        self._waiting: dict[Delivery, _Waiting] = {}
        self._asked: Counter[str | None] = Counter()
        self._recollection = Recollection()

    def announce(self, message: Message, lang: str) -> Message:
        """Return the message as a reader of `lang` gets it at once; if pending, it follows."""
        known = self._recollection.find(message, lang)
        return structs.replace(message, translation=known or self._outlook(message, lang))

    def begin(
        self, message: Message, lang: str, readers: Sequence[str], asker: str | None = None
    ) -> None:
        """Have the readers who were told what `announce` says told what there is.

        Where it was an `asker` who wanted it, and was told `pending`, it is for all their devices.
        """
        announced = None if asker else self._recollection.find(message, lang)
        delivery = Delivery(message.id, message.rev, lang, announced, asker)
        if delivery in self._waiting:
            self._waiting[delivery].readers.update(dict.fromkeys(readers))
        elif self._is_to_be_had(message, lang):
            self._waiting[delivery] = _Waiting(place_of(message, lang), readers)
            self._asked[asker] += 1
            self._tasks.start(self._deliver(message, delivery))

    async def show(self, messages: Sequence[Message], reader: Reader) -> list[Message]:
        """Return messages as their reader sees them; what is not translated yet will follow."""
        lang = base(reader.languages[0])
        needed = [one for one in messages if target_of(one, reader.languages)]
        wanted = asyncio.gather(*(self._want(one, lang) for one in needed))
        found = await self._phrasebook.find(await wanted)
        shown = {
            one.id: structs.replace(
                one, translation=self._show(one, lang, found.get(one.id), reader.user_id)
            )
            for one in needed
        }
        return [shown.get(one.id, one).seen_by(reader.user_id) for one in messages]

    async def translate(self, message: Message, lang: str) -> Translation:
        """Return a message's translation, made now if need be, or why there is none."""
        if base(message.content_lang) == lang:
            return _unavailable(lang, "same_language")
        if not says_anything(message.content):
            return _unavailable(lang, "nothing_to_translate")
        try:
            stored = await self._phrasebook.obtain(await self._want(message, lang))
        except TranslationFailedError as error:
            count_refusal(error.reason)
            return _unavailable(lang, error.reason)
        return self._recollection.remember(message, stored)

    def spread(
        self, message: Message, stored: StoredTranslation, readers: Sequence[str]
    ) -> Translation:
        """Tell those of the readers who need it of a translation that is kept now; return it."""
        translation = self._recollection.remember(message, stored)
        place = place_of(message, stored.lang)
        for waiting in self._waiting.values():
            if waiting.place == place:
                waiting.put_right = translation
        self._tell(message, translation, readers)
        return translation

    def _tell(
        self,
        message: Message,
        translation: Translation,
        readers: Sequence[str],
        *,
        is_asked: bool = False,
        is_local: bool = False,
    ) -> None:
        frame = TranslationEvent(
            id=message.id,
            conversation=message.conversation,
            rev=message.rev,
            **structs.asdict(translation),
        )
        happening = MessageTranslated(
            is_asked=is_asked,
            is_local=is_local,
            readers=tuple(readers),
            content_lang=message.content_lang,
            frame=frame,
        )
        self._bus.publish(happening)

    async def forget(self, message: Message, *, whole: bool = False) -> None:
        """Delete what was translated of a text that a message has no more, or of the message."""
        await self._phrasebook.forget(message, whole=whole)

    async def _deliver(self, message: Message, delivery: Delivery) -> None:
        try:
            outcome = await self.translate(message, delivery.lang)
        except ChatError:
            outcome = _unavailable(delivery.lang, "database_unreachable")
        except Exception:
            self._tell_waiting(message, delivery, _unavailable(delivery.lang, "engine_failed"))
            raise
        # An engine that is given up lets go of thousands at one moment: one in a turn of
        # the loop, so that messages pass in between.
        async with self._turn:
            self._tell_waiting(message, delivery, outcome)
            await asyncio.sleep(0)

    def _tell_waiting(self, message: Message, delivery: Delivery, outcome: Translation) -> None:
        waiting = self._waiting.pop(delivery)
        readers = tuple(waiting.readers)
        self._asked -= Counter([delivery.asker])  # which leaves out who asks for nothing more
        if waiting.put_right is not None and outcome.reason != "superseded":
            outcome = waiting.put_right
        is_news = outcome != delivery.announced and outcome.reason != "superseded"
        # What is known to its readers stays with them when it cannot be had again.
        is_worse = delivery.announced is not None and outcome.status == "unavailable"
        if readers and is_news and not is_worse:
            # Else each process has what is pending translated for those who are connected to it.
            is_asked = delivery.is_asked
            self._tell(message, outcome, readers, is_asked=is_asked, is_local=not is_asked)

    async def _want(self, message: Message, lang: str) -> Wanted:
        phrase = await self._phrasing.phrase(
            message.content, message.content_lang, lang, message.conversation, message.mentions
        )
        return Wanted(message, phrase)

    def _show(
        self, message: Message, lang: str, stored: StoredTranslation | None, asker: str
    ) -> Translation:
        """Return what is known of a translation; see to it that the message has its own."""
        if stored is not None:
            if stored.message_id != message.id:
                self.begin(message, lang, [], asker)
            return self._recollection.remember(message, stored)
        if self._phrasebook.is_open and self._asked[asker] >= _MOST_ASKED:
            return _unavailable(lang, "rate_limited")
        self.begin(message, lang, [asker], asker)
        return self._outlook(message, lang)

    def _outlook(self, message: Message, lang: str) -> Translation:
        if not self._is_to_be_had(message, lang):
            return _unavailable(lang, "not_configured")
        return Translation(lang=lang, status="pending")

    def _is_to_be_had(self, message: Message, lang: str) -> bool:
        is_put_right = self._recollection.was_put_right(place_of(message, lang))
        return self._phrasebook.is_open or is_put_right


def target_of(message: Message, languages: Sequence[str]) -> str | None:
    """Return the language that a reader of `languages` needs a message in; None if as it is.

    What has no words (emoji, an address, code) everybody can read.
    """
    target = _target(message.content_lang, tuple(languages))
    return target if target and says_anything(message.content) else None


@lru_cache(10_000)
def _target(content_lang: str, languages: tuple[str, ...]) -> str | None:
    return None if can_read(content_lang, languages) else base(languages[0])


def _unavailable(lang: str, reason: str) -> Translation:
    return Translation(lang=lang, status="unavailable", reason=reason)
