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
# Files asked for at once, and how often in one round, so that none keeps the
# disk and the database for long.
_BATCH = 500
_BATCHES = 20


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
        swept = await self._sweep_files((moment or now()) - GRACE)
        owners = await self._contents.remove_parts((moment or now()) - PART_GRACE, _BATCH)
        # An upload that a crash cut off may have taken space already.
        for owner_id in filter(is_id, set(owners)):
            await self._quotas.recount(owner_id)
        if swept or owners:
            logger.info("swept", extra={"data": {"files": swept, "parts": len(owners)}})
        return swept

    async def _sweep_files(self, before: datetime) -> int:
        """Sweep what is idle since before a moment, in batches; return how many files."""
        swept = 0
        for _ in range(_BATCHES):
            found = await self._files.find_idle(before, _BATCH)
            done = [await self._sweep_file(file_id, before) for file_id in found]
            swept += sum(done)
            # What fails is found again, so a batch of nothing else ends the round too.
            if len(found) < _BATCH or not any(done):
                break
        return swept

    async def _sweep_file(self, file_id: str, before: datetime) -> bool:
        """Sweep one file, if it is still idle; tell whether it is gone."""
        file = await self._files.condemn(file_id, before)
        if file is None:
            return False
        try:
            await self._remove(file)
        except OSError as error:
            # The next round tries it again; the others need not wait for that.
            data = {"id": file.id, "error": type(error).__name__}
            logger.warning("a file cannot be swept", extra={"data": data})
            return False
        return True

    async def _remove(self, file: StoredFile) -> None:
        # Nobody can reach the file any more, but its record goes last: a round
        # that is cut short before is simply repeated.
        await self._contents.remove(file.id)
        if await self._files.remove([file.id]):
            await self._quotas.give_back(file.owner_id, file.size)
