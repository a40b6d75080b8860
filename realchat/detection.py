"""Which language a message is in: the sender's word, else what text, people and history tell."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from cachetools import LRUCache

from realchat.languages import base, canonical
from realchat.likelihoods import judge, key
from realchat.models import Message, User
from realchat.ports import KnownPeople
from realchat.scripts import chinese_script, languages_by_letters, prose, says_something

# Characters. More of them make a text no clearer, only slower to look at.
_READ, _LOOKED_AT = 600, 300
# The members whose languages count; the others' do once they have said something.
_ASKED = 20
# Messages of a conversation that are its history, and conversations that have one.
_RECENT, _MAX_REMEMBERED = 12, 5_000
# How much each of these lets expect a language: the sender's own, each that they read
# besides, each of the others', each message of the sender's own and of others' past.
_SPOKEN, _READ_BESIDES, _OTHERS, _OWN_PAST, _PAST = 3.0, 1.0, 2.0, 0.5, 0.25


class Identifier(Protocol):
    """What tells languages by their text."""

    async def rank(self, text: str) -> Mapping[str, float]:
        """Return the share of each known language (ISO 639) in the likelihood."""


class Found(NamedTuple):
    """A message's language, and whether it was detected."""

    lang: str
    detected: bool


class LanguageDetector:
    """Says which language a message is in, or that it cannot be said.

    Of each conversation it remembers which languages were last said or detected
    there, and by whom; only in memory, so that no message waits for the database.
    """

    def __init__(self, identifier: Identifier, people: KnownPeople) -> None:
        self._identifier = identifier
        self._people = people
        self._history: LRUCache[str, deque[tuple[str, str]]] = LRUCache(_MAX_REMEMBERED)

    def believe(self, sender_id: str, conversation: str, lang: str) -> Found:
        """Return the language that the sender stated."""
        self._remember(sender_id, conversation, key(lang))
        return Found(canonical(lang), False)

    async def detect(
        self, sender_id: str, conversation: str, members: Sequence[str], text: str
    ) -> Found:
        """Return the language of a text; the sender's, and no claim, where it is not clear."""
        found = await self.guess(sender_id, conversation, members, text)
        if found.detected:
            self._remember(sender_id, conversation, key(found.lang))
        return found

    async def guess(
        self, sender_id: str, conversation: str, members: Sequence[str], text: str
    ) -> Found:
        """Return what `detect` does, of a text that may never be sent."""
        sender = await self._people.get(sender_id)
        words = prose(text[:_READ])[:_LOOKED_AT]
        written = languages_by_letters(words)
        if not says_something(words, latin=not written):
            return Found(canonical(sender.language), False)
        asked = await self._people.get_many(members[:_ASKED])
        others = {member.language for member in asked.values() if member.id != sender_id}
        expected = self._expect(sender, others, conversation)
        likely = await self._identifier.rank(words)
        found = judge(words, likely, expected, key(sender.language), written)
        if found is None:
            return Found(canonical(sender.language), False)
        return Found(_tag(found, [*sender.languages, *map(base, others)], words), True)

    async def detect_again(self, message: Message, members: Sequence[str], text: str) -> Found:
        """Return the language of a message's new text: as before, unless it had been detected."""
        kept = Found(message.content_lang, message.detected)
        if not message.detected:
            return kept
        found = await self.detect(message.sender_id, message.conversation, members, text)
        return found if found.detected else kept

    def _remember(self, sender_id: str, conversation: str, lang: str) -> None:
        history = self._history.setdefault(conversation, deque(maxlen=_RECENT))
        history.append((sender_id, lang))

    def _expect(self, sender: User, others: Iterable[str], conversation: str) -> dict[str, float]:
        """Return how much each language in use is to be expected."""
        expected: defaultdict[str, float] = defaultdict(float)
        expected[key(sender.language)] += _SPOKEN
        for lang in sender.reads:
            expected[key(lang)] += _READ_BESIDES
        for lang in set(map(key, others)):
            expected[lang] += _OTHERS
        for author, lang in self._history.get(conversation, ()):
            expected[lang] += _OWN_PAST if author == sender.id else _PAST
        return expected


def _tag(found: str, known: Iterable[str], text: str) -> str:
    """Return a language as people there call it, Chinese by the script of the text."""
    tags = [canonical(tag) for tag in known if key(tag) == found]
    if found != "zh":
        return tags[0] if tags else found
    script = chinese_script(text)
    # `zh` alone leaves open what the text shows.
    fitting = [
        tag
        for tag in tags
        if tag != "zh" and (not script or script in base(tag) or not tag.startswith("zh"))
    ]
    return fitting[0] if fitting else f"zh-{script or 'Hans'}"
