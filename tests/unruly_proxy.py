"""A proxy before a translation engine: passes on what it is told to spoil, delay or forge."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

Spoil = Callable[[bytes], bytes]


def as_it_is(answer: bytes) -> bytes:
    """Spoil nothing."""
    return answer


class UnrulyProxy:
    """Passes each request on to a port of this machine, and the answer back.

    `spoil` changes whole answers, head and body; while `gate` is closed none goes
    out. `client` is the address that the server behind is told the request is from.
    """

    def __init__(self, port: int) -> None:
        self._behind = port
        self.spoil: Spoil = as_it_is
        self.gate = asyncio.Event()
        self.gate.set()
        self.client = ""
        # What happened: requests that were passed on, the status of each answer.
        self.asked = asyncio.Event()
        self.statuses: list[int] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._visits: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._visit, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, and let go of whoever is there."""
        assert self._server is not None
        self._server.close()
        for _ in range(10):
            await asyncio.sleep(0)  # the turns in which one that was accepted is served
        visits = set(self._visits)
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)
        await self._server.wait_closed()

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.current_task()
        assert visit is not None
        self._visits.add(visit)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                writer.write(await self._pass_on(await _read_request(reader)))
                await writer.drain()
        finally:
            await _close(writer)
            self._visits.discard(visit)

    async def _pass_on(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._behind)
        try:
            head, end, body = request.partition(b"\r\n")
            forwarded = f"\r\nX-Forwarded-For: {self.client}".encode() if self.client else b""
            writer.write(head + forwarded + end + body)
            self.asked.set()
            answer = await reader.read(-1)
        finally:
            await _close(writer)
        if answer:
            self.statuses.append(int(answer.split(b" ", 2)[1]))
        spoiled = self.spoil(answer)
        await self.gate.wait()
        return spoiled


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    """Read one request, which asks for the connection's end as libretranslatepy's do."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (
            int(value)
            for name, _, value in (line.partition(b":") for line in head.lower().split(b"\r\n"))
            if name == b"content-length"
        ),
        0,
    )
    return head + await reader.readexactly(length)
