"""Language tags have one spelling, and readers of one script are not given another."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realchat.fields import Language
from realchat.languages import base, can_read, canonical

tags = st.from_regex(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}", fullmatch=True)


@pytest.mark.parametrize(
    ("tag", "spelled"),
    [
        ("EN", "en"),
        ("pt-br", "pt-BR"),
        ("pt_BR", "pt-BR"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("SR-LATN", "sr-Latn"),
        ("es-419", "es-419"),
        ("spa", "es"),
        ("POR-br", "pt-BR"),
        ("fil", "fil"),
    ],
)
def test_a_tag_is_spelled_as_recommended(tag: str, spelled: str) -> None:
    assert canonical(tag) == spelled


@given(tags)
def test_spelling_twice_changes_nothing_more(tag: str) -> None:
    assert canonical(canonical(tag)) == canonical(tag)


@given(tags)
def test_the_spelling_does_not_depend_on_case(tag: str) -> None:
    assert canonical(tag.upper()) == canonical(tag.lower()) == canonical(tag)


@given(tags)
def test_a_spelled_tag_is_a_tag_that_bodies_may_have(tag: str) -> None:
    assert msgspec.convert(canonical(tag), Language)


@given(tags)
def test_what_decides_who_reads_a_tag_is_itself_a_tag(tag: str) -> None:
    assert base(base(tag)) == base(tag)
    assert canonical(base(tag)) == base(tag)


@given(tags)
def test_everyone_reads_their_own_language(tag: str) -> None:
    assert can_read(tag, [tag])
    assert can_read(tag.upper(), ["xx", tag.lower()])
    assert not can_read(tag, [])


@pytest.mark.parametrize(
    ("content", "read", "can"),
    [
        ("en-GB", "en-US", True),
        ("pt", "pt-BR", True),
        ("es", "pt", False),
        ("zh-TW", "zh-HK", True),
        ("zh-TW", "zh-CN", False),
        ("zh", "zh-Hans", True),
        ("zh", "zh-Hant", False),
        ("zh-Hant-CN", "zh-MO", True),
    ],
)
def test_regions_are_read_alike_but_not_the_two_chinese_scripts(
    content: str, read: str, *, can: bool
) -> None:
    assert can_read(content, [read]) is can
