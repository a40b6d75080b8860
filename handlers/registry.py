"""Who is connected to this process, and with which connections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handlers.socket import ChatSocket


class Registry:
    """The authenticated connections of this process, by user."""

    def __init__(self) -> None:
        self._connections: dict[str, dict[ChatSocket, None]] = {}

    def add(self, connection: ChatSocket) -> None:
        """Count a connection in; what is told from now on reaches it."""
        self._connections.setdefault(connection.reader.user_id, {})[connection] = None

    def remove(self, connection: ChatSocket) -> None:
        """Count a connection out."""
        user_id = connection.reader.user_id
        connections = self._connections.get(user_id, {})
        connections.pop(connection, None)
        if not connections:
            self._connections.pop(user_id, None)

    def of(self, user_ids: Iterable[str]) -> Iterator[ChatSocket]:
        """Yield the connections of these users."""
        for user_id in user_ids:
            # A copy, since a connection that cannot keep up leaves while it is told.
            yield from tuple(self._connections.get(user_id, ()))

    def __iter__(self) -> Iterator[ChatSocket]:
        return self.of(tuple(self._connections))
