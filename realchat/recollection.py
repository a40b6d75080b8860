"""What was translated last, for who cannot wait for the database to be asked."""

from __future__ import annotations

from typing import NamedTuple

from cachetools import LRUCache
from msgspec import UNSET, UnsetType

from realchat.languages import base
from realchat.models import Message, StoredTranslation, Translation

# Characters of translations by an engine, and texts that somebody put right.
_REMEMBERED, _PUT_RIGHT = 2_000_000, 10_000

# A message's id, and when it was edited.
_Said = tuple[str, str | UnsetType]


class Place(NamedTuple):
    """Where a translation holds: for a text, said in a conversation."""

    conversation: str
    content_lang: str
    lang: str
    content: str


class Recollection:
    """Remembers an engine's translations by their place, a person's by their message, too.

    Another message that says the same has to have looked whether the person's is still
    kept, since another process may have deleted what it was made for.
    """

    def __init__(self) -> None:
        self._made: LRUCache[Place, Translation] = LRUCache(
            _REMEMBERED, getsizeof=lambda one: len(str(one.content))
        )
        self._put_right: LRUCache[Place, tuple[_Said, Translation]] = LRUCache(_PUT_RIGHT)

    def find(self, message: Message, lang: str) -> Translation | None:
        """Return what a message's translation is, if that is sure."""
        place = place_of(message, lang)
        said, translation = self._put_right.get(place, (None, None))
        return translation if said == _said(message) else self._made.get(place)

    def was_put_right(self, place: Place) -> bool:
        """Tell whether a person's translation may be kept, also without an engine."""
        return place in self._put_right

    def remember(self, message: Message, stored: StoredTranslation) -> Translation:
        """Take note of a message's translation; return it as readers see it."""
        translation, place = ready(stored), place_of(message, stored.lang)
        if stored.reviewed_by is None:
            self._made[place] = translation
        else:
            self._made.pop(place, None)  # no engine's is told where there is a person's
            self._put_right[place] = _said(message), translation
        return translation


def place_of(message: Message, lang: str) -> Place:
    """Return where a message's translation holds."""
    return Place(message.conversation, base(message.content_lang), lang, message.content)


def ready(stored: StoredTranslation) -> Translation:
    """Return a kept translation as readers see it."""
    return Translation(
        lang=stored.lang,
        status="ready",
        content=stored.content,
        engine=stored.engine or UNSET,
        reviewed_by=stored.reviewed_by or UNSET,
    )


def _said(message: Message) -> _Said:
    return message.id, message.edited_at
