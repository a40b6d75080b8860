"""How untrusted text becomes typed values, and what a client is told when it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from realchat.errors import ChatError, Code, invalid

T = TypeVar("T")

# msgspec's errors are sentences; these are the parts that a client needs.
# tests/test_decoding.py fails when a new version words them otherwise.
_UNKNOWN = re.compile(r"contains unknown field `([^`]*)`")
_MISSING = re.compile(r"missing required field `([^`]*)`")
_PATH = re.compile(r" - at (?:`key` in )?`\$\.?(?P<field>[^`\[.]*)[^`]*`$")
_LONE_SURROGATE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def decode_json(decoder: msgspec.json.Decoder[T], raw: str | bytes) -> T:
    """Decode strict JSON into the decoder's type.

    Raises `ChatError`: `invalid_json`, `invalid_text` (bytes that are not UTF-8,
    lone surrogates), `unknown_field` or `validation_error`.
    """
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise explain(error, decoder.type) from None
    except UnicodeError:
        raise ChatError(Code.INVALID_TEXT) from None
    except (msgspec.DecodeError, RecursionError):
        octets = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
        code = Code.INVALID_TEXT if _LONE_SURROGATE.search(octets) else Code.INVALID_JSON
        raise ChatError(code) from None


def decode_query(values: Mapping[str, str], shape: type[T]) -> T:
    """Turn a query string's values into a record; the errors are those of `decode_json`."""
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as error:
        raise explain(error, shape) from None


def explain(error: msgspec.ValidationError, shape: Any) -> ChatError:
    """Say in the contract's words what msgspec found wrong."""
    text = str(error)
    if unknown := _UNKNOWN.search(text):
        return ChatError(Code.UNKNOWN_FIELD, f"There is no field `{unknown[1]}` here.")
    if missing := _MISSING.search(text):
        return invalid(missing[1], "is required")
    path = _PATH.search(text)
    if path is None or not path["field"]:
        return ChatError(Code.VALIDATION, text)
    described = _descriptions(shape).get(path["field"])
    return invalid(path["field"], f"must be {described}" if described else text[: path.start()])


def _descriptions(shape: Any) -> dict[str, str]:
    """Collect what the fields of a record (or of all records of a union) must be."""
    found: dict[str, str] = {}
    for record in get_args(shape) or (shape,):
        for name, hint in get_type_hints(record, include_extras=True).items():
            if description := _description(hint):
                found.setdefault(name, description)
    return found


def _description(hint: Any) -> str | None:
    if get_origin(hint) is Annotated:
        for extra in hint.__metadata__:
            if isinstance(extra, msgspec.Meta) and extra.description:
                return extra.description
    return next(filter(None, map(_description, get_args(hint))), None)
