"""What a translation must leave as it is, and where it stands in a text; no I/O."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple
from unicodedata import normalize

import regex

from realchat.names import fold

# Letters of the scripts that put no space between words: an address or a mention
# ends where such text begins.
UNSPACED = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Hangul}"
    r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u30FC"
)
_SPACED = rf"[[\p{{L}}\p{{M}}\p{{N}}]--[{UNSPACED}]]"

# Three backticks or more go on to as many, or to the end; one or two to as many.
_FENCED = r"(?<!`)(?P<fence>`{3,}+)(?s:.*?)(?:(?P=fence)`*+|\Z)"
_INLINE = r"(?<!`)(?P<tick>`{1,2}+)(?s:.+?)(?<!`)(?P=tick)(?!`)"
_CODE = f"{_FENCED}|{_INLINE}"

# In an address: what may end it; letters of other scripts, where they cannot be
# the text that goes on; and what belongs to the sentence unless more follows.
_SOLID = r"[#$%&+\-/0-9=@A-Z\\^_a-z|~\[{]"
_FOREIGN = rf"(?:{_SPACED}|(?<=[/=_.\#?&%\-{UNSPACED}])[{UNSPACED}])"
_TAIL = rf"(?:{_SOLID}|{_FOREIGN}|\([^\s()<>\"`]*+\)|[!'*,.:;?()\]}}]++(?={_SOLID}|{_SPACED}))"
_DOMAIN = r"(?:[A-Za-z0-9\-]++\.)+"
# Without a scheme: what has a path, or one of the endings that no sentence has.
_URL = (
    rf"(?:\b|(?<=[{UNSPACED}]))(?:"
    rf"(?:[A-Za-z][A-Za-z0-9+.\-]{{1,15}}://|(?i:www)\.){_TAIL}++"
    rf"|(?<![@._\-]|{_SPACED}){_DOMAIN}(?:[A-Za-z]{{2,24}}[/?]{_TAIL}++"
    rf"|(?i:com|org|net|edu|gov|io|dev|app|info)(?!{_SPACED}|\.[A-Za-z])))"
)
_LOCAL = rf"(?:[._%+\-]|{_SPACED})"
_EMAIL = (
    rf"(?<!{_LOCAL})(?:mailto:)?{_LOCAL}++@(?:-|{_SPACED})++(?:\.(?:-|{_SPACED})++)+"
    rf"|(?<!\S)[{UNSPACED}]++@[^\s@]+\.[^\s@]++(?!\S)"
)
_HANDLE = r"(?:[\p{L}\p{M}\p{N}_]|-(?=[\p{L}\p{N}_])|\.(?=[a-z0-9]))*+"
_MENTION = rf"(?<![A-Za-z0-9._+\-])[@\uFF20][\p{{L}}\p{{N}}_]{_HANDLE}"
_HASHTAG = r"(?<![\p{L}\p{N}&#\uFF03])[#\uFF03](?=[\p{N}_]*+\p{L})[\p{L}\p{M}\p{N}_]++"
_MARKUP = (
    r"</?[A-Za-z][^<>\n]{0,1000}>|<!--(?s:.{0,2000}?)-->"
    r"|&(?:\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
)
# What stands for a kept thing in what an engine gets; engines add spaces and
# change case. In a text that looks so by itself it is one more thing to keep.
MARK = r"\[\s*[xX]\s*(\d{1,4})\s*[xX]\s*\]"

# A run of emoji with all that makes one of several (UTS #51: modifiers, variation
# selectors, joiners, tags, keycaps), and of other signs, which engines lose as well.
_SIGN = r"[[\p{Extended_Pictographic}\p{So}\p{Regional_Indicator}\p{Emoji_Modifier}]--[°№]]"
_KEYCAP = r"[0-9#*]\uFE0F?\u20E3"
_EMOJI = (
    rf"(?:{_KEYCAP}|{_SIGN})(?:{_KEYCAP}|{_SIGN}|[\uFE0E\uFE0F\u200D\u20E3\U000E0020-\U000E007F])*+"
    r"|(?<![\p{L}\p{N}:]):(?:[+\-]1|[a-z0-9_+\-]*[a-z][a-z0-9_+\-]*):(?![\p{L}\p{N}:])"
    r"|(?<!\S)(?:[:;=]['\-^]?[)(DPpOo3|/\\*]++|[xX]D++|<3++|\^_*\^)(?!\S)"
)
_NUMBER = (
    rf"(?<!{_SPACED})(?:[\-+−])?\d++(?:[.,:/'’٫٬\-\u00a0\u202f]\d++)*+%?"  # noqa: RUF001 - separators
    rf"(?!{_SPACED})"
)

_ALWAYS = {"code": _CODE, "markup": _MARKUP, "mark": MARK, "hashtag": _HASHTAG, "emoji": _EMOJI}
_DOTTED = {"url": _URL}
_WITH_AT = {"email": _EMAIL, "mention": _MENTION}
# Characters that are looked at one by one rather than to search a whole text.
_NEAR = 20
_SCHEME_OR_DOT = regex.compile(r"://|[A-Za-z0-9]\.[A-Za-z]")
_LETTER = regex.compile(r"\p{L}")
# A term is a word of its own: no letters or digits beside it, nor beyond underscores
# that join them to it. Where no space is between words, it only is no half of a letter.
_APART_BEFORE = regex.compile(rf"(?=[{UNSPACED}])|(?<!{_SPACED}_{{0,2}})", regex.V1)
_APART_BEHIND = regex.compile(
    rf"(?<=[{UNSPACED}])(?!\p{{M}})|(?<![{UNSPACED}])(?!_{{0,2}}{_SPACED})", regex.V1
)
_NO_WORDS = regex.compile("|".join((_CODE, _URL, _EMAIL, _MENTION)), regex.V1)


class Vocabulary(NamedTuple):
    """What is kept of a text besides the patterns that hold for every text.

    `names` may stand behind an `@` with more than one word, `terms` anywhere as words
    of their own; with `is_begun`, some of these are in the reader's language already.
    """

    names: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    is_begun: bool = False


PLAIN = Vocabulary()


class Kept(NamedTuple):
    """A stretch of a text that is to stay as it is; `term` is the vocabulary's, if it is one."""

    start: int
    end: int
    kind: str
    term: str = ""


