"""What a request's headers say: its id, its origin, and the address it really came from."""

from __future__ import annotations

import re
import secrets
from typing import TypeVar
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

from realchat.decoding import decode_query
from realchat.errors import ChatError, Code

T = TypeVar("T")

_REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)


def request_id_of(request: HTTPServerRequest) -> str:
    """Return the id the client or a proxy gave the request, or a new one that it keeps."""
    if not _REQUEST_ID.fullmatch(request.headers.get("X-Request-Id", "")):
        request.headers["X-Request-Id"] = secrets.token_hex(8)
    return request.headers["X-Request-Id"]


def address_of(request: HTTPServerRequest, proxies: frozenset[str]) -> str:
    """Return the client's address: the last hop of `X-Forwarded-For` that is not a trusted proxy.

    The header counts only when the connection itself comes from a trusted
    proxy; from anybody else it is a claim.
    """
    address = request.remote_ip or ""
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    while address in proxies and hops and (hop := hops.pop().strip()):
        address = hop
    return address


def origin_of(url: str) -> str:
    """Return the origin of a URL as browsers write it (scheme, host, port), or an empty text."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.scheme and parts.netloc else ""


def read_query(request: HTTPServerRequest, shape: type[T]) -> T:
    """Return the query string as a record; of a repeated name the last value counts.

    Raises `ChatError`: `invalid_text`, `unknown_field` or `validation_error`.
    """
    try:
        values = {name: given[-1].decode() for name, given in request.query_arguments.items()}
    except UnicodeDecodeError:
        raise ChatError(Code.INVALID_TEXT) from None
    return decode_query(values, shape)
