"""What will arrive of a text, seen by its sender before it is sent: there, and back again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import UNSET, UnsetType

from realchat.detection import Found
from realchat.errors import TranslationFailedError
from realchat.languages import base, canonical
from realchat.mentions import find_mentions
from realchat.metrics import count_refusal
from realchat.models import Translation
from realchat.phrases import Phrase, Rendering, correction_key
from realchat.phrasing import Phrasing
from realchat.ports import KnownPeople
from realchat.replies import Preview
from realchat.requests import PreviewRequest


class Detector(Protocol):
    """What tells languages."""

    async def guess(
        self, sender_id: str, conversation: str, members: Sequence[str], text: str
    ) -> Found:
        """Return the language of a text that may never be sent."""


class Conversations(Protocol):
    """Who is in which."""

    async def members(self, user_id: str, conversation: str) -> tuple[str, ...]:
        """Return the members of a user's conversation, or raise what keeps them out."""


class Engine(Protocol):
    """What translates a phrase."""

    async def foresee(self, phrase: Phrase, correction: str | None = None) -> Rendering:
        """Return what a phrase would arrive as, or raise `TranslationFailedError`."""


class Previews:
    """Translates texts that nobody has sent yet; nothing of it is stored."""

    def __init__(
        self,
        engine: Engine,
        phrasing: Phrasing,
        detector: Detector,
        conversations: Conversations,
        people: KnownPeople,
    ) -> None:
        self._engine = engine
        self._phrasing = phrasing
        self._detector = detector
        self._conversations = conversations
        self._people = people

    async def preview(self, user_id: str, request: PreviewRequest) -> Preview:
        """Return a text's translation, and that translation's back into the text's language.

        Raises what keeps the user out of the conversation that is named.
        """
        conversation = request.conversation if isinstance(request.conversation, str) else None
        members = await self._conversations.members(user_id, conversation) if conversation else ()
        found = await self._find_language(user_id, request, conversation or "", members)
        users = (await self._people.get_many(members)).values()
        phrase = await self._phrasing.phrase(
            request.content,
            found.lang,
            request.to,
            conversation,
            find_mentions(request.content, users),
        )
        there = await self._translate(
            phrase,
            conversation
            and correction_key(conversation, found.lang, phrase.target, request.content),
        )
        return Preview(
            content_lang=found.lang,
            detected=found.detected,
            translation=there,
            back=await self._translate_back(phrase, there),
        )

    async def _find_language(
        self, user_id: str, request: PreviewRequest, conversation: str, members: Sequence[str]
    ) -> Found:
        if isinstance(request.content_lang, str):
            return Found(canonical(request.content_lang), False)
        return await self._detector.guess(user_id, conversation, members, request.content)

    async def _translate_back(self, phrase: Phrase, there: Translation) -> Translation | UnsetType:
        if not isinstance(there.content, str):
            return UNSET
        return await self._translate(
            Phrase(there.content, phrase.target, phrase.source, phrase.vocabulary)
        )

    async def _translate(self, phrase: Phrase, correction: str | None = None) -> Translation:
        lang = phrase.target
        if base(phrase.source) == lang:
            return Translation(lang=lang, status="unavailable", reason="same_language")
        try:
            content, engine, reviewed_by = await self._engine.foresee(phrase, correction)
        except TranslationFailedError as error:
            count_refusal(error.reason)
            return Translation(lang=lang, status="unavailable", reason=error.reason)
        return Translation(
            lang=lang,
            status="ready",
            content=content,
            engine=engine or UNSET,
            reviewed_by=reviewed_by or UNSET,
        )
