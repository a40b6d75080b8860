"""Texts that are brought from one language into another, and under what they are kept; no I/O."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from realchat.kept import PLAIN, Vocabulary
from realchat.languages import base
from realchat.models import Message, Translation

# How texts are cut for an engine and put together again. With another number, what was
# translated before is translated anew; so it changes with what an engine gets.
_MANNER = "2"


class Phrase(NamedTuple):
    """A text to be translated, and the words in it that are to stay."""

    text: str
    source: str
    target: str
    vocabulary: Vocabulary = PLAIN

    def key(self, engine: str) -> str:
        """Return what the phrase's translations by an engine are kept under."""
        names, terms, _ = self.vocabulary
        parts = (_MANNER, engine, self.source, self.target, self.text, *terms, "\0", *names)
        return digest("\0".join(parts))


class Rendering(NamedTuple):
    """A text in another language, and who brought it there: an engine, or a person."""

    content: str
    engine: str | None
    reviewed_by: str | None = None


class Wanted(NamedTuple):
    """A message that somebody wants in another language, and its text as an engine gets it."""

    message: Message
    phrase: Phrase

    @property
    def correction_key(self) -> str:
        """What a person's translation of the message is kept under."""
        message = self.message
        return correction_key(
            message.conversation, message.content_lang, self.phrase.target, message.content
        )


class Delivery(NamedTuple):
    """A translation that is under way to those who were told what was `announced`."""

    message_id: str
    rev: int
    lang: str
    announced: Translation | None
    asker: str | None

    @property
    def is_asked(self) -> bool:
        """Whether somebody asked for it, instead of being a reader of what was just said."""
        return self.asker is not None


def digest(text: str) -> str:
    """Return a short name of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def correction_key(conversation: str, source: str, target: str, text: str) -> str:
    """Return what a person's translation is kept under: for this text, in this conversation."""
    return digest("\0".join((conversation, base(source), base(target), text)))
