"""What a request's headers say: its id, its origin, and the address it really came from."""

from __future__ import annotations

import re
import secrets
from typing import TypeVar
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

from realchat.decoding import decode_query
from realchat.errors import ChatError, Code
from realchat.settings import Settings

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


def is_trusted_origin(request: HTTPServerRequest, settings: Settings) -> bool:
    """Tell whether a request is of our own pages or of `CLIENT_URL`'s, or of no page at all."""
    origin = request.headers.get("Origin", "").lower()
    own = f"{request.protocol}://{request.host}".lower()
    return origin in {"", own, origin_of(settings.base_url), origin_of(settings.client_url)}


def is_own_page(request: HTTPServerRequest, settings: Settings) -> bool:
    """Tell whether a request is of a page of the origin it goes to, or of no page at all.

    `Sec-Fetch-Site` is the browser's word on that (https://www.w3.org/TR/fetch-metadata);
    it is not sent over plain HTTP to another machine, where `Origin` has to do.
    """
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    return site in {"same-origin", "none"} and is_trusted_origin(request, settings)


def read_query(request: HTTPServerRequest, shape: type[T]) -> T:
    """Return the query string as a record; of a repeated name the last value counts.

    Raises `ChatError`: `invalid_text`, `unknown_field` or `validation_error`.
    """
    try:
        values = {name: given[-1].decode() for name, given in request.query_arguments.items()}
    except UnicodeDecodeError:
        raise ChatError(Code.INVALID_TEXT) from None
    return decode_query(values, shape)
