"""The messages that reach a connection as they happen, and may have to wait for older ones."""

from __future__ import annotations

from handlers.outbox import Outbox


class Live:
    """The live part of a connection's messages.

    `first` has, by conversation, the rev of the first message that went out:
    from there on the connection has everything.
    """

    def __init__(self, outbox: Outbox) -> None:
        self.first: dict[str, int] = {}
        self._outbox = outbox
        self._held: list[tuple[str, int, bytes]] | None = None
        self._replayed: dict[str, int] = {}

    def hold(self) -> None:
        """Let what comes wait."""
        if self._held is None:
            self._held = []

    def put(self, conversation: str, rev: int, frame: bytes) -> None:
        """Send the frame of a message, or let it wait; not what was replayed."""
        if rev <= self._replayed.get(conversation, 0):
            return
        if self._held is None:
            self.first.setdefault(conversation, rev)
            self._outbox.put(frame)
        elif self._outbox.reserve(frame):
            self._held.append((conversation, rev, frame))

    def release(self, replayed: dict[str, int]) -> None:
        """Send what waited, but for what was replayed up to these revs.

        The database shows a message before it is told, so what was replayed may
        come as an event later still.
        """
        self._replayed.update(replayed)
        held, self._held = self._held or [], None
        for conversation, rev, frame in held:
            self._outbox.free(frame)
            self.put(conversation, rev, frame)