def find_kept(
    text: str, vocabulary: Vocabulary = PLAIN, *, numbers: bool = False
) -> Iterator[Kept]:
    """Yield what is to stay of a text, from left to right; numbers only if they are asked for.

    A term gives way to code, addresses and so on, unless they are a part of it.
    """
    others = _find_others(text, vocabulary.names, numbers=numbers)
    terms = _find_candidates(text, vocabulary.terms)
    return iter(_settle(list(others), terms)) if terms else others


def find_terms(text: str, vocabulary: Vocabulary) -> list[Kept]:
    """Return where there are terms in a text: at once, where there are none."""
    candidates = _find_candidates(text, vocabulary.terms)
    others = list(_find_others(text, vocabulary.names, numbers=False)) if candidates else []
    return [one for one in _settle(others, candidates) if one.kind == "term"]


def kept_texts(text: str, vocabulary: Vocabulary = PLAIN) -> list[str]:
    """Return what is to stay of a text, without the numbers, in its order."""
    return [text[one.start : one.end] for one in find_kept(text, vocabulary)]


def says_anything(text: str) -> bool:
    """Tell whether a text has words besides what is kept: emoji, addresses, code and so on."""
    pattern, place = _pattern_for(text), 0
    while letter := _LETTER.search(text, place):
        kept = _match_before(pattern, text, place, letter.start())
        if kept is None or kept.start() > letter.start():
            return True
        place = kept.end()
    return False


def words_only(text: str) -> str:
    """Return a text with a space for its code, addresses and mentions."""
    # Without one of these there is none of them.
    if not any(sign in text for sign in "`@\uff20.:"):
        return text
    result: str = _NO_WORDS.sub(" ", text)
    return result


