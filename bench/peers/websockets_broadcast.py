"""python `websockets` on uvloop: every text goes to everyone of the same path."""

from __future__ import annotations

import contextlib
import sys
from collections import defaultdict

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

ROOMS: defaultdict[str, set[ServerConnection]] = defaultdict(set)


async def pass_on(connection: ServerConnection) -> None:
    """Serve one connection."""
    room = ROOMS[connection.request.path]
    room.add(connection)
    with contextlib.suppress(ConnectionClosed):
        async for text in connection:
            broadcast(room, text)
    room.discard(connection)


async def main() -> None:
    """Serve until ended."""
    port = int(sys.argv[1])
    async with serve(pass_on, "127.0.0.1", port, compression=None, backlog=1024) as server:
        await server.serve_forever()


uvloop.run(main())
