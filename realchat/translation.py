"""Each reader's language: which messages need a translation, and how they come by it.

Nothing here stands between a message and its readers: a message goes out as it
is, saying `pending`, and the translation follows as an event of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from msgspec import structs

from realchat.errors import TranslationFailedError
from realchat.events import MessageTranslated
from realchat.frames import TranslationEvent
from realchat.kept import Vocabulary, says_anything
from realchat.languages import base, can_read
from realchat.metrics import count_refusal, count_translation
from realchat.models import Message, Reader, StoredTranslation, Translation
from realchat.ports import Bus, KnownPeople
from realchat.rendering import render
from realchat.tasks import Tasks

# Seconds for a message, which may be several texts for the engine.
_DEADLINE = 60


class Translator(Protocol):
    """An engine; `name` is what readers are told."""

    name: str

    async def translate(self, text: str, source: str, target: str) -> str:
        """Return the text in the target language, or raise `TranslationFailedError`."""

    def engine_for(self, source: str, target: str) -> str:
        """Return what readers are told: the name, and the language between, if there is one."""


class TranslationStore(Protocol):
    """Where translations are kept."""

    async def of_messages(self, message_ids: Sequence[str], lang: str) -> list[StoredTranslation]:
        """Return what is there of these messages in a language."""

    async def of_text(self, key: str) -> StoredTranslation | None:
        """Return any translation with that key."""

    async def keep(self, translation: StoredTranslation) -> None:
        """Store a translation of a message."""

    async def forget_message(self, message_id: str) -> None:
        """Delete all translations of a message."""


class MessageSource(Protocol):
    """Where messages are read."""

    async def find(self, message_id: str) -> Message | None:
        """Return one message as it is now."""


class Phrase(NamedTuple):
    """A text to be brought from one language into another."""

    text: str
    source: str
    target: str

    def key(self, engine: str) -> str:
        """Return what the phrase's translation by an engine is kept under."""
        return hashlib.sha256("\0".join((engine, *self[1:], self.text)).encode()).hexdigest()


class Rendering(NamedTuple):
    """A phrase in another language, and the engine that brought it there."""

    content: str
    engine: str


