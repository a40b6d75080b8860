"""Devices for tests: real WebSocket connections that keep all that arrives."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from people import Person
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

Frame = dict[str, Any]

# Seconds; a bound for what never comes, not a measure of speed.
PATIENCE = 30


class Device:
    """One authenticated connection of a person."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection
        self.frames: list[Frame] = []
        self.hello: Frame = {}
        self._refs = itertools.count(1)
        self._ended = False

    async def receive(self) -> Frame | None:
        """Wait for the next frame; None when the connection is closed."""
        raw = await asyncio.wait_for(asyncio.ensure_future(self._read()), PATIENCE)
        self._ended = raw is None
        return None if raw is None else json.loads(raw)

    async def expect(self, kind: str) -> Frame:
        """Return the oldest frame of that type that was not taken yet, waiting for it."""
        for place, frame in enumerate(self.frames):
            if frame["type"] == kind:
                return self.frames.pop(place)
        while (received := await self.receive()) is not None:
            if received["type"] == kind:
                return received
            self.frames.append(received)
        raise AssertionError(f"closed with {self.connection.close_code} before any `{kind}`")

    async def command(self, kind: str, **fields: Any) -> Frame:
        """Send a command and return its answer; what else arrives is kept."""
        ref = f"r{next(self._refs)}"
        await self.send_json({"type": kind, "ref": ref, **fields})
        while True:
            received = await self.receive()
            assert received is not None, f"closed with {self.connection.close_code}"
            if received.get("ref") == ref:
                return received
            self.frames.append(received)

    async def settle(self) -> list[Frame]:
        """Return all frames that have arrived, up to the answer of a ping sent now."""
        await self.command("ping")
        taken, self.frames = self.frames, []
        return taken

    async def send_json(self, value: Any) -> None:
        """Send a frame without waiting for an answer."""
        await self.send_text(json.dumps(value))

    async def send_text(self, text: str) -> None:
        """Send a frame of any text."""
        await self.connection.write_message(text)

    async def closed(self) -> int | None:
        """Wait for the end of the connection; return its close code."""
        while not self._ended:
            await self.receive()
        return self.connection.close_code

    async def _read(self) -> str | bytes | None:
        return await self.connection.read_message()


@asynccontextmanager
async def open_socket(
    base_url: str, query: str = "", headers: dict[str, str] | None = None
) -> AsyncIterator[Device]:
    """Open a connection for as long as the block lasts, without waiting for `hello`."""
    url = base_url.replace("http", "ws", 1) + "/ws" + query
    opened = Device(await websocket_connect(HTTPRequest(url, headers=headers or {})))
    try:
        yield opened
    finally:
        opened.connection.close()
        await opened.closed()


@asynccontextmanager
async def device(person: Person, query: str = "") -> AsyncIterator[Device]:
    """Connect one more device of a person, for as long as the block lasts."""
    headers = {"Authorization": f"Bearer {person.token}"}
    async with open_socket(person.base_url, query, headers) as opened:
        opened.hello = await opened.expect("hello")
        yield opened
