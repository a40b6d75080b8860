"""Groups and the invites to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pymongo import ASCENDING, IndexModel

from realchat.ids import timestamp
from realchat.models import Group
from realchat.store.database import Database
from realchat.store.documents import Document, object_id


class Groups:
    """The `groups` and `invites` collections."""

    def __init__(self, database: Database) -> None:
        self._groups = database.collection("groups")
        self._invites = database.collection("invites")

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._groups.create_indexes(IndexModel([("members", ASCENDING)]))
        await self._invites.create_indexes(
            IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
            IndexModel([("group_id", ASCENDING)]),
        )

    async def create(self, group: Group, created_at: datetime) -> None:
        """Store a new group."""
        document = {**_write(group), "_id": object_id(group.id), "created_at": created_at}
        await self._groups.insert({**document, "created_by": group.created_by})

    async def find(self, group_id: str) -> Group | None:
        """Return a group."""
        document = await self._groups.find_one({"_id": object_id(group_id)})
        return _read(document) if document else None

    async def of_member(self, user_id: str) -> list[Group]:
        """Return the groups of a user, the oldest first."""
        found = await self._groups.find({"members": user_id}, sort=[("_id", ASCENDING)])
        return [_read(one) for one in found]

    async def of_members(self, user_ids: Sequence[str]) -> list[Group]:
        """Return the groups that any of the users is in, each once."""
        return [_read(one) for one in await self._groups.find({"members": {"$in": list(user_ids)}})]

    async def have_both(self, one: str, other: str) -> bool:
        """Tell whether two users share a group."""
        return await self._groups.find_one({"members": {"$all": [one, other]}}) is not None

    async def replace(self, group: Group) -> bool:
        """Store a group's next version, unless somebody else stored one first."""
        query = {"_id": object_id(group.id), "version": group.version - 1}
        return await self._groups.update(query, {"$set": _write(group)}) == 1

    async def delete(self, group: Group) -> bool:
        """Delete a group and its invites, unless somebody stored a next version first."""
        query = {"_id": object_id(group.id), "version": group.version}
        if not await self._groups.delete(query):
            return False
        await self._invites.delete({"group_id": group.id})
        return True

    async def add_invite(
        self, digest: str, group_id: str, created_by: str, expires_at: datetime
    ) -> None:
        """Store an invite under the digest of its token."""
        await self._invites.insert(
            {
                "_id": digest,
                "group_id": group_id,
                "created_by": created_by,
                "expires_at": expires_at,
            }
        )

    async def find_invite(self, digest: str, moment: datetime) -> str | None:
        """Return the group that an invite opens at that moment."""
        found = await self._invites.find_one({"_id": digest, "expires_at": {"$gt": moment}})
        return found["group_id"] if found else None


def _write(group: Group) -> Document:
    return {
        "name": group.name,
        "members": group.members,
        "roles": group.roles,
        "private": group.private,
        "version": group.version,
    }


def _read(document: Document) -> Group:
    return Group(
        id=str(document["_id"]),
        name=document["name"],
        members=document["members"],
        roles=document["roles"],
        private=document["private"],
        created_by=document["created_by"],
        created_at=timestamp(document["created_at"]),
        version=document["version"],
    )