class Interpreter:
    """Gives each reader each message in a language they read; without an engine, says so."""

    def __init__(
        self,
        store: TranslationStore,
        messages: MessageSource,
        translator: Translator | None,
        people: KnownPeople,
        bus: Bus,
        tasks: Tasks,
    ) -> None:
        self._store = store
        self._messages = messages
        self._translator = translator
        self._people = people
        self._bus = bus
        self._tasks = tasks
        self._running: dict[Phrase, asyncio.Task[Rendering]] = {}

    def announce(self, message: Message, lang: str) -> Message:
        """Return the message as a reader of `lang` gets it at once, translation to follow."""
        return structs.replace(message, translation=self._outlook(lang))

    def begin(self, message: Message, lang: str, readers: Sequence[str]) -> None:
        """Start to translate a message; the readers get it as an event."""
        if self._translator is not None:
            self._tasks.start(self._deliver(message, lang, tuple(readers)))

    async def show(self, messages: Sequence[Message], reader: Reader) -> list[Message]:
        """Return messages as their reader sees them; what is not translated yet will follow."""
        lang = base(reader.languages[0])
        wanted = [one for one in messages if target_of(one, reader.languages)]
        known = await self._known(wanted, lang)
        shown = {one.id: structs.replace(one, translation=known[one.id]) for one in wanted}
        for one in wanted:
            if known[one.id].status == "pending":
                self.begin(one, lang, [reader.user_id])
        return [shown.get(one.id, one).seen_by(reader.user_id) for one in messages]

    async def translate(self, message: Message, lang: str) -> Translation:
        """Return a message's translation, made now if need be, or why there is none."""
        if base(message.content_lang) == lang:
            return _unavailable(lang, "same_language")
        if self._translator is None:
            return self._outlook(lang)
        phrase = _phrase(message, lang)
        try:
            rendering = await self._obtain(phrase, message.mentions)
        except TranslationFailedError as error:
            count_refusal(error.reason)
            return _unavailable(lang, error.reason)
        await self._keep(message, phrase, rendering)
        return _ready(lang, *rendering)

    async def forget(self, message_id: str) -> None:
        """Delete what was translated of a message whose text is no longer that."""
        await self._store.forget_message(message_id)

    async def _deliver(self, message: Message, lang: str, readers: tuple[str, ...]) -> None:
        translation = await self.translate(message, lang)
        frame = TranslationEvent(
            id=message.id,
            conversation=message.conversation,
            rev=message.rev,
            **structs.asdict(translation),
        )
        self._bus.publish(
            MessageTranslated(readers=readers, content_lang=message.content_lang, frame=frame)
        )

    async def _known(self, messages: Sequence[Message], lang: str) -> dict[str, Translation]:
        """Return what can be said of each message's translation at once."""
        known = {one.id: self._outlook(lang) for one in messages}
        if not messages or self._translator is None:
            return known
        keys = {one.id: _phrase(one, lang).key(self._translator.name) for one in messages}
        for stored in await self._store.of_messages(list(keys), lang):
            if stored.key == keys[stored.message_id]:
                known[stored.message_id] = _ready(lang, stored.content, stored.engine)
        return known

    async def _obtain(self, phrase: Phrase, mentions: Sequence[str]) -> Rendering:
        """Return the phrase's translation; those who want the same one wait for one job."""
        if phrase not in self._running:
            task = asyncio.get_running_loop().create_task(self._make(phrase, mentions))
            self._running[phrase] = task
            task.add_done_callback(lambda done: self._finish(phrase, done))
        return await asyncio.shield(self._running[phrase])

    def _finish(self, phrase: Phrase, task: asyncio.Task[Rendering]) -> None:
        del self._running[phrase]
        if not task.cancelled():
            task.exception()  # looked at, since those who waited for it may be gone

    async def _make(self, phrase: Phrase, mentions: Sequence[str]) -> Rendering:
        try:
            return await asyncio.wait_for(self._look_up_or_ask(phrase, mentions), _DEADLINE)
        except TimeoutError:
            raise TranslationFailedError("engine_unreachable") from None

    async def _look_up_or_ask(self, phrase: Phrase, mentions: Sequence[str]) -> Rendering:
        translator, (text, *pair) = self._translator, phrase
        assert translator is not None  # checked by `translate`
        stored = await self._store.of_text(phrase.key(translator.name))
        if stored is not None:
            count_translation("cached")
            return Rendering(stored.content, stored.engine)
        names = [user.name for user in (await self._people.get_many(mentions)).values()]
        vocabulary = Vocabulary(names=tuple(names))
        content = await render(text, vocabulary, lambda part: translator.translate(part, *pair))
        count_translation("ready")
        return Rendering(content, translator.engine_for(*pair))

    async def _keep(self, message: Message, phrase: Phrase, rendering: Rendering) -> None:
        assert self._translator is not None  # checked by `translate`
        await self._store.keep(
            StoredTranslation(
                message_id=message.id,
                conversation=message.conversation,
                lang=phrase.target,
                key=phrase.key(self._translator.name),
                content=rendering.content,
                engine=rendering.engine,
            )
        )
        # Deleted or edited while the engine worked? Looked up after it was kept,
        # so that whichever came last sees the other.
        current = await self._messages.find(message.id)
        if current is None or current.content != message.content:
            await self._store.forget_message(message.id)

    def _outlook(self, lang: str) -> Translation:
        if self._translator is None:
            return _unavailable(lang, "not_configured")
        return Translation(lang=lang, status="pending")


def target_of(message: Message, languages: Sequence[str]) -> str | None:
    """Return the language that a reader of `languages` needs a message in; None if as it is.

    What has no words (emoji, an address, code) everybody can read.
    """
    target = _target(message.content_lang, tuple(languages))
    return target if target and says_anything(message.content) else None


@lru_cache(10_000)
def _target(content_lang: str, languages: tuple[str, ...]) -> str | None:
    return None if can_read(content_lang, languages) else base(languages[0])


def _phrase(message: Message, lang: str) -> Phrase:
    return Phrase(message.content, base(message.content_lang), lang)


def _ready(lang: str, content: str, engine: str) -> Translation:
    return Translation(lang=lang, status="ready", content=content, engine=engine)


def _unavailable(lang: str, reason: str) -> Translation:
    return Translation(lang=lang, status="unavailable", reason=reason)
