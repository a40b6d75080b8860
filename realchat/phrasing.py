"""What an engine is to get of a text: with its group's terms, and the names of those in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

from realchat.kept import Vocabulary
from realchat.languages import base
from realchat.phrases import Phrase
from realchat.ports import KnownPeople

# Characters of a text in which terms are looked for beside the event loop: more take
# milliseconds.
_LONG = 1_000


class Glossary(Protocol):
    """The terms of a conversation."""

    def apply(
        self, text: str, target: str, names: tuple[str, ...] = ()
    ) -> tuple[str, tuple[str, ...]]:
        """Return a text with its terms as they are to be, and those that are to stay."""


class Glossaries(Protocol):
    """What conversations have agreed on."""

    async def of(self, conversation: str) -> Glossary:
        """Return a conversation's terms, which may be none."""


class Phrasing:
    """Makes phrases of what is said."""

    def __init__(self, glossaries: Glossaries, people: KnownPeople) -> None:
        self._glossaries = glossaries
        self._people = people

    async def phrase(
        self,
        text: str,
        source: str,
        target: str,
        conversation: str | None,
        mentions: Iterable[str],
    ) -> Phrase:
        """Return the text as it goes from one language into another in a conversation, if in one.

        `mentions` are the ids of those who are named in it.
        """
        ids = tuple(mentions)
        mentioned = await self._people.get_many(ids) if ids else {}
        names = tuple(user.name for user in mentioned.values())
        said, terms = text, tuple[str, ...]()
        if conversation is not None:
            glossary = await self._glossaries.of(conversation)
            if len(text) > _LONG:
                said, terms = await asyncio.to_thread(glossary.apply, text, target, names)
            else:
                said, terms = glossary.apply(text, target, names)
        vocabulary = Vocabulary(names, terms, is_begun=said != text)
        return Phrase(said, base(source), base(target), vocabulary)
