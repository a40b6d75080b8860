"""What an operation may answer, as OpenAPI: its successes, its errors, and their headers."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from types import NoneType
from typing import Any

from handlers.endpoint import JSON, Operation
from realchat.errors import Code
from realchat.replies import ErrorReply, SignedIn
from realchat.requests import History, SearchMessages
from realchat.schemas import Schema, narrow

_PAGED = (History, SearchMessages)
_BODY = {
    Code.INVALID_JSON,
    Code.INVALID_TEXT,
    Code.VALIDATION,
    Code.UNKNOWN_FIELD,
    Code.BODY_TOO_LARGE,
    Code.UNSUPPORTED_MEDIA_TYPE,
    Code.UNAVAILABLE,
}
_QUERY = {Code.INVALID_TEXT, Code.VALIDATION, Code.UNKNOWN_FIELD}
_PRIVATE = {Code.NOT_AUTHENTICATED, Code.TOKEN_EXPIRED, Code.UNAVAILABLE}
# Names and descriptions of the headers that answers come with.
_HEADERS = {
    "X-Request-Id": "The request's id, which the server's log has too.",
    "Retry-After": "Seconds after which to try again.",
    "WWW-Authenticate": "`Bearer`, where a token is missing or no longer good.",
    "Allow": "The methods that this address takes.",
    "Link": '`<…>; rel="next"` while there is more.',
    "Set-Cookie": "`realchat_files`; with `X-Session: cookie` `realchat_refresh` too.",
    "ETag": "What to send as `If-None-Match` the next time.",
    "Content-Range": "Which bytes these are, and how many there are in all.",
}


def describe_headers() -> Schema:
    """Describe the headers that answers refer to."""
    return {
        name: {"description": text, "schema": {"type": "string"}} for name, text in _HEADERS.items()
    }


def errors_of(operation: Operation, *, has_parameters: bool) -> set[Code]:
    """Return all errors that an operation may answer with."""
    codes = {Code.INTERNAL, *operation.raises}
    codes |= _PRIVATE if not operation.public else set()
    codes |= _BODY if operation.body is not None else set()
    codes |= _QUERY if operation.query is not None else set()
    codes |= {Code.UNSUPPORTED_MEDIA_TYPE} if operation.media_type != JSON else set()
    codes |= {Code.NOT_FOUND} if has_parameters else set()
    codes |= {Code.RATE_LIMITED} if operation.rate is not None else set()
    return codes


def describe_successes(operation: Operation, schemas: Mapping[Any, Schema]) -> Schema:
    """Describe the answers of a call that succeeds."""
    empty = operation.reply_type == JSON and operation.reply in (None, NoneType)
    status = 204 if empty and operation.status == 200 else operation.status
    answers = {status: HTTPStatus(status).phrase, **operation.also}
    return {
        str(number): {
            "description": text,
            "headers": _headers(_extra_headers(operation, number)),
            **({} if empty or number in (204, 304) else _content(operation, schemas)),
        }
        for number, text in answers.items()
    }


def describe_failures(codes: Iterable[Code], schemas: Mapping[Any, Schema]) -> Schema:
    """Describe the answers of a call that fails."""
    by_status: dict[int, list[Code]] = defaultdict(list)
    for code in sorted(codes, key=lambda code: code.code):
        by_status[code.status].append(code)
    return {
        str(status): {
            "description": " · ".join(f"`{code.code}`: {code.message}" for code in alike),
            "headers": _headers(_ERROR_HEADERS.get(status, ())),
            "content": {JSON: {"schema": narrow(schemas[ErrorReply], alike)}},
        }
        for status, alike in sorted(by_status.items())
    }


_ERROR_HEADERS = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    416: ("Content-Range",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


def _extra_headers(operation: Operation, status: int) -> list[str]:
    pages = inspect.isclass(operation.query) and issubclass(operation.query, _PAGED)
    return [
        *(["Link"] if pages else []),
        *(["Set-Cookie"] if operation.reply is SignedIn else []),
        *(["ETag"] if 304 in operation.also else []),
        *(["Content-Range"] if status == 206 else []),
    ]


def _headers(extra: Iterable[str]) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *extra)}


def _content(operation: Operation, schemas: Mapping[Any, Schema]) -> Schema:
    if operation.reply_type == JSON:
        return {"content": {JSON: {"schema": schemas[operation.reply]}}}
    return {"content": {operation.reply_type: {"schema": {"type": "string"}}}}
