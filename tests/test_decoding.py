"""Untrusted text becomes a value or an error of the contract, and never anything else."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from realchat import commands, fields, protocol, requests
from realchat.decoding import decode_json, decode_query
from realchat.errors import ChatError, Code
from realchat.requests import History, MessageDraft

BODIES = [
    kind
    for kind in vars(requests).values()
    if isinstance(kind, type) and issubclass(kind, requests.Body) and kind is not requests.Body
]
NAMES = sorted({name for kind in BODIES for name in kind.__struct_fields__} | {"type", "ref"})
TAGS = sorted(kind.__struct_config__.tag for kind in get_args(commands.AnyCommand))
DRAFT = msgspec.json.Decoder(MessageDraft)
ID = "a" * 24
MAY_RAISE = {
    Code.INVALID_JSON,
    Code.INVALID_TEXT,
    Code.UNKNOWN_FIELD,
    Code.UNKNOWN_TYPE,
    Code.VALIDATION,
}

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None, exclude_categories=()))
    | st.sampled_from(["", ID, f"group:{ID}", "en", "a@b.example", "\x00", "\u202e"])
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
# Objects with the names that are known here, so that checks behind the first one are met.
objects = st.dictionaries(st.sampled_from(NAMES), values | st.sampled_from(TAGS), max_size=8)


def outcome(decode: Any, *arguments: Any) -> Code | None:
    """Return the error's code, or None for a value; any other exception fails the test."""
    try:
        decode(*arguments)
    except ChatError as error:
        return error.code
    return None


@given(st.sampled_from(BODIES), st.binary() | st.text(st.characters(codec=None)))
@example(MessageDraft, b"[" * 100_000)
@example(MessageDraft, b'{"files":' * 50_000)
@example(MessageDraft, b'{"content":"\\ud800"}')
@example(MessageDraft, '{"content":"\ud800"}')
@example(MessageDraft, b"\xff")
@example(MessageDraft, b"")
@example(MessageDraft, b"NaN")
@example(MessageDraft, b"1" * 5000)
@example(MessageDraft, b'{"content":1e999}')
def test_any_bytes_become_a_body_or_an_error(kind: Any, raw: str | bytes) -> None:
    code = outcome(decode_json, msgspec.json.Decoder(kind), raw)
    assert code is None or code in MAY_RAISE


@given(st.sampled_from(BODIES), objects | values)
def test_any_json_becomes_a_body_or_an_error(kind: Any, value: Any) -> None:
    code = outcome(decode_json, msgspec.json.Decoder(kind), json.dumps(value))
    assert code is None or code in MAY_RAISE


@given(st.binary() | st.text(st.characters(codec=None)))
@example(b'{"type":' + b"[" * 100_000)
@example(b'{"ref":"\\udfff","type":"ping"}')
def test_any_bytes_become_a_command_or_an_error(raw: str | bytes) -> None:
    code = outcome(protocol.decode, raw)
    assert code is None or code in MAY_RAISE
    protocol.ref_of(raw)


@given(objects | values, st.sampled_from(TAGS))
def test_any_json_becomes_a_command_or_an_error(value: Any, tag: str) -> None:
    raw = json.dumps({**value, "type": tag} if isinstance(value, dict) else value)
    code = outcome(protocol.decode, raw)
    assert code is None or code in MAY_RAISE
    protocol.ref_of(raw)


@given(
    st.sampled_from(BODIES),
    st.dictionaries(st.sampled_from(NAMES) | st.text(), st.text(st.characters(codec="utf-8"))),
)
def test_any_query_becomes_a_record_or_an_error(kind: Any, query: dict[str, str]) -> None:
    code = outcome(decode_query, query, kind)
    assert code in (None, Code.VALIDATION, Code.UNKNOWN_FIELD)


