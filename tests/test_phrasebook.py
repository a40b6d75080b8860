"""No phrase is paid for twice: not by another message, nor by another process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sockets import PATIENCE

from realchat.archive import Archive
from realchat.errors import TranslationFailedError
from realchat.ids import direct_conversation, new_id
from realchat.kept import Vocabulary
from realchat.models import Message
from realchat.phrasebook import Phrasebook
from realchat.phrases import Phrase, Wanted
from realchat.services import Services
from realchat.store.translations import latest


class Translator:
    """Turns words round; its model can be replaced, and it can be away."""

    name = "Mirror"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.was_asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.model = "1"
        self.is_known = True
        self.fault = ""

    async def translate(self, text: str, source: str, target: str) -> str:
        """Return the text with its words turned round."""
        self.asked.append(text)
        self.was_asked.set()
        await self.gate.wait()
        if self.fault:
            raise TranslationFailedError(self.fault)
        backwards = " ".join(word[::-1] for word in text.split())
        return backwards if self.model == "1" else f"newly {backwards}"

    async def identify(self, source: str, target: str) -> str:
        """Return the model."""
        if self.fault:
            raise TranslationFailedError(self.fault)
        return self.model

    def version(self, source: str, target: str) -> str | None:
        """Return the model, if it is known now."""
        return self.model if self.is_known else None

    def engine_for(self, source: str, target: str) -> str:
        """Return the name."""
        return self.name


class Stored:
    """Messages that were stored, by id."""

    def __init__(self) -> None:
        self._messages: dict[str, Message] = {}

    async def find_many(self, message_ids: Sequence[str]) -> list[Message]:
        """Return those that there are."""
        return [self._messages[one] for one in message_ids if one in self._messages]

    async def is_said(self, conversation: str, content: str) -> bool:
        """Tell whether one has this text."""
        said = {(one.conversation, one.content) for one in self._messages.values()}
        return (conversation, content) in said

    def say(self, text: str) -> Wanted:
        """Store a message in a conversation of its own; return it as somebody wants it."""
        sender, recipient = new_id(), new_id()
        message = Message(
            id=new_id(),
            conversation=direct_conversation(sender, recipient),
            seq=1,
            rev=1,
            sender_id=sender,
            content=text,
            content_lang="en",
            detected=False,
            files=[],
            attachments=[],
            mentions=[],
            reactions={},
            created_at="2026-11-22T00:00:00.000Z",
        )
        self._messages[message.id] = message
        return Wanted(message, Phrase(text, "en", "xx"))


def process(services: Services, stored: Stored, translator: Translator | None) -> Phrasebook:
    """Return the phrasebook of a process on the same database."""
    kept = services.collections
    archive = Archive(kept.translations, kept.corrections, stored)
    return Phrasebook(archive, kept.claims, translator)


@pytest.mark.gen_test
async def test_what_was_said_before_is_not_asked_for_again(services: Services) -> None:
    stored, translator = Stored(), Translator()
    first, other = [process(services, stored, translator) for _ in range(2)]
    said = [stored.say("good morning") for _ in range(3)]
    made = [await book.obtain(one) for book, one in zip((first, first, other), said, strict=True)]
    assert [one.content for one in made] == ["doog gninrom"] * 3
    assert [one.message_id for one in made] == [one.message.id for one in said]
    assert translator.asked == ["good morning"]
    assert [one.message_id for one in (await other.find(said[:1])).values()] == [said[0].message.id]


@pytest.mark.gen_test
async def test_processes_that_want_the_same_at_once_ask_once(services: Services) -> None:
    stored = Stored()
    one, other = Translator(), Translator()
    one.gate.clear()
    books = process(services, stored, one), process(services, stored, other)
    first = asyncio.ensure_future(books[0].obtain(stored.say("good morning")))
    await one.was_asked.wait()
    rest = [asyncio.ensure_future(book.obtain(stored.say("good morning"))) for book in books]
    await asyncio.sleep(0.3)
    one.gate.set()
    made = await asyncio.gather(first, *rest)
    assert [each.content for each in made] == ["doog gninrom"] * 3
    assert (one.asked, other.asked) == (["good morning"], [])


@pytest.mark.gen_test
async def test_what_a_process_that_died_had_claimed_is_free_after_a_while(
    services: Services,
) -> None:
    claims = services.collections.claims
    async with claims.hold("phrase", 0.3):
        async with claims.hold("another", 60):
            pass
        async with asyncio.timeout(PATIENCE), claims.hold("phrase", 60):
            pass


@pytest.mark.gen_test
async def test_another_model_translates_anew(services: Services) -> None:
    stored, translator = Stored(), Translator()
    book = process(services, stored, translator)
    said = stored.say("good morning")
    await book.obtain(said)
    translator.model = "2"
    assert await book.find([said]) == {}
    assert (await book.obtain(said)).content == "newly doog gninrom"
    kept = await services.collections.translations.of_messages([said.message.id], ["xx"])
    assert len(kept) == 1


@pytest.mark.gen_test
async def test_while_the_model_is_not_known_what_is_kept_is_good(services: Services) -> None:
    stored, translator = Stored(), Translator()
    said = stored.say("good morning")
    await process(services, stored, translator).obtain(said)
    translator.model, translator.is_known, translator.fault = "2", False, "engine_unreachable"
    book = process(services, stored, translator)
    assert (await book.obtain(said)).content == "doog gninrom"
    assert (await book.obtain(stored.say("good morning"))).content == "doog gninrom"
    switched_off = process(services, stored, None)
    assert (await switched_off.find([said]))[said.message.id].content == "doog gninrom"


@pytest.mark.gen_test
async def test_an_error_is_not_kept(services: Services) -> None:
    stored, translator = Stored(), Translator()
    book, said = process(services, stored, translator), stored.say("good morning")
    translator.fault = "engine_failed"
    with pytest.raises(TranslationFailedError):
        await book.obtain(said)
    translator.fault = ""
    assert (await book.obtain(said)).content == "doog gninrom"


@pytest.mark.gen_test
async def test_a_phrase_that_was_said_often_is_found_by_one_look_into_the_index(
    services: Services,
) -> None:
    plan = await services.database.explain("translations", latest(["a", "b"]))
    assert "DISTINCT_SCAN" in plan


@pytest.mark.gen_test
async def test_who_is_named_in_a_text_makes_it_another_phrase(services: Services) -> None:
    plain = Phrase("hi @may", "en", "xx")
    named = plain._replace(vocabulary=Vocabulary(names=("may",)))
    assert plain.key("Mirror") != named.key("Mirror")


@pytest.mark.gen_test
async def test_a_text_that_its_terms_made_endless_is_too_long(services: Services) -> None:
    stored, translator = Stored(), Translator()
    said = stored.say("good morning")
    grown = said._replace(phrase=said.phrase._replace(text="good morning " * 2_000))
    with pytest.raises(TranslationFailedError, match="too_long"):
        await process(services, stored, translator).obtain(grown)
    assert translator.asked == []


@pytest.mark.gen_test
async def test_a_process_that_ends_leaves_nobody_waiting(services: Services) -> None:
    stored, one, other = Stored(), Translator(), Translator()
    one.gate.clear()
    ending = process(services, stored, one)
    waiting = asyncio.ensure_future(ending.obtain(stored.say("good morning")))
    await one.was_asked.wait()
    await ending.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(PATIENCE):
        made = await process(services, stored, other).obtain(stored.say("good morning"))
    assert made.content == "doog gninrom"
