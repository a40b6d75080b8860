"""How what nobody uses is cleared away: files never shared, and uploads cut off by a crash.

Of what several servers share one of them does a round; what a crash left on a machine's
own disk nobody else could clear away.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from realchat.ids import is_id, now
from realchat.models import StoredFile

logger = logging.getLogger(__name__)

# The contract: files never shared are swept after a day. It is also longer than an upload
# takes to go into a bucket.
GRACE = timedelta(days=1)
# An upload that is under way adds to its part at least once a minute.
PART_GRACE = timedelta(minutes=5)
# Seconds from one round to the next.
INTERVAL = 3600.0
# Seconds for which a round is one server's: less than that, so that its next one is not too early.
_TURN = INTERVAL - 60
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
        """Remove uploads here that nobody wrote to since a moment; return their owners."""

    async def abort_uploads(self, before: datetime, limit: int) -> None:
        """Give up what was on its way to where all servers keep files since before a moment."""


class Quotas(Protocol):
    """How much space users have taken."""

    async def give_back(self, user_id: str, size: int) -> None:
        """Give space back."""

    async def recount(self, user_id: str) -> None:
        """Correct what a user has taken to the sizes of their files."""


class Duties(Protocol):
    """What one of several servers does for all."""

    async def seize(self, name: str, seconds: float) -> bool:
        """Take a duty for so many seconds, if nobody has it; tell whether it is ours now."""


class Sweeper:
    """Clears away what nobody uses."""

    def __init__(self, files: Files, contents: Contents, quotas: Quotas, duties: Duties) -> None:
        self._files = files
        self._contents = contents
        self._quotas = quotas
        self._duties = duties

    async def go_round(self) -> None:
        """Sweep this machine's disk, and what all share if it is nobody else's turn."""
        await self._sweep_parts(now())
        if await self._duties.seize("sweep", _TURN):
            await self._sweep_shared(now())

    async def sweep(self, moment: datetime | None = None) -> int:
        """Sweep everything as of a moment (now); return how many files."""
        await self._sweep_parts(moment or now())
        return await self._sweep_shared(moment or now())

    async def _sweep_parts(self, moment: datetime) -> None:
        owners = await self._contents.remove_parts(moment - PART_GRACE, _BATCH)
        # An upload that a crash cut off may have taken space already.
        for owner_id in filter(is_id, set(owners)):
            await self._quotas.recount(owner_id)
        if owners:
            logger.info("swept", extra={"data": {"parts": len(owners)}})

    async def _sweep_shared(self, moment: datetime) -> int:
        swept = await self._sweep_files(moment - GRACE)
        await self._contents.abort_uploads(moment - GRACE, _BATCH)
        if swept:
            logger.info("swept", extra={"data": {"files": swept}})
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
