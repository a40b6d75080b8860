"""The messages that reach a connection as they happen, and may have to wait for older ones."""

from __future__ import annotations

from handlers.outbox import Outbox


class Live:
    """The live part of a connection's messages.

    `first` has, by conversation, the rev of the first message that went out:
    from there on the connection has everything.
    """

    __slots__ = ("_held", "_is_plain", "_outbox", "_replayed", "first")

    def __init__(self, outbox: Outbox) -> None:
        self.first: dict[str, int] = {}
        self._outbox = outbox
        self._held: list[tuple[str, int, bytes]] | None = None
        self._replayed: dict[str, int] = {}
        self._is_plain = True

    def hold(self) -> None:
        """Let what comes wait."""
        self._is_plain = False
        if self._held is None:
            self._held = []

    def put(self, conversation: str, rev: int, frame: bytes) -> None:
        """Send the frame of a message, or let it wait; not what was replayed."""
        if self._is_plain or self._is_due(conversation, rev, frame):
            if conversation not in self.first:
                self.first[conversation] = rev
            self._outbox.put(frame)

    def _is_due(self, conversation: str, rev: int, frame: bytes) -> bool:
        """Tell whether a frame is to go out now; let it wait where others do."""
        if rev <= self._replayed.get(conversation, 0):
            return False
        if self._held is not None:
            if self._outbox.reserve(frame):
                self._held.append((conversation, rev, frame))
            return False
        # Revs come in order, so nothing of what was replayed comes any more.
        self._replayed.pop(conversation, None)
        self._is_plain = not self._replayed
        return True

    def release(self, replayed: dict[str, int]) -> None:
        """Send what waited, but for what was replayed up to these revs.

        The database shows a message before it is told, so what was replayed may
        come as an event later still.
        """
        self._replayed.update(replayed)
        held, self._held = self._held or [], None
        self._is_plain = not self._replayed
        for conversation, rev, frame in held:
            self._outbox.free(frame)
            self.put(conversation, rev, frame)
