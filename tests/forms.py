"""Forms of files for tests: built here, sent by a person, read back."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from people import Person, Reply
from shelves import Kept, kept_files
from sockets import PATIENCE
from tornado.httpclient import HTTPRequest, HTTPResponse

from realchat.services import Services

BOUNDARY = "----a-boundary"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
END = f"--{BOUNDARY}--\r\n".encode()


class Part(NamedTuple):
    """One part of a form; `disposition` is its header as it stands."""

    content: bytes
    disposition: bytes

    def encode(self) -> bytes:
        """Write the part with the boundary before it."""
        return self.head() + self.content + b"\r\n"

    def head(self) -> bytes:
        """Write what comes before the content."""
        start = f"--{BOUNDARY}\r\nContent-Disposition: ".encode()
        return start + self.disposition + b"\r\nContent-Type: text/html\r\n\r\n"


def part(content: bytes, name: str | bytes = "note.txt", field: str = "file") -> Part:
    """Make a part as browsers do; its Content-Type is a lie."""
    raw = name.encode() if isinstance(name, str) else name
    return Part(content, f'form-data; name="{field}"; filename="'.encode() + raw + b'"')


def form(*parts: Part) -> bytes:
    """Write a whole form."""
    return b"".join(one.encode() for one in parts) + END


async def send(person: Person, body: bytes, content_type: str = CONTENT_TYPE) -> Reply:
    """Send a form, good or not."""
    return await person.call("POST", "/upload", raw=body, headers={"Content-Type": content_type})


async def upload(person: Person, content: bytes, name: str | bytes = "note.txt") -> dict[str, Any]:
    """Upload one file; return what the reply says of it."""
    reply = await send(person, form(part(content, name)))
    assert reply.status == 201, reply
    file: dict[str, Any] = reply.json["files"][0]
    return file


def announce(person: Person, length: int | None, *headers: str) -> bytes:
    """Write the head of an upload of so many bytes, or of chunks."""
    body = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    lines = (
        "POST /upload HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {person.token}",
        f"Content-Type: {CONTENT_TYPE}",
        body,
        *headers,
    )
    return "\r\n".join([*lines, "", ""]).encode()


async def download(person: Person, url: str, method: str = "GET", **headers: str) -> HTTPResponse:
    """Fetch a file as a signed-in person; `_` in a header's name stands for `-`."""
    sent = {"Authorization": f"Bearer {person.token}"}
    sent.update({name.replace("_", "-"): value for name, value in headers.items()})
    request = HTTPRequest(person.base_url + url, method, sent)
    return await person.http.fetch(request, raise_error=False)


async def left_behind(services: Services, person: Person) -> tuple[list[Kept], int, int]:
    """Return what is kept: files, and for a person their records, bytes of the quota."""
    await services.tasks.drain(PATIENCE)
    # In a thread, for a test may have a proxy to the bucket on this loop.
    files = await asyncio.to_thread(kept_files, services.settings)
    records = await services.database.collection("files").count({"owner_id": person.id})
    user = await services.database.collection("users").find_one({"name": person.user["name"]})
    assert user is not None
    return files, records, user["storage_used"]


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what must come to be."""
    for _ in range(100 * PATIENCE):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be")


NOTHING: tuple[list[Kept], int, int] = ([], 0, 0)


def png(width: int, height: int) -> bytes:
    """Write a PNG that claims a size; its pixels are missing."""
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", size), _chunk(b"IDAT", zlib.compress(b"")), _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
