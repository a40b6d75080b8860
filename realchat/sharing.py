"""What one process shares with others: through Redis where there is one, else with nobody."""

from __future__ import annotations

from typing import Protocol

from realchat.attendance import Attendance
from realchat.bus import LocalAttendance, LocalBuckets, LocalBus, LocalRoster
from realchat.events import AnyHappening, MessageStored, Resync
from realchat.limits import Buckets
from realchat.listeners import Listener
from realchat.lookups import Lookups
from realchat.metrics import show_bus
from realchat.ports import Bus
from realchat.presence import Presences, Roster
from realchat.redis_buckets import RedisBuckets
from realchat.redis_bus import RedisBus
from realchat.redis_client import Calls
from realchat.redis_roster import RedisRoster
from realchat.sequencer import Sequencer
from realchat.settings import Settings
from realchat.store.collections import Collections
from realchat.store.message_log import MessageLog
from realchat.tasks import Tasks

# How often a process shows that it lives while a sign of that is good.
_SIGNS = 4


class Arrivals(Protocol):
    """Who is connected here, and therefore what has to be heard of."""

    async def arrive(self, user_id: str) -> None:
        """Count a connection; returns once all is heard that concerns its user."""

    def depart(self, user_id: str) -> None:
        """Count a connection less."""


class Alone:
    """The parts of the only process there is."""

    def __init__(self) -> None:
        self.bus: Bus = LocalBus()
        self.attendance: Arrivals = LocalAttendance()
        self.roster: Roster = LocalRoster()
        self.buckets: Buckets = LocalBuckets()

    @property
    def is_up(self) -> bool:
        """Whether what is shared is there."""
        return True

    async def open(self) -> None:
        """Show that all is there: nobody has to be found."""
        show_bus(is_up=True)

    def watch(self, presences: Presences) -> None:
        """Do nothing: nobody else can come or go."""

    async def close(self) -> None:
        """Do nothing."""


class Shared:
    """The parts of one of several processes; `epoch` tells this database's from others'."""

    def __init__(
        self, settings: Settings, collections: Collections, epoch: str, tasks: Tasks
    ) -> None:
        kept = collections
        self._tasks = tasks
        self._seconds = settings.process_timeout_seconds
        self._calls = Calls(settings.redis_url)
        self._bus = RedisBus(settings.redis_url, epoch)
        self._bus.subscribe(_note(kept.message_log))
        sequencer = Sequencer(self._bus, kept.messages, tasks)
        lookups = Lookups(kept.directs, kept.groups)
        self._attendance = Attendance(self._bus, sequencer, lookups, kept.messages, tasks)
        self.bus: Bus = sequencer
        self.attendance: Arrivals = self._attendance
        self._roster = RedisRoster(
            self._calls,
            epoch,
            self._bus.process_id,
            good_for=self._seconds,
            grace=settings.presence_grace_seconds,
            make_up=self._bus.have_made_up,
        )
        self.roster: Roster = self._roster
        self.buckets: Buckets = RedisBuckets(self._calls, epoch, LocalBuckets())

    @property
    def is_up(self) -> bool:
        """Whether Redis is there."""
        return self._bus.is_up

    async def open(self) -> None:
        """Connect to Redis; where it is away, go on without it."""
        await self._bus.open()

    def watch(self, presences: Presences) -> None:
        """Show that this process lives, and look after those of others, from now on."""

        def hear(happening: AnyHappening) -> None:
            # Redis may have lost who is here.
            if isinstance(happening, Resync):
                self._tasks.start(presences.keep())

        async def look() -> None:
            # Nobody is told anything meanwhile: what is remembered must not be believed for ever.
            if not self.is_up:
                self._bus.make_up()

        interval = self._seconds / _SIGNS
        self._tasks.repeat(presences.keep, interval)
        self._tasks.repeat(look, interval)
        self.bus.subscribe(hear)

    async def close(self) -> None:
        """Send what waits, then disconnect."""
        self._attendance.close()
        if await self._bus.close():
            await self._roster.sign_off()
        await self._calls.close()


def _note(log: MessageLog) -> Listener:
    """Return what tells the one writer of this process which numbers are taken."""

    def hear(happening: AnyHappening) -> None:
        if isinstance(happening, MessageStored):
            message = happening.message
            log.note(message.conversation, message.seq, message.rev)

    return hear
