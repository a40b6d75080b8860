"""`/groups`: making, entering, leaving and managing groups."""

from __future__ import annotations

from handlers.base import ApiHandler
from handlers.endpoint import endpoint
from handlers.routes import Route
from realchat.errors import Code
from realchat.models import Group
from realchat.replies import Invite, InvitePreview
from realchat.requests import CreateGroup, JoinGroup, ReplaceGlossary, SetMember, UpdateGroup
from realchat.terms import Term

_MANAGING = (Code.NOT_FOUND, Code.FORBIDDEN, Code.CONFLICT)


class GroupsHandler(ApiHandler):
    """`/groups`."""

    @endpoint(status=201, raises=(Code.BLOCKED,))
    async def post(self, body: CreateGroup) -> Group:
        """Make a group, which you own."""
        return await self.services.groups.create(self.user_id, body)

    @endpoint()
    async def get(self) -> list[Group]:
        """List the groups you are in, the oldest first."""
        return await self.services.groups.of_member(self.user_id)


class GroupHandler(ApiHandler):
    """`/groups/{group_id}`."""

    @endpoint(raises=(Code.NOT_FOUND,))
    async def get(self, group_id: str) -> Group:
        """Show a group that you are in or that is public."""
        return await self.services.groups.see(self.user_id, group_id)

    @endpoint(raises=_MANAGING)
    async def patch(self, group_id: str, body: UpdateGroup) -> Group:
        """Rename a group or change whether it is private (admins)."""
        return await self.services.groups.update(self.user_id, group_id, body)

    @endpoint(status=204, raises=_MANAGING)
    async def delete(self, group_id: str) -> None:
        """Delete a group with all that was said in it (owners)."""
        await self.services.groups.delete(self.user_id, group_id)


class JoinHandler(ApiHandler):
    """`/groups/join`."""

    @endpoint(raises=(Code.NOT_FOUND, Code.FORBIDDEN, Code.CONFLICT))
    async def post(self, body: JoinGroup) -> Group:
        """Join a public group, or any with an invite; joining twice is no error."""
        return await self.services.entrances.join(self.user_id, body)


class InviteHandler(ApiHandler):
    """`/groups/{group_id}/invite`."""

    @endpoint(raises=_MANAGING)
    async def post(self, group_id: str) -> Invite:
        """Make an invite that lets whoever has it join, for seven days (admins)."""
        return await self.services.entrances.invite(self.user_id, group_id)


class InvitePreviewHandler(ApiHandler):
    """`/groups/invite/{invite}`."""

    @endpoint(raises=(Code.NOT_FOUND,))
    async def get(self, invite: str) -> InvitePreview:
        """Show which group an invite opens, before joining it."""
        return await self.services.entrances.preview(self.user_id, invite)


class LeaveHandler(ApiHandler):
    """`/groups/{group_id}/leave`."""

    @endpoint(status=204, raises=(Code.NOT_FOUND, Code.FORBIDDEN, Code.CONFLICT))
    async def post(self, group_id: str) -> None:
        """Leave a group; its last owner hands it over, its last member ends it."""
        await self.services.groups.leave(self.user_id, group_id)


class MemberHandler(ApiHandler):
    """`/groups/{group_id}/members/{user_id}`."""

    @endpoint(raises=(*_MANAGING, Code.BLOCKED))
    async def put(self, group_id: str, user_id: str, body: SetMember) -> Group:
        """Add somebody to a group, or give a member another role (admins)."""
        return await self.services.groups.set_member(self.user_id, group_id, user_id, body.role)

    @endpoint(status=204, raises=_MANAGING)
    async def delete(self, group_id: str, user_id: str) -> None:
        """Take somebody out of a group (admins), or yourself."""
        await self.services.groups.remove_member(self.user_id, group_id, user_id)


class GlossaryHandler(ApiHandler):
    """`/groups/{group_id}/glossary`."""

    @endpoint(raises=(Code.NOT_FOUND, Code.FORBIDDEN))
    async def get(self, group_id: str) -> list[Term]:
        """List the terms that a group you are in keeps or has translated so."""
        return await self.services.glossaries.read(self.user_id, group_id)

    @endpoint(raises=(Code.NOT_FOUND, Code.FORBIDDEN))
    async def put(self, group_id: str, body: ReplaceGlossary) -> list[Term]:
        """Give a group terms in place of those it had (admins)."""
        return await self.services.glossaries.replace(self.user_id, group_id, body.terms)


ROUTES = [
    Route("/groups", GroupsHandler),
    Route("/groups/join", JoinHandler),
    Route("/groups/invite/{invite}", InvitePreviewHandler),
    Route("/groups/{group_id}", GroupHandler),
    Route("/groups/{group_id}/glossary", GlossaryHandler),
    Route("/groups/{group_id}/invite", InviteHandler),
    Route("/groups/{group_id}/leave", LeaveHandler),
    Route("/groups/{group_id}/members/{user_id}", MemberHandler),
]
