"""A WebSocket on its socket: frames come in, in order; frames go out; the closing handshake.

It takes Tornado's place after the handshake. Tornado awaits a frame in four reads
and makes a coroutine, a task and a Future of every write; a transport of the event
loop hands over all that has arrived, and joins all that one tick writes.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Protocol, cast

from tornado.escape import json_encode, utf8
from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketHandler, WebSocketProtocol

from handlers.framing import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Frame,
    FrameReader,
    FramingError,
    build_close,
    build_frame,
    read_close,
    read_text,
)
from handlers.heartbeat import Heartbeat
from handlers.lane import Lane
from handlers.outbox import Outbox
from handlers.upgrade import take_over
from realchat.metrics import count_frames

# Seconds that a client has to answer a close frame.
CLOSE_PATIENCE = 5.0


class Speaker(Protocol):
    """What a connection's frames are for; neither `open` nor `on_message` raises."""

    outbox: Outbox

    async def open(self) -> None:
        """Begin; frames wait until this returns."""

    async def on_message(self, message: str | bytes) -> None:
        """Carry out a frame; the next one waits until this returns."""

    def admit(self, frame: Frame) -> bool:
        """Count a frame against the limits; tell whether it is to be carried out."""

    def on_ws_connection_close(self, close_code: int | None, close_reason: str | None) -> None:
        """Take note of the end."""


