"""Tornado on uvloop that awaits one `insert_one` a message, then acknowledges it to its sender.

The same database and write concern as ours: `w=majority`, journaled. No tokens,
no members, no numbers, nobody else to deliver to but the sender itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from typing import Any

import uvloop
from motor.motor_tornado import MotorClient
from pymongo import WriteConcern
from tornado.web import Application
from tornado.websocket import WebSocketHandler


class Storing(WebSocketHandler):
    """One connection."""

    def initialize(self, messages: Any) -> None:
        """Keep the collection."""
        self.messages = messages

    def open(self) -> None:
        """Send small frames at once."""
        self.set_nodelay(True)

    async def on_message(self, message: str | bytes) -> None:
        """Store a message, pass it back, acknowledge it."""
        command = json.loads(message)
        document = {**command, "created_at": datetime.now(UTC)}
        await self.messages.insert_one(document)
        event = {
            "type": "message",
            "id": str(document["_id"]),
            "group_id": command["group_id"],
            "content": command["content"],
        }
        ack = {"type": "ack", "ref": command["ref"], "id": str(document["_id"])}
        for each in (event, ack):
            self.write_message(json.dumps(each, separators=(",", ":")))


async def main() -> None:
    """Serve until ended."""
    client: Any = MotorClient(os.environ["MONGODB_URI"])
    concern = WriteConcern(w="majority", j=True)
    messages = client["bench"].get_collection("messages", write_concern=concern)
    routes = [(r"/\d+", Storing, {"messages": messages})]
    Application(routes).listen(int(sys.argv[1]), "127.0.0.1", backlog=1024)
    await asyncio.Event().wait()


uvloop.run(main())
