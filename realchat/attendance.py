"""Who is connected to this process, and what it therefore has to hear of.

Nobody is greeted before their conversations are listened to: what a `resume`
reads and what comes as it happens then meet without a hole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from realchat.channels import user_channel
from realchat.earshot import Earshot, Revs
from realchat.events import AnyHappening, GroupChanged, MessageStored, Notice, Resync
from realchat.frames import Ephemeral, GroupCreated, GroupLeft, GroupUpdated
from realchat.ids import DirectKey, GroupKey, group_conversation, parse_conversation
from realchat.loader import Loader
from realchat.lookups import Found, Lookups
from realchat.models import Group
from realchat.ports import SharedBus
from realchat.retries import persist
from realchat.seats import Guest, Seats, Stage
from realchat.sequencer import Sequencer
from realchat.tasks import Tasks

# Seconds for which a process still hears of somebody whose last connection went away, and
# users in one question to the database.
_LINGER, _BATCH = 30.0, 500


class Attendance:
    """Keeps the channels and the tracks of all whom this process serves."""

    def __init__(
        self, bus: SharedBus, sequencer: Sequencer, lookups: Lookups, revs: Revs, tasks: Tasks
    ) -> None:
        self._bus = bus
        self._sequencer = sequencer
        self._lookups = lookups
        self._revs = revs
        self._tasks = tasks
        self._seats = Seats(sequencer)
        self._earshot = Earshot(bus, sequencer, revs, tasks)
        self._arrivals: Loader[str, bool] = Loader(self._receive)
        self._reviews = 0
        bus.subscribe(self._hear)

    async def arrive(self, user_id: str) -> None:
        """Count a connection of a user; returns once this process hears all that concerns them.

        Raises `unavailable`; then the connection does not count.
        """
        guest = self._seats.guests.setdefault(user_id, Guest())
        guest.connections += 1
        if guest.leaving is not None:
            guest.leaving.cancel()
            guest.leaving = None
        try:
            while guest.stage < Stage.HEARING:
                await self._arrivals.get(user_id)
        except BaseException:
            self.depart(user_id)
            raise

    def depart(self, user_id: str) -> None:
        """Count a connection less; what concerns nobody else here is soon heard no more."""
        guest = self._seats.guests[user_id]
        guest.connections -= 1
        if not guest.connections:
            loop = asyncio.get_running_loop()
            guest.leaving = loop.call_later(_LINGER, self._forget, user_id)

    def close(self) -> None:
        """Forget nobody any more: it is the server that goes."""
        for guest in self._seats.guests.values():
            if guest.leaving is not None:
                guest.leaving.cancel()

    def _forget(self, user_id: str) -> None:
        for conversation in list(self._seats.guests[user_id].conversations):
            self._stand(conversation, user_id)
        del self._seats.guests[user_id]
        self._bus.leave([user_channel(user_id)])

    async def _receive(self, user_ids: Sequence[str]) -> dict[str, bool]:
        """Listen to all that concerns some users, and find out where it stands."""
        # First, so that what begins after the look-up is heard of.
        await self._bus.join([*map(user_channel, user_ids)])
        found = await self._lookups.of(user_ids)
        self._seat(found, user_ids)
        await self._earshot.settled(found.seats)
        self._seats.promote(self._seats.seated(user_ids), Stage.HEARING)
        return {}

    def _seat(self, found: Found, user_ids: Sequence[str]) -> None:
        for conversation, users in found.seats.items():
            group = found.groups.get(conversation)
            here = self._seats.guests.keys() & users
            if here and self._sequencer.track_of(conversation) is None:
                self._earshot.follow(conversation, None)
            for user_id in here:
                self._seats.sit(conversation, user_id, group.version if group else 0)
        self._seats.promote(user_ids, Stage.SEATED)
        for conversation, group in found.groups.items():
            # Else it is still to be told of: what it changes for others is done then.
            if self._seats.agree(conversation, group):
                self._seats.is_news(conversation, group)

    def _hear(self, happening: AnyHappening) -> None:
        self._lookups.note(happening)
        match happening:
            case MessageStored():
                self._meet(happening.message.conversation)
            case Notice(frame=GroupCreated(group=group)):
                self._regroup(group, since=0)
            case GroupChanged(group=None):
                self._end(group_conversation(happening.group_id))
            case GroupChanged(group=Group() as group):
                self._regroup(group, since=happening.rev)
            case Resync():
                self._reviews += 1
                if self._reviews == 1:
                    self._tasks.start(self._review())
        self._sequencer.take(happening)

    def _meet(self, conversation: str) -> None:
        """Follow a direct conversation that has begun after its people came."""
        key = parse_conversation(conversation)
        if isinstance(key, DirectKey) and (users := self._seats.without(conversation, key)):
            self._follow(conversation, users, since=0)

    def _regroup(self, group: Group, since: int | None) -> None:
        """Take over who is in a group now; those who came hear what was said after `since`."""
        conversation = group_conversation(group.id)
        track = self._sequencer.track_of(conversation)
        come = self._seats.without(conversation, group.members)
        if (track is None and not come) or not self._seats.is_news(conversation, group):
            return
        if come:
            self._follow(conversation, come, since, group.version)
        for user_id in self._seats.gone(conversation, group):
            self._stand(conversation, user_id)

    def _follow(
        self, conversation: str, users: Sequence[str], since: int | None, version: int = 0
    ) -> None:
        """Have some hear of a conversation that they were not in when they came."""
        if self._sequencer.track_of(conversation) is None:
            self._earshot.follow(conversation, since)
        elif since is not None:
            for user_id in users:
                self._seats.admit(conversation, user_id, since, version)
            return
        for user_id in users:
            self._seats.sit(conversation, user_id, version)

    async def _review(self) -> None:
        """Find out what changed unheard: who is where, and what was said."""
        try:
            while self._reviews:
                reviews = self._reviews
                users = self._seats.seated(list(self._seats.guests))
                news: set[str] = set()
                for start in range(0, len(users), _BATCH):
                    await self._review_some(users[start : start + _BATCH], news)
                await self._sequencer.compare(self._sequencer.conversations)
                # Others that came meanwhile are done with by one more.
                self._reviews = min(self._reviews - reviews, 1)
        finally:
            self._reviews = 0  # also where it failed: else none would ever begin again

    async def _review_some(self, user_ids: Sequence[str], news: set[str]) -> None:
        found = await persist(self._lookups.of, user_ids)
        new = [one for one in found.groups if self._sequencer.track_of(one) is None]
        # Before they are told that they are in it, from where on they are to hear all;
        # then once more who is, since that took a while.
        if new:
            revs = dict.fromkeys(new, 0) | await persist(self._revs.revs, new)
            found = await persist(self._lookups.of, user_ids)
        self._take_over(found, user_ids, revs if new else {})
        for conversation, group in found.groups.items():
            # Also where it is no news any more since those before were told.
            if self._seats.is_news(conversation, group) or conversation in news:
                news.add(conversation)
                self._tell(tuple(found.seats[conversation]), GroupUpdated(group=group))

    def _take_over(self, found: Found, user_ids: Sequence[str], revs: Mapping[str, int]) -> None:
        """Have users be where they were found, and tell them where they are no more."""
        for user_id in self._seats.seated(user_ids):
            there = {one for one, users in found.seats.items() if user_id in users}
            for conversation in self._seats.guests[user_id].conversations.keys() - there:
                self._stand(conversation, user_id)
                key = parse_conversation(conversation)
                if isinstance(key, GroupKey):
                    self._tell((user_id,), GroupLeft(group_id=key.group_id))
        for conversation, users in found.seats.items():
            group = found.groups.get(conversation)
            if come := self._seats.without(conversation, users):
                since = revs.get(conversation) if group else 0
                self._follow(conversation, come, since, group.version if group else 0)

    def _tell(self, readers: tuple[str, ...], frame: Ephemeral) -> None:
        self._sequencer.take(Notice(readers=readers, frame=frame))

    def _stand(self, conversation: str, user_id: str) -> None:
        if self._seats.stand(conversation, user_id):
            self._earshot.leave([conversation])

    def _end(self, conversation: str) -> None:
        if self._sequencer.track_of(conversation) is not None:
            self._seats.end(conversation)
            self._earshot.leave([conversation])
