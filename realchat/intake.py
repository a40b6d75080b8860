"""How files come in: within their limits, and all of a form or none.

The ids are ours; the bytes go where `Parts` keeps them, the records where
`Files` does. Nothing here knows forms or HTTP.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from realchat.errors import ChatError, Code
from realchat.fields import MAX_FILES
from realchat.file_names import clean_file_name
from realchat.ids import new_id, now
from realchat.models import FileContent, StoredFile
from realchat.tasks import Tasks

# Bytes of a form that are no file's: the boundaries and headers of its parts.
FORM_OVERHEAD = 1024 * 1024
# Seconds before each try to clean up after a database or a bucket that was away.
_WAITS = (0, 1, 2, 5, 10, *(60,) * 60)


class PartFile(Protocol):
    """A file on its way in."""

    async def write(self, data: bytes) -> None:
        """Append bytes. Raises `storage_full`."""

    async def seal(self) -> FileContent:
        """End it, and tell what its bytes are."""

    async def keep(self) -> None:
        """Put the sealed file where it stays."""

    async def discard(self) -> None:
        """Leave nothing of it behind."""


class Parts(Protocol):
    """Where the bytes of files go."""

    async def begin(self, id: str, owner_id: str) -> PartFile:
        """Make an empty file. Raises `storage_full`, `unavailable`."""

    async def remove(self, id: str) -> None:
        """Remove a file that was kept, if it is there."""


class Files(Protocol):
    """Where the records of files are kept."""

    async def add(self, files: Sequence[StoredFile]) -> None:
        """Keep new files."""

    async def remove(self, ids: Sequence[str]) -> int:
        """Forget files; return how many there were."""


class Quotas(Protocol):
    """How much space users have taken, in bytes."""

    async def used(self, user_id: str) -> int:
        """Return how much a user has taken."""

    async def take(self, user_id: str, size: int, limit: int) -> bool:
        """Take space, unless that exceeds the limit; tell whether."""

    async def recount(self, user_id: str) -> None:
        """Correct what a user has taken to the sizes of their files."""


class Bounds(NamedTuple):
    """How large one file and all files of one user may be, in bytes."""

    file: int
    user: int


class Intake:
    """Takes in the files of all users."""

    def __init__(
        self, parts: Parts, files: Files, quotas: Quotas, bounds: Bounds, tasks: Tasks
    ) -> None:
        self._tasks = tasks
        self.parts = parts
        self.files = files
        self.quotas = quotas
        self.bounds = bounds
        # Bytes on their way in, by user: without them many uploads at once
        # could fill the disk before the quota is asked.
        self.arriving: Counter[str] = Counter()

    @property
    def form_limit(self) -> int:
        """How long a form may be, in bytes."""
        return MAX_FILES * self.bounds.file + FORM_OVERHEAD

    async def begin(self, owner_id: str, announced: int = 0) -> Delivery:
        """Get ready for a form of so many bytes (0: unknown). Raises `quota_exceeded`."""
        room = self.bounds.user - await self.quotas.used(owner_id)
        if announced > room + FORM_OVERHEAD:
            raise ChatError(Code.QUOTA_EXCEEDED)
        return Delivery(self, owner_id, room)

    def forget(self, owner_id: str, ids: Sequence[str]) -> None:
        """Take back what was stored of files, as soon as the database lets it be done."""
        self._tasks.start(self._forget(owner_id, ids))

    async def _forget(self, owner_id: str, ids: Sequence[str]) -> None:
        for wait in _WAITS:
            await asyncio.sleep(wait)
            with suppress(ChatError, OSError):
                # First the bytes: as long as there is a record, they will be swept.
                await asyncio.gather(*map(self.parts.remove, ids))
                await self.files.remove(ids)
                await self.quotas.recount(owner_id)
                return


@dataclass
class _Arrival:
    """One file of a form; `content` is known when it has ended."""

    id: str
    name: str
    part: PartFile
    size: int = 0
    content: FileContent | None = None


class Delivery:
    """The files of one form on their way in: all are kept, or none.

    The calls wait for one another, so that `discard` may come at any moment.
    After it the others do nothing.
    """

    def __init__(self, intake: Intake, owner_id: str, room: int) -> None:
        self._intake = intake
        self._owner_id = owner_id
        self._room = room
        self._lock = asyncio.Lock()
        self._over = False
        self._arrivals: list[_Arrival] = []
        self._size = 0

    async def begin_file(self, name: str) -> None:
        """Begin the next file. Raises `invalid_upload` when there are too many, `storage_full`."""
        async with self._lock:
            if self._over:
                return
            if len(self._arrivals) == MAX_FILES:
                raise ChatError(Code.INVALID_UPLOAD, f"Send at most {MAX_FILES} files at once.")
            file_id = new_id()
            part = await self._intake.parts.begin(file_id, self._owner_id)
            self._arrivals.append(_Arrival(file_id, clean_file_name(name), part))

    async def write(self, data: bytes) -> None:
        """Append to the file. Raises `file_too_large`, `quota_exceeded` or `storage_full`."""
        async with self._lock:
            if self._over:
                return
            arrival = self._arrivals[-1]
            arrival.size += len(data)
            if arrival.size > self._intake.bounds.file:
                raise ChatError(
                    Code.FILE_TOO_LARGE,
                    f"A file has at most {self._intake.bounds.file} bytes here.",
                )
            self._count(len(data))
            await arrival.part.write(data)

    async def end_file(self) -> None:
        """End the file. Raises `storage_full`."""
        async with self._lock:
            if not self._over:
                self._arrivals[-1].content = await self._arrivals[-1].part.seal()

    async def keep(self) -> list[StoredFile]:
        """Keep all files, in the order they came. Raises `quota_exceeded` or `storage_full`."""
        async with self._lock:
            if self._over:
                return []
            files = [self._record(arrival) for arrival in self._arrivals]
            try:
                await self._store(files)
            except BaseException:
                # Nobody knows what a database that went away has done of it.
                self._intake.forget(self._owner_id, [file.id for file in files])
                raise
            self._end()
            return files

    async def discard(self) -> None:
        """Leave nothing of it behind, unless it was kept."""
        async with self._lock:
            if self._over:
                return
            self._end()
            done = (arrival.part.discard() for arrival in self._arrivals)
            errors = await asyncio.gather(*done, return_exceptions=True)
            for error in filter(None, errors):
                raise error

    def _count(self, size: int) -> None:
        self._size += size
        self._intake.arriving[self._owner_id] += size
        if self._intake.arriving[self._owner_id] > self._room:
            raise ChatError(Code.QUOTA_EXCEEDED)

    def _record(self, arrival: _Arrival) -> StoredFile:
        content = arrival.content
        assert content is not None  # a form ends after its last file
        return StoredFile(
            id=arrival.id,
            owner_id=self._owner_id,
            name=arrival.name,
            size=content.size,
            type=content.type,
            sha256=content.sha256,
            width=content.width,
            height=content.height,
            conversations=(),
            is_avatar=False,
            created_at=now(),
        )

    async def _store(self, files: Sequence[StoredFile]) -> None:
        size = sum(file.size for file in files)
        if not await self._intake.quotas.take(self._owner_id, size, self._intake.bounds.user):
            raise ChatError(Code.QUOTA_EXCEEDED)
        # The record comes first: one without bytes is swept in time, bytes
        # without a record would stay for ever.
        await self._intake.files.add(files)
        for arrival in self._arrivals:
            await arrival.part.keep()

    def _end(self) -> None:
        self._over = True
        arriving = self._intake.arriving
        arriving[self._owner_id] -= self._size
        if arriving[self._owner_id] <= 0:
            del arriving[self._owner_id]
