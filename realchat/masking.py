"""A text cut into what an engine gets and what it does not get; and put together again.

White space at the edges of lines, line breaks, fenced blocks and lines without
words never reach an engine. What is to be kept inside a sentence stands there
as a mark, `[X0X]`, which Weblate uses with LibreTranslate too. No I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import regex

from realchat.kept import MARK, PLAIN, UNSPACED, Vocabulary, find_kept

_BREAKS = r"\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
_BLANK = rf"[^\S{_BREAKS}]"
# Surely the end of a sentence: a full stop behind a short word may be an abbreviation's.
_END = (
    r"(?:(?<=\p{L}{4}|\d\d)[.…]++[\"'’”»)\]]*+(?=\s++[\"'“«(\[¿¡]*+[\p{Lu}\p{Lt}\p{Lo}\d])"  # noqa: RUF001 - of several scripts
    r"|(?<![!?])[!?]++[\"'’”»)\]]*+(?=\s)|[。！？｡]++[”」』）]*+|[؟۔।]++(?=\s))"  # noqa: RUF001 - of several scripts
)
_LINE = rf"(?<!{_BLANK}){_BLANK}*+[{_BREAKS}]\s*+"
_LINE_CUT = regex.compile(_LINE)
_SENTENCE_CUT = regex.compile(rf"{_LINE}|{_END}\K\s*+", regex.V1)
_HAS_BREAK = regex.compile(f"[{_BREAKS}]")
_MARK = regex.compile(MARK)
_LETTER = regex.compile(r"\p{L}")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}_]")
_NEEDS_SPACE = regex.compile(rf"[.!?\"')\]][[\p{{L}}\p{{N}}]--[{UNSPACED}]]\Z", regex.V1)
_IS_UNSPACED = regex.compile(f"[{UNSPACED}]")


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

    def apart(self) -> list[Template]:
        """Return each gap by itself, for an engine that does not bring back the marks."""
        return [Template(tuple(_parts([_Token("text", gap)]))) for gap in self.gaps]

    def pieces(self, answer: str) -> list[str] | None:
        """Return what stands between the marks of an answer; None if one is lost, new or moved."""
        parts: list[str] = _MARK.split(answer.strip())
        if parts[1::2] != [str(number) for number in range(len(self.kept))]:
            return None
        return parts[::2]

    def put_back(self, pieces: Sequence[str]) -> str:
        """Return the pieces with what was kept between them."""
        last = len(self.gaps) - 1
        fitted = []
        for place, (gap, piece) in enumerate(zip(self.gaps, pieces, strict=True)):
            # Turned round, the end of a piece is its beginning.
            fitting = piece if place == last else _fit(gap[::-1], piece[::-1])[::-1]
            fitted.append(fitting if place == 0 else _fit(gap, fitting))
        return "".join(_alternate(fitted, self.kept)).strip()


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
        filled = [""]
        for part in self.parts:
            text = part if isinstance(part, str) else next(new)
            # Where one full stop was enough between two sentences it may not be any more.
            if isinstance(part, Unit) and _NEEDS_SPACE.search(filled[-1] + text[:1]):
                text = f" {text}"
            filled += [text] if text else []
        return "".join(filled)


class _Token(NamedTuple):
    kind: str  # what is kept; "text", or "cut" for what stands between two units
    text: str


def mask(text: str, vocabulary: Vocabulary = PLAIN, *, finely: bool = False) -> Template:
    """Cut a text for an engine.

    Cut finely, each sentence goes by itself and numbers are masked too, which is
    safer, and worse for the grammar.
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


def _tokens(text: str, vocabulary: Vocabulary, *, finely: bool) -> Iterator[_Token]:
    cut = _SENTENCE_CUT if finely else _LINE_CUT
    place = 0
    for kept in find_kept(text, vocabulary, numbers=finely):
        yield from _cut(text[place : kept.start], cut)
        stretch = text[kept.start : kept.end]
        is_block = stretch.startswith("```") or _HAS_BREAK.search(stretch)
        yield _Token("cut" if is_block else kept.kind, stretch)
        place = kept.end
    yield from _cut(text[place:], cut)


def _cut(text: str, cut: regex.Pattern[str]) -> Iterator[_Token]:
    place = 0
    for match in cut.finditer(text):
        yield _Token("text", text[place : match.start()])
        yield _Token("cut", match.group())
        place = match.end()
    yield _Token("text", text[place:])


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
    source = unit.source
    head = "".join(token.text for token in run[:first])
    tail = "".join(token.text for token in run[last:])
    bare = source.strip()
    start = source.index(bare)
    gaps = list(unit.gaps)
    gaps[0] = gaps[0].lstrip()
    gaps[-1] = gaps[-1].rstrip()
    return [head + source[:start], Unit(tuple(gaps), unit.kept), source[start + len(bare) :] + tail]


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


def _fit(gap: str, piece: str) -> str:
    """Return a piece that begins as its gap does: with white space behind what is kept, or not."""
    bare = piece.lstrip()
    space = gap[: len(gap) - len(gap.lstrip())]
    if space and (bare != piece or _WORD.match(bare) or not bare):
        return space + bare
    if space or not bare:
        return piece
    if not _WORD.match(bare):
        return bare if gap and not _WORD.match(gap) else piece
    is_alike = bool(_IS_UNSPACED.match(gap)) == bool(_IS_UNSPACED.match(bare))
    return bare if _WORD.match(gap) and is_alike else f" {bare}"


def _alternate(gaps: Sequence[str], kept: Sequence[str]) -> Iterator[str]:
    for gap, thing in zip(gaps, kept, strict=False):
        yield gap
        yield thing
    yield gaps[-1]
