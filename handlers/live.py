"""The messages that reach a connection as they happen, and may have to wait for older ones."""

from __future__ import annotations

import asyncio

from handlers.outbox import Outbox

# Seconds. A message can be read as soon as it is written, and is told once a majority
# has it: within the deadline of a write (5 s), or of what finds out how a late one ended.
_TOLD = 60.0


class Live:
    """The live part of a connection's messages.

    `first` has, by conversation, the rev of the first message that went out:
    from there on the connection has everything.
    """

    __slots__ = ("_had", "_had_until", "_held", "_is_plain", "_outbox", "first")

    def __init__(self, outbox: Outbox) -> None:
        self.first: dict[str, int] = {}
        self._outbox = outbox
        self._held: list[tuple[str, int, bytes]] | None = None
        self._had: dict[str, int] = {}
        self._had_until = 0.0
        self._is_plain = True

    def hold(self) -> None:
        """Let what comes wait."""
        self._is_plain = False
        if self._held is None:
            self._held = []

    def put(self, conversation: str, rev: int, frame: bytes) -> None:
        """Send the frame of a message, or let it wait; not what its reader has."""
        if self._is_plain or self._is_due(conversation, rev, frame):
            if conversation not in self.first:
                self.first[conversation] = rev
            self._outbox.put(frame)

    def _is_due(self, conversation: str, rev: int, frame: bytes) -> bool:
        """Tell whether a frame is to go out now; let it wait where others do."""
        if rev <= self._had.get(conversation, 0):
            return False
        if self._held is not None:
            if self._outbox.reserve(frame):
                self._held.append((conversation, rev, frame))
            return False
        # Revs come in order, so nothing that the reader had comes any more.
        self._had.pop(conversation, None)
        if asyncio.get_running_loop().time() > self._had_until:
            self._had = {}
        self._is_plain = not self._had
        return True

    def release(self, had: dict[str, int]) -> None:
        """Send what waited, but for what its reader has up to these revs.

        The database shows a message before it is told. So what was replayed, here or
        on the connection before this one, may come as an event later still.
        """
        self._had.update(had)
        self._had_until = asyncio.get_running_loop().time() + _TOLD
        held, self._held = self._held or [], None
        self._is_plain = not self._had
        for conversation, rev, frame in held:
            self._outbox.free(frame)
            self.put(conversation, rev, frame)
