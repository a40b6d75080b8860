"""How far one conversation has been told in one process, and what waits for its turn; no I/O."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from msgspec import structs

from realchat.events import MessageStored

# Messages of one conversation that wait; what is above is fetched when it is its turn.
_MAX_HELD = 1_000


class Admission:
    """Somebody who is told first what they came too late for.

    `told` is the rev up to which that was done; None: it is not yet.
    """

    __slots__ = ("told",)

    def __init__(self) -> None:
        self.told: int | None = None


class Track:
    """One conversation: who of it is here, its `last` rev that was told, and what is held.

    `top` is the highest rev that there is known to be; `admitting` are those who will be
    readers, and are told nothing by the track before. `told` are the messages told since a
    look at the database began; None where there is none under way.
    """

    __slots__ = ("_settling", "admitting", "held", "last", "readers", "timer", "told", "top")

    def __init__(self, last: int | None) -> None:
        """Begin after a rev; None: nothing is told before `settle`."""
        self.readers: set[str] = set()
        self.admitting: dict[str, Admission] = {}
        self.held: dict[int, MessageStored] = {}
        self.last = last
        self.top = last or 0
        self.told: set[str] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self._settling: asyncio.Event | None = asyncio.Event() if last is None else None

    @property
    def is_behind(self) -> bool:
        """Whether something is known to be missing."""
        return self.last is not None and self.last < self.top

    @property
    def people(self) -> set[str]:
        """All who are here, also those who are not told yet."""
        return self.readers.union(self.admitting)

    def settle(self, last: int) -> None:
        """Say where it stood; those who wait for that go on."""
        self.advance(last)
        self.top = max(self.top, last)
        self.stir()

    async def wait(self) -> None:
        """Wait until it is known where it stood, or that this cannot be found out now."""
        if self._settling is not None:
            await self._settling.wait()

    def stir(self) -> None:
        """Have those who wait look whether it is settled."""
        if self._settling is not None:
            self._settling.set()
            self._settling = asyncio.Event() if self.last is None else None

    def close(self) -> None:
        """Let go of it."""
        if self.timer is not None:
            self.timer.cancel()
        self.admitting.clear()
        self.stir()

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
            self.advance(self.last + 1)
            yield happening
        if self.last is not None and self.held and min(self.held) <= self.last:
            self.held = {rev: one for rev, one in self.held.items() if rev > self.last}

    def pop(self, rev: int) -> MessageStored | None:
        """Take out what waits with that rev, for those who are readers now.

        From elsewhere it comes without any; from here, with the members of when it was
        stored, some of whom may be about to be told of it by their admission.
        """
        happening = self.held.pop(rev, None)
        if happening is None:
            return None
        return structs.replace(happening, readers=tuple(self.readers))

    def advance(self, last: int) -> None:
        """Note that all was told up to a rev; who was told that much already is a reader then."""
        self.last = last
        if self.admitting:
            for user_id, admission in list(self.admitting.items()):
                if admission.told is not None and admission.told <= last:
                    del self.admitting[user_id]
                    self.readers.add(user_id)

    def skip(self) -> None:
        """Give up what is missing before the first that waits."""
        self.advance(min(self.held, default=self.top + 1) - 1)
