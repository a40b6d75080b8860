"""The requests that are being answered, so that a stop can let them finish."""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from tornado import web
from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPServerRequest


class DrainableApplication(web.Application):
    """An application that knows which of its requests have no answer yet."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        # Whether each is answered; weak, because one whose client went away may never be.
        self._requests: WeakKeyDictionary[HTTPServerRequest, bool] = WeakKeyDictionary()

    def find_handler(self, request: HTTPServerRequest, **arguments: Any) -> Any:
        """Route a request, and remember it until its answer is out."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            self._requests[request] = False
        return super().find_handler(request, **arguments)

    def log_request(self, handler: web.RequestHandler) -> None:
        """Log a request whose answer is complete."""
        if handler.request in self._requests:
            self._requests[handler.request] = True
        super().log_request(handler)

    async def finish_requests(self, seconds: float) -> None:
        """Wait until every request has its answer, but no longer than `seconds`."""
        end = asyncio.get_running_loop().time() + seconds
        while self._answering() and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110
            # No event tells that a client took the last bytes, or went away.
            await asyncio.sleep(0.02)

    def _answering(self) -> bool:
        return any(
            not answered or _is_writing(request) for request, answered in self._requests.items()
        )


def _is_writing(request: HTTPServerRequest) -> bool:
    connection = request.connection
    return isinstance(connection, HTTP1Connection) and connection.stream.writing()
