"""Ids, conversation ids and times keep their shape in both directions."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realchat.errors import ChatError, Code
from realchat.fields import ConversationId, Id
from realchat.ids import (
    DirectKey,
    GroupKey,
    direct_conversation,
    group_conversation,
    is_id,
    new_id,
    now,
    parse_conversation,
    require_id,
    timestamp,
)

ids = st.text("0123456789abcdef", min_size=24, max_size=24)
moments = st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC))


def test_new_ids_are_ids_and_all_different() -> None:
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(map(is_id, made))


@given(ids)
def test_an_id_is_taken_as_it_is(id: str) -> None:
    assert require_id(id) == id
    assert msgspec.convert(id, Id) == id


@given(st.text(st.characters(codec=None)))
def test_paths_and_bodies_agree_on_what_an_id_is(text: str) -> None:
    try:
        msgspec.convert(text, Id)
    except msgspec.ValidationError:
        assert not is_id(text)
    else:
        assert is_id(text)


@pytest.mark.parametrize("text", ["", "A" * 24, "a" * 23, "a" * 25, "a" * 24 + "\n", "٣" * 24])
def test_what_is_no_id_is_not_found(text: str) -> None:
    with pytest.raises(ChatError) as caught:
        require_id(text)
    assert caught.value.code is Code.NOT_FOUND


@given(ids, ids)
def test_a_direct_conversation_is_the_same_from_both_sides(one: str, other: str) -> None:
    conversation = direct_conversation(one, other)
    assert conversation == direct_conversation(other, one)
    assert msgspec.convert(conversation, ConversationId) == conversation


@given(ids, ids)
def test_a_direct_conversation_tells_its_people(one: str, other: str) -> None:
    key = parse_conversation(direct_conversation(one, other))
    assert isinstance(key, DirectKey)
    assert (key.peer_of(one), key.peer_of(other)) == (other, one)


@given(ids)
def test_a_group_s_conversation_tells_its_group(group_id: str) -> None:
    assert parse_conversation(group_conversation(group_id)) == GroupKey(group_id)


@given(st.text(st.characters(codec=None)) | st.from_regex(r"(dm|group)(:[0-9a-fA-F]{23,25}){0,3}"))
def test_only_what_was_built_here_is_a_conversation(text: str) -> None:
    with contextlib.suppress(ChatError):
        key = parse_conversation(text)
        is_direct = isinstance(key, DirectKey)
        assert text == (direct_conversation(*key) if is_direct else group_conversation(*key))


def test_people_in_the_wrong_order_are_no_conversation() -> None:
    with pytest.raises(ChatError):
        parse_conversation(f"dm:{'b' * 24}:{'a' * 24}")


@given(moments)
def test_a_time_is_written_with_milliseconds_and_can_be_read_again(moment: datetime) -> None:
    text = timestamp(moment)
    assert len(text) == 24
    assert text.endswith("Z")
    assert timedelta(0) <= moment - datetime.fromisoformat(text) < timedelta(milliseconds=1)


@given(moments, moments)
def test_times_sort_as_their_texts_do(one: datetime, other: datetime) -> None:
    assert (timestamp(one) <= timestamp(other)) or one > other


@given(moments, st.integers(-12, 14))
def test_a_time_is_written_in_utc_wherever_it_is_from(moment: datetime, hours: int) -> None:
    assert timestamp(moment.astimezone(timezone(timedelta(hours=hours)))) == timestamp(moment)


def test_the_present_is_as_exact_as_the_database_keeps_it() -> None:
    assert now().microsecond % 1000 == 0
    assert now().tzinfo is UTC
