"""Naive Tornado on uvloop: `write_message` in a loop, to everyone of the same path."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from typing import ClassVar

import uvloop
from tornado.web import Application
from tornado.websocket import WebSocketHandler


class PassingOn(WebSocketHandler):
    """One connection."""

    rooms: ClassVar[defaultdict[str, set[PassingOn]]] = defaultdict(set)

    def open(self, name: str) -> None:
        """Join the others of this path."""
        self.set_nodelay(True)  # for else some messages wait 40 ms
        self.room = self.rooms[name]
        self.room.add(self)

    def on_message(self, message: str | bytes) -> None:
        """Pass a text on."""
        for each in self.room:
            each.write_message(message)

    def on_close(self) -> None:
        """Leave them."""
        self.room.discard(self)


async def main() -> None:
    """Serve until ended."""
    Application([(r"/(\d+)", PassingOn)]).listen(int(sys.argv[1]), "127.0.0.1", backlog=1024)
    await asyncio.Event().wait()


uvloop.run(main())
