"""The HTTP server, which answers malformed HTTP in the contract's words too."""

from __future__ import annotations

import asyncio
import logging
import secrets
from asyncio import Future
from typing import Any

import msgspec
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream

from handlers.polling import poll
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


class Server(HTTPServer):
    """Tornado's server, with a body for the one answer that no handler gives."""

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Serve a connection."""
        # Its class, since a function in the place of its method would be a circle,
        # and keep every connection's stream until the collector comes by.
        if type(stream) is IOStream:
            stream.__class__ = _Stream
        super().handle_stream(stream, address)

    async def linger(self, seconds: float) -> None:
        """Wait until there is no connection any more, but no longer than `seconds`.

        Those of the WebSocket do not count.
        """
        end = asyncio.get_running_loop().time() + seconds
        await poll(lambda: not self._connections, end)


class _Stream(IOStream):
    """A stream that words what Tornado writes to it; the only place where that can be caught."""

    def write(self, data: bytes | memoryview) -> Future[None]:
        """Write bytes, but for that answer."""
        return super().write(_refuse() if data == _BARE else data)


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
