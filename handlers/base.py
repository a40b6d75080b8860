"""What every REST handler shares: who asks, the body and its limit, the query.

Every handler streams its body, so that a wrong type, a missing token or an
over-long body is refused before it is read.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from tornado import web

from handlers.answers import AnsweringHandler
from handlers.endpoint import JSON, Operation
from handlers.request import address_of, read_query
from handlers.underway import DrainableApplication
from realchat.decoding import decode_json
from realchat.errors import ChatError, Code
from realchat.logs import request_id
from realchat.models import Principal
from realchat.services import Services

T = TypeVar("T")

# Bytes. Browsers send one or two thousand.
_MAX_HEADERS = 16 * 1024


@web.stream_request_body
class ApiHandler(AnsweringHandler):
    """A handler whose methods are declared with `endpoint`."""

    # 10,000 characters of content, each escaped in JSON as two `\\uXXXX`, fit.
    body_limit = 256 * 1024

    application: DrainableApplication
    principal: Principal

    def initialize(self, services: Services) -> None:
        """Keep what the handler works with (Tornado's constructor)."""
        super().initialize(services)
        self._body = bytearray()

    @property
    def user_id(self) -> str:
        """The id of the one who asks."""
        return self.principal.user_id

    @property
    def address(self) -> str:
        """The client's address, as told by a trusted proxy where there is one."""
        return address_of(self.request, self.services.settings.proxies)

    @property
    def announced_length(self) -> int:
        """How long the body is to be, in bytes; 0 when that is not known."""
        announced = self.request.headers.get("Content-Length", "0")
        # Python refuses to read a number of thousands of digits.
        return int(announced[:20]) if announced.isdecimal() else 0

    async def prepare(self) -> None:
        """Refuse what can be refused before the body is read."""
        request_id.set(self._headers["X-Request-Id"])
        try:
            await self.admit()
        except ChatError as error:
            # Who asks before sending (`Expect`) is not sending yet.
            if "Expect" in self.request.headers:
                raise
            if self._has_body():
                self.refuse(error)
            else:
                self.postpone(error)
        else:
            if self._has_body():
                self.application.note_body(self)

    async def admit(self) -> None:
        """Let the request in, or raise why not."""
        self._check_headers()
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
        if self._refusal is not None:
            return
        self._body += chunk
        if len(self._body) > self.body_limit:
            self.refuse(self.too_large())

    def is_receiving(self) -> bool:
        """Tell whether more of the body is to come, of a request that has no answer."""
        return self._refusal is None and not self.request._body_future.done()

    def on_connection_close(self) -> None:
        """Have nobody wait for a request of which the rest never comes."""
        is_cut_off = not self.request._body_future.done()
        super().on_connection_close()
        if is_cut_off:
            self.application.forget(self)

    async def authenticate(self) -> Principal:
        """Return who asks, by the access token in the `Authorization` header."""
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise ChatError(Code.NOT_AUTHENTICATED)
        return await self.services.tokens.authenticate(token.strip())

    def decode_body(self, decoder: msgspec.json.Decoder[T]) -> T:
        """Return the body as its type; none at all counts as `{}`."""
        return decode_json(decoder, bytes(self._body) or b"{}")

    def decode_query(self, shape: type[T]) -> T:
        """Return the query string as its type."""
        return read_query(self.request, shape)

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

    def _operation(self) -> Operation:
        operation = self.operation_of(self.request.method or "")
        if operation is None:
            raise ChatError(Code.METHOD_NOT_ALLOWED)
        return operation

    def _check_headers(self) -> None:
        headers = self.request.headers.get_all()
        if sum(len(name) + len(value) for name, value in headers) > _MAX_HEADERS:
            raise ChatError(Code.HEADERS_TOO_LARGE)

    def _check_type(self, operation: Operation) -> None:
        if (operation.body is None and operation.media_type == JSON) or not self._has_body():
            return
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != operation.media_type or "Content-Encoding" in self.request.headers:
            raise ChatError(
                Code.UNSUPPORTED_MEDIA_TYPE, f"Send the body as plain {operation.media_type}."
            )

    def _check_length(self) -> None:
        if self.announced_length > self.body_limit:
            raise self.too_large()

    def too_large(self) -> ChatError:
        """Return the error for a body over the limit."""
        return ChatError(Code.BODY_TOO_LARGE, f"A body has at most {self.body_limit} bytes here.")


class UnknownRoute(ApiHandler):
    """What answers where no route does."""

    async def admit(self) -> None:
        """Refuse: there is nothing here."""
        raise ChatError(Code.NOT_FOUND, "There is no such address. See /docs for those there are.")
