"""What one of several processes does for all: it holds a claim until it is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from pymongo import ASCENDING, IndexModel

from realchat.errors import ChatError
from realchat.ids import new_id, now
from realchat.store.database import Database
from realchat.store.health import DuplicateError

# Seconds between two looks at what somebody else has claimed, at first and later.
_PAUSE, _LONGEST_PAUSE = 0.1, 1.0


class Claims:
    """The `claims` collection."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("claims")

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._collection.create_indexes(
            IndexModel([("until", ASCENDING)], expireAfterSeconds=0)
        )

    @asynccontextmanager
    async def hold(self, name: str, seconds: float) -> AsyncIterator[None]:
        """Wait until nobody else does something, and claim it for so many seconds at most.

        What a process that died had claimed is free after that time.
        """
        owner, pause = new_id(), _PAUSE
        while not await self._take(name, owner, seconds):
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        try:
            yield
        finally:
            with suppress(ChatError):  # it ends by itself
                await self._collection.delete({"_id": name, "owner": owner})

    async def seize(self, name: str, seconds: float) -> bool:
        """Claim something for so many seconds, if nobody has; tell whether it is ours now."""
        return await self._take(name, new_id(), seconds)

    async def _take(self, name: str, owner: str, seconds: float) -> bool:
        # Read first: those who wait must not cost the others a journaled write each time.
        if await self._collection.find_one({"_id": name, "until": {"$gte": now()}}):
            return False
        free = {"_id": name, "until": {"$lt": now()}}
        change = {"$set": {"owner": owner, "until": now() + timedelta(seconds=seconds)}}
        try:
            await self._collection.update(free, change, upsert=True)
        except DuplicateError:
            return False
        return True
