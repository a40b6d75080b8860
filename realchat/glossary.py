"""The glossary of a group: what its terms are in other languages, and which stay as they are.

A term is put into a text before an engine gets it, and kept from the engine like
an address or a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from unicodedata import category, normalize

from msgspec import structs

from realchat.errors import invalid
from realchat.events import AnyHappening, GlossaryChanged, GroupChanged, Resync
from realchat.ids import GroupKey, parse_conversation
from realchat.kept import Kept, Vocabulary, find_terms, is_apart
from realchat.languages import base, canonical
from realchat.memberships import require_role
from realchat.memory import Memory
from realchat.models import Group
from realchat.names import fold
from realchat.ports import Bus
from realchat.terms import Term

# Characters beside a phrase that decide whether it is a word of its own.
_NEAR = 3
# Terms and translations that are remembered, of all groups together.
_MAX_REMEMBERED = 200_000


class GlossaryStore(Protocol):
    """Where glossaries are kept."""

    async def find(self, group_id: str) -> list[Term]:
        """Return the terms of a group."""

    async def keep(self, group_id: str, terms: Sequence[Term]) -> None:
        """Store the terms of a group, in place of those it had."""


class KnownGroups(Protocol):
    """What groups there are."""

    async def get(self, group_id: str) -> Group:
        """Return a group, or raise `not_found`."""


class Glossary:
    """The terms of one group; no I/O."""

    def __init__(self, terms: Sequence[Term] = ()) -> None:
        self.terms = tuple(terms)
        self._kept = tuple(one.term for one in terms if not one.translations)
        self._translated: dict[str, dict[str, str]] = {}
        for one in terms:
            for lang, text in one.translations.items():
                self._translated.setdefault(base(lang), {})[one.term] = text

    @property
    def size(self) -> int:
        """The number of its terms and translations, and one."""
        return 1 + sum(1 + len(one.translations) for one in self.terms)

    def apply(
        self, text: str, target: str, names: tuple[str, ...] = ()
    ) -> tuple[str, tuple[str, ...]]:
        """Return a text with its terms in a language, and those to be kept from the engine.

        The latter are in the order of the text, each once. A term that has
        translations, but none into this language, is the engine's. `names` are of
        those who are mentioned.
        """
        translated = self._translated.get(base(target), {})
        found = find_terms(text, Vocabulary(names, (*self._kept, *translated)))
        if not found:
            return text, ()
        result = _put(text, found, translated)
        phrases = dict.fromkeys(translated.get(one.term, one.term) for one in found)
        kept = find_terms(result, Vocabulary(names, tuple(phrases)))
        return result, tuple(dict.fromkeys(one.term for one in kept))


class Glossaries:
    """All glossaries, those lately used remembered."""

    def __init__(self, store: GlossaryStore, groups: KnownGroups, bus: Bus) -> None:
        self._store = store
        self._groups = groups
        self._bus = bus
        self._none = Glossary()
        self._remembered = Memory(self._load, _MAX_REMEMBERED, weigh=lambda one: one.size)
        bus.subscribe(self._hear)

    async def of(self, conversation: str) -> Glossary:
        """Return the glossary of a conversation, which is empty if that is a direct one."""
        key = parse_conversation(conversation)
        return await self._remembered.get(key.group_id) if isinstance(key, GroupKey) else self._none

    async def read(self, user_id: str, group_id: str) -> list[Term]:
        """Return the terms of a group (members)."""
        require_role(await self._groups.get(group_id), user_id, "member")
        return list((await self._remembered.get(group_id)).terms)

    async def replace(self, user_id: str, group_id: str, terms: Sequence[Term]) -> list[Term]:
        """Give a group these terms in place of those it had (admins). Raises `validation_error`."""
        require_role(await self._groups.get(group_id), user_id, "admin")
        cleaned = [_clean(one) for one in terms]
        if len({fold(one.term) for one in cleaned}) < len(cleaned):
            raise invalid("terms", "must have each term once")
        await self._store.keep(group_id, cleaned)
        self._bus.publish(GlossaryChanged(group_id=group_id))
        return cleaned

    async def _load(self, group_id: str) -> Glossary:
        terms = await self._store.find(group_id)
        return Glossary(terms) if terms else self._none

    def _hear(self, happening: AnyHappening) -> None:
        match happening:
            case GlossaryChanged(group_id=group_id) | GroupChanged(group_id=group_id, group=None):
                self._remembered.forget(group_id)
            case Resync():
                self._remembered.forget_all()


def _put(text: str, found: Sequence[Kept], translated: Mapping[str, str]) -> str:
    """Return a text with the translations of the terms that were found in it."""
    result, place = "", 0
    for one in found:
        phrase = translated.get(one.term, text[one.start : one.end])
        result += text[place : one.start]
        result += _fit(phrase, result[-_NEAR:], text[one.end : one.end + _NEAR])
        place = one.end
    return result + text[place:]


def _fit(phrase: str, before: str, behind: str) -> str:
    """Return a phrase as a word of its own, where what it stands for needed no spaces."""
    lead = "" if is_apart(before + phrase, len(before), len(before + phrase)) else " "
    tail = "" if is_apart(phrase + behind, 0, len(phrase)) else " "
    return lead + phrase + tail


def _clean(term: Term) -> Term:
    """Return a term as it is kept. Raises `validation_error`."""
    translations = {canonical(lang): _trim(text) for lang, text in term.translations.items()}
    if len(set(map(base, translations))) < len(term.translations):
        raise invalid("terms", "must have one translation of a term for a language")
    return structs.replace(term, term=_trim(term.term), translations=translations)


def _trim(text: str) -> str:
    trimmed = " ".join(normalize("NFC", text).split())
    # A full stop that was kept wherever it stands would leave no sentence whole.
    if not any(category(character)[0] in "LN" for character in trimmed):
        raise invalid("terms", "must have letters or digits")
    return trimmed
