"""HTTP spoken by hand, for requests that no well-behaved client sends."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NamedTuple

from tornado.httputil import HTTPHeaders


class Answer(NamedTuple):
    """What came back before the server closed or the answer was complete."""

    status: int
    headers: HTTPHeaders
    body: bytes

    @property
    def code(self) -> str:
        """The code of the contract's error body."""
        return str(json.loads(self.body)["error"]["code"])

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


async def exchange(port: int, *pieces: bytes) -> Answer:
    """Send bytes over a connection of their own and read one answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await read_answer(reader)
    finally:
        writer.close()


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """Read one answer with a Content-Length (or none)."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, _, lines = head.partition("\r\n")
    headers = HTTPHeaders.parse(lines)
    body = await reader.readexactly(int(headers.get("Content-Length", "0")))
    return Answer(int(start.split()[1]), headers, body)


def request(
    line: str, *headers: str, body: bytes = b"", host: str = "127.0.0.1", announce: bool = True
) -> bytes:
    """Write a request: its first line without the version, further headers, a body."""
    lines = [f"{line} HTTP/1.1", f"Host: {host}", *headers]
    if body and announce:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
