"""Groups: who belongs to them, and who may change them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from msgspec import UNSET, structs

from realchat.errors import ChatError, Code, invalid
from realchat.events import AnyHappening, GroupChanged, Resync
from realchat.group_news import GroupNews
from realchat.ids import group_conversation, new_id, now, require_id, timestamp
from realchat.memberships import (
    rank,
    require_authority,
    require_role,
    with_member,
    without_member,
)
from realchat.memory import Memory
from realchat.models import Group, Role
from realchat.names import clean_name
from realchat.ports import Bus, KnownPeople
from realchat.requests import CreateGroup, UpdateGroup

_MAX_REMEMBERED = 10_000
# A change that lost to another is made again on what is there then; so many
# losses in a row mean that something else is wrong.
_MAX_TRIES = 10


class GroupStore(Protocol):
    """Where groups and their invites are kept."""

    async def create(self, group: Group, created_at: datetime) -> None:
        """Store a new group."""

    async def find(self, group_id: str) -> Group | None:
        """Return a group."""

    async def replace(self, group: Group) -> bool:
        """Store a group's next version, unless somebody else stored one first."""

    async def delete(self, group: Group) -> bool:
        """Delete a group and its invites, unless somebody stored a next version first."""

    async def of_member(self, user_id: str) -> list[Group]:
        """Return the groups of a user."""

    async def have_both(self, one: str, other: str) -> bool:
        """Tell whether two users share a group."""


class Clearing(Protocol):
    """What clears away what a group leaves behind."""

    def clear(self, conversation: str) -> None:
        """Begin to delete all that is kept of a conversation."""


