"""A text cut into what an engine gets and what it does not get; and put together again.

White space at the edges of lines, what makes a line one of a list or a quotation, line
breaks, fenced blocks and lines without words never reach an engine. What is to be kept
inside a sentence stands there as a mark, `[X0X]`, which Weblate uses with LibreTranslate
too. No I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import regex

from realchat.kept import MARK, PLAIN, UNSPACED, Vocabulary, find_kept
from realchat.seams import join, lead, trail, trim

_BREAKS = r"\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
_BLANK = rf"[^\S{_BREAKS}]"
# Surely the end of a sentence: a full stop behind a short word may be an abbreviation's.
_END = (
    r"(?:(?<=\p{L}{4}|\d\d)[.…]++[\"'’”»)\]]*+(?=\s++[\"'“«(\[¿¡]*+[\p{Lu}\p{Lt}\p{Lo}\d])"  # noqa: RUF001 - of several scripts
    r"|(?<![!?])[!?]++[\"'’”»)\]]*+(?=\s)|[。！？｡]++[”」』）]*+|[؟۔।]++(?=\s))"  # noqa: RUF001 - of several scripts
)
# What a line of a list, a heading or a quotation begins with: `- `, `1. `, `a) `, `# `, `> `.
_BULLET = (
    r"(?:[\-–—*+•·‣◦]|\#{1,6}|\(?\d{1,3}[.)]|\(?(?:\p{L}|[ivxIVX]{2,5})\)|\[[ xX]\])"  # noqa: RUF001 - dashes
    rf"(?:{_BLANK}++|(?=[{_BREAKS}]|\Z))"
)
_MARKER = rf"(?:{_BULLET}|\d{{1,2}}、|>++(?:{_BLANK}++|(?=\p{{L}})))++"
_LINE = rf"(?<!{_BLANK}){_BLANK}*+[{_BREAKS}]\s*+(?:{_MARKER})?+"
_FIRST_LINE = regex.compile(rf"\s*+{_MARKER}", regex.V1)
_LINE_CUT = regex.compile(_LINE, regex.V1)
_SENTENCE_CUT = regex.compile(rf"{_LINE}|{_END}\K\s*+", regex.V1)
# What joins words without being one; engines leave out what comes behind it.
_SIGN = r"(?<!\S)[\&＆+|/=<>\~→⇒]{1,3}+(?!\S)"  # noqa: RUF001 - of several scripts
_FIND_SIGN = regex.compile(_SIGN, regex.V1)
_FINE_CUT = regex.compile(rf"{_LINE}|{_END}\K\s*+|(?P<sign>{_SIGN})", regex.V1)
_HAS_BREAK = regex.compile(f"[{_BREAKS}]")
_MARK = regex.compile(MARK)
_LETTER = regex.compile(r"\p{L}")
_GOES_ON = regex.compile(rf"{_BLANK}*+\S")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}_]")
_NEEDS_SPACE = regex.compile(rf"[.!?\"')\]][[\p{{L}}\p{{N}}@\#]--[{UNSPACED}]]\Z", regex.V1)


class Unit(NamedTuple):
    """A stretch of text for an engine; between the `gaps`, one more of them, is what is `kept`."""

    gaps: tuple[str, ...]
    kept: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The stretch as it stands in the text."""
        return "".join(_alternate(self.gaps, self.kept))

    @property
    def sent(self) -> str:
        """The stretch as the engine gets it. A mark is a word of its own."""
        text = self.gaps[0]
        for number, gap in enumerate(self.gaps[1:]):
            before, after = _WORD.match(text[-1:]), _WORD.match(gap)
            text += f"{' ' * bool(before)}[X{number}X]{' ' * bool(after)}{gap}"
        return text

    def trim(self, text: str) -> str:
        """Return the unit's translation with the ends of the unit, and no others."""
        return text if self.kept else trim(self.gaps[0], text)

    def apart(self) -> list[Template]:
        """Return each gap by itself, for an engine that does not bring back the marks."""
        last = len(self.gaps) - 1
        return [
            _set_apart(gap, is_first=place == 0, is_last=place == last)
            for place, gap in enumerate(self.gaps)
        ]

    def pieces(self, answer: str) -> list[str] | None:
        """Return what stands between the marks of an answer; None if one is lost, new or moved."""
        parts: list[str] = _MARK.split(answer.strip())
        if parts[1::2] != [str(number) for number in range(len(self.kept))]:
            return None
        return parts[::2]

    def put_back(self, pieces: Sequence[str]) -> str:
        """Return the pieces with what was kept between them."""
        return "".join(_alternate(join(self.gaps, pieces), self.kept)).strip()


class Template(NamedTuple):
    """A text as a row of stretches: those for an engine, and those that stay as they are."""

    parts: tuple[str | Unit, ...]

    @property
    def units(self) -> list[Unit]:
        """What is for an engine."""
        return [part for part in self.parts if isinstance(part, Unit)]

    def fill(self, texts: Iterable[str]) -> str:
        """Return the text with one for each unit, in their order."""
        new = iter(texts)
        filled, sentence, source = "", "", ""
        for part, following in zip(self.parts, (*self.parts[1:], ""), strict=True):
            text = part if isinstance(part, str) else next(new)
            if isinstance(part, Unit) and _goes_on(following):
                text = part.trim(text)
            # Where one full stop was enough between two sentences it may not be any more.
            needs = bool(text) and _NEEDS_SPACE.search(sentence + text[0])
            if needs and sentence != source:
                text = f" {text}"
            if text:
                sentence, source = (text, part.source) if isinstance(part, Unit) else ("", "")
            filled += text
        return filled


