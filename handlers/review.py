"""After a gap in what this process was told: which connections should have ended, or changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from handlers.registry import Connection
from realchat.errors import ChatError, Close, Code

# Connections of one question to the database.
_BATCH = 500


def begin_review(connections: Iterable[Connection]) -> None:
    """Have all connections looked at, beside what they do."""
    found = list(connections)
    if found:
        found[0].services.tasks.start(_review(found))


async def _review(connections: Sequence[Connection]) -> None:
    for start in range(0, len(connections), _BATCH):
        await asyncio.gather(*map(_look_at, connections[start : start + _BATCH]))


async def _look_at(connection: Connection) -> None:
    """Close it if its session has ended; else take over its user's languages."""
    try:
        await connection.services.tokens.confirm(connection.principal)
    except ChatError as error:
        # A database that is away says nothing about the session.
        if error.code is Code.NOT_AUTHENTICATED:
            connection.close(Close.NOT_AUTHENTICATED, "the session has ended")
            return
    connection.refresh()
