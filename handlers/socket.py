"""The WebSocket interface: one connection, from its handshake to its end.

The first room of a message's path: frames come in here, in order, one at a
time, and every answer and event goes out through the connection's outbox.
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType
from tornado.websocket import WebSocketHandler

from handlers.commands import obey
from handlers.delivery import deliver
from handlers.farewell import close_all
from handlers.handshake import HandshakeHandler, check_handshake
from handlers.live import Live
from handlers.outbox import Outbox
from handlers.registry import Registry
from handlers.request import origin_of, read_query
from handlers.resuming import resume
from handlers.routes import Route
from realchat.commands import Authenticate, Resume
from realchat.errors import ChatError, Close, Code
from realchat.events import AnyHappening
from realchat.fields import MAX_CONTENT, MAX_FILES
from realchat.frames import Error, Event, Hello, Limits
from realchat.ids import now, timestamp
from realchat.languages import base, can_read, canonical
from realchat.logs import request_id
from realchat.metrics import (
    count_frames,
    count_slow_reader,
    count_socket_closed,
    count_socket_opened,
)
from realchat.models import Principal, Reader
from realchat.protocol import decode, ref_of
from realchat.requests import ConnectionQuery

logger = logging.getLogger(__name__)

# Seconds that a connection may take to say who it is, and between two signs of
# life that the server asks for.
AUTHENTICATION_TIME = 10
HEARTBEAT = 25
MAX_FRAME = 64 * 1024

_UNAUTHENTICATED = 401
_CLOSES = {_UNAUTHENTICATED: Close.NOT_AUTHENTICATED, Code.UNAVAILABLE.status: Close.RESTART}
_TOO_LATE = ChatError(Code.NOT_AUTHENTICATED, "No token came within 10 seconds.")


class ChatSocket(HandshakeHandler, WebSocketHandler):
    """A connection; `registry` holds all authenticated ones of this process."""

    registry: ClassVar[Registry] = Registry()

    principal: Principal
    reader: Reader

    def initialize(self, services: Any) -> None:
        """Keep what the connection works with (Tornado's constructor)."""
        super().initialize(services)
        self.outbox = Outbox(self._write, self._give_up)
        self.live = Live(self.outbox)
        self.idle = asyncio.Event()
        self.idle.set()
        self._lang: str | None = None
        self._authenticated = False
        self._deadline: asyncio.TimerHandle | None = None

    @classmethod
    def deliver(cls, happening: AnyHappening) -> None:
        """Bring what happened to the connections of this process (the bus calls this)."""
        deliver(cls.registry, happening)

    @classmethod
    async def close_all(cls, seconds: float) -> None:
        """Tell all connections of this process to come back later, and close them."""
        await close_all(cls.registry, seconds)

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Answer a handshake."""
        self.stop_if_refused()
        check_handshake(self.request)
        if not self.check_origin(self.request.headers.get("Origin", "")):
            raise ChatError(Code.FOREIGN_ORIGIN)
        await super().get(*args, **kwargs)

    def check_origin(self, origin: str) -> bool:
        """Let in pages of our own origin and of `CLIENT_URL`, and what is no page at all."""
        settings = self.services.settings
        own = f"{self.request.protocol}://{self.request.host}".lower()
        trusted = {own, origin_of(settings.base_url), origin_of(settings.client_url)}
        return not origin or origin.lower() in trusted

    async def open(self, *args: str, **kwargs: str) -> None:
        """Authenticate by header or query, or wait for the frame that does."""
        request_id.set(self._headers["X-Request-Id"])
        self.set_nodelay(True)
        try:
            query = read_query(self.request, ConnectionQuery)
            self._lang = canonical(query.lang) if isinstance(query.lang, str) else None
            if query.resume:
                self.live.hold()
            token = self._token(query)
            if token is not None:
                await self._authenticate(token)
                return
        except ChatError as error:
            await self._refuse(error)
            return
        self._deadline = asyncio.get_running_loop().call_later(
            AUTHENTICATION_TIME, lambda: self.services.tasks.start(self._refuse(_TOO_LATE))
        )

    async def on_message(self, message: str | bytes) -> None:
        """Carry out one frame and answer it; the next one is read after that."""
        count_frames("in")
        self.idle.clear()
        try:
            await self._carry_out(message)
        except ChatError as error:
            if error.code.status == _UNAUTHENTICATED:
                await self._refuse(error, ref_of(message))
            else:
                self.send(_describe(error, ref_of(message)))
        except Exception:
            logger.exception("fault while carrying out a frame")
            self.close(Close.FAULT, "a fault of the server")
        finally:
            self.idle.set()

    def on_close(self) -> None:
        """Forget the connection."""
        if self._deadline is not None:
            self._deadline.cancel()
        self.outbox.close()
        if self._authenticated:
            self._authenticated = False
            count_socket_closed()
            self.registry.remove(self)
            self.services.presences.disconnect(self.reader.user_id)

    def send(self, event: Event) -> None:
        """Queue an event for this connection alone."""
        self.outbox.put(msgspec.json.encode(event))

    def needs(self, content_lang: str, lang: str) -> bool:
        """Tell whether this reader needs a text in `content_lang` translated into `lang`."""
        languages = self.reader.languages
        return base(languages[0]) == lang and not can_read(content_lang, languages)

    def refresh(self) -> None:
        """Take over what the user changed of their languages."""
        self.services.tasks.start(self._load_reader())

    async def _carry_out(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            raise ChatError(Code.INVALID_JSON, "Frames are text, not binary.")
        command = decode(message)
        if not self._authenticated:
            if not isinstance(command, Authenticate):
                raise ChatError(Code.NOT_AUTHENTICATED, "Send an `auth` frame first.")
            await self._authenticate(command.token)
            return
        if isinstance(command, Resume):
            await resume(self, command)
            return
        answer = await obey(command, self.services, self.reader)
        if answer is not None:
            self.send(answer)

    async def _authenticate(self, token: str) -> None:
        """Find out who this is, say hello, and let events come. Raises `ChatError`."""
        self.principal = await self.services.tokens.authenticate(token)
        await self._load_reader()
        # Again: it may have ended meanwhile. From here to the registry nothing waits.
        await self.services.tokens.authenticate(token)
        if self._deadline is not None:
            self._deadline.cancel()
        if self.ws_connection is None or self.ws_connection.is_closing():
            return
        self._authenticated = True
        count_socket_opened()
        self.send(self._hello())
        self.registry.add(self)
        self.services.presences.connect(self.reader.user_id)

    async def _load_reader(self) -> None:
        user = await self.services.people.get(self.principal.user_id)
        languages = (self._lang or user.language, *user.reads)
        self.reader = Reader(user_id=user.id, languages=languages)

    def _hello(self) -> Hello:
        limits = Limits(
            content=MAX_CONTENT,
            files=MAX_FILES,
            frame=MAX_FRAME,
            file_size=self.services.settings.max_upload_bytes,
        )
        return Hello(
            user_id=self.principal.user_id,
            session_id=self.principal.session_id,
            epoch=self.services.epoch,
            server_time=timestamp(now()),
            heartbeat_s=HEARTBEAT,
            limits=limits,
        )

    def _token(self, query: ConnectionQuery) -> str | None:
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return token.strip()
        return query.token if isinstance(query.token, str) else None

    async def _refuse(self, error: ChatError, ref: str | UnsetType = UNSET) -> None:
        """Say why, then close."""
        self.send(_describe(error, ref))
        await self.outbox.flush()
        self.close(_CLOSES.get(error.code.status, Close.MISUSE), error.code.code)

    def _give_up(self) -> None:
        count_slow_reader()
        self.close(Close.TOO_SLOW, "too slow")

    async def _write(self, frame: bytes) -> None:
        await self.write_message(frame)
        count_frames("out")


def _describe(error: ChatError, ref: str | UnsetType) -> Error:
    """Return an error as the frame that tells of it."""
    wait = error.retry_after
    return Error(
        ref=ref,
        code=error.code.code,
        message=error.message,
        fields=dict(error.fields) if error.fields else UNSET,
        retry_after_ms=math.ceil(wait * 1000) if wait is not None else UNSET,
    )


ROUTES = [Route("/ws", ChatSocket)]
