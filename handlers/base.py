"""What every REST handler shares: who asks, the body and its limit, errors, CORS, headers.

Every handler streams its body, so that a wrong type, a missing token or an
over-long body is refused before it is read.
"""

from __future__ import annotations

import logging
import math
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET
from tornado import web

from handlers.endpoint import Operation
from handlers.request import address_of, origin_of, request_id_of
from realchat.decoding import decode_json, decode_query
from realchat.errors import ChatError, Code
from realchat.logs import request_id
from realchat.models import Principal
from realchat.replies import ErrorDetail, ErrorReply
from realchat.services import Services

T = TypeVar("T")
logger = logging.getLogger(__name__)

# A refused body up to this much longer than the limit is read to its end and
# thrown away, so that the client gets to read the answer; beyond it the
# connection is closed.
_PATIENCE = 8 * 1024 * 1024
_BY_STATUS = {
    400: Code.BAD_REQUEST,
    401: Code.NOT_AUTHENTICATED,
    403: Code.FORBIDDEN,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.BODY_TOO_LARGE,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
}


@web.stream_request_body
class ApiHandler(web.RequestHandler):
    """A handler whose methods are declared with `endpoint`."""

    # 10,000 characters of content, each escaped in JSON as two `\\uXXXX`, fit.
    body_limit = 256 * 1024

    principal: Principal

    def initialize(self, services: Services) -> None:
        """Keep what the handler works with (Tornado's constructor)."""
        self.services = services
        self._body = bytearray()
        self._refusal: ChatError | None = None
        # Not among the default headers: Tornado sets those before it calls this.
        self._allow_origin()

    @property
    def user_id(self) -> str:
        """The id of the one who asks."""
        return self.principal.user_id

    @property
    def address(self) -> str:
        """The client's address, as told by a trusted proxy where there is one."""
        return address_of(self.request, self.services.settings.proxies)

    def set_default_headers(self) -> None:
        """Set what every reply carries."""
        self.clear_header("Server")
        request_id.set(request_id_of(self.request))
        self.set_header("X-Request-Id", request_id.get())
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")

    async def prepare(self) -> None:
        """Refuse what can be refused before the body is read."""
        request_id.set(self._headers["X-Request-Id"])
        if self.request.method == "OPTIONS":
            return
        operation = self._operation()
        if not operation.public:
            self.principal = await self.authenticate()
        if operation.rate is not None:
            key = self.address if operation.public else self.user_id
            await self.services.limits.take(operation.rate, key)
        self._check_type(operation)
        self._check_length()
        await self.begin_body()

    async def begin_body(self) -> None:
        """Get ready for the body; handlers that stream it to somewhere override this."""

    async def data_received(self, chunk: bytes) -> None:
        """Collect the body, within its limit."""
        if len(self._body) + len(chunk) > self.body_limit:
            self._refusal = ChatError(Code.BODY_TOO_LARGE)
        if self._refusal is None:
            self._body += chunk

    async def authenticate(self) -> Principal:
        """Return who asks, by the access token in the `Authorization` header."""
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise ChatError(Code.NOT_AUTHENTICATED)
        return await self.services.tokens.authenticate(token.strip())

    def decode_body(self, decoder: msgspec.json.Decoder[T]) -> T:
        """Return the body as its type; none at all counts as `{}`."""
        if self._refusal is not None:
            raise self._refusal
        return decode_json(decoder, bytes(self._body) or b"{}")

    def decode_query(self, shape: type[T]) -> T:
        """Return the query string as its type."""
        try:
            values = {
                name: given[-1].decode() for name, given in self.request.query_arguments.items()
            }
        except UnicodeDecodeError:
            raise ChatError(Code.INVALID_TEXT) from None
        return decode_query(values, shape)

    def reply(self, value: object) -> None:
        """Finish with a value as JSON, or with no body for None."""
        if value is None:
            self.set_status(204 if self.get_status() == 200 else self.get_status())
            self.finish()
            return
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(msgspec.json.encode(value))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with the contract's error body (Tornado calls this for any exception)."""
        error = _as_chat_error(status_code, kwargs.get("exc_info", (None, None))[1])
        self.set_status(error.code.status)
        self._allow_origin()
        if error.code is Code.METHOD_NOT_ALLOWED:
            self.set_header("Allow", ", ".join(self.allowed_methods()))
        if error.retry_after is not None:
            self.set_header("Retry-After", str(math.ceil(error.retry_after)))
        if error.code is Code.NOT_AUTHENTICATED:
            self.set_header("WWW-Authenticate", "Bearer")
        fields = dict(error.fields) if error.fields else UNSET
        detail = ErrorDetail(code=error.code.code, message=error.message, fields=fields)
        self.reply(ErrorReply(error=detail))

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log what is a fault of ours, never what a client did."""
        if isinstance(value, ChatError) and value.code is Code.UNAVAILABLE:
            logger.warning("unavailable: %s", type(value.__cause__).__name__)
        elif not isinstance(value, ChatError | web.HTTPError):
            logger.error("fault while answering", exc_info=value)

    async def head(self, **arguments: str) -> None:
        """Answer as `GET` would; Tornado leaves out the body."""
        answer = self.get(**arguments)
        if answer is not None:
            await answer

    def options(self, *args: str, **kwargs: str) -> None:
        """Answer a browser's question whether another origin may call."""
        self.set_header("Allow", ", ".join(self.allowed_methods()))
        self.set_status(204)
        self.finish()

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

    def _operation(self) -> Operation:
        operation = self.operation_of(self.request.method or "")
        if operation is None:
            raise ChatError(Code.METHOD_NOT_ALLOWED)
        return operation

    def _check_type(self, operation: Operation) -> None:
        if operation.body is None or not self._has_body():
            return
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != operation.media_type or "Content-Encoding" in self.request.headers:
            raise ChatError(
                Code.UNSUPPORTED_MEDIA_TYPE, f"Send the body as plain {operation.media_type}."
            )

    def _has_body(self) -> bool:
        headers = self.request.headers
        return headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in headers

    def _check_length(self) -> None:
        announced = self.request.headers.get("Content-Length", "0")
        length = int(announced) if announced.isdecimal() else 0
        if length > self.body_limit + _PATIENCE:
            raise self.too_large()
        if length > self.body_limit:
            self._refusal = self.too_large()

    def too_large(self) -> ChatError:
        """Return the error for a body over the limit."""
        return ChatError(Code.BODY_TOO_LARGE, f"A body has at most {self.body_limit} bytes here.")

    def _allow_origin(self) -> None:
        origin = self.request.headers.get("Origin", "")
        self.set_header("Vary", "Origin")
        if not origin or origin != origin_of(self.services.settings.client_url):
            return
        self.set_header("Access-Control-Allow-Origin", origin)
        self.set_header("Access-Control-Allow-Credentials", "true")
        self.set_header("Access-Control-Expose-Headers", "Link, Retry-After, X-Request-Id, ETag")
        self.set_header("Access-Control-Allow-Methods", "GET, POST, PATCH, PUT, DELETE")
        self.set_header("Access-Control-Allow-Headers", "Authorization, Content-Type, Range")
        self.set_header("Access-Control-Max-Age", "600")


class UnknownRoute(ApiHandler):
    """What answers where no route does."""

    async def prepare(self) -> None:
        """Refuse: there is nothing here."""
        raise ChatError(Code.NOT_FOUND, "There is no such address. See /docs for those there are.")


def _as_chat_error(status: int, error: BaseException | None) -> ChatError:
    if isinstance(error, ChatError):
        return error
    return ChatError(_BY_STATUS.get(status, Code.INTERNAL))
