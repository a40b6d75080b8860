"""What a WebSocket handshake has to be; anything else is answered in the contract's words."""

from __future__ import annotations

import base64
import binascii

from tornado import web
from tornado.httputil import HTTPServerRequest

from handlers.answers import AnsweringHandler
from realchat.errors import ChatError, Code

# RFC 6455, section 4.1: the version there is, and the length of a key's nonce in bytes.
_VERSION = "13"
_NONCE = 16


@web.stream_request_body
class HandshakeHandler(AnsweringHandler):
    """A handler that takes `GET` without a body; it answers all else before a body is read."""

    async def prepare(self) -> None:
        """Refuse what brings a body."""
        if not self._has_body():
            return
        is_get = self.request.method == "GET"
        error = ChatError(Code.BODY_TOO_LARGE if is_get else Code.METHOD_NOT_ALLOWED)
        # Who asks before sending (`Expect`) is not sending yet.
        if "Expect" in self.request.headers:
            raise error
        self.refuse(error)

    def data_received(self, chunk: bytes) -> None:
        """Throw away what comes of a refused body."""

    @classmethod
    def allowed_methods(cls) -> list[str]:
        """Return the methods that this address takes."""
        return ["GET"]


def check_handshake(request: HTTPServerRequest) -> None:
    """Raise `upgrade_required` or `bad_request` for what is no handshake (RFC 6455, 4.2.1)."""
    headers = request.headers
    if headers.get("Upgrade", "").lower() != "websocket":
        raise ChatError(Code.UPGRADE_REQUIRED)
    tokens = {token.strip().lower() for token in headers.get("Connection", "").split(",")}
    if "upgrade" not in tokens:
        raise ChatError(Code.BAD_REQUEST, "`Connection` must say `Upgrade`.")
    if headers.get("Sec-WebSocket-Version") != _VERSION:
        raise ChatError(Code.UPGRADE_REQUIRED, f"The version of WebSocket here is {_VERSION}.")
    if not headers.get("Host"):
        raise ChatError(Code.BAD_REQUEST, "`Host` is missing.")
    if not _is_key(headers.get("Sec-WebSocket-Key", "")):
        raise ChatError(Code.BAD_REQUEST, "`Sec-WebSocket-Key` must be 16 bytes in base64.")


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.encode(), validate=True)) == _NONCE
    except binascii.Error:
        return False
