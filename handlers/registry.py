"""Who is connected to this process, and with which connections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from handlers.live import Live
from handlers.outbox import Outbox
from realchat.frames import Event
from realchat.models import Principal, Reader
from realchat.services import Services


class Connection(Protocol):
    """What others may do with a connection."""

    principal: Principal
    reader: Reader
    services: Services
    outbox: Outbox
    live: Live

    async def settle(self) -> None:
        """Wait until what has come is carried out and answered, and the answers are out."""

    def send(self, event: Event) -> None:
        """Queue an event for this connection alone."""

    def needs(self, content_lang: str, lang: str) -> bool:
        """Tell whether the reader needs a text in `content_lang` translated into `lang`."""

    def refresh(self) -> None:
        """Take over what the user changed of their languages."""

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """End the connection."""


class Registry:
    """The authenticated connections of this process, by user."""

    def __init__(self) -> None:
        self._connections: dict[str, dict[Connection, None]] = {}

    def add(self, connection: Connection) -> None:
        """Count a connection in; what is told from now on reaches it."""
        self._connections.setdefault(connection.reader.user_id, {})[connection] = None

    def remove(self, connection: Connection) -> None:
        """Count a connection out."""
        user_id = connection.reader.user_id
        connections = self._connections.get(user_id, {})
        connections.pop(connection, None)
        if not connections:
            self._connections.pop(user_id, None)

    def count(self, user_id: str) -> int:
        """Return how many connections a user has."""
        return len(self._connections.get(user_id, ()))

    def of(self, user_ids: Iterable[str]) -> list[Connection]:
        """Return the connections of these users."""
        everybody = self._connections
        return [one for user_id in user_ids if user_id in everybody for one in everybody[user_id]]

    def __iter__(self) -> Iterator[Connection]:
        return iter(self.of(self._connections))