def is_apart(text: str, start: int, end: int) -> bool:
    """Tell whether what stands there in a text is a word of its own, as a term must be."""
    return bool(_APART_BEFORE.match(text, start) and _APART_BEHIND.match(text, end))


def _find_others(text: str, names: Sequence[str], *, numbers: bool) -> Iterator[Kept]:
    pattern, place = _pattern_for(text, numbers=numbers), 0
    while (match := pattern.search(text, place)) is not None:
        kind = match.lastgroup or ""
        place = match.end()
        if kind == "mention":
            place = max(place, _end_of_name(text, match.start() + 1, names))
        yield Kept(match.start(), place, kind)


def _find_candidates(text: str, terms: Sequence[str]) -> list[Kept]:
    """Return all places of all terms, those that overlap, too; at each place the longest first."""
    folded = _fold(text) if terms else ""
    found = [
        Kept(match.start(), match.end(), "term", term)
        for term in terms
        if _key(term) in folded
        for match in _literal(term).finditer(text, overlapped=True)
        if is_apart(text, *match.span())
    ]
    return sorted(found, key=lambda one: (one.start, -one.end))


def _fold(text: str) -> str:
    """Return what shows at little cost that most terms are not in a text."""
    return " ".join(fold(text).split())


_key = lru_cache(20_000)(_fold)


@lru_cache(2_000)
def _literal(term: str) -> regex.Pattern[str]:
    """Return what finds a term in any case, composed or not, with any blanks."""
    forms = {normalize("NFC", term), normalize("NFD", term)}
    written = [r"[\p{Zs}\t]++".join(map(regex.escape, form.split())) for form in forms]
    return regex.compile("|".join(written), regex.V1 | regex.IGNORECASE, cache_pattern=False)


def _settle(others: Sequence[Kept], terms: Sequence[Kept]) -> list[Kept]:
    """Return what is kept where terms and others overlap, in the order of the text."""
    taken: list[Kept] = []
    for term in terms:
        is_free = not taken or taken[-1].end <= term.start
        if is_free and all(_gives_way(one, term) for one in _overlapping(others, term)):
            taken.append(term)
    return sorted([*taken, *(one for one in others if not _overlapping(taken, one))])


def _gives_way(one: Kept, term: Kept) -> bool:
    is_part = term.start <= one.start and one.end <= term.end
    return one.kind == "number" or (is_part and one[:2] != term[:2])


def _overlapping(kept: Sequence[Kept], other: Kept) -> Sequence[Kept]:
    first = bisect_right(kept, other.start, key=attrgetter("end"))
    return kept[first : bisect_left(kept, other.end, key=attrgetter("start"))]


def _match_before(
    pattern: regex.Pattern[str], text: str, place: int, last: int
) -> regex.Match[str] | None:
    """Return the next match if it begins up to `last`; else None, or one that begins later."""
    if last - place > _NEAR:
        return pattern.search(text, place)
    starts = range(place, last + 1)
    return next((found for start in starts if (found := pattern.match(text, start))), None)


def _pattern_for(text: str, *, numbers: bool = False) -> regex.Pattern[str]:
    # To look for an address takes longer than to see that there is none.
    dotted, at = _SCHEME_OR_DOT.search(text) is not None, "@" in text or "\uff20" in text
    return _pattern(dotted, at, numbers)


@lru_cache
def _pattern(dotted: bool, at: bool, numbers: bool) -> regex.Pattern[str]:
    kinds = _ALWAYS | (_DOTTED if dotted else {}) | (_WITH_AT if at else {})
    if numbers:
        kinds |= {"number": _NUMBER}
    return regex.compile("|".join(f"(?P<{kind}>{one})" for kind, one in kinds.items()), regex.V1)


def _end_of_name(text: str, start: int, names: Sequence[str]) -> int:
    """Return where the longest of the names ends that the text has at `start`; 0 for none."""
    for name in sorted(names, key=len, reverse=True):
        end = start + len(name)
        if text[start:end].casefold() == name.casefold() and not text[end : end + 1].isalnum():
            return end
    return 0
