"""Which way a text takes from one language to another, and what is said of the engine."""

from __future__ import annotations

import pytest

from realchat.pairs import EngineState, Pair, Pairs

OFFERED = Pairs(
    [("en", "es"), ("es", "en"), ("de", "en"), ("es", "ca"), ("fr", "de"), ("es", "es")]
)


@pytest.mark.parametrize(
    ("source", "target", "path"),
    [
        ("es", "ca", (("es", "ca"),)),
        ("de", "es", (("de", "en"), ("en", "es"))),
        ("de", "en", (("de", "en"),)),
        ("es", "de", None),
        ("fr", "en", None),
        ("en", "ca", None),
        ("es", "es", None),
        ("xx", "yy", None),
    ],
)
def test_the_way_is_direct_or_through_english_or_there_is_none(
    source: str, target: str, path: tuple[Pair, ...] | None
) -> None:
    assert OFFERED.path(source, target) == path


def test_the_languages_are_listed_by_their_source() -> None:
    assert OFFERED.by_source() == {
        "de": ["en"],
        "en": ["es"],
        "es": ["ca", "en"],
        "fr": ["de"],
    }


@pytest.mark.parametrize(
    ("answers", "pairs", "line"),
    [
        (True, {"es": ["ca", "en"]}, "by Test here: es-ca, es-en"),
        (True, {}, "by Test here, which has no languages"),
        (False, {"es": ["ca"]}, "by Test here, which does not answer now"),
        (True, {"en": list("abcdefghi")}, "by Test here: 9 pairs of 10 languages"),
    ],
)
def test_the_engine_is_told_of_in_one_line(
    answers: bool, pairs: dict[str, list[str]], line: str
) -> None:
    state = EngineState(engine="Test", where="here", answers=answers, pairs=pairs)
    assert state.describe() == line