class Groups:
    """All groups; what is returned of them is what the asker may see."""

    def __init__(
        self,
        store: GroupStore,
        people: KnownPeople,
        clearing: Clearing,
        bus: Bus,
        news: GroupNews,
    ) -> None:
        self._store = store
        self._people = people
        self._clearing = clearing
        self._news = news
        self._remembered = Memory(self._load, _MAX_REMEMBERED)
        bus.subscribe(self._hear)

    async def get(self, group_id: str) -> Group:
        """Return a group, whoever asks. Raises `not_found`."""
        return await self._remembered.get(require_id(group_id))

    def peek(self, group_id: str) -> Group | None:
        """Return a group as it is remembered, if it is."""
        return self._remembered.peek(group_id)

    async def get_fresh(self, group_id: str) -> Group:
        """Return a group as it is kept now, which may not have been told yet."""
        self._remembered.forget(group_id)
        return await self.get(group_id)

    async def see(self, user_id: str, group_id: str) -> Group:
        """Return a group that a user is in or that is public; else raise `not_found`."""
        group = await self.get(group_id)
        if group.private and user_id not in group.roles:
            raise ChatError(Code.NOT_FOUND)
        return group

    async def of_member(self, user_id: str) -> list[Group]:
        """Return the groups of a user, the oldest first."""
        return await self._store.of_member(user_id)

    async def have_both(self, one: str, other: str) -> bool:
        """Tell whether two users share a group."""
        return await self._store.have_both(one, other)

    async def create(self, creator_id: str, request: CreateGroup) -> Group:
        """Make a group; its creator owns it. Raises `validation_error` and `blocked`."""
        group = Group(
            id=new_id(),
            name=clean_name(request.name),
            members=[creator_id],
            roles={creator_id: "owner"},
            private=request.private,
            created_by=creator_id,
            created_at=timestamp(created_at := now()),
            version=1,
        )
        for user_id in request.members:
            try:
                await self._check_addition(creator_id, user_id)
            except ChatError as error:
                if error.code is Code.NOT_FOUND:
                    raise invalid("members", "must be ids of users") from None
                raise
            group = with_member(group, user_id)
        await self._store.create(group, created_at)
        self._news.tell_created(group)
        return group

    async def update(self, user_id: str, group_id: str, request: UpdateGroup) -> Group:
        """Rename a group or change whether it is private (admins)."""
        fields = {
            name: value for name, value in structs.asdict(request).items() if value is not UNSET
        }
        if "name" in fields:
            fields["name"] = clean_name(fields["name"])

        def change(group: Group) -> Group:
            require_role(group, user_id, "admin")
            return structs.replace(group, **fields)

        return await self._change(group_id, change)

    async def delete(self, user_id: str, group_id: str) -> None:
        """Delete a group with all that was said in it (owners)."""

        def change(group: Group) -> None:
            require_role(group, user_id, "owner")

        await self._change(group_id, change)

    async def enter(self, user_id: str, group_id: str) -> Group:
        """Make a user a member, whoever lets them in; entering twice changes nothing."""
        return await self._change(group_id, lambda group: with_member(group, user_id))

    async def leave(self, user_id: str, group_id: str) -> None:
        """Leave a group; the last one to leave ends it."""

        def change(group: Group) -> Group | None:
            require_role(group, user_id, "member")
            return None if group.members == [user_id] else without_member(group, user_id)

        await self._change(group_id, change)

    async def set_member(self, user_id: str, group_id: str, other_id: str, role: Role) -> Group:
        """Add somebody, or give a member another role (admins, up to their own role)."""
        group = await self.see(user_id, group_id)
        require_role(group, user_id, "admin")
        if require_id(other_id) not in group.roles:
            await self._check_addition(user_id, other_id)

        def change(group: Group) -> Group:
            require_role(group, user_id, "admin")
            require_authority(group, user_id, other_id)
            if rank(role) > rank(group.roles[user_id]):
                raise ChatError(Code.FORBIDDEN, "You cannot give a role above your own.")
            return with_member(group, other_id, role)

        return await self._change(group_id, change)

    async def remove_member(self, user_id: str, group_id: str, other_id: str) -> None:
        """Take somebody out of a group (admins; oneself: `leave`)."""
        if user_id == other_id:
            await self.leave(user_id, group_id)
            return
        group = await self.see(user_id, group_id)
        require_role(group, user_id, "admin")
        if other_id not in group.roles:
            raise ChatError(Code.NOT_FOUND, "This user is not in the group.")

        def change(group: Group) -> Group:
            require_role(group, user_id, "admin")
            require_authority(group, user_id, other_id)
            return without_member(group, other_id)

        await self._change(group_id, change)

    async def _change(self, group_id: str, change: Callable[[Group], Group | None]) -> Group:
        """Make a change on the group as it is now, and tell its members.

        None ends the group. Returns the group as it is then, or was in the end.
        """
        for _ in range(_MAX_TRIES):
            group = await self._load(require_id(group_id))
            changed = change(group)
            if changed == group:
                return group
            if changed is None:
                if await self._store.delete(group):
                    self._end(group)
                    return group
                continue
            changed = structs.replace(changed, version=group.version + 1)
            rev = await self._news.find_rev(group, changed)
            if await self._store.replace(changed):
                self._news.tell_changed(group, changed, rev)
                return changed
        raise ChatError(Code.CONFLICT)

    def _end(self, group: Group) -> None:
        self._news.tell_ended(group)
        self._clearing.clear(group_conversation(group.id))

    async def _check_addition(self, user_id: str, other_id: str) -> None:
        await self._people.get(other_id)
        if await self._people.blocked_between(user_id, other_id):
            raise ChatError(Code.BLOCKED)

    async def _load(self, group_id: str) -> Group:
        found = await self._store.find(group_id)
        if found is None:
            raise ChatError(Code.NOT_FOUND)
        return found

    def _hear(self, happening: AnyHappening) -> None:
        if isinstance(happening, Resync):
            self._remembered.forget_all()
        if not isinstance(happening, GroupChanged):
            return
        known, group = self._remembered.peek(happening.group_id), happening.group
        if known is None or group is None:
            self._remembered.forget(happening.group_id)
        elif known.version < group.version:  # the news of two changes may cross
            self._remembered.put(group.id, group)