class Wire(WebSocketProtocol, asyncio.Protocol):
    """The connection of one handler; `settle` waits for what it has begun."""

    heartbeat: ClassVar[Heartbeat] = Heartbeat()

    def __init__(self, speaker: Speaker, limit: int) -> None:
        """Take who speaks, and the bytes that a message may have."""
        super().__init__(speaker)  # type: ignore[arg-type]  # Tornado's own type is not public
        self.silent = 0
        self._speaker = speaker
        self._reader: FrameReader | None = FrameReader(limit)
        self._transport: asyncio.Transport | None = None
        self._lane = Lane(self._carry_out, self._read_on)
        self._end: asyncio.TimerHandle | None = None
        self._pong: bytes | None = None
        self._early = b""
        self.is_paused = False
        self._closed_with: tuple[int | None, str | None] = (None, None)

    async def accept_connection(self, handler: WebSocketHandler) -> None:
        """Answer a handshake that was checked, and take its socket over."""
        try:
            own, self._early = await take_over(handler)
        except StreamClosedError:
            self.connection_lost(None)
            return
        await asyncio.get_running_loop().connect_accepted_socket(lambda: self, own)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin (asyncio calls this)."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's only look like one
        self._speaker.outbox.open(self._transport)
        self.start_pinging()
        self._lane.open(self._speaker.open)
        # Here, since more may be read before whoever awaits the transport goes on.
        self.data_received(self._early)
        self._early = b""

    def data_received(self, data: bytes) -> None:
        """Take apart what has arrived (asyncio calls this)."""
        self.silent = 0
        if self._reader is None:
            return
        number = 0
        try:
            for frame in self._reader.feed(data):
                self._take(frame)
                number += 1
        except FramingError as error:
            # What comes now cannot be understood, but is read, since closing a socket with
            # something unread may take the close frame, and the end, from the client.
            self._reader = None
            self.close(error.code, error.reason)
            if self._transport is not None and not self._transport.is_closing():
                self._transport.write_eof()
        count_frames("in", number)

    def pause_writing(self) -> None:
        """Let frames wait (asyncio calls this)."""
        self.is_paused = True
        self._speaker.outbox.pause()

    def resume_writing(self) -> None:
        """Send what waited (asyncio calls this)."""
        self.is_paused = False
        if self._pong is not None:
            pong, self._pong = self._pong, None
            self._write(pong)
        self._speaker.outbox.go_on()

    def connection_lost(self, error: Exception | None) -> None:
        """Take note of the end (asyncio calls this)."""
        self.client_terminated = self.server_terminated = True
        self.heartbeat.remove(self)
        if self._end is not None:
            self._end.cancel()
        self._speaker.outbox.close()
        self._speaker.on_ws_connection_close(*self._closed_with)

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Say that this is the end; what waits to be carried out is not."""
        if self.server_terminated:
            return
        self.server_terminated = True
        if any(frame.opcode == CLOSE for frame in self._lane.clear()):
            self.client_terminated = True  # the client said so before, behind what is left undone
        self._pong = None
        self.heartbeat.remove(self)
        self._speaker.outbox.close()
        self._write(build_close(code, reason))
        if self.client_terminated and self._transport is not None:
            self._transport.close()
        self._end = asyncio.get_running_loop().call_later(CLOSE_PATIENCE, self.drop)

    def is_closing(self) -> bool:
        """Tell whether either side has said that this is the end."""
        return self.client_terminated or self.server_terminated

    def drop(self) -> None:
        """End it at once, without a word."""
        if self._transport is not None:
            self._transport.abort()

    async def settle(self) -> None:
        """Wait until all frames that have come are carried out."""
        await self._lane.settle()

    def write_message(
        self, message: str | bytes | dict[str, Any], binary: bool = False
    ) -> asyncio.Future[None]:
        """Send a message (Tornado's way in; ours is the outbox)."""
        if isinstance(message, dict):
            message = json_encode(message)
        self._speaker.outbox.put(build_frame(BINARY if binary else TEXT, utf8(message)))
        return asyncio.ensure_future(self._speaker.outbox.flush())

    def write_ping(self, data: bytes) -> None:
        """Ask for a sign of life."""
        self._write(build_frame(PING, data))

    def start_pinging(self) -> None:
        """Have it asked for signs of life."""
        self.heartbeat.add(self)

    @property
    def selected_subprotocol(self) -> str | None:
        """None: there are no subprotocols."""
        return None

    def set_nodelay(self, x: bool) -> None:
        """Do nothing: transports of sockets send without delay from the beginning."""

    def _process_server_headers(self, key: str | bytes, headers: HTTPHeaders) -> None:
        raise RuntimeError("only a client reads a server's answer")

    async def _receive_frame_loop(self) -> None:
        pass  # frames come by `data_received`

    def _take(self, frame: Frame) -> None:
        if self.client_terminated:
            return
        if frame.opcode == CLOSE:
            self._enqueue(frame)
        elif not self.server_terminated and self._speaker.admit(frame):
            if frame.opcode == PING:
                self._answer_ping(frame.payload)
            elif frame.opcode in (TEXT, BINARY):
                self._enqueue(frame)

    def _answer_ping(self, payload: bytes) -> None:
        """Send a pong; while the client takes nothing, only to its last ping (section 5.5.3)."""
        if self.is_paused:
            self._pong = build_frame(PONG, payload)
        else:
            self._write(build_frame(PONG, payload))

    def _enqueue(self, frame: Frame) -> None:
        """Let a frame be carried out after those before it."""
        if self.server_terminated:
            self._answer_close(frame.payload)
            return
        if not self._lane.put(frame) and self._transport is not None:
            self._transport.pause_reading()

    def _read_on(self) -> None:
        """Let more come, if that was stopped."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    async def _carry_out(self, frame: Frame) -> None:
        try:
            if frame.opcode == CLOSE:
                self._answer_close(frame.payload)
            else:
                is_text, payload = frame.opcode == TEXT, frame.payload
                await self._speaker.on_message(read_text(payload) if is_text else payload)
        except FramingError as error:
            self.close(error.code, error.reason)

    def _answer_close(self, payload: bytes) -> None:
        """Complete the closing handshake. Raises `FramingError` for what is no close code."""
        if not self.client_terminated:
            self.client_terminated = True
            self._closed_with = read_close(payload)
        self.close(self._closed_with[0])
        if self._transport is not None:
            self._transport.close()

    def _write(self, frame: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame)
