"""Where a translated stretch meets what is kept: its punctuation and spaces there; no I/O.

A comma, a dash or a bracket beside a mention or an address is no part of the words, and
engines that get it with them drop it, or write another.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import regex

from realchat.kept import UNSPACED

# Signs that belong to the words they stand at, not to the seam.
_BEGINS, _ENDS = "¿¡", ".!?…。！？｡؟۔।॥"  # noqa: RUF001 - of several scripts
_OPENS, _CLOSES = "([{«“‘「『（【《〈", ")]}»”’」』）】》〉"  # noqa: RUF001 - of several scripts
_WIDE = "。！？｡「『（【《〈」』）】》〉"  # noqa: RUF001 - of several scripts
_QUOTE, _APOSTROPHES = '"', "'’"  # noqa: RUF001 - an apostrophe
# Signs that stand for each other in several scripts.
_FAMILIES = (
    ",;，；、،؛",  # noqa: RUF001 - of several scripts
    ":：",  # noqa: RUF001 - of several scripts
    ".…。｡۔।॥",  # noqa: RUF001 - of several scripts
    "!！",  # noqa: RUF001 - of several scripts
    "?？؟",  # noqa: RUF001 - of several scripts
    "-–—―－ー",  # noqa: RUF001 - of several scripts
    "([{（【",  # noqa: RUF001 - of several scripts
    ")]}）】",  # noqa: RUF001 - of several scripts
    "\"'«»“”‘’„‹›「」『』《》〈〉",  # noqa: RUF001 - of several scripts
    "*_~",
)

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}_]")
_LEAD = regex.compile(r"[^\p{L}\p{M}\p{N}]*+")
_TRAIL = regex.compile(r"(?r)[^\p{L}\p{M}\p{N}]*+")
# What is left of a word in front of which something is kept: `@Ana's`, `@Ana'll`.
_CLITIC = regex.compile(r"['’]\p{L}{1,2}+(?!\p{L})")  # noqa: RUF001 - an apostrophe
# What is put back where an engine lost it: no signs of money and the like, which move
# with their numbers, and none that only some languages have.
_PLAIN = regex.compile(r"[[\s\p{P}\~]--[%\#&@\\§¿¡]]++", regex.V1)
_ENDING = regex.compile(rf"([{_ENDS}]++)[{regex.escape(_CLOSES)}\"']*+\Z")
_PARTNER = regex.compile(f"[{regex.escape(_OPENS + _CLOSES + _QUOTE)}]")
_IS_UNSPACED = regex.compile(f"[{UNSPACED}]")


def lead(text: str) -> str:
    """Return the signs and spaces in front of a text's first word that do not belong to it."""
    run = _match(_LEAD, text)
    words = text[len(run) :]
    if _CLITIC.match(run[-1:] + words[:3]):
        return run[:-1]
    return run.rstrip(_BEGINS + _partners(words, _CLOSES, _OPENS))


def trail(text: str, ends: str = _ENDS) -> str:
    """Return the signs and spaces behind a text's last word that do not belong to it.

    `ends` are those which do belong to it, as the ends of a sentence do for an engine.
    """
    run = _match(_TRAIL, text)
    words = text[: len(text) - len(run)]
    return run.lstrip(ends + _APOSTROPHES + _partners(words, _OPENS, _CLOSES))


def join(gaps: Sequence[str], pieces: Sequence[str]) -> list[str]:
    """Return what an engine made of the gaps, each with its signs and spaces at what is kept."""
    dropped = _find_dropped("".join(gaps), "".join(pieces))
    last = len(gaps) - 1
    joined = []
    for place, (gap, piece) in enumerate(zip(gaps, pieces, strict=True)):
        fitted = _mend_wordless(gap, piece)
        if place < last:
            fitted = _fit_before(gap, _mend_trail(gap, fitted, dropped))
        if place > 0:
            fitted = _fit_behind(gap, _mend_lead(gap, fitted, dropped))
        joined.append(fitted)
    return joined


