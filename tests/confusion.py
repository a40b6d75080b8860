"""How often the language of a short chat text is found: `python -m tests.confusion`.

Writes the tables of docs/languages.md. The texts are in chat_texts.tsv; those for
tuning had a part in choosing the detector's numbers, so only the others are measured.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from realchat.detection import Found, LanguageDetector
from realchat.identifiers import Py3Langid
from realchat.models import User

SENDER, CONVERSATION = "0" * 24, "group:" + "0" * 24
NO_CLAIM = "none"


class Text(NamedTuple):
    """A chat text; `part` is `measured` or `tuning`."""

    part: str
    lang: str
    content: str


class Case(NamedTuple):
    """A text whose sender has a language, sent to others who have theirs."""

    text: Text
    sender: str
    others: tuple[str, ...]


class Result(NamedTuple):
    """What was said of a case."""

    case: Case
    found: Found

    @property
    def is_right(self) -> bool:
        """Whether the message ends up in its language, detected or not."""
        return self.found.lang == self.case.text.lang

    @property
    def claimed(self) -> str:
        """The language that was detected, or `none`."""
        return self.found.lang if self.found.detected else NO_CLAIM


class Circle:
    """People who have nothing but languages: the first is the sender, the others their readers."""

    def __init__(self, sender: str, others: Iterable[str], reads: Iterable[str] = ()) -> None:
        users = [_user(SENDER, sender, tuple(reads))]
        users += [_user(f"{number:024x}", lang, ()) for number, lang in enumerate(others, 1)]
        self._users = {user.id: user for user in users}

    @property
    def members(self) -> list[str]:
        """The ids of all of them."""
        return list(self._users)

    async def get(self, user_id: str) -> User:
        """Return one of them."""
        return self._users[user_id]

    async def get_many(self, user_ids: Iterable[str]) -> dict[str, User]:
        """Return some of them."""
        return {user_id: self._users[user_id] for user_id in user_ids}

    async def blocked_between(self, one: str, other: str) -> bool:
        """Nobody has blocked anybody."""
        return False


class Remembering:
    """The identifier, asked once a text: the cases have the same texts again and again."""

    def __init__(self) -> None:
        self._identifier = Py3Langid()
        self._known: dict[str, Mapping[str, float]] = {}

    async def rank(self, text: str) -> Mapping[str, float]:
        """Return each language's share in the likelihood."""
        if text not in self._known:
            self._known[text] = await self._identifier.rank(text)
        return self._known[text]


def read_texts(part: str) -> list[Text]:
    """Return the texts of a part."""
    lines = Path(__file__).with_name("chat_texts.tsv").read_text().splitlines()
    texts = [Text(*line.split("\t")) for line in lines]
    return [text for text in texts if text.part == part]


def knowing(texts: list[Text]) -> Iterator[Case]:
    """Yield each text from somebody who has its language, to one person of each other one."""
    for text in texts:
        yield from (Case(text, text.lang, (other,)) for other in languages(texts, text))


def reaching_out(texts: list[Text]) -> Iterator[Case]:
    """Yield each text from somebody of each other language, to one person who has the text's."""
    for text in texts:
        yield from (Case(text, other, (text.lang,)) for other in languages(texts, text))


def mingling(texts: list[Text]) -> Iterator[Case]:
    """Yield each text from somebody of each other language, in a group that has all languages."""
    for text in texts:
        others = languages(texts, text)
        yield from (Case(text, other, (*others, text.lang)) for other in others)


def surprising(texts: list[Text]) -> Iterator[Case]:
    """Yield each text between two people of any two other languages."""
    for text in texts:
        others = languages(texts, text)
        yield from (Case(text, one, (two,)) for one in others for two in others if one != two)


def languages(texts: list[Text], but: Text) -> list[str]:
    """Return the languages of texts without that of one, Chinese as one language."""
    return [
        lang
        for lang in dict.fromkeys(text.lang for text in texts)
        if lang != "zh-Hant" and lang[:2] != but.lang[:2]
    ]


async def detect(cases: Iterable[Case]) -> list[Result]:
    """Have the language of each case detected, as the first message of its conversation."""
    identifier, results = Remembering(), []
    for case in cases:
        circle = Circle(case.sender, case.others)
        detector = LanguageDetector(identifier, circle)
        content = case.text.content
        found = await detector.detect(SENDER, CONVERSATION, circle.members, content)
        results.append(Result(case, found))
    return results


async def identify(texts: list[Text]) -> float:
    """Return how many texts py3langid alone gets right, when it may only choose among all."""
    identifier = Py3Langid()
    keys = {text.lang[:2] for text in texts}
    right = 0
    for text in texts:
        ranked = await identifier.rank(text.content)
        right += max(keys, key=lambda lang: ranked[lang]) == text.lang[:2]
    return right / len(texts)


def rate(results: list[Result]) -> float:
    """Return the part that is right."""
    return sum(result.is_right for result in results) / len(results)


def rate_wrong(results: list[Result]) -> float:
    """Return the part in which a wrong language was claimed."""
    wrong = sum(result.found.detected and not result.is_right for result in results)
    return wrong / len(results)


def tabulate(results: list[Result]) -> str:
    """Return the confusion table in Markdown: what was written by what was detected."""
    counts = Counter((result.case.text.lang, result.claimed) for result in results)
    written = list(dict.fromkeys(lang for lang, _ in counts))
    claims = {claim for _, claim in counts}
    columns = [*written, *sorted(claims - {*written, NO_CLAIM}), NO_CLAIM]
    rows = [
        [f"**{lang}**", *(str(counts[lang, claim] or "") for claim in columns)] for lang in written
    ]
    lines = [["", *columns], ["---", *("--:" for _ in columns)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


async def report() -> str:
    """Return all tables."""
    texts = read_texts("measured")
    settings = {
        "the sender's own": knowing(texts),
        "the reader's, not the sender's": reaching_out(texts),
        "one of twelve in the group, not the sender's": mingling(texts),
        "nobody's there": surprising(texts),
    }
    results = {name: await detect(cases) for name, cases in settings.items()}
    lines = [
        f"py3langid {version('py3langid')}, {len(texts)} texts. By py3langid alone, told the "
        f"twelve languages and nothing else: {await identify(texts):.1%}.",
        "",
        "| the text's language is | cases | right | detected | detected wrongly |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, found in results.items():
        detected = sum(result.found.detected for result in found) / len(found)
        lines.append(
            f"| {name} | {len(found):,} | {rate(found):.1%} | {detected:.1%} "
            f"| {rate_wrong(found):.2%} |"
        )
    for name, found in list(results.items())[1:]:
        lines += ["", f"The text's language is {name}:", "", tabulate(found)]
    return "\n".join(lines)


def _user(user_id: str, language: str, reads: tuple[str, ...]) -> User:
    return User(
        id=user_id,
        email="",
        name="",
        language=language,
        reads=reads,
        password_hash=None,
        is_verified=False,
        avatar_url=None,
        blocked=frozenset(),
        created_at=datetime.now(UTC),
        last_seen=None,
    )


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(report()) + "\n")
