"""The texts that the model learnt: fixed phrases, and templates filled with agreeing words.

All of it was written for this project. Run as a program it prints how many there are.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_SEED = 7
# How many sentences are kept from training, and how large the family of one must
# be at least, so that all of its words are in others.
_UNSEEN, _LARGE = 300, 90


class Pair(NamedTuple):
    """One text in both languages."""

    english: str
    spanish: str


class Sentence(NamedTuple):
    """A template's sentence; those of one `family` differ in their words only."""

    family: str
    english: str
    spanish: str


class Texts(NamedTuple):
    """All texts: `learnt` and `phrases` are trained on, `unseen` is not."""

    learnt: list[Pair]
    unseen: list[Pair]
    phrases: list[Pair]


class Noun(NamedTuple):
    """A noun; `gender` is that of the Spanish one, `m` or `f`."""

    english: str
    english_many: str
    spanish: str
    spanish_many: str
    gender: str


class Adjective(NamedTuple):
    """An adjective, the Spanish one in its four forms: masculine, feminine, and both plurals."""

    english: str
    m: str
    f: str
    m_many: str
    f_many: str


class Verb(NamedTuple):
    """A verb: infinitive and participle, in Spanish also the first person."""

    english: str
    english_done: str
    spanish: str
    spanish_done: str
    spanish_i: str


def _read(name: str) -> Iterator[list[str]]:
    """Yield the rows of one of the tables in `words`."""
    rows = (Path(__file__).parent / f"words/{name}.tsv").read_text().splitlines()
    return (row.split("\t") for row in rows[1:])


_NOUNS = [Noun(*row) for row in _read("nouns")]
_ADJECTIVES = [Adjective(*row) for row in _read("adjectives")]
_VERBS = [Verb(*row) for row in _read("verbs")]
_NAMES = [name for (name,) in _read("names")]
_DAYS = [Pair(*row) for row in _read("days")]
_TIMES = [Pair(*row) for row in _read("times")]
_PLACES = [Pair(*row) for row in _read("places")]
_NUMBERS = [Pair(*row) for row in _read("numbers")]
# What is so now, and not by nature: Spanish has another verb for it.
_STATES = ("ready", "broken")
# What nobody wants of a thing by name.
_NOT_WANTED = ("ready", "perfect")


class Thing(NamedTuple):
    """A noun in one or many, with all that has to agree with it."""

    noun: Noun
    many: bool

    @property
    def the(self) -> Pair:
        """The noun with its article."""
        article = {"m": ("el", "los"), "f": ("la", "las")}[self.noun.gender][self.many]
        return Pair(f"the {self._bare.english}", f"{article} {self._bare.spanish}")

    @property
    def my(self) -> Pair:
        """The speaker's."""
        return Pair(f"my {self._bare.english}", f"mi{self.s} {self._bare.spanish}")

    @property
    def your(self) -> Pair:
        """The listener's."""
        return Pair(f"your {self._bare.english}", f"tu{self.s} {self._bare.spanish}")

    @property
    def are(self) -> Pair:
        """The verb for where it is, and for what it is now."""
        return Pair("are", "están") if self.many else Pair("is", "está")

    @property
    def s(self) -> str:
        """The ending of what goes with many."""
        return "s" if self.many else ""

    @property
    def _bare(self) -> Pair:
        noun = self.noun
        if self.many:
            return Pair(noun.english_many, noun.spanish_many)
        return Pair(noun.english, noun.spanish)

    def be(self, adjective: Adjective) -> str:
        """Return the Spanish verb that says that it is so."""
        if adjective.english in _STATES:
            return self.are.spanish
        return "son" if self.many else "es"

    def form(self, adjective: Adjective) -> str:
        """Return the Spanish adjective as it goes with the noun."""
        return str(getattr(adjective, self.noun.gender + ("_many" if self.many else "")))


def read_texts() -> Texts:
    """Return all texts; which of them are `unseen` is the same each time."""
    sentences = sorted(set(_all_sentences()))
    random.Random(_SEED).shuffle(sentences)
    sizes: Counter[str] = Counter(sentence.family for sentence in sentences)
    texts = Texts([], [], [Pair(*row) for row in _read("phrases")])
    for family, *pair in sentences:
        is_kept = sizes[family] >= _LARGE and len(texts.unseen) < _UNSEEN
        (texts.unseen if is_kept else texts.learnt).append(Pair(*pair))
    return texts


def _all_sentences() -> Iterator[Sentence]:
    for noun in _NOUNS:
        for many in (False, True):
            yield from _about(Thing(noun, many))
        yield from _with_words(noun)
    for name in _NAMES:
        yield from _about_people(name)
    yield from _about_times()


def _about(thing: Thing) -> Iterator[Sentence]:
    the, my, your, are = thing.the, thing.my, thing.your, thing.are
    n = "n" if thing.many else ""
    yield Sentence(
        "where", f"Where {are.english} {the.english}?", f"¿Dónde {are.spanish} {the.spanish}?"
    )
    yield Sentence(
        "where mine", f"Where {are.english} {my.english}?", f"¿Dónde {are.spanish} {my.spanish}?"
    )
    yield Sentence("like", f"I like {the.english}.", f"Me gusta{n} {the.spanish}.")
    yield Sentence("dislike", f"I don't like {your.english}.", f"No me gusta{n} {your.spanish}.")
    for adjective in _ADJECTIVES:
        yield from _qualified(thing, adjective)
    for verb in _VERBS:
        yield from _done(thing, verb)


