"""How what nobody uses is cleared away: files never shared, and uploads cut off by a crash."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from realchat.ids import is_id, now
from realchat.models import StoredFile

logger = logging.getLogger(__name__)

# The contract: files never shared are swept after a day.
GRACE = timedelta(days=1)
# An upload that is under way adds to its part at least once a minute.
PART_GRACE = timedelta(minutes=5)
# Seconds from one round to the next.
INTERVAL = 3600.0
# Files in one round, so that none keeps the disk and the database for long.
_BATCH = 500


class Files(Protocol):
    """Where the records of files are kept."""

    async def find_idle(self, before: datetime, limit: int) -> list[str]:
        """Return the ids of files that nothing uses since before a moment."""

    async def condemn(self, id: str, before: datetime) -> StoredFile | None:
        """Take a file from everybody, if it is still idle; return it then."""

    async def remove(self, ids: Sequence[str]) -> int:
        """Forget files; return how many there were."""


class Contents(Protocol):
    """Where the bytes of files lie."""

    async def remove(self, id: str) -> None:
        """Remove a file."""

    async def remove_parts(self, before: datetime, limit: int) -> list[str]:
        """Remove uploads that nobody wrote to since a moment; return their owners."""


class Quotas(Protocol):
    """How much space users have taken."""

    async def give_back(self, user_id: str, size: int) -> None:
        """Give space back."""

    async def recount(self, user_id: str) -> None:
        """Correct what a user has taken to the sizes of their files."""


class Sweeper:
    """Clears away what nobody uses."""

    def __init__(self, files: Files, contents: Contents, quotas: Quotas) -> None:
        self._files = files
        self._contents = contents
        self._quotas = quotas

    async def sweep(self, moment: datetime | None = None) -> int:
        """Go one round as of a moment (now); return how many files it swept."""
        before = (moment or now()) - GRACE
        swept = 0
        for file_id in await self._files.find_idle(before, _BATCH):
            if file := await self._files.condemn(file_id, before):
                await self._remove(file)
                swept += 1
        owners = await self._contents.remove_parts((moment or now()) - PART_GRACE, _BATCH)
        # An upload that a crash cut off may have taken space already.
        for owner_id in filter(is_id, set(owners)):
            await self._quotas.recount(owner_id)
        if swept or owners:
            logger.info("swept", extra={"data": {"files": swept, "parts": len(owners)}})
        return swept

    async def _remove(self, file: StoredFile) -> None:
        # Nobody can reach the file any more, but its record goes last: a round
        # that is cut short before is simply repeated.
        await self._contents.remove(file.id)
        if await self._files.remove([file.id]):
            await self._quotas.give_back(file.owner_id, file.size)
