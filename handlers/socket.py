"""The WebSocket interface: one connection, from its handshake to its end.

The first room of a message's path: frames come in here, in order, one at a
time, and every answer and event goes out through the connection's outbox.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType
from tornado.websocket import WebSocketHandler

from handlers.commands import obey
from handlers.delivery import deliver
from handlers.farewell import close_all
from handlers.framing import BINARY, TEXT, Frame, build_frame
from handlers.greeting import MAX_FRAME, check_place, make_hello, read_token
from handlers.handshake import HandshakeHandler, check_handshake
from handlers.live import Live
from handlers.outbox import Outbox
from handlers.registry import Registry
from handlers.request import is_trusted_origin, read_query
from handlers.resuming import resume
from handlers.routes import Route
from handlers.wire import Wire
from realchat.commands import Authenticate, Resume
from realchat.errors import ChatError, Close, Code
from realchat.events import AnyHappening
from realchat.flood import Verdict, judge
from realchat.frames import Event
from realchat.languages import base, can_read, canonical, intern_tags
from realchat.logs import request_id
from realchat.metrics import (
    count_flood,
    count_slow_reader,
    count_socket_closed,
    count_socket_opened,
)
from realchat.models import Principal, Reader
from realchat.protocol import decode, frame_error, ref_of
from realchat.requests import ConnectionQuery

logger = logging.getLogger(__name__)

# Seconds that a connection may take to say who it is.
AUTHENTICATION_TIME = 10

_UNAUTHENTICATED = 401
_CLOSES = {
    _UNAUTHENTICATED: Close.NOT_AUTHENTICATED,
    Code.RATE_LIMITED.status: Close.FLOODING,
    Code.UNAVAILABLE.status: Close.RESTART,
}
_TOO_LATE = ChatError(Code.NOT_AUTHENTICATED, "No token came within 10 seconds.")


class ChatSocket(HandshakeHandler, WebSocketHandler):
    """A connection; `registry` holds all authenticated ones of this process."""

    registry: ClassVar[Registry] = Registry()
    principal: Principal
    reader: Reader

    def initialize(self, services: Any) -> None:
        """Keep what the connection works with (Tornado's constructor)."""
        super().initialize(services)
        self.outbox = Outbox(self._give_up)
        self.live = Live(self.outbox)
        self._allowances = self.services.floodgate.of_connection()
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
        if not is_trusted_origin(self.request, self.services.settings):
            raise ChatError(Code.FOREIGN_ORIGIN)
        # What is done for the connection from now on is logged under the handshake's id.
        request_id.set(self._headers["X-Request-Id"])
        await super().get(*args, **kwargs)

    def get_websocket_protocol(self) -> Wire:
        """Return what speaks with the client from here on (Tornado asks)."""
        self._wire = Wire(self, MAX_FRAME)
        return self._wire

    def check_origin(self, origin: str) -> bool:
        """Let in what `get` has let in (Tornado asks)."""
        return is_trusted_origin(self.request, self.services.settings)

    async def open(self, *args: str, **kwargs: str) -> None:
        """Authenticate by header or query, or wait for the frame that does."""
        try:
            await self._begin()
        except ChatError as error:
            await self._refuse(error)
        except Exception:
            logger.exception("fault while opening a connection")
            self.close(Close.FAULT, "a fault of the server")
        # The handshake, and what Tornado had for it, is most of what an idle connection holds.
        del self.request
        self._headers.clear()

    async def on_message(self, message: str | bytes) -> None:
        """Carry out one frame and answer it; the next one waits for that."""
        try:
            await self._carry_out(message)
        except ChatError as error:
            closing = (_UNAUTHENTICATED,) if self._authenticated else _CLOSES
            if error.code.status in closing:
                await self._refuse(error, ref_of(message))
            else:
                self.send(frame_error(error, ref_of(message)))
        except Exception:
            logger.exception("fault while carrying out a frame")
            self.close(Close.FAULT, "a fault of the server")

    def admit(self, frame: Frame) -> bool:
        """Count a frame against what this connection and its user may send."""
        verdict, wait = judge(self._allowances, len(frame.payload))
        if verdict is Verdict.REFUSE and frame.opcode in (TEXT, BINARY):
            error = ChatError(Code.RATE_LIMITED, retry_after=wait)
            self.send(frame_error(error, ref_of(frame.payload)))
        elif verdict is Verdict.CLOSE:
            count_flood()
            self.close(Close.FLOODING, "too many frames or bytes")
        return verdict is Verdict.CARRY_OUT

    def on_close(self) -> None:
        """Forget the connection."""
        if self._deadline is not None:
            self._deadline.cancel()
        if self._authenticated:
            count_socket_closed()
            self.registry.remove(self)
            self.services.presences.disconnect(self.reader.user_id)
            self.services.attendance.depart(self.reader.user_id)

    def send(self, event: Event) -> None:
        """Queue an event for this connection alone."""
        self.outbox.put(build_frame(TEXT, msgspec.json.encode(event)))

    async def settle(self) -> None:
        """Wait until what has come is carried out and answered, and the answers are out."""
        await self._wire.settle()
        await self.outbox.flush()

    def needs(self, content_lang: str, lang: str) -> bool:
        """Tell whether this reader needs a text in `content_lang` translated into `lang`."""
        languages = self.reader.languages
        return base(languages[0]) == lang and not can_read(content_lang, languages)

    def refresh(self) -> None:
        """Take over what the user changed of their languages."""
        self.services.tasks.start(self._load_reader())

    async def _begin(self) -> None:
        query = read_query(self.request, ConnectionQuery)
        self._lang = canonical(query.lang) if isinstance(query.lang, str) else None
        if query.resume:
            self.live.hold()
        token = read_token(self.request, query)
        if token is not None:
            await self._authenticate(token)
            return
        self._deadline = asyncio.get_running_loop().call_later(
            AUTHENTICATION_TIME, lambda: self.services.tasks.start(self._refuse(_TOO_LATE))
        )

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
            try:
                await resume(self, command)
            except ChatError as error:
                # What was held back must not go out before what was missed.
                await self._refuse(error, command.ref)
            return
        answer = await obey(command, self.services, self.reader)
        if answer is not None:
            self.send(answer)

    async def _authenticate(self, token: str) -> None:
        """Find out who this is, say hello, and let events come. Raises `ChatError`."""
        services = self.services
        self.principal = await services.tokens.authenticate(token)
        await self._load_reader()
        user_id = self.reader.user_id
        elsewhere = await services.presences.elsewhere(user_id)
        await services.attendance.arrive(user_id)
        try:
            # It may have ended meanwhile. From here to the registry nothing waits.
            await services.tokens.confirm(self.principal)
            if not self._wire.is_closing():
                self._greet(elsewhere)
        finally:
            if not self._authenticated:
                services.attendance.depart(user_id)

    def _greet(self, elsewhere: int) -> None:
        check_place(self.services, self.registry.count(self.reader.user_id) + elsewhere)
        if self._deadline is not None:
            self._deadline.cancel()
        self._authenticated = True
        self._allowances += self.services.floodgate.of_user(self.reader.user_id)
        count_socket_opened()
        self.send(make_hello(self.services, self.principal))
        self.registry.add(self)
        self.services.presences.connect(self.reader.user_id)

    async def _load_reader(self) -> None:
        user = await self.services.people.get(self.principal.user_id)
        languages = intern_tags((self._lang or user.language, *user.reads))
        self.reader = Reader(user_id=user.id, languages=languages)

    async def _refuse(self, error: ChatError, ref: str | UnsetType = UNSET) -> None:
        """Say why, then close."""
        self.send(frame_error(error, ref))
        await self.outbox.flush()
        self.close(_CLOSES.get(error.code.status, Close.MISUSE), error.code.code)

    def _give_up(self) -> None:
        count_slow_reader()
        self.close(Close.TOO_SLOW, "too slow")


ROUTES = [Route("/ws", ChatSocket)]
