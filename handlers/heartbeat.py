"""Signs of life: who is silent is asked for one, who stays silent is let go.

One timer for all connections of a process: thousands of idle ones are what most
of its memory is for.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

# Seconds. A connection is asked after `HEARTBEAT` of silence and dropped
# `PATIENCE` later, so a half-open one is found within HEARTBEAT + PATIENCE + 2 * _BEAT.
HEARTBEAT = 25.0
PATIENCE = 20.0
_BEAT = 5.0


class Beating(Protocol):
    """A connection; `silent` is how many beats nothing came, which the connection resets.

    While it `is_paused`, no ping would get through, and its outbox sees to it that this ends.
    """

    silent: int
    is_paused: bool

    def write_ping(self, data: bytes) -> None:
        """Ask for a sign of life."""

    def drop(self) -> None:
        """End it at once: nobody is there."""


class Heartbeat:
    """The connections of this process that are listened to."""

    def __init__(self, beat: float = _BEAT) -> None:
        """Take the seconds between two looks at all connections."""
        self.beat = beat
        self._connections: set[Beating] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: Beating) -> None:
        """Listen to a connection."""
        self._connections.add(connection)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.beat, self._look)

    def remove(self, connection: Beating) -> None:
        """Listen to a connection no more."""
        self._connections.discard(connection)
        if not self._connections and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self.beat, self._look)
        for connection in tuple(self._connections):
            if connection.is_paused:
                continue
            connection.silent += 1
            if connection.silent == HEARTBEAT // _BEAT:
                connection.write_ping(b"")
            elif connection.silent > (HEARTBEAT + PATIENCE) // _BEAT:
                connection.drop()
