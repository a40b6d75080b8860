"""How every REST handler answers: JSON, errors in the contract's words, headers, CORS."""

from __future__ import annotations

import logging
import math
from typing import Any

import msgspec
from msgspec import UNSET
from tornado import web
from tornado.http1connection import HTTP1Connection
from tornado.ioloop import IOLoop

from handlers.endpoint import Operation
from handlers.request import origin_of, request_id_of
from realchat.errors import ChatError, Code
from realchat.logs import request_id
from realchat.replies import ErrorDetail, ErrorReply
from realchat.services import Services

logger = logging.getLogger(__name__)

# Seconds for which a refused body is still read and thrown away, so that the
# client gets to read the answer (nginx's `lingering_time` is the same).
_PATIENCE = 30
# What scripts of another origin may read of an answer, and send with a request.
# `X-Session` is not among that: the cookie is our own pages' (docs/decisions/0013).
_READABLE = (
    "Accept-Ranges, Content-Disposition, Content-Range, ETag, Link, Retry-After, X-Request-Id"
)
_SENDABLE = "Authorization, Content-Type, If-None-Match, If-Range, Range, X-Request-Id"
_BY_STATUS = {
    400: Code.BAD_REQUEST,
    401: Code.NOT_AUTHENTICATED,
    403: Code.FORBIDDEN,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.BODY_TOO_LARGE,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
}


class AnsweringHandler(web.RequestHandler):
    """A handler that answers as the contract says; what it answers is left to others."""

    def initialize(self, services: Services) -> None:
        """Keep what the handler works with (Tornado's constructor)."""
        self.services = services
        self._refusal: Exception | None = None
        self._patience: object | None = None
        if services.readiness.draining:
            # Whoever asks once more had better do so on a connection to who comes next.
            self.set_header("Connection", "close")
        # Not among the default headers: Tornado sets those before it calls this.
        self._allow_origin()

    def set_default_headers(self) -> None:
        """Set what every reply carries."""
        self.clear_header("Server")
        request_id.set(request_id_of(self.request))
        self.set_header("X-Request-Id", request_id.get())
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")

    def reply(self, value: object) -> None:
        """Finish with a value as JSON, or with no body for None."""
        if value is None:
            self.set_status(204 if self.get_status() == 200 else self.get_status())
            self.finish()
            return
        self._fill(value)
        self.finish()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with the contract's error body (Tornado calls this for any exception)."""
        error = _as_chat_error(status_code, kwargs.get("exc_info", (None, None))[1])
        if self.request.method not in self.SUPPORTED_METHODS:
            # Tornado answers before it has seen that there is no body, and then closes.
            self.set_header("Connection", "close")
        self.reply(self._describe(error))

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """Decode a part of the path; what is no UTF-8 names nothing that there is."""
        return value.decode("utf-8", "replace")

    def refuse(self, error: Exception) -> None:
        """Answer at once with an error, and throw away what still comes of the body.

        Closing the connection instead would reset it, and a client that is
        still sending would never read the answer. Who was refused already is not told again.
        """
        if self._refusal is not None:
            return
        self._refusal = error
        self.log_exception(type(error), error, None)
        self.clear()
        self.set_header("Connection", "close")
        self._fill(self._describe(_as_chat_error(500, error)))
        self.set_header("Content-Length", str(sum(map(len, self._write_buffer))))
        self.flush()
        self._patience = IOLoop.current().call_later(_PATIENCE, self.hang_up)

    def postpone(self, error: ChatError) -> None:
        """Answer with an error once the request is read, so that its connection can be kept.

        Tornado closes a connection that is answered before it has seen that
        there is no body.
        """

        def fail(*arguments: str, **named: str) -> None:
            raise error

        setattr(self, (self.request.method or "").lower(), fail)

    def stop_if_refused(self) -> None:
        """End the request if it was answered with `refuse`."""
        if self._refusal is not None:
            raise web.Finish

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Answer with an error, unless one was sent already."""
        if self._refusal is None:
            super().send_error(status_code, **kwargs)
        elif not self._finished:
            self.finish()

    def hang_up(self) -> None:
        """Close the connection, whatever is under way on it."""
        connection = self.request.connection
        assert isinstance(connection, HTTP1Connection)
        connection.stream.close()

    def on_finish(self) -> None:
        """Let go of the timer."""
        self._stop_patience()

    def on_connection_close(self) -> None:
        """Log what was refused: a request that is never finished is logged by nobody else."""
        super().on_connection_close()
        if self._refusal is not None and not self._finished:
            self._stop_patience()
            self.application.log_request(self)

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log what is a fault of ours, never what a client did."""
        if isinstance(value, ChatError) and value.code is Code.UNAVAILABLE:
            logger.warning("unavailable: %s", type(value.__cause__).__name__)
        elif not isinstance(value, ChatError | web.HTTPError):
            logger.error("fault while answering", exc_info=value)

    @classmethod
    def allowed_methods(cls) -> list[str]:
        """Return the methods that this address takes."""
        methods = [name for name in cls.SUPPORTED_METHODS if cls.operation_of(name)]
        return [*methods, "OPTIONS"]

    @classmethod
    def operation_of(cls, method: str) -> Operation | None:
        """Return what is declared for a method; `HEAD` is what `GET` is."""
        declared = getattr(getattr(cls, method.lower(), None), "operation", None)
        if declared is None and method == "HEAD":
            return cls.operation_of("GET")
        assert declared is None or isinstance(declared, Operation)
        return declared

    def _describe(self, error: ChatError) -> ErrorReply:
        self.set_status(error.code.status)
        self._allow_origin()
        if error.code is Code.METHOD_NOT_ALLOWED:
            self.set_header("Allow", ", ".join(self.allowed_methods()))
        if error.code is Code.UPGRADE_REQUIRED:
            self.set_header("Upgrade", "websocket")
            self.set_header("Sec-WebSocket-Version", "13")
        if error.retry_after is not None:
            self.set_header("Retry-After", str(math.ceil(error.retry_after)))
        if error.code is Code.NOT_AUTHENTICATED:
            self.set_header("WWW-Authenticate", "Bearer")
        fields = dict(error.fields) if error.fields else UNSET
        detail = ErrorDetail(code=error.code.code, message=error.message, fields=fields)
        return ErrorReply(error=detail)

    def _has_body(self) -> bool:
        headers = self.request.headers
        return headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in headers

    def _fill(self, value: object) -> None:
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.write(msgspec.json.encode(value))

    def _stop_patience(self) -> None:
        if self._patience is not None:
            IOLoop.current().remove_timeout(self._patience)

    def _allow_origin(self) -> None:
        origin = self.request.headers.get("Origin", "")
        self.set_header("Vary", "Origin")
        if not origin or origin != origin_of(self.services.settings.client_url):
            return
        self.set_header("Access-Control-Allow-Origin", origin)
        self.set_header("Access-Control-Allow-Credentials", "true")
        self.set_header("Access-Control-Expose-Headers", _READABLE)
        self.set_header("Access-Control-Allow-Methods", "GET, POST, PATCH, PUT, DELETE")
        self.set_header("Access-Control-Allow-Headers", _SENDABLE)
        self.set_header("Access-Control-Max-Age", "600")


def _as_chat_error(status: int, error: BaseException | None) -> ChatError:
    if isinstance(error, ChatError):
        return error
    return ChatError(_BY_STATUS.get(status, Code.INTERNAL))
