"""A WebSocket spoken by hand, for what no well-behaved client sends."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from people import Person
from sockets import PATIENCE

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Got(NamedTuple):
    """A frame that came."""

    opcode: int
    payload: bytes

    @property
    def code(self) -> int | None:
        """The code of a close frame."""
        return int.from_bytes(self.payload[:2], "big") if self.payload else None

    def json(self) -> Any:
        """The payload as JSON."""
        return json.loads(self.payload)


def frame(
    opcode: int,
    payload: bytes | str = b"",
    *,
    first: int = 0x80,
    mask: bytes | None = b"\x01\x9a\x7f\xff",
) -> bytes:
    """Write a frame; `first` has the bits beside the opcode, without a mask it is a server's."""
    data = payload.encode() if isinstance(payload, str) else payload
    bit, size = (0x80 if mask else 0), len(data)
    if size < 126:
        head = bytes((first | opcode, bit | size))
    elif size < 65_536:
        head = bytes((first | opcode, bit | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first | opcode, bit | 127)) + size.to_bytes(8, "big")
    if not mask:
        return head + data
    return head + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))


def command(kind: str, **fields: Any) -> bytes:
    """Write the frame of a command."""
    return frame(TEXT, json.dumps({"type": kind, **fields}))


class RawSocket:
    """A connection to `/ws` whose every byte a test decides about."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        """Send bytes, each piece by itself."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def receive(self) -> Got | None:
        """Wait for the next frame; None at the end."""
        try:
            async with asyncio.timeout(PATIENCE):
                first, size = await self.reader.readexactly(2)
                if size >= 126:
                    size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8))
                return Got(first & 0x0F, await self.reader.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return None

    async def expect(self, opcode: int, kind: str = "") -> Got:
        """Return the next frame of that kind; others are passed over."""
        while (got := await self.receive()) is not None:
            if got.opcode == opcode and (not kind or got.json()["type"] == kind):
                return got
        raise AssertionError(f"the connection ended before a frame {opcode} {kind}")

    async def closed(self) -> int | None:
        """Return the code of the close frame that comes; None if there is none in it."""
        return (await self.expect(CLOSE)).code


@asynccontextmanager
async def raw_socket(
    person: Person, *behind: bytes, headers: str = "", limit: int = 2**16
) -> AsyncIterator[RawSocket]:
    """Connect, with bytes right behind the handshake; `hello` is still to come."""
    port = urlsplit(person.base_url).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=limit)
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    handshake = (
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {person.token}\r\n{headers}\r\n"
    )
    writer.write(handshake.encode() + b"".join(behind))
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101"), head
    assert b"Extensions" not in head
    try:
        yield RawSocket(reader, writer)
    finally:
        writer.close()
