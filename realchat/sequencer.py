"""The order of what several processes tell: every conversation's changes by `rev`, each once.

The bus may lose, and brings what different processes say in any order. For each
conversation that somebody here is in, this knows the last `rev` that was told
here. What comes too early waits a moment for what is missing, which then is
fetched from the database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from realchat.errors import ChatError
from realchat.events import AnyHappening, MessageStored
from realchat.frames import MessageKind
from realchat.metrics import count_gaps
from realchat.ports import Bus
from realchat.readings import Missed
from realchat.tasks import Tasks
from realchat.tracks import Track

logger = logging.getLogger(__name__)

T = TypeVar("T")

Listener = Callable[[AnyHappening], None]

# Seconds that a message waits for those before it: many times what one takes through Redis.
_PATIENCE = 0.05
# Messages in one look at the database, looks at the same time, conversations in one look.
_PAGE, _LOOKS, _BATCH = 200, 8, 500
# Seconds until the next look at a database that is away; looks without any progress after which
# what waits is told as it is.
_RETRY, _MAX_TRIES = 1.0, 40


class Changes(Protocol):
    """Where changes are read."""

    async def revs(self, conversations: Sequence[str]) -> dict[str, int]:
        """Return the last rev of each conversation that has any."""

    async def missed(self, conversation: str, since: int, limit: int) -> list[Missed]:
        """Return what changed after a rev, in rev order."""


class Sequencer:
    """The bus as the other parts of a process know it, its messages in order."""

    def __init__(self, bus: Bus, changes: Changes, tasks: Tasks) -> None:
        self._bus = bus
        self._changes = changes
        self._tasks = tasks
        self._listeners: list[Listener] = []
        self._tracks: dict[str, Track] = {}
        self._looks = asyncio.Semaphore(_LOOKS)

    def publish(self, happening: AnyHappening) -> None:
        """Tell every process, this one included."""
        self._bus.publish(happening)

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with all that happens from now on, messages in their order."""
        self._listeners.append(listener)

    async def ping(self) -> None:
        """Return when the bus answers."""
        await self._bus.ping()

    def track_of(self, conversation: str) -> Track | None:
        """Return the track of a conversation that somebody here is in."""
        return self._tracks.get(conversation)

    @property
    def conversations(self) -> list[str]:
        """All conversations that somebody here is in."""
        return list(self._tracks)

    def track(self, conversation: str, last: int | None) -> Track:
        """Begin to follow a conversation after a rev; None: what comes waits for `settle`."""
        if conversation not in self._tracks:
            self._tracks[conversation] = Track(last)
        return self._tracks[conversation]

    def drop(self, conversation: str) -> None:
        """Follow a conversation no more."""
        track = self._tracks.pop(conversation, None)
        if track is not None:
            track.close()

    def settle(self, conversations: Iterable[str], revs: Mapping[str, int]) -> None:
        """Say where conversations stood when this process began to hear of them."""
        for conversation in conversations:
            track = self._tracks.get(conversation)
            if track is not None and track.last is None:
                track.settle(revs.get(conversation, 0))
                self._tell_due(conversation, track)

    def take(self, happening: AnyHappening) -> None:
        """Pass on what the bus brings; a message when it is its turn."""
        if not isinstance(happening, MessageStored):
            self._tell(happening)
            return
        track = self._tracks.get(happening.message.conversation)
        if track is None:
            # Nobody is here to be told; from elsewhere, it comes without readers.
            self._tell(happening)
        elif track.put(happening):
            self._tell_due(happening.message.conversation, track)

    async def compare(self, conversations: Sequence[str]) -> None:
        """Have told what the database has of conversations and nobody told here."""
        for start in range(0, len(conversations), _BATCH):
            batch = conversations[start : start + _BATCH]
            revs = await persist(self._changes.revs, batch)
            for conversation, rev in revs.items():
                track = self._tracks.get(conversation)
                if track is not None and track.last is not None:
                    track.top = max(track.top, rev)
                    self._tell_due(conversation, track)

    async def admit(self, conversation: str, user_id: str, since: int) -> None:
        """Have somebody hear of a conversation, and of all in it after a rev, in order."""
        while (track := self._tracks.get(conversation)) is not None:
            last = track.last
            if last is None or since >= last:
                track.readers.add(user_id)
                return
            page = await self._look(conversation, since)
            reached = track.last or 0
            for one in page:
                if one.message.rev <= reached:
                    self._tell(_happening(one, is_new=one.is_new, readers=(user_id,)))
            told = min(page[-1].message.rev, reached) if page else since
            since = told if len(page) == _PAGE else max(told, last)

    def _tell_due(self, conversation: str, track: Track) -> None:
        """Tell what is next; wait a moment, and then look, where something is missing."""
        for happening in track.take_due():
            self._tell(happening)
        if track.is_behind and track.timer is None and not track.is_filling:
            loop = asyncio.get_running_loop()
            track.timer = loop.call_later(_PATIENCE, self._begin_filling, conversation, track)

    def _begin_filling(self, conversation: str, track: Track) -> None:
        track.timer = None
        if track.is_behind and self._tracks.get(conversation) is track:
            track.is_filling = True
            self._tasks.start(self._fill(conversation, track))

    async def _fill(self, conversation: str, track: Track) -> None:
        """Fetch what is missing until nothing is, and have it told in order."""
        tries = 0
        try:
            while track.is_behind and self._tracks.get(conversation) is track:
                before = track.last or 0
                found = await self._look(conversation, before)
                self._merge(track, found)
                tries = tries + 1 if track.last == before else 0
                if tries >= _MAX_TRIES:
                    logger.warning("a conversation's changes are told with a gap")
                    track.skip()
                elif tries:
                    await asyncio.sleep(_PATIENCE)
        finally:
            track.is_filling = False

    def _merge(self, track: Track, found: Sequence[Missed]) -> None:
        """Tell what was found in the database, and what waited in between, in rev order."""
        told: set[str] = set()
        fetched = {one.message.rev: one for one in found}
        top = max(fetched, default=0)
        for rev in sorted({*fetched, *(rev for rev in track.held if rev < top)}):
            if rev <= (track.last or 0):
                continue
            happening = track.pop(rev)
            if happening is None:
                one = fetched[rev]
                count_gaps(1)
                happening = _happening(
                    one,
                    is_new=one.is_new and one.message.id not in told,
                    readers=tuple(track.readers),
                )
            told.add(happening.message.id)
            track.last = rev
            self._tell(happening)
        for happening in track.take_due():
            self._tell(happening)

    async def _look(self, conversation: str, since: int) -> list[Missed]:
        async with self._looks:
            return await persist(self._changes.missed, conversation, since, _PAGE)

    def _tell(self, happening: AnyHappening) -> None:
        for listener in self._listeners:
            try:
                listener(happening)
            except Exception:
                # What comes after it must be told all the same.
                logger.exception("fault in what hears the bus")


async def persist(ask: Callable[..., Awaitable[T]], *values: object) -> T:
    """Ask the database until it answers; return what it says."""
    while True:
        try:
            return await ask(*values)
        except ChatError:
            await asyncio.sleep(_RETRY)


def _happening(one: Missed, *, is_new: bool, readers: tuple[str, ...]) -> MessageStored:
    kind: MessageKind = "message" if is_new else "message_updated"
    return MessageStored(kind=kind, message=one.message, readers=readers)
