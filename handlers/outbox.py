"""What waits to be written to one connection: in order, within bounds."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

# A reader who is this far behind is cut off and can catch up later, rather
# than have the server keep everything for them.
MAX_BYTES = 4 * 1024 * 1024
MAX_FRAMES = 4_000


class Outbox:
    """A bounded queue of frames, written one after the other as the connection takes them."""

    def __init__(
        self, write: Callable[[bytes], Awaitable[None]], overflow: Callable[[], None]
    ) -> None:
        """Take what writes a frame, and what to do when the bound is passed."""
        self._write = write
        self._overflow = overflow
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._closed = False

    def put(self, frame: bytes) -> None:
        """Add a frame; never waits."""
        if self._closed:
            return
        self._frames.append(frame)
        self._bytes += len(frame)
        if self._bytes > MAX_BYTES or len(self._frames) > MAX_FRAMES:
            self.close()
            self._overflow()
        elif self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write_all())

    def close(self) -> None:
        """Drop what waits; nothing more will be written."""
        self._closed = True
        self._frames.clear()

    async def flush(self) -> None:
        """Wait until all that waits is written."""
        if self._writer is not None:
            await self._writer

    async def _write_all(self) -> None:
        try:
            while self._frames:
                frame = self._frames.popleft()
                await self._write(frame)
                self._bytes -= len(frame)
        except (WebSocketClosedError, StreamClosedError):
            self.close()
        finally:
            self._writer = None
