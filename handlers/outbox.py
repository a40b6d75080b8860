"""What waits to be written to one connection: in order, within bounds."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

# A reader who is this far behind, or takes nothing for so many seconds, is cut
# off and can resume, rather than have the server keep everything for them.
MAX_BYTES = 4 * 1024 * 1024
MAX_FRAMES = 4_000
STALL = 30.0


class Outbox:
    """A bounded queue of frames, written one after the other as the connection takes them."""

    def __init__(
        self, write: Callable[[bytes], Awaitable[None]], overflow: Callable[[], None]
    ) -> None:
        """Take what writes a frame, and what to do when a bound is passed."""
        self._write = write
        self._overflow = overflow
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._number = 0
        self._writer: asyncio.Task[None] | None = None
        self._closed = False

    def put(self, frame: bytes) -> None:
        """Add a frame; never waits."""
        if self.reserve(frame):
            self._frames.append(frame)
            if self._writer is None:
                self._writer = asyncio.get_running_loop().create_task(self._write_all())

    def reserve(self, frame: bytes) -> bool:
        """Count a frame that is to be sent; tell whether there was room for it."""
        self._bytes += len(frame)
        self._number += 1
        if not self._closed and (self._bytes > MAX_BYTES or self._number > MAX_FRAMES):
            self._give_up()
        return not self._closed

    def free(self, frame: bytes) -> None:
        """Count a frame no more."""
        self._bytes -= len(frame)
        self._number -= 1

    def close(self) -> None:
        """Drop what waits; nothing more will be written."""
        self._closed = True
        self._frames.clear()

    async def flush(self) -> None:
        """Wait until all that waits is written, or dropped."""
        if self._writer is not None:
            await asyncio.wait([self._writer])

    def _give_up(self) -> None:
        self.close()
        self._overflow()

    async def _write_all(self) -> None:
        try:
            while self._frames:
                frame = self._frames.popleft()
                async with asyncio.timeout(STALL):
                    await self._write(frame)
                self.free(frame)
        except (WebSocketClosedError, StreamClosedError):
            self.close()
        except TimeoutError:
            self._give_up()
        finally:
            self._writer = None
