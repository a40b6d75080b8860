"""Connections of readers: raw WebSocket frames, each handed on with the time at which it came.

Each frame of each reader is looked at. A client library would take longer for it
than the server that is to be measured.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import cast

# What becomes of a frame: whose it is, what it says, when it came.
Take = Callable[[int, bytes, float], None]

# RFC 6455, section 5.2.
_TEXT, _PING, _PONG = 0x1, 0x9, 0xA
# A mask other than zero, so that the server has to unmask as it does for browsers.
_MASK = b"\x37\xfa\x21\x3d"
# Handshakes under way at a time, and the seconds that all may take.
_AT_ONCE, _PATIENCE = 50, 60
# Seconds without a frame after which everybody has been told of everybody.
_QUIET = 0.5


class ReaderError(Exception):
    """A connection that could not be opened."""


class Reader(asyncio.Protocol):
    """One connection to `/ws`; `last` is when something came, `is_lost` whether it ended."""

    def __init__(self, place: int, take: Take, request: bytes) -> None:
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.last = 0.0
        self.is_lost = False
        self._place = place
        self._take = take
        self._request = request
        self._upgraded = False
        self._rest = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        # uvloop's own kind, which is none of asyncio's classes.
        self._transport = cast(asyncio.WriteTransport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Take all whole frames."""
        self.last = time.perf_counter()
        data = self._rest + data
        if not self._upgraded:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            self._upgraded = True
            if b" 101 " not in head[:16]:
                self.greeted.set_exception(ReaderError(head.decode()))
        self._rest = self._take_frames(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Keep that nothing more comes."""
        self.is_lost = True
        if not self.greeted.done():
            self.greeted.set_exception(ReaderError("closed before it was open"))

    def send(self, payload: bytes, opcode: int = _TEXT) -> None:
        """Send a frame of up to 64 KiB."""
        assert self._transport is not None
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        masked = bytes(byte ^ _MASK[n & 3] for n, byte in enumerate(payload))
        self._transport.write(bytes((0x80 | opcode,)) + length + _MASK + masked)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def _take_frames(self, data: bytes) -> bytes:
        """Take the whole frames, and return what is left."""
        start, size = 0, len(data)
        while size - start >= 2:
            length, body = data[start + 1], start + 2
            if length >= 126:
                body += 2 if length == 126 else 8
                length = int.from_bytes(data[start + 2 : body], "big")
            if body + length > size:
                break
            self._take_frame(data[start] & 0x0F, data[body : body + length])
            start = body + length
        return data[start:]

    def _take_frame(self, opcode: int, payload: bytes) -> None:
        if opcode == _TEXT:
            if not self.greeted.done():
                self.greeted.set_result(None)
            self._take(self._place, payload, self.last)
        elif opcode == _PING:
            self.send(payload, _PONG)


@asynccontextmanager
async def connected(port: int, tokens: Sequence[str], take: Take) -> AsyncIterator[list[Reader]]:
    """Connect all for as long as the block lasts, which begins once they are at rest.

    Raises `ReaderError` or `TimeoutError` where one cannot connect.
    """
    free = asyncio.Semaphore(_AT_ONCE)
    readers = [Reader(n, take, _handshake(port, token)) for n, token in enumerate(tokens)]

    async def connect(reader: Reader) -> None:
        async with free:
            await asyncio.get_running_loop().create_connection(lambda: reader, "127.0.0.1", port)
            await reader.greeted

    try:
        async with asyncio.timeout(_PATIENCE):
            await asyncio.gather(*map(connect, readers))
            await _settle(readers)
        yield readers
    finally:
        for reader in readers:
            reader.close()


async def _settle(readers: Sequence[Reader]) -> None:
    """Wait until nothing comes any more."""
    while True:
        quiet_for = time.perf_counter() - max(reader.last for reader in readers)
        if quiet_for > _QUIET:
            break
        await asyncio.sleep(_QUIET - quiet_for)


def _handshake(port: int, token: str) -> bytes:
    return (
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()
