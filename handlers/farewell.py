"""A planned stop, as the connections see it: told, let finish, closed."""

from __future__ import annotations

import asyncio
import random

from handlers.polling import poll
from handlers.registry import Connection, Registry
from realchat.errors import Close
from realchat.frames import GoingAway

# Milliseconds until the first may come back, and how many may come in a second:
# all at once would find a server that has just started.
_EARLIEST = 1000
_RETURNS_PER_SECOND = 500


async def close_all(registry: Registry, seconds: float) -> None:
    """Tell all connections when to come back, and close them, within so many seconds.

    What a connection has begun is finished and answered first.
    """
    leaving = list(registry)
    spread = _EARLIEST + len(leaving) * 1000 // _RETURNS_PER_SECOND
    for connection in leaving:
        wait = _EARLIEST + random.randrange(spread)
        connection.send(GoingAway(retry_after_ms=wait))
    if leaving:
        ends = [asyncio.ensure_future(_close(connection)) for connection in leaving]
        _, late = await asyncio.wait(ends, timeout=seconds)
        for end in late:
            end.cancel()
    for connection in list(registry):
        connection.close(Close.RESTART, "the server stops; come back")
    await _await_empty(registry, seconds)


async def _close(connection: Connection) -> None:
    await connection.settle()
    connection.close(Close.RESTART, "the server stops; come back")


async def _await_empty(registry: Registry, seconds: float) -> None:
    end = asyncio.get_running_loop().time() + seconds
    # A connection is gone when its client has answered.
    await poll(lambda: not any(registry), end)
