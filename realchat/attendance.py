"""Who is connected to this process, and what it therefore has to hear of.

Nobody is greeted before their conversations are listened to: what a `resume`
reads and what comes as it happens then meet without a hole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from realchat.channels import conversation_channel, user_channel
from realchat.errors import ChatError, Code
from realchat.events import AnyHappening, GroupChanged, MessageStored, Notice, Resync
from realchat.frames import Ephemeral, GroupCreated, GroupLeft, GroupUpdated
from realchat.ids import DirectKey, GroupKey, group_conversation, parse_conversation
from realchat.loader import Loader
from realchat.lookups import Found, Lookups
from realchat.models import Group
from realchat.ports import SharedBus
from realchat.seats import Guest, Seats
from realchat.sequencer import Sequencer, persist
from realchat.tasks import Tasks

# Seconds for which a process still hears of somebody whose last connection went away, and
# users, or conversations, in one question to the database.
_LINGER, _BATCH = 30.0, 500


class Revs(Protocol):
    """How far conversations are."""

    async def revs(self, conversations: Sequence[str]) -> dict[str, int]:
        """Return the last rev of each conversation that has any."""


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
        self._arrivals: Loader[str, bool] = Loader(self._receive)
        # Conversations that are followed, and not listened to yet.
        self._new: dict[str, None] = {}
        self._is_joining = False
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
            while not guest.is_ready:
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
        there = self._seats.guests[user_id].conversations
        left = [one for one in list(there) if self._seats.stand(one, user_id)]
        del self._seats.guests[user_id]
        self._bus.leave([*map(conversation_channel, left), user_channel(user_id)])

    async def _receive(self, user_ids: Sequence[str]) -> dict[str, bool]:
        """Listen to all that concerns some users, and find out where it stands."""
        found = await self._lookups.of(user_ids)
        new = [one for one in found.seats if self._sequencer.track_of(one) is None]
        for conversation in new:
            self._sequencer.track(conversation, None)
        self._seat(found)
        try:
            await self._bus.join([*map(conversation_channel, new), *map(user_channel, user_ids)])
            for start in range(0, len(new), _BATCH):
                batch = new[start : start + _BATCH]
                self._sequencer.settle(batch, await self._revs.revs(batch))
        except BaseException:
            self._give_up(new)
            raise
        for conversation in found.seats:
            await self._await_settled(conversation)
        for user_id in self._seats.guests.keys() & set(user_ids):
            self._seats.guests[user_id].is_ready = True
        return {}

    async def _await_settled(self, conversation: str) -> None:
        """Wait for what others have begun to listen to at the same time."""
        track = self._sequencer.track_of(conversation)
        if track is not None and track.settling is not None:
            await track.settling.wait()
            if self._sequencer.track_of(conversation) is not track:
                raise ChatError(Code.UNAVAILABLE, retry_after=1)

    def _give_up(self, conversations: Iterable[str]) -> None:
        for conversation in conversations:
            track = self._sequencer.track_of(conversation)
            if track is not None and track.last is None:
                self._end(conversation)

    def _seat(self, found: Found) -> None:
        for conversation, group in found.groups.items():
            self._seats.is_news(conversation, group)
        for conversation, users in found.seats.items():
            for user_id in users:
                self._seats.sit(conversation, user_id)

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
            self._follow(conversation, users, 0)

    def _regroup(self, group: Group, since: int | None) -> None:
        """Take over who is in a group now; those who came hear what was said after `since`."""
        conversation = group_conversation(group.id)
        track = self._sequencer.track_of(conversation)
        come = self._seats.without(conversation, group.members)
        if (track is None and not come) or not self._seats.is_news(conversation, group):
            return
        for user_id in track.readers - group.roles.keys() if track is not None else ():
            if self._seats.stand(conversation, user_id):
                self._bus.leave([conversation_channel(conversation)])
        if come:
            self._follow(conversation, come, since)

    def _follow(self, conversation: str, users: Sequence[str], since: int | None) -> None:
        """Have some hear of a conversation that they were not in when they came."""
        if self._sequencer.track_of(conversation) is not None and since is not None:
            for user_id in users:
                self._seats.guests[user_id].conversations.add(conversation)
                self._tasks.start(self._admit(conversation, user_id, since))
            return
        if self._sequencer.track_of(conversation) is None:
            self._sequencer.track(conversation, since)
            self._new[conversation] = None
        for user_id in users:
            self._seats.sit(conversation, user_id)
        if self._new and not self._is_joining:
            self._is_joining = True
            self._tasks.start(self._join_new())

    async def _admit(self, conversation: str, user_id: str, since: int) -> None:
        await self._sequencer.admit(conversation, user_id, since)
        if not self._seats.is_in(conversation, user_id):
            self._stand(conversation, user_id)  # left meanwhile

    async def _join_new(self) -> None:
        try:
            while self._new:
                new = list(self._new)
                self._new.clear()
                await self._bus.join([conversation_channel(one) for one in new])
                await self._sequencer.compare(new)
        finally:
            self._is_joining = False

    async def _review(self) -> None:
        """Find out what changed unheard: who is where, and what was said."""
        while self._reviews:
            reviews = self._reviews
            users = self._seats.ready(list(self._seats.guests))
            for start in range(0, len(users), _BATCH):
                await self._review_some(users[start : start + _BATCH])
            await self._sequencer.compare(self._sequencer.conversations)
            # Others that came meanwhile are done with by one more.
            self._reviews = min(self._reviews - reviews, 1)

    async def _review_some(self, user_ids: Sequence[str]) -> None:
        found = await persist(self._lookups.of, user_ids)
        new = [one for one in found.groups if self._sequencer.track_of(one) is None]
        # Before they are told that they are in it, from where on they are to hear all;
        # then once more who is, since that took a while.
        if new:
            revs = dict.fromkeys(new, 0) | await persist(self._revs.revs, new)
            found = await persist(self._lookups.of, user_ids)
        self._take_over(found, user_ids, revs if new else {})

    def _take_over(self, found: Found, user_ids: Sequence[str], revs: Mapping[str, int]) -> None:
        """Have users be where they were found, and tell them what that changes."""
        for user_id in self._seats.ready(user_ids):
            there = {one for one, users in found.seats.items() if user_id in users}
            for conversation in self._seats.guests[user_id].conversations - there:
                self._stand(conversation, user_id)
                key = parse_conversation(conversation)
                if isinstance(key, GroupKey):
                    self._tell((user_id,), GroupLeft(group_id=key.group_id))
        for conversation, users in found.seats.items():
            group = found.groups.get(conversation)
            if come := self._seats.without(conversation, users):
                self._follow(conversation, come, revs.get(conversation) if group else 0)
            if group is not None and self._seats.is_news(conversation, group):
                self._tell(tuple(users), GroupUpdated(group=group))

    def _tell(self, readers: tuple[str, ...], frame: Ephemeral) -> None:
        self._sequencer.take(Notice(readers=readers, frame=frame))

    def _stand(self, conversation: str, user_id: str) -> None:
        if self._seats.stand(conversation, user_id):
            self._bus.leave([conversation_channel(conversation)])

    def _end(self, conversation: str) -> None:
        if self._sequencer.track_of(conversation) is not None:
            self._seats.end(conversation)
            self._bus.leave([conversation_channel(conversation)])
