"""What the letters of a text tell of its language; no I/O."""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from itertools import islice
from unicodedata import category

from realchat.kept import words_only

# First and last code point of a script's blocks (the Unicode standard's charts),
# and the languages that are written in it, those of most people first.
_BLOCKS: list[tuple[int, int, str]] = [
    (0x0370, 0x03FF, "el"),
    (0x0400, 0x052F, "ru uk bg sr be mk kk ky tg mn tt ba"),
    (0x0530, 0x058F, "hy"),
    (0x0590, 0x05FF, "he"),
    (0x0600, 0x077F, "ar fa ur ps ug sdh"),
    (0x0900, 0x097F, "hi mr ne sa gom"),
    (0x0980, 0x09FF, "bn as"),
    (0x0A00, 0x0A7F, "pa"),
    (0x0A80, 0x0AFF, "gu"),
    (0x0B00, 0x0B7F, "or"),
    (0x0B80, 0x0BFF, "ta"),
    (0x0C00, 0x0C7F, "te"),
    (0x0C80, 0x0CFF, "kn"),
    (0x0D00, 0x0D7F, "ml"),
    (0x0D80, 0x0DFF, "si"),
    (0x0E00, 0x0E7F, "th"),
    (0x0E80, 0x0EFF, "lo"),
    (0x0F00, 0x0FFF, "dz"),
    (0x1000, 0x109F, "my"),
    (0x10A0, 0x10FF, "ka"),
    (0x1100, 0x11FF, "ko"),
    (0x1200, 0x139F, "am"),
    (0x1780, 0x17FF, "km"),
    (0x1F00, 0x1FFF, "el"),
    (0x2E80, 0x3007, "zh ja"),
    (0x3040, 0x30FF, "ja"),
    (0x3130, 0x318F, "ko"),
    (0x31F0, 0x31FF, "ja"),
    (0x3400, 0x9FFF, "zh ja"),
    (0xAC00, 0xD7AF, "ko"),
    (0xF900, 0xFAFF, "zh ja"),
    (0xFB50, 0xFDFF, "ar fa ur ps ug sdh"),
    (0xFE70, 0xFEFC, "ar fa ur ps ug sdh"),
    (0xFF66, 0xFF9F, "ja"),
    (0x20000, 0x3FFFF, "zh ja"),
]
_STARTS = [first for first, _, _ in _BLOCKS]
_IN_LATIN_TOO = {"sr", "tt", "kk", "mn"}
OTHER_THAN_LATIN = {
    language for _, _, languages in _BLOCKS for language in languages.split()
} - _IN_LATIN_TOO

# As many letters as tell the script.
_LOOKED_AT = 60
# Japanese mixes kana into Han characters; a Chinese text has one at most.
_HAN_PER_KANA = 5
# Letters that a text needs to be in a language rather than a name or a noise.
_FEWEST, _FEWEST_LATIN = 2, 4

_ADDRESS = re.compile(r"^(?:www\.|[#:/])|[_@]|[A-Za-z0-9]\.[A-Za-z0-9]")
_CODE = re.compile(r"\w\(|[{}\\]|\w[=<>|]|[=<>|]\w\w|\$[A-Za-z]|^[=+*&|/]{1,2}$")
# A text of which this part is code is code as a whole, English as its words may look.
_WORDS_PER_CODE = 3


def prose(text: str) -> str:
    """Return the words of a text, without addresses, mentions, hashtags; none of what is code."""
    words = words_only(text).split()
    # Most words are nothing but letters, which takes less to see than to search.
    odd = [word for word in words if not word.isalpha()]
    code = {word for word in odd if _CODE.search(word)}
    if sum(word in code for word in odd) * _WORDS_PER_CODE >= len(words):
        return ""
    left_out = code.union(word for word in odd if _ADDRESS.search(word))
    return " ".join(word for word in words if word not in left_out)


def languages_by_letters(text: str) -> tuple[str, ...]:
    """Return the languages that are written as most letters of a text are.

    None for Latin and what is not known; those of most people first.
    """
    if text.isascii():
        return ()
    letters = islice(filter(str.isalpha, text), _LOOKED_AT)
    found = Counter(_languages_of(ord(letter)) for letter in letters)
    if found["ja"] * _HAN_PER_KANA >= found["zh ja"] > 0 < found["ja"]:
        found["ja"] += found.pop("zh ja")
    return tuple(found.most_common(1)[0][0].split()) if found else ()


def says_something(text: str, *, latin: bool) -> bool:
    """Tell whether a text has words; a laugh or a sigh (`hahaha`, `lol`, `hmm`) is none."""
    telling = (
        word
        for word in text.casefold().split()
        if not latin or len(set(filter(str.isalpha, word))) > 2
    )
    # Marks too: in Indian scripts the vowels are some.
    letters = (letter for word in telling for letter in word if category(letter)[0] in "LM")
    fewest = _FEWEST_LATIN if latin else _FEWEST
    return sum(1 for _ in islice(letters, fewest)) == fewest


def chinese_script(text: str) -> str | None:
    """Return `Hans` or `Hant` by the characters that are in one of the two only, else None.

    GB 2312 has the simplified characters, Big5 the traditional ones.
    """
    lean = len(text.encode("gb2312", "ignore")) - len(text.encode("big5", "ignore"))
    if not lean:
        return None
    return "Hans" if lean > 0 else "Hant"


def _languages_of(code_point: int) -> str:
    first, last, languages = _BLOCKS[bisect(_STARTS, code_point) - 1]
    return languages if first <= code_point <= last else ""