def trim(source: str, answer: str) -> str:
    """Return a fragment's translation with the ends that the fragment has, and no others.

    Engines make a sentence of it: of `Hello`, which a comma follows, `Hola.`
    """
    wanted, found = _ENDING.search(source), _ENDING.search(answer)
    if wanted:
        return answer if found else answer + str(wanted[1])
    if found:
        begins = _BEGINS if set("!?") & set(found[1]) else ""
        answer = (answer[: found.start()] + answer[found.end(1) :]).lstrip(begins)
    seam, other = trail(source), trail(answer)
    if bool(seam) == bool(other):
        return answer
    return answer.removesuffix(other) + seam


def _match(pattern: regex.Pattern[str], text: str) -> str:
    match = pattern.match(text)
    return match.group() if match else ""


def _partners(words: str, these: str, others: str) -> str:
    """Return the signs that stand beside words in which their other halves are."""
    if _PARTNER.search(words) is None:
        return ""
    surplus = sum(map(words.count, these)) - sum(map(words.count, others))
    return (others if surplus > 0 else "") + (_QUOTE if words.count(_QUOTE) % 2 else "")


def _find_dropped(source: str, answer: str) -> set[str]:
    """Return the signs of which an answer has fewer, in all scripts."""
    signs = set(source)
    there = [family for family in _FAMILIES if not signs.isdisjoint(family)]
    return set("".join(one for one in there if _count(one, source) > _count(one, answer)))


def _count(family: str, text: str) -> int:
    return sum(map(text.count, family))


def _mend_wordless(gap: str, piece: str) -> str:
    """Return the gap where it has no words, and an answer has only lost something of it."""
    has_lost_only = not _WORD.search(gap) and set("".join(piece.split())) <= set(gap)
    return gap if has_lost_only and _PLAIN.fullmatch(gap) else piece


def _mend_lead(gap: str, piece: str, dropped: AbstractSet[str]) -> str:
    old, new = lead(gap), lead(piece)
    return old + piece[len(new) :] if _is_lost(gap, piece, old, new, dropped) else piece


def _mend_trail(gap: str, piece: str, dropped: AbstractSet[str]) -> str:
    old, new = trail(gap, ends=""), trail(piece, ends="")
    bare = piece[: len(piece) - len(new)]
    return bare + old if _is_lost(gap, piece, old, new, dropped) else piece


def _is_lost(gap: str, piece: str, old: str, new: str, dropped: AbstractSet[str]) -> bool:
    """Tell whether a seam's signs are nowhere in an answer; words may have changed their places."""
    if new.strip() or dropped.isdisjoint(old) or not _PLAIN.fullmatch(old):
        return False
    return bool(_WORD.search(gap) and _WORD.search(piece))


def _fit_behind(gap: str, piece: str) -> str:
    """Return a piece that begins as its gap does: with white space behind what is kept, or not."""
    return _fit(gap, piece, _BEGINS + _OPENS)


def _fit_before(gap: str, piece: str) -> str:
    """Return a piece that ends as its gap does: with white space before what is kept, or not."""
    # Turned round, the end of a piece is its beginning.
    return _fit(gap[::-1], piece[::-1], _ENDS + _CLOSES)[::-1]


def _fit(gap: str, piece: str, own: str) -> str:
    bare = piece.lstrip()
    is_word = bool(_WORD.match(bare)) or bare[:1] in own
    space = gap[: len(gap) - len(gap.lstrip())]
    if space and (bare != piece or is_word):
        return space + bare
    if space or not bare:
        return piece
    if not is_word:
        return bare if gap and not _WORD.match(gap) else piece
    is_alike = bool(_IS_UNSPACED.match(gap)) == bool(_IS_UNSPACED.match(bare))
    # What needs no space because it is wide may be narrow now.
    is_sign = gap[:1] in tuple(own) and bare[0] in own and (gap[0] in _WIDE) <= (bare[0] in _WIDE)
    return bare if is_sign or (_WORD.match(gap) and is_alike) else f" {bare}"
