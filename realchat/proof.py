"""Whether an engine's answer can be trusted to say what the text says; no I/O.

It cannot be judged whether a translation is good. What is looked for are signs
that something was lost, added, or not translated at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import decimal

import regex

from realchat.fields import DECEPTIVE
from realchat.kept import PLAIN, UNSPACED, Vocabulary, find_kept
from realchat.masking import Unit, find_signs, mask, split_sentences

# What no answer may have unless the text has it: controls and overrides, the
# replacement character, and what SentencePiece makes of characters it does not know.
_FOUL = regex.compile(rf"[{DECEPTIVE}\uFFFD\u2047\uD800-\uDFFF]|<unk>")
_LETTER = regex.compile(r"\p{L}")
_HAN = regex.compile(r"\p{Han}")
_SYLLABLE = regex.compile(r"[\p{Hiragana}\p{Katakana}\p{Hangul}]")
_WORDS = regex.compile(r"[\p{L}\p{M}]+")
_IS_UNSPACED = regex.compile(f"[{UNSPACED}]")

# 1,000.50 and 1.000,50 are the same number, 1.5 and 15 are not: groups of three
# digits are taken as one number, whatever stands between them.
_NUMBER = regex.compile(
    r"((?<![\p{L}\p{N}])[\-−](?=\d))?(\d++(?:[.,'’٬٫ \u00a0\u202f\u2009]\d{3}(?!\d))*+)"  # noqa: RUF001 - separators
    r"|([\p{No}\p{Nl}--[\u3007]]++)",
    regex.V1,
)
_NUMERALS = regex.compile("[一二三四五六七八九十百千万亿萬億零〇两兩]+")

# Where sentences may end, taken generously, so as not to miss one in an answer.
_END = regex.compile(r"(?<![.!?…;:])[.!?…;:]++(?=[\s\"'’”»)\]]|$)|[。！？｡；：؟۔।]++")  # noqa: RUF001 - of several scripts

# A Chinese character says as much as three letters, a syllable's as two. In
# other languages a text may be this many times as long, or that much in all.
_TIMES, _FEW, _MANY = 4, 16, 40
# Fewer words may be the same in two languages, or letters without spaces.
_SAME_WORDS, _SAME_LETTERS = 3, 6


def restore(unit: Unit, answer: str, vocabulary: Vocabulary = PLAIN) -> str | None:
    """Return the unit in the language of the engine's answer; None if that is not to be trusted."""
    answer = answer.strip()
    source = unit.source
    if set(_FOUL.findall(answer)) - set(_FOUL.findall(source)):
        return None
    pieces = unit.pieces(answer)
    if pieces is None or not _says_as_much(unit.gaps, pieces):
        return None
    restored = unit.put_back(pieces)
    return restored if _has_all_kept(source, restored, vocabulary) else None


def is_true(text: str, translation: str, vocabulary: Vocabulary = PLAIN) -> bool:
    """Tell whether a whole text, put together, has all that is kept, and is no echo."""
    is_whole = _has_all_kept(text, translation, vocabulary)
    return is_whole and not _is_echo(text, translation, vocabulary)


def find_numbers(text: str) -> list[str]:
    """Return the numbers of a text, each in one spelling."""
    return [
        ("-" if sign else "")
        + "".join(str(decimal(one)) for one in digits if one.isdecimal())
        + other
        for sign, digits, other in _NUMBER.findall(text)
    ]


def _has_all_kept(text: str, translation: str, vocabulary: Vocabulary) -> bool:
    """Tell whether all that is kept, and nothing else of that kind, is in a translation."""
    others, terms = _split(text, vocabulary)
    found_others, found_terms = _split(translation, vocabulary)
    # An engine may well find a term by itself, for another word of the same meaning.
    rest = iter(found_terms)
    return others == found_others and all(term in rest for term in terms)


def _split(text: str, vocabulary: Vocabulary) -> tuple[list[str], list[str]]:
    """Return what is kept of a text: all but the terms, and the terms."""
    others, terms = list[str](), list[str]()
    for one in find_kept(text, vocabulary):
        (terms if one.kind == "term" else others).append(text[one.start : one.end])
    return others, terms


def _says_as_much(gaps: Sequence[str], pieces: Sequence[str]) -> bool:
    # No character of a text, so that two numbers beside a mark are not taken as one.
    source, answer = " \0 ".join(gaps), " \0 ".join(pieces)
    if not _LETTER.search(answer) or not _has_same_numbers(source, answer):
        return False
    if _count_sentences(answer) < len(split_sentences(source)):
        return False
    # With a sign an engine may have left out all that comes behind it.
    if any(answer.count(sign) < source.count(sign) for sign in find_signs(source)):
        return False
    long, short = _weigh(source), _weigh(answer)
    return short * _TIMES + _FEW >= long and short <= long * _TIMES + _MANY


def _has_same_numbers(source: str, answer: str) -> bool:
    wanted, found = find_numbers(source), find_numbers(answer)
    if wanted == found:
        return True
    # What is spelled in characters there may be digits here.
    spelled = len(_NUMERALS.findall(source))
    rest = iter(found)
    return len(found) - len(wanted) <= spelled and all(number in rest for number in wanted)


def _count_sentences(text: str) -> int:
    return sum(1 for part in _END.split(text) if _LETTER.search(part))


def _weigh(text: str) -> int:
    letters = len(_LETTER.findall(text))
    return letters + 2 * len(_HAN.findall(text)) + len(_SYLLABLE.findall(text))


def _is_echo(text: str, translation: str, vocabulary: Vocabulary) -> bool:
    """Tell whether most of a text stands in its translation as it is."""
    source, result = _prose(text, vocabulary), _words(_prose(translation, vocabulary))
    if _words(source) == result and not vocabulary.is_begun:
        return True
    sentences = [_words(sentence) for sentence in split_sentences(source)]
    echoed = sum(map(_weigh, (one for one in sentences if _is_telling(one) and one in result)))
    return echoed * 2 > sum(map(_weigh, sentences))


def _prose(text: str, vocabulary: Vocabulary) -> str:
    return "\n".join(" ".join(unit.gaps) for unit in mask(text, vocabulary).units)


def _words(text: str) -> str:
    return " ".join(_WORDS.findall(text.casefold()))


def _is_telling(sentence: str) -> bool:
    if _IS_UNSPACED.search(sentence):
        return len(sentence) >= _SAME_LETTERS
    return sentence.count(" ") + 1 >= _SAME_WORDS