def _qualified(thing: Thing, adjective: Adjective) -> Iterator[Sentence]:
    the, form = thing.the, thing.form(adjective)
    yield Sentence(
        "is",
        f"{_capital(the.english)} {thing.are.english} {adjective.english}.",
        f"{_capital(the.spanish)} {thing.be(adjective)} {form}.",
    )
    if adjective.english not in _NOT_WANTED:
        english = the.english.replace("the ", f"the {adjective.english} ", 1)
        yield Sentence("want one", f"I want {english}.", f"Quiero {the.spanish} {form}.")


def _done(thing: Thing, verb: Verb) -> Iterator[Sentence]:
    the, my, your = thing.the, thing.my, thing.your
    name = _NAMES[(sum(map(ord, verb.english)) + len(thing.noun.english)) % len(_NAMES)]
    yield Sentence(
        "can", f"Can you {verb.english} {the.english}?", f"¿Puedes {verb.spanish} {the.spanish}?"
    )
    yield Sentence(
        "want", f"I want to {verb.english} {my.english}.", f"Quiero {verb.spanish} {my.spanish}."
    )
    yield Sentence(
        "have",
        f"I have {verb.english_done} {the.english}.",
        f"He {verb.spanish_done} {the.spanish}.",
    )
    yield Sentence(
        "has not",
        f"{name} has not {verb.english_done} {the.english}.",
        f"{name} no ha {verb.spanish_done} {the.spanish}.",
    )
    yield Sentence(
        "do", f"I {verb.english} {your.english}.", f"{_capital(verb.spanish_i)} {your.spanish}."
    )


def _with_words(noun: Noun) -> Iterator[Sentence]:
    one = Thing(noun, many=False)
    the, my = one.the, one.my
    a = Pair("an" if noun.english[0] in "aeiou" else "a", "un" if noun.gender == "m" else "una")
    for number in _NUMBERS:
        yield Sentence(
            "number",
            f"I have {number.english} {noun.english_many}.",
            f"Tengo {number.spanish} {noun.spanish_many}.",
        )
    for name in _NAMES:
        yield Sentence(
            "has",
            f"{name} has {a.english} {noun.english}.",
            f"{name} tiene {a.spanish} {noun.spanish}.",
        )
        yield Sentence("whose", f"It is {name}'s {noun.english}.", f"Es {the.spanish} de {name}.")
    for time in _TIMES:
        yield Sentence(
            "need",
            f"I need {the.english} {time.english}.",
            f"Necesito {the.spanish} {time.spanish}.",
        )
    for day in _DAYS:
        yield Sentence(
            "send me",
            f"Can you send me {the.english} on {day.english}?",
            f"¿Puedes enviarme {the.spanish} el {day.spanish}?",
        )
    for place in _PLACES:
        yield Sentence(
            "place",
            f"{_capital(my.english)} is {place.english}.",
            f"{_capital(my.spanish)} está {place.spanish}.",
        )


def _about_people(name: str) -> Iterator[Sentence]:
    for place in _PLACES:
        yield Sentence(
            "somebody is", f"{name} is {place.english}.", f"{name} está {place.spanish}."
        )
        yield Sentence(
            "I am", f"I am {place.english} with {name}.", f"Estoy {place.spanish} con {name}."
        )
    for time in _TIMES:
        yield Sentence(
            "comes", f"{name} is coming {time.english}.", f"{name} viene {time.spanish}."
        )
        yield Sentence(
            "thanks",
            f"Thanks {name}, see you {time.english}!",
            f"¡Gracias {name}, nos vemos {time.spanish}!",
        )
    for day in _DAYS:
        yield Sentence(
            "arrives", f"{name} will arrive on {day.english}.", f"{name} llegará el {day.spanish}."
        )
    yield Sentence("hello", f"Hello {name}!", f"¡Hola {name}!")
    yield Sentence("how are you", f"Hello {name}, how are you?", f"Hola {name}, ¿cómo estás?")
    yield Sentence("name", f"My name is {name}.", f"Me llamo {name}.")


def _about_times() -> Iterator[Sentence]:
    for number in _NUMBERS:
        yield Sentence(
            "late",
            f"I will be {number.english} minutes late.",
            f"Llegaré {number.spanish} minutos tarde.",
        )
        yield Sentence(
            "at", f"The meeting is at {number.english}.", f"La reunión es a las {number.spanish}."
        )
        for day in _DAYS:
            yield Sentence(
                "meeting",
                f"The meeting is on {day.english} at {number.english}.",
                f"La reunión es el {day.spanish} a las {number.spanish}.",
            )
    for time in _TIMES:
        yield Sentence("see you", f"See you {time.english}.", f"Nos vemos {time.spanish}.")
        yield Sentence("cannot", f"I can't come {time.english}.", f"No puedo venir {time.spanish}.")
        yield Sentence("coming", f"Are you coming {time.english}?", f"¿Vienes {time.spanish}?")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


if __name__ == "__main__":
    texts = read_texts()
    print({name: len(pairs) for name, pairs in texts._asdict().items()})
