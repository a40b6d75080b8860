"""The order of what several processes tell: every conversation's changes by `rev`, each once.

The bus may lose, and brings what different processes say in any order. For each
conversation that somebody here is in, this knows the last `rev` that was told
here. What comes too early waits a moment for what is missing, which then is
fetched from the database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from msgspec import structs

from realchat.events import AnyHappening, MessageStored
from realchat.frames import MessageKind
from realchat.listeners import Listener, Listeners
from realchat.metrics import count_gaps
from realchat.ports import Bus
from realchat.readings import Missed
from realchat.retries import persist
from realchat.tasks import Tasks
from realchat.tracks import Admission, Track

logger = logging.getLogger(__name__)

# Seconds that a message waits for those before it: many times what one takes through Redis.
_PATIENCE = 0.05
# Messages in one look at the database, looks at the same time, conversations in one look.
_PAGE, _LOOKS, _BATCH = 200, 8, 500
# Looks without any progress after which what waits is told as it is.
_MAX_TRIES = 40


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
        self._listeners = Listeners()
        self._tracks: dict[str, Track] = {}
        self._looks = asyncio.Semaphore(_LOOKS)

    def publish(self, happening: AnyHappening) -> None:
        """Tell every process, this one included."""
        self._bus.publish(happening)

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with all that happens from now on, messages in their order."""
        self._listeners.add(listener)

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
        """Say where conversations stand that this process hears of: tracks begin there.

        What tracks that have begun before lack of that is looked for.
        """
        for conversation in conversations:
            track, rev = self._tracks.get(conversation), revs.get(conversation, 0)
            if track is not None:
                self._settle(conversation, track, rev)

    def _settle(self, conversation: str, track: Track, rev: int) -> None:
        if track.last is None:
            track.settle(rev)
        track.top = max(track.top, rev)
        self._tell_due(conversation, track)

    def take(self, happening: AnyHappening) -> None:
        """Pass on what the bus brings; a message when it is its turn."""
        if not isinstance(happening, MessageStored):
            self._listeners.tell_each(happening)
            return
        track = self._tracks.get(happening.message.conversation)
        if track is None:
            # Nobody is here to be told, but those of whose coming nobody told here yet.
            self._listeners.tell_each(structs.replace(happening, readers=()))
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
                    self._settle(conversation, track, rev)

    def admit(self, conversation: str, user_id: str, since: int) -> None:
        """Have somebody hear of a conversation, and of all in it after a rev, in order."""
        track = self._tracks[conversation]
        track.admitting[user_id] = admission = Admission()
        self._tasks.start(self._admit(conversation, user_id, admission, since))

    async def _admit(
        self, conversation: str, user_id: str, admission: Admission, since: int
    ) -> None:
        """Tell somebody the past; once the track has told others as much, they are with them."""
        # They may have left, and even come again, which is another admission.
        while (track := self._track_with(conversation, user_id, admission)) is not None:
            if (last := track.last) is None:
                await track.wait()
                continue
            if since >= last:
                admission.told = since
                track.advance(last)
                self._settle(conversation, track, since)
                return
            page = await self._look(conversation, since)
            if self._track_with(conversation, user_id, admission) is None:
                return
            for one in page:
                self._listeners.tell_each(_happening(one, is_new=one.is_new, readers=(user_id,)))
            since = max([one.message.rev for one in page], default=since)
            if len(page) < _PAGE:
                since = max(since, last)

    def _track_with(self, conversation: str, user_id: str, admission: Admission) -> Track | None:
        track = self._tracks.get(conversation)
        return track if track and track.admitting.get(user_id) is admission else None

    def _tell_due(self, conversation: str, track: Track) -> None:
        """Tell what is next; wait a moment, and then look, where something is missing."""
        for happening in track.take_due():
            if track.told is not None:
                track.told.add(happening.message.id)
            self._listeners.tell_each(happening)
        if track.is_behind and track.timer is None and track.told is None:
            loop = asyncio.get_running_loop()
            track.timer = loop.call_later(_PATIENCE, self._begin_filling, conversation, track)

    def _begin_filling(self, conversation: str, track: Track) -> None:
        track.timer = None
        if track.is_behind and self._tracks.get(conversation) is track:
            track.told = set()
            self._tasks.start(self._fill(conversation, track))

    async def _fill(self, conversation: str, track: Track) -> None:
        """Fetch what is missing until nothing is, and have it told in order."""
        tries = 0
        try:
            while track.is_behind and self._tracks.get(conversation) is track:
                before, track.told = track.last or 0, set()
                found = await self._look(conversation, before)
                self._merge(track, found)
                tries = tries + 1 if track.last == before else 0
                if tries >= _MAX_TRIES:
                    logger.warning("a conversation's changes are told with a gap")
                    track.skip()
                elif tries:
                    await asyncio.sleep(_PATIENCE)
        finally:
            track.told = None

    def _merge(self, track: Track, found: Sequence[Missed]) -> None:
        """Tell what was found in the database, and what waited in between, in rev order."""
        # Also what the bus brought during the look: who had it as new has a change of it now.
        told = track.told or set()
        fetched = {one.message.rev: one for one in found}
        top = max(fetched, default=0)
        for rev in sorted({*fetched, *(rev for rev in track.held if rev < top)}):
            if rev <= (track.last or 0):
                continue
            happening, one = track.pop(rev), fetched.get(rev)
            is_new = one is not None and one.is_new and one.message.id not in told
            if happening is None:
                count_gaps(1)
                readers = tuple(track.readers)
                happening = _happening(fetched[rev], is_new=is_new, readers=readers)
            elif is_new and happening.kind != "message":
                # Its change was heard of, but not the message itself.
                happening = structs.replace(happening, kind="message", frame=None)
            told.add(happening.message.id)
            track.advance(rev)
            self._listeners.tell_each(happening)
        for happening in track.take_due():
            self._listeners.tell_each(happening)

    async def _look(self, conversation: str, since: int) -> list[Missed]:
        async with self._looks:
            return await persist(self._changes.missed, conversation, since, _PAGE)


def _happening(one: Missed, *, is_new: bool, readers: tuple[str, ...]) -> MessageStored:
    kind: MessageKind = "message" if is_new else "message_updated"
    return MessageStored(kind=kind, message=one.message, readers=readers)
