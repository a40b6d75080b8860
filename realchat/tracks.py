"""How far one conversation has been told in one process, and what waits for its turn; no I/O."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from msgspec import structs

from realchat.events import MessageStored

# Messages of one conversation that wait; what is above is fetched when it is its turn.
_MAX_HELD = 1_000


class Track:
    """One conversation: who of it is here, its `last` rev that was told, and what is held.

    `top` is the highest rev that there is known to be.
    """

    __slots__ = ("held", "is_filling", "last", "readers", "settling", "timer", "top")

    def __init__(self, last: int | None) -> None:
        """Begin after a rev; None: nothing is told before `settle`."""
        self.readers: set[str] = set()
        self.held: dict[int, MessageStored] = {}
        self.last = last
        self.top = last or 0
        self.is_filling = False
        self.timer: asyncio.TimerHandle | None = None
        self.settling: asyncio.Event | None = asyncio.Event() if last is None else None

    @property
    def is_behind(self) -> bool:
        """Whether something is known to be missing."""
        return self.last is not None and self.last < self.top

    def settle(self, last: int) -> None:
        """Say where it stood; those who waited for that go on."""
        self.last = last
        self.top = max(self.top, last)
        self._end_settling()

    def close(self) -> None:
        """Let go of it."""
        if self.timer is not None:
            self.timer.cancel()
        self._end_settling()

    def put(self, happening: MessageStored) -> bool:
        """Keep a message until its turn; not one that was told. Tell whether it may be due."""
        rev = happening.message.rev
        if self.last is not None and rev <= self.last:
            return False
        self.top = max(self.top, rev)
        is_known = rev in self.held and not happening.readers
        if not is_known and (len(self.held) < _MAX_HELD or rev == (self.last or 0) + 1):
            self.held[rev] = happening
        return self.last is not None

    def take_due(self) -> Iterator[MessageStored]:
        """Yield what is next as long as nothing is missing before it."""
        while self.last is not None and (happening := self.pop(self.last + 1)):
            self.last += 1
            yield happening
        if self.last is not None and self.held and min(self.held) <= self.last:
            self.held = {rev: one for rev, one in self.held.items() if rev > self.last}

    def pop(self, rev: int) -> MessageStored | None:
        """Take out what waits with that rev, for those of its readers who are here."""
        happening = self.held.pop(rev, None)
        if happening is not None and not happening.readers:
            # From elsewhere, where nobody knows who is here.
            return structs.replace(happening, readers=tuple(self.readers))
        return happening

    def skip(self) -> None:
        """Give up what is missing before the first that waits."""
        self.last = min(self.held, default=self.top + 1) - 1

    def _end_settling(self) -> None:
        if self.settling is not None:
            self.settling.set()
            self.settling = None
