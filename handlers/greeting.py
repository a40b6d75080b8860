"""How a connection begins: the token it comes with, and the `hello` it gets."""

from __future__ import annotations

from tornado.httputil import HTTPServerRequest

from handlers.heartbeat import HEARTBEAT
from realchat.errors import ChatError, Code
from realchat.fields import MAX_CONTENT, MAX_FILES
from realchat.frames import Hello, Limits
from realchat.ids import now, timestamp
from realchat.models import Principal
from realchat.requests import ConnectionQuery
from realchat.services import Services

# Bytes of a frame, and of a message in several.
MAX_FRAME = 64 * 1024


def read_token(request: HTTPServerRequest, query: ConnectionQuery) -> str | None:
    """Return the token of a handshake's header or query; None if an `auth` frame is to come."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return query.token if isinstance(query.token, str) else None


def make_hello(services: Services, principal: Principal) -> Hello:
    """Return the first frame of a connection that is authenticated."""
    limits = Limits(
        content=MAX_CONTENT,
        files=MAX_FILES,
        frame=MAX_FRAME,
        file_size=services.settings.max_upload_bytes,
    )
    return Hello(
        user_id=principal.user_id,
        session_id=principal.session_id,
        epoch=services.epoch,
        server_time=timestamp(now()),
        heartbeat_s=int(HEARTBEAT),
        limits=limits,
    )


def check_place(services: Services, number: int) -> None:
    """Raise `rate_limited` if a user has as many connections as one may have.

    Raises `unavailable` once the server is stopping: nobody would tell it to come back.
    """
    if services.readiness.draining:
        raise ChatError(Code.UNAVAILABLE, "The server is stopping.", retry_after=1)
    settings = services.settings
    if settings.rate_limits and number >= settings.sockets_per_user:
        why = f"You have {number} connections; close one of them first."
        raise ChatError(Code.RATE_LIMITED, why)
