"""What goes out on one connection: at once while it keeps up, within bounds while it does not."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

# A reader who is this far behind, or takes nothing for so many seconds, is cut
# off and can resume, rather than have the server keep everything for them.
MAX_BYTES = 4 * 1024 * 1024
MAX_FRAMES = 4_000
STALL = 30.0
# Bytes that the transport may hold before frames wait here, where they are counted.
TRANSPORT_BYTES = 64 * 1024


class Outbox:
    """Hands frames to a transport, which joins those of one tick; keeps what it cannot take."""

    __slots__ = (
        "_bytes",
        "_drained",
        "_number",
        "_overflow",
        "_stall",
        "_waiting",
        "_write",
    )

    def __init__(self, overflow: Callable[[], None]) -> None:
        """Take what to do when a bound is passed."""
        self._overflow = overflow
        self._write: Callable[[bytes], None] | None = None
        self._waiting: deque[bytes] | None = None
        self._bytes = 0
        self._number = 0
        self._stall: asyncio.TimerHandle | None = None
        self._drained: asyncio.Future[None] | None = None

    def open(self, transport: asyncio.WriteTransport) -> None:
        """Let frames go out on a transport, which calls `pause` and `go_on` by turns."""
        transport.set_write_buffer_limits(TRANSPORT_BYTES)
        self._write = transport.write

    def put(self, frame: bytes) -> None:
        """Send a whole WebSocket frame, or let it wait behind others; never blocks."""
        if self._waiting is None:
            if self._write is not None:
                self._write(frame)
        elif self.reserve(frame):
            self._waiting.append(frame)

    def reserve(self, frame: bytes) -> bool:
        """Count a frame that is to be sent later; tell whether there was room for it."""
        self._bytes += len(frame)
        self._number += 1
        if self._write is not None and (self._bytes > MAX_BYTES or self._number > MAX_FRAMES):
            self._give_up()
        return self._write is not None

    def free(self, frame: bytes) -> None:
        """Count a frame no more."""
        self._bytes -= len(frame)
        self._number -= 1

    def pause(self) -> None:
        """Let frames wait: the connection takes no more for now."""
        if self._write is not None and self._waiting is None:
            self._waiting = deque()
            self._stall = asyncio.get_running_loop().call_later(STALL, self._give_up)

    def go_on(self) -> None:
        """Send what waits, as far as the connection takes it."""
        waiting, self._waiting = self._waiting, None
        self._end_stall()
        while waiting and self._waiting is None:
            frame = waiting.popleft()
            self.free(frame)
            self.put(frame)
        if waiting:
            self._waiting = waiting
        elif self._drained is not None:
            self._drained.set_result(None)
            self._drained = None

    def close(self) -> None:
        """Drop what waits; nothing more goes out."""
        self._write = self._waiting = None
        self.go_on()

    async def flush(self) -> None:
        """Wait until the connection keeps up again, or is closed."""
        if self._waiting is not None:
            if self._drained is None:
                self._drained = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._drained)

    def _end_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _give_up(self) -> None:
        self.close()
        self._overflow()
