"""The requests that are being answered, so that a stop can let them finish."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol
from weakref import WeakKeyDictionary, WeakSet

from tornado import web
from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPServerRequest

from handlers.polling import poll
from realchat.errors import ChatError, Code

# What is said to who was not waited for, and the seconds after which they may try again.
_STOPPING = "The server is stopping. Try again in a moment."
_LATER = 2


class Receiver(Protocol):
    """A handler of a request whose body is read as it comes."""

    def is_receiving(self) -> bool:
        """Tell whether more of the body is to come, of a request that has no answer."""

    def refuse(self, error: Exception) -> None:
        """Answer at once with an error, and throw away what still comes of the body."""


class DrainableApplication(web.Application):
    """An application that knows which of its requests have no answer yet."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        # Whether each is answered; weak, because one whose client went away may never be.
        self._requests: WeakKeyDictionary[HTTPServerRequest, bool] = WeakKeyDictionary()
        self._receiving: WeakSet[Receiver] = WeakSet()

    def find_handler(self, request: HTTPServerRequest, **arguments: Any) -> Any:
        """Route a request, and remember it until its answer is out."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            self._requests[request] = False
        return super().find_handler(request, **arguments)

    def log_request(self, handler: web.RequestHandler) -> None:
        """Log a request whose answer is complete."""
        self.forget(handler)
        super().log_request(handler)

    def note_body(self, handler: Receiver) -> None:
        """Remember a request of which more than its headers may be on the way."""
        self._receiving.add(handler)

    def forget(self, handler: web.RequestHandler) -> None:
        """Wait no longer for a request: it is answered, or the rest of it never comes."""
        if handler.request in self._requests:
            self._requests[handler.request] = True

    async def finish_requests(self, end: float) -> None:
        """Wait until every request has its answer, but no longer than `end`, by the loop's time."""
        await poll(lambda: not self._answering(), end)

    async def refuse_rest(self, seconds: float) -> None:
        """Answer 503 to who is still sending; wait so many seconds at most until all have it."""
        for handler in list(self._receiving):
            if handler.is_receiving():
                handler.refuse(ChatError(Code.UNAVAILABLE, _STOPPING, retry_after=_LATER))
        await poll(lambda: not self._answering(), asyncio.get_running_loop().time() + seconds)

    def _answering(self) -> bool:
        return any(
            not answered or _is_writing(request) for request, answered in self._requests.items()
        )


def _is_writing(request: HTTPServerRequest) -> bool:
    connection = request.connection
    return isinstance(connection, HTTP1Connection) and connection.stream.writing()
