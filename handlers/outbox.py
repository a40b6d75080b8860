"""What goes out on one connection: at once while it keeps up, within bounds while it does not."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import ClassVar
from weakref import WeakKeyDictionary

from realchat.metrics import count_frames

logger = logging.getLogger(__name__)

# A reader who is this far behind, or takes nothing for so many seconds, is cut
# off and can resume, rather than have the server keep everything for them.
MAX_BYTES = 4 * 1024 * 1024
MAX_FRAMES = 4_000
STALL = 30.0
# Bytes that the transport may hold before frames wait here, where they are counted.
TRANSPORT_BYTES = 64 * 1024


class Turn:
    """The outboxes that got something in this turn of the loop: one write each, at its end."""

    _of_loops: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, Turn]] = WeakKeyDictionary()

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._outboxes: list[Outbox] = []

    @classmethod
    def of_running_loop(cls) -> Turn:
        """Return the one of the loop that runs."""
        loop = asyncio.get_running_loop()
        if loop not in cls._of_loops:
            cls._of_loops[loop] = cls(loop)
        return cls._of_loops[loop]

    def add(self, outbox: Outbox) -> None:
        """Have an outbox send what it has."""
        if not self._outboxes:
            self._loop.call_soon(self._wait)
        self._outboxes.append(outbox)

    def _wait(self) -> None:
        # Until those are answered whose messages are told in this turn.
        self._loop.call_soon(self._send)

    def _send(self) -> None:
        outboxes, self._outboxes = self._outboxes, []
        number = 0
        for outbox in outboxes:
            try:
                number += outbox.send()
            except Exception:
                # The others of this turn are to be written all the same.
                logger.exception("fault while writing to a connection")
        count_frames("out", number)


class Outbox:
    """Joins the frames of one turn into one write; keeps what the connection cannot take."""

    __slots__ = (
        "_bytes",
        "_drained",
        "_fresh",
        "_number",
        "_overflow",
        "_stall",
        "_transport",
        "_turn",
        "_waiting",
        "_write",
    )

    def __init__(self, overflow: Callable[[], None]) -> None:
        """Take what to do when a bound is passed."""
        self._overflow = overflow
        self._turn: Turn | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._write: Callable[[bytes], None] | None = None
        self._fresh: list[bytes] = []
        self._waiting: deque[bytes] | None = None
        self._bytes = 0
        self._number = 0
        self._stall: asyncio.TimerHandle | None = None
        self._drained: asyncio.Future[None] | None = None

    def open(self, transport: asyncio.WriteTransport) -> None:
        """Let frames go out on a transport, which calls `pause` and `go_on` by turns."""
        transport.set_write_buffer_limits(TRANSPORT_BYTES)
        self._turn = Turn.of_running_loop()
        self._transport = transport
        self._write = transport.write

    def put(self, frame: bytes) -> None:
        """Send a whole WebSocket frame, or let it wait behind others; never blocks."""
        if self._waiting is not None:
            if self.reserve(frame):
                self._waiting.append(frame)
        elif self._turn is not None:
            if not self._fresh:
                self._turn.add(self)
            self._fresh.append(frame)

    def send(self) -> int:
        """Write what came in this turn; return the number of frames."""
        fresh = self._fresh
        if not fresh or self._write is None:
            return 0
        self._fresh = []
        self._write(fresh[0] if len(fresh) == 1 else b"".join(fresh))
        return len(fresh)

    def reserve(self, frame: bytes) -> bool:
        """Count a frame that is to be sent later; tell whether there was room for it."""
        self._bytes += len(frame)
        self._number += 1
        if self._turn is not None and (self._bytes > MAX_BYTES or self._number > MAX_FRAMES):
            self._give_up()
        return self._turn is not None

    def free(self, frame: bytes) -> None:
        """Count a frame no more."""
        self._bytes -= len(frame)
        self._number -= 1

    def pause(self) -> None:
        """Let frames wait: the connection takes no more for now."""
        if self._turn is not None and self._waiting is None:
            self._waiting = deque()
            self._watch(None)

    def go_on(self) -> None:
        """Send what waits, as far as the connection takes it."""
        waiting, self._waiting = self._waiting, None
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        count_frames("out", self.send())
        while waiting and self._waiting is None and self._write is not None:
            frame = waiting.popleft()
            self.free(frame)
            self._write(frame)
            count_frames("out")
        if waiting and self._waiting is not None:
            self._waiting = waiting
        elif self._drained is not None:
            self._drained.set_result(None)
            self._drained = None

    def close(self) -> None:
        """Send what came in this turn, drop what waits; nothing more goes out."""
        if self._waiting is None:
            count_frames("out", self.send())
        self._turn = self._transport = self._write = self._waiting = None
        self.go_on()

    @property
    def is_closed(self) -> bool:
        """Whether nothing goes out any more."""
        return self._turn is None

    async def flush(self) -> None:
        """Wait until the connection keeps up again, or is closed."""
        count_frames("out", self.send())
        if self._waiting is not None:
            if self._drained is None:
                self._drained = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._drained)

    def _watch(self, before: int | None) -> None:
        """Give up when nothing was taken since the transport held `before` bytes; look again."""
        if self._transport is None:
            return
        held = self._transport.get_write_buffer_size()
        if before is not None and held >= before:
            self._give_up()
        else:
            self._stall = asyncio.get_running_loop().call_later(STALL, self._watch, held)

    def _give_up(self) -> None:
        self.close()
        self._overflow()
