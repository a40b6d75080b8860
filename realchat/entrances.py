"""How others are let into groups: by a public group's id, or by an invite to any."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Protocol

from realchat.errors import ChatError, Code, invalid
from realchat.groups import Groups
from realchat.ids import now, timestamp
from realchat.memberships import require_role
from realchat.models import Group
from realchat.replies import Invite, InvitePreview
from realchat.requests import JoinGroup

INVITE_LIFE = timedelta(days=7)


class InviteStore(Protocol):
    """Where invites are kept, under the digests of their tokens."""

    async def add_invite(
        self, digest: str, group_id: str, created_by: str, expires_at: datetime
    ) -> None:
        """Store an invite."""

    async def find_invite(self, digest: str, moment: datetime) -> str | None:
        """Return the group that an invite opens at that moment."""


class Entrances:
    """The ways into groups."""

    def __init__(self, invites: InviteStore, groups: Groups) -> None:
        self._invites = invites
        self._groups = groups

    async def invite(self, user_id: str, group_id: str) -> Invite:
        """Make a token that lets whoever has it join, for seven days (admins)."""
        group = await self._groups.see(user_id, group_id)
        require_role(group, user_id, "admin")
        token, expires_at = secrets.token_urlsafe(24), now() + INVITE_LIFE
        await self._invites.add_invite(_digest(token), group.id, user_id, expires_at)
        return Invite(invite=token, expires_at=timestamp(expires_at))

    async def preview(self, user_id: str, invite: str) -> InvitePreview:
        """Return what an invite opens, for whoever has it. Raises `not_found`."""
        group = await self._groups.get(await self._opened_by(invite))
        return InvitePreview(
            group_id=group.id,
            name=group.name,
            private=group.private,
            member_count=len(group.members),
            joined=user_id in group.roles,
        )

    async def join(self, user_id: str, request: JoinGroup) -> Group:
        """Enter a public group, or any with an invite. Raises `not_found`."""
        return await self._groups.enter(user_id, await self._find(user_id, request))

    async def _find(self, user_id: str, request: JoinGroup) -> str:
        """Return the group that a request may enter."""
        if isinstance(request.invite, str):
            return await self._opened_by(request.invite)
        if not isinstance(request.group_id, str):
            raise invalid("group_id", "is required, unless there is an invite")
        return (await self._groups.see(user_id, request.group_id)).id

    async def _opened_by(self, invite: str) -> str:
        """Return the group that an invite opens now."""
        group_id = await self._invites.find_invite(_digest(invite), now())
        if group_id is None:
            raise ChatError(Code.NOT_FOUND, "This invite is unknown or no longer good.")
        return group_id


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
