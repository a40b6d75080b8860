"""The words of the page: complete in every language, and each of them used."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

STATIC = Path(__file__).parent.parent.parent / "static"
SOURCES = "\n".join(path.read_text() for path in sorted((STATIC / "app").rglob("*.js")))
LANGUAGES = ["en", "es", "fr", "de", "pt", "hi", "ar", "zh"]
WORDS: dict[str, dict[str, Any]] = {
    language: json.loads((STATIC / "strings" / f"{language}.json").read_text())
    for language in LANGUAGES
}
ENGLISH = WORDS["en"]
# The plural categories of integers below a million (Unicode CLDR 48).
PLURALS = {
    "ar": {"zero", "one", "two", "few", "many", "other"},
    "zh": {"other"},
} | {language: {"one", "other"} for language in ("en", "es", "fr", "de", "pt", "hi")}
# Spanish, French and Portuguese have one more for millions, which no chat counts to.
MILLIONS = {"many"}
# The same word in English and elsewhere.
SHARED = {"translation.original"}
KEY = re.compile(r'"([a-z][\w-]*(?:\.[\w-]+)*)"')
MADE = re.compile(r"`([a-z][\w-]*\.(?:[\w-]+\.)*)\$\{")
ASKED = re.compile(r'\b(?:t|parts)\(\s*"([^"]+)"')


def forms(value: str | dict[str, str]) -> list[str]:
    """Return every form of a text."""
    return [value] if isinstance(value, str) else list(value.values())


def names(value: str | dict[str, str]) -> set[str]:
    """Return what is filled into a text; a plural may leave its count unsaid."""
    found = {name for form in forms(value) for name in re.findall(r"\{(\w+)\}", form)}
    return found - {"count"} if isinstance(value, dict) else found


def test_there_is_a_file_for_each_language_and_no_other() -> None:
    assert {path.stem for path in (STATIC / "strings").iterdir()} == set(LANGUAGES)
    chosen = re.search(r"LANGUAGES = (\[.*?\])", SOURCES)
    assert chosen
    assert json.loads(chosen[1]) == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_all_words_and_no_others(language: str) -> None:
    assert set(WORDS[language]) == set(ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_and_each_fills_in_what_the_english_one_does(language: str) -> None:
    for key, value in WORDS[language].items():
        assert all(form.strip() for form in forms(value)), key
        assert names(value) == names(ENGLISH[key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_counted_has_every_plural_of_its_language(language: str) -> None:
    for key, value in WORDS[language].items():
        assert isinstance(value, dict) == isinstance(ENGLISH[key], dict), key
        if isinstance(value, dict):
            assert set(value) - MILLIONS | set(value) & PLURALS[language] == PLURALS[language], key


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_language_is_translated_and_not_english_again(language: str) -> None:
    same = [
        key
        for key, value in WORDS[language].items()
        if key not in SHARED
        and value == ENGLISH[key]
        and len(str(value)) > 12
        and not str(value).startswith("{")
    ]
    assert same == []


def test_every_word_that_the_page_asks_for_exists() -> None:
    asked = set(ASKED.findall(SOURCES))
    assert len(asked) > 50
    assert asked - set(ENGLISH) == set()


def test_every_word_is_used_somewhere() -> None:
    literal = set(KEY.findall(SOURCES))
    made = tuple(MADE.findall(SOURCES))
    assert {key for key in ENGLISH if key not in literal and not key.startswith(made)} == set()
