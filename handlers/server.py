"""The HTTP server, which answers malformed HTTP in the contract's words too."""

from __future__ import annotations

import functools
import logging
import secrets
from asyncio import Future
from collections.abc import Callable
from typing import Any

import msgspec
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream

from realchat.errors import Code
from realchat.metrics import count_request
from realchat.replies import ErrorDetail, ErrorReply

logger = logging.getLogger("realchat.access")

# What Tornado itself sends, whole and without a hook, for a request that it
# cannot parse. tests/test_http.py fails when a new version words it otherwise.
_BARE = b"HTTP/1.1 400 Bad Request\r\n\r\n"
_BODY = msgspec.json.encode(
    ErrorReply(
        error=ErrorDetail(code=Code.BAD_REQUEST.code, message=Code.BAD_REQUEST.message),
    )
)

Write = Callable[[bytes | memoryview], "Future[None]"]


class Server(HTTPServer):
    """Tornado's server, with a body for the one answer that no handler gives."""

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Serve a connection."""
        write: Write = functools.partial(_write, stream.write)
        # The only place where that answer can be caught.
        stream.write = write  # type: ignore[assignment]  # a function in a method's place
        super().handle_stream(stream, address)


def _write(write: Write, data: bytes | memoryview) -> Future[None]:
    return write(_refuse() if data == _BARE else data)


def _refuse() -> bytes:
    request_id = secrets.token_hex(8)
    count_request("malformed", "other", Code.BAD_REQUEST.status, 0)
    data = {"status": Code.BAD_REQUEST.status, "request_id": request_id}
    logger.info("malformed request", extra={"data": data})
    head = (
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
        f"X-Request-Id: {request_id}\r\nContent-Length: {len(_BODY)}\r\n"
        "Content-Type: application/json; charset=UTF-8\r\n\r\n"
    )
    return head.encode() + _BODY