def _goes_on(following: str | Unit) -> bool:
    """Tell whether a line goes on with what no engine gets."""
    return isinstance(following, str) and _GOES_ON.match(following) is not None


class _Token(NamedTuple):
    kind: str  # what is kept; "text", or "cut" for what stands between two units
    text: str


def mask(text: str, vocabulary: Vocabulary = PLAIN, *, finely: bool = False) -> Template:
    """Cut a text for an engine.

    Cut finely, each sentence goes by itself, and numbers and signs between words are
    masked too, which is safer, and worse for the grammar.
    """
    parts: list[str | Unit] = []
    run: list[_Token] = []
    for token in _tokens(text, vocabulary, finely=finely):
        if token.kind == "cut":
            parts += _parts(run)
            parts.append(token.text)
            run = []
        else:
            run.append(token)
    return Template((*parts, *_parts(run)))


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text without anything to keep; rather too few than too many."""
    return [part for part in _SENTENCE_CUT.split(text) if _LETTER.search(part)]


def find_signs(text: str) -> list[str]:
    """Return the signs of a text that stand between words as if they were one: `&`, `=`."""
    return list(_FIND_SIGN.findall(text))


def _tokens(text: str, vocabulary: Vocabulary, *, finely: bool) -> Iterator[_Token]:
    place = 0
    for kept in find_kept(text, vocabulary, numbers=finely):
        yield from _cut(text[place : kept.start], is_first=place == 0, finely=finely)
        stretch = text[kept.start : kept.end]
        is_block = stretch.startswith("```") or _HAS_BREAK.search(stretch)
        yield _Token("cut" if is_block else kept.kind, stretch)
        place = kept.end
    yield from _cut(text[place:], is_first=place == 0, finely=finely)


def _cut(text: str, *, is_first: bool, finely: bool) -> Iterator[_Token]:
    place = 0
    if is_first and (marker := _FIRST_LINE.match(text)):
        yield _Token("cut", marker.group())
        place = marker.end()
    for match in (_FINE_CUT if finely else _LINE_CUT).finditer(text, place):
        yield _Token("text", text[place : match.start()])
        yield _Token("sign" if match.groupdict().get("sign") else "cut", match.group())
        place = match.end()
    yield _Token("text", text[place:])


def _set_apart(gap: str, *, is_first: bool, is_last: bool) -> Template:
    """Return a gap for an engine, without what stands in it at something kept."""
    if not _LETTER.search(gap):
        return Template((gap,))
    start, rest = _cut_start(gap, is_seam=not is_first)
    words, end = _cut_end(rest, is_seam=not is_last)
    return Template((start, Unit((words,)), end))


def _parts(run: Sequence[_Token]) -> list[str | Unit]:
    """Return a line or sentence: what is at its edges, and between them what the engine gets."""
    if not any(token.kind == "text" and _LETTER.search(token.text) for token in run):
        return ["".join(token.text for token in run)]
    first, last = 0, len(run)
    while _is_loose(run[first]):
        first += 1
    while _is_loose(run[last - 1]):
        last -= 1
    unit = _unit(run[first:last])
    gaps = list(unit.gaps)
    head = "".join(token.text for token in run[:first])
    tail = "".join(token.text for token in run[last:])
    start, gaps[0] = _cut_start(gaps[0], is_seam=bool(head.strip()))
    gaps[-1], end = _cut_end(gaps[-1], is_seam=bool(tail.strip()))
    return [head + start, Unit(tuple(gaps), unit.kept), end + tail]


def _cut_start(gap: str, *, is_seam: bool) -> tuple[str, str]:
    """Return what an engine does not get of a gap's start, and the rest."""
    length = len(lead(gap)) if is_seam else len(gap) - len(gap.lstrip())
    return gap[:length], gap[length:]


def _cut_end(gap: str, *, is_seam: bool) -> tuple[str, str]:
    """Return a gap, and what an engine does not get of its end."""
    length = len(gap) - len(trail(gap)) if is_seam else len(gap.rstrip())
    return gap[:length], gap[length:]


def _is_loose(token: _Token) -> bool:
    """Tell whether a text can do without this at its edge: an emoji is no part of the sentence."""
    return token.kind == "emoji" or (token.kind == "text" and not token.text.strip())


def _unit(run: Sequence[_Token]) -> Unit:
    """Return a run as gaps and what is kept between them; neighbours are kept as one."""
    gaps, kept = [""], list[str]()
    for token in run:
        if token.kind == "text":
            gaps[-1] += token.text
        elif kept and not gaps[-1].strip():
            kept[-1] += gaps.pop() + token.text
            gaps.append("")
        else:
            kept.append(token.text)
            gaps.append("")
    return Unit(tuple(gaps), tuple(kept))


def _alternate(gaps: Sequence[str], kept: Sequence[str]) -> Iterator[str]:
    for gap, thing in zip(gaps, kept, strict=False):
        yield gap
        yield thing
    yield gaps[-1]