@given(objects)
def test_what_was_accepted_is_as_its_types_say(value: dict[str, Any]) -> None:
    try:
        draft = decode_json(DRAFT, json.dumps(value))
    except ChatError:
        return
    assert msgspec.convert(msgspec.to_builtins(draft), MessageDraft) == draft
    assert "\x00" not in draft.content
    assert len(draft.content) <= fields.MAX_CONTENT


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", Code.INVALID_JSON),
        (b'{"content":NaN}', Code.INVALID_JSON),
        (b'{"content":"\\ud83d\\ude00" x}', Code.INVALID_JSON),
        (b'{"content":"\\ud800x"}', Code.INVALID_TEXT),
        (b'{"content":"\xff"}', Code.INVALID_TEXT),
        (b'{"nothing":1}', Code.UNKNOWN_FIELD),
        (b'{"content":1}', Code.VALIDATION),
        (b"[" * 100_000, Code.VALIDATION),
    ],
)
def test_each_kind_of_fault_has_its_code(raw: bytes, code: Code) -> None:
    assert outcome(decode_json, DRAFT, raw) is code


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b'{"content":"\\u0000"}', {"content": "must be a text of at most 10000 characters"}),
        (b'{"reply_to":"x"}', {"reply_to": "must be an id: 24 hex digits"}),
        (b'{"files":[1]}', {"files": "must be"}),
        (b'{"files":"x"}', {"files": "must be at most 10 file URLs"}),
    ],
)
def test_a_wrong_field_is_named_with_what_it_must_be(raw: bytes, told: dict[str, str]) -> None:
    with pytest.raises(ChatError) as caught:
        decode_json(DRAFT, raw)
    fields_told = dict(caught.value.fields or {})
    assert set(fields_told) == set(told)
    assert all(fields_told[name].startswith(why) for name, why in told.items())


def test_a_missing_field_is_named() -> None:
    with pytest.raises(ChatError) as caught:
        decode_json(msgspec.json.Decoder(requests.Login), b'{"email":"a@b.example"}')
    assert caught.value.fields == {"password": "is required"}


def test_a_field_within_a_field_is_told_by_the_outer_one() -> None:
    with pytest.raises(ChatError) as caught:
        decode_json(msgspec.json.Decoder(requests.CreateGroup), b'{"name":"n","members":["x"]}')
    assert set(caught.value.fields or {}) == {"members"}


def test_a_wrong_key_is_told_by_the_field_that_has_it() -> None:
    raw = b'{"terms":[{"term":"x","translations":{"English":"x"}}]}'
    with pytest.raises(ChatError) as caught:
        decode_json(msgspec.json.Decoder(requests.ReplaceGlossary), raw)
    assert set(caught.value.fields or {}) == {"terms"}


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(ChatError) as caught:
        decode_json(DRAFT, b'{"$where":"1"}')
    assert "`$where`" in caught.value.message


@pytest.mark.parametrize("text", ["0", "201", "1.5", "x", "", "٣", "0x10", "-1"])
def test_a_query_s_number_out_of_bounds_is_refused(text: str) -> None:
    assert outcome(decode_query, {"limit": text}, History) is Code.VALIDATION


VALID = {
    "Id": ID,
    "ConversationId": f"group:{ID}",
    "OneTimeCode": "123456",
    "Language": "pt-BR",
}


@pytest.mark.parametrize("name", VALID)
def test_a_line_s_end_does_not_slip_through_a_pattern(name: str) -> None:
    kind = vars(fields)[name]
    assert msgspec.convert(VALID[name], kind) == VALID[name]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(VALID[name] + "\n", kind)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\t", "a\nb", "a\x00", "\u202ea", "a\u2066", "\ufeffa", "a\x85", "a" * 81, "\u2028"],
)
def test_a_name_that_deceives_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, fields.Name)


@pytest.mark.parametrize("text", ["a", "Ana María", "李小龍", "O'Neil", "👩‍👩‍👧", "a" * 80, "مريم"])
def test_people_s_names_are_taken(text: str) -> None:
    assert msgspec.convert(text, fields.Name) == text
