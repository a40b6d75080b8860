"""What one of several processes hears, with a bus and a database that wait when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from realchat.attendance import Attendance
from realchat.events import AnyHappening, GroupChanged, MessageStored
from realchat.frames import MessageKind
from realchat.ids import group_conversation
from realchat.listeners import Listener
from realchat.lookups import Lookups
from realchat.models import Group, Message
from realchat.readings import Missed
from realchat.sequencer import Sequencer
from realchat.tasks import Tasks

ANA, BEN, CEM = "a" * 24, "b" * 24, "c" * 24
TEAM_ID = "0" * 24
TEAM = group_conversation(TEAM_ID)


def team(version: int, *members: str) -> Group:
    """Return a version of the one group that there is."""
    return Group(
        id=TEAM_ID,
        name="Team",
        members=list(members),
        roles=dict.fromkeys(members, "member"),
        private=True,
        created_by=BEN,
        created_at="2026-01-01T00:00:00Z",
        version=version,
    )


def changed(rev: int | None, version: int, *members: str) -> GroupChanged:
    """Return the news of a version of the group."""
    return GroupChanged(group_id=TEAM_ID, group=team(version, *members), rev=rev)


def message(rev: int, conversation: str = TEAM, **fields: Any) -> Message:
    """Return a message, new with that rev."""
    kept: dict[str, Any] = {
        "id": f"{rev:024x}",
        "conversation": conversation,
        "seq": rev,
        "rev": rev,
        "sender_id": BEN,
        "content": "text",
        "content_lang": "en",
        "detected": False,
        "files": [],
        "attachments": [],
        "mentions": [],
        "reactions": {},
        "created_at": "2026-01-01T00:00:00Z",
    }
    return Message(**kept | fields)


def stored(one: Message, *readers: str, kind: MessageKind = "message") -> MessageStored:
    """Return the news of a message: from elsewhere, or from here, for those readers."""
    return MessageStored(kind=kind, message=one, readers=readers)


class FakeBus:
    """A bus that brings what a test has it bring; `joining` is awaited before each join."""

    def __init__(self) -> None:
        self.joined: set[str] = set()
        self.joining: Callable[[Sequence[str]], Awaitable[object]] | None = None
        self._listeners: list[Listener] = []

    def publish(self, happening: AnyHappening) -> None:
        """Bring it."""
        for listener in self._listeners:
            listener(happening)

    def subscribe(self, listener: Listener) -> None:
        """Take a listener."""
        self._listeners.append(listener)

    async def ping(self) -> None:
        """Answer."""

    async def join(self, channels: Sequence[str]) -> None:
        """Listen to channels."""
        if self.joining is not None:
            await self.joining(channels)
        self.joined.update(channels)

    def leave(self, channels: Sequence[str]) -> None:
        """Listen to channels no more."""
        self.joined.difference_update(channels)


class FakeDatabase:
    """The group, the direct conversations, and messages with the rev that each was new with.

    `looking` is awaited after what was missed was read, `asking` before revs are.
    """

    def __init__(self) -> None:
        self.group: Group | None = None
        self.directs: list[str] = []
        self.messages: dict[str, tuple[Message, int]] = {}
        self.looking: Callable[[], Awaitable[object]] | None = None
        self.asking: Callable[[], Awaitable[object]] | None = None

    def put(self, *messages: Message) -> None:
        """Keep messages, or changes of them."""
        for one in messages:
            _, first = self.messages.get(one.id, (one, one.rev))
            self.messages[one.id] = one, first

    async def revs(self, conversations: Sequence[str]) -> dict[str, int]:
        """Return the last rev of each conversation that has any."""
        if self.asking is not None:
            await self.asking()
        found: dict[str, int] = {}
        for one, _ in self.messages.values():
            if one.conversation in conversations:
                found[one.conversation] = max(one.rev, found.get(one.conversation, 0))
        return found

    async def missed(self, conversation: str, since: int, limit: int) -> list[Missed]:
        """Return what changed after a rev."""
        found = [
            Missed(one, first > since, first)
            for one, first in self.messages.values()
            if one.conversation == conversation and one.rev > since
        ]
        if self.looking is not None:
            await self.looking()
        return sorted(found, key=lambda missed: missed.message.rev)[:limit]


class Groups:
    """Who is in the group."""

    def __init__(self, kept: FakeDatabase) -> None:
        self._kept = kept

    async def of_members(self, user_ids: Sequence[str]) -> list[Group]:
        """Return the group, if one of the users is in it."""
        await asyncio.sleep(0)
        group = self._kept.group
        return [group] if group is not None and group.roles.keys() & set(user_ids) else []


class Directs:
    """Who talks with whom."""

    def __init__(self, kept: FakeDatabase) -> None:
        self._kept = kept

    async def of_members(self, user_ids: Sequence[str]) -> list[str]:
        """Return the direct conversations of users."""
        await asyncio.sleep(0)
        return [one for one in self._kept.directs if any(user in one for user in user_ids)]


class Hearing:
    """The parts of a process that hear; `told` is what they told the others."""

    def __init__(self) -> None:
        self.bus, self.kept, self.tasks = FakeBus(), FakeDatabase(), Tasks()
        self.groups = Groups(self.kept)
        self.sequencer = Sequencer(self.bus, self.kept, self.tasks)
        lookups = Lookups(Directs(self.kept), self.groups)
        self.attendance = Attendance(self.bus, self.sequencer, lookups, self.kept, self.tasks)
        self.told: list[MessageStored] = []
        self.sequencer.subscribe(self._note)

    def _note(self, happening: AnyHappening) -> None:
        if isinstance(happening, MessageStored):
            self.told.append(happening)

    def revs_of(self, user_id: str) -> list[int]:
        """Return the revs of what somebody was told."""
        return [one.message.rev for one in self.told if user_id in one.readers]

    def say(self, *revs: int) -> None:
        """Have another process store messages, and tell them through the group's channel."""
        for rev in revs:
            self.kept.put(message(rev))
            if f"c:{TEAM}" in self.bus.joined:
                self.bus.publish(stored(message(rev)))

    async def rest(self) -> None:
        """Wait until nothing is under way: looks, joins, and the waits for what is missing."""
        await asyncio.sleep(0.12)
        # Not by `drain`, which cancels what is begun meanwhile.
        while running := set(self.tasks._running):
            await asyncio.wait(running)
            await asyncio.sleep(0.06)
