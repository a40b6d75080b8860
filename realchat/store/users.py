"""Users as MongoDB keeps them: the seed's fields, and what was added to them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import UNSET
from pymongo import ASCENDING, IndexModel, UpdateOne

from realchat.errors import ChatError, Code
from realchat.loader import Loader
from realchat.models import User, UserChange
from realchat.names import email_key, name_key
from realchat.store.database import Database
from realchat.store.documents import Document, Query, object_id
from realchat.store.health import DuplicateError

logger = logging.getLogger(__name__)

# Sparse, since the users of a database of the seed's have no keys yet.
_BY_EMAIL = IndexModel([("email_key", ASCENDING)], unique=True, sparse=True)
_BY_NAME = IndexModel([("name_key", ASCENDING)])
# Sorts behind every text that begins with what stands before it.
_LAST = "\U0010ffff"


class Users:
    """The `users` collection."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("users")
        self._loader = Loader(self._load)

    async def prepare(self) -> None:
        """Create the indexes, and add to the users of the seed's what they are found by."""
        await self._collection.create_indexes(_BY_EMAIL, _BY_NAME)
        for document in await self._collection.find({"name_key": {"$exists": False}}):
            await self._add_keys(document)

    async def create(self, user: User) -> None:
        """Keep a new user. Raises `email_taken`."""
        document = {
            "_id": object_id(user.id),
            "email": user.email,
            "email_key": email_key(user.email),
            "name": user.name,
            "name_key": name_key(user.name),
            "password_hash": user.password_hash,
            "language": user.language,
            "reads": list(user.reads),
            "is_verified": user.is_verified,
            "avatar_url": user.avatar_url,
            "blocked": sorted(user.blocked),
            "created_at": user.created_at,
            "last_seen": user.last_seen,
            "storage_used": 0,
        }
        try:
            await self._collection.insert(document)
        except DuplicateError:
            raise ChatError(Code.EMAIL_TAKEN) from None

    async def find(self, user_id: str) -> User | None:
        """Return one user."""
        return await self._find({"_id": object_id(user_id)})

    async def find_many(self, user_ids: Sequence[str]) -> list[User]:
        """Return those of the users that there are, in no order."""
        return list((await self._loader.get_many(user_ids)).values())

    async def find_by_email(self, key: str) -> User | None:
        """Return the user of an address, by its `email_key`."""
        return await self._find({"email_key": key})

    async def search(self, prefix: str, limit: int) -> list[User]:
        """Return users whose `name_key` begins with `prefix`, by name."""
        found = await self._collection.find(
            {"name_key": {"$gte": prefix, "$lt": prefix + _LAST}},
            sort=[("name_key", ASCENDING), ("_id", ASCENDING)],
            limit=limit,
        )
        return [read_user(document) for document in found]

    async def update(self, user_id: str, change: UserChange) -> User | None:
        """Change what is set in `change`; return the user as they are then."""
        fields = {
            name: value
            for name in UserChange.__struct_fields__
            if (value := getattr(change, name)) is not UNSET
        }
        if "name" in fields:
            fields["name_key"] = name_key(fields["name"])
        if not fields:
            return await self.find(user_id)
        document = await self._collection.find_and_update(
            {"_id": object_id(user_id)}, {"$set": fields}
        )
        return read_user(document) if document else None

    async def set_blocked(self, user_id: str, other_id: str, on: bool) -> None:
        """Note, or forget, that a user has blocked another one."""
        operator = "$addToSet" if on else "$pull"
        await self._collection.update(
            {"_id": object_id(user_id)}, {operator: {"blocked": other_id}}
        )

    async def touch_last_seen(self, moments: Mapping[str, datetime]) -> None:
        """Note when users were last connected; an earlier moment changes nothing."""
        await self._collection.write_unordered(
            [
                UpdateOne({"_id": object_id(user_id)}, {"$max": {"last_seen": moment}})
                for user_id, moment in moments.items()
            ]
        )

    async def _load(self, user_ids: Sequence[str]) -> dict[str, User]:
        ids = [object_id(user_id) for user_id in user_ids]
        found = await self._collection.find({"_id": {"$in": ids}})
        return {str(document["_id"]): read_user(document) for document in found}

    async def _add_keys(self, document: Document) -> None:
        this = {"_id": document["_id"]}
        await self._collection.update(this, {"$set": {"name_key": name_key(document["name"])}})
        try:
            key = email_key(document["email"])
            await self._collection.update(this, {"$set": {"email_key": key}})
        except (ChatError, DuplicateError):
            # No address, or another user's: who has it cannot sign in, and loses nothing else.
            logger.warning("user %s has no e-mail address of their own", document["_id"])

    async def _find(self, query: Query) -> User | None:
        document = await self._collection.find_one(query)
        return read_user(document) if document else None


def read_user(document: Document) -> User:
    """Turn a document into a record; a document of the seed's has only the seed's fields."""
    return User(
        id=str(document["_id"]),
        email=document["email"],
        name=document["name"],
        language=document.get("language") or "en",
        reads=tuple(document.get("reads", ())),
        password_hash=document.get("password_hash"),
        is_verified=document.get("is_verified", False),
        avatar_url=document.get("avatar_url"),
        blocked=frozenset(document.get("blocked", ())),
        created_at=document["created_at"],
        last_seen=document.get("last_seen"),
    )
