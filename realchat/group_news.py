"""What is told of a group's changes: to its members, and to all who remember it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from realchat.events import GroupChanged, Notice
from realchat.frames import GroupCreated, GroupLeft, GroupUpdated
from realchat.ids import group_conversation
from realchat.models import Group
from realchat.ports import Bus


class Spoken(Protocol):
    """How far conversations are."""

    async def revs(self, conversations: Sequence[str]) -> dict[str, int]:
        """Return the last rev of each conversation that has any."""


class GroupNews:
    """Tells of groups."""

    def __init__(self, bus: Bus, spoken: Spoken | None) -> None:
        """Take the bus; `spoken` where other processes have to know what somebody came after."""
        self._bus = bus
        self._spoken = spoken

    def tell_created(self, group: Group) -> None:
        """Tell of a new group."""
        self._bus.publish(Notice(readers=tuple(group.members), frame=GroupCreated(group=group)))

    async def find_rev(self, before: Group, after: Group) -> int | None:
        """Return, before a change, the rev that those who come with it come after."""
        if self._spoken is None or before.roles.keys() >= after.roles.keys():
            return None
        conversation = group_conversation(after.id)
        return (await self._spoken.revs([conversation])).get(conversation, 0)

    def tell_changed(self, before: Group, after: Group, rev: int | None) -> None:
        """Tell of a group's change, and those who are in it no more of that."""
        self._bus.publish(GroupChanged(group_id=after.id, group=after, rev=rev))
        self._bus.publish(Notice(readers=tuple(after.members), frame=GroupUpdated(group=after)))
        if gone := tuple(before.roles.keys() - after.roles.keys()):
            self._bus.publish(Notice(readers=gone, frame=GroupLeft(group_id=after.id)))

    def tell_ended(self, group: Group) -> None:
        """Tell that a group is no more."""
        self._bus.publish(GroupChanged(group_id=group.id))
        self._bus.publish(Notice(readers=tuple(group.members), frame=GroupLeft(group_id=group.id)))
