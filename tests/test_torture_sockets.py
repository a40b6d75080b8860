"""The torture's connections end with those who asked for them."""

from __future__ import annotations

import asyncio

import pytest
from sockets import PATIENCE
from tornado.httpclient import HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from torture.sockets import open_socket


class SlowSocket(WebSocketHandler):
    """A handshake that takes as long as the test wants."""

    def initialize(self, asked: asyncio.Event, may_open: asyncio.Event, end: asyncio.Event) -> None:
        self.asked, self.may_open, self.end = asked, may_open, end

    async def get(self) -> None:
        self.asked.set()
        await self.may_open.wait()
        await super().get()

    def on_close(self) -> None:
        self.end.set()


@pytest.mark.gen_test(timeout=60)
async def test_one_that_opens_for_nobody_is_closed() -> None:
    events = {name: asyncio.Event() for name in ("asked", "may_open", "end")}
    listening, port = bind_unused_port()
    server = HTTPServer(Application([("/", SlowSocket, events)]))
    server.add_socket(listening)
    opening = asyncio.create_task(open_socket(HTTPRequest(f"ws://127.0.0.1:{port}/"), None))
    await events["asked"].wait()
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    events["may_open"].set()
    await asyncio.wait_for(events["end"].wait(), PATIENCE)
    server.stop()
    await server.close_all_connections()
