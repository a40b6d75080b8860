"""Bytes of files on the local disk: `tmp/<id>-<owner>.part` at first, `<tail>/<id>` when kept.

Only ids make paths. Every call that touches the disk runs in a few threads of
its own, so that neither the loop nor password hashing waits for it.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, ParamSpec, TypeVar

from realchat.errors import ChatError, Code
from realchat.models import FileContent

P = ParamSpec("P")
T = TypeVar("T")

# Tells a file's media type, width and height.
Inspect = Callable[[Path], tuple[str, int | None, int | None]]

_THREADS = 4
# EFBIG: larger than the file system or a limit of the process allows.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Disk:
    """A folder of files by id. Any call may raise `ChatError` `storage_full` or `OSError`."""

    def __init__(self, folder: Path, inspect: Inspect) -> None:
        self.folder = folder
        self.inspect = inspect
        # The files on their way in, of this process.
        self.parts: set[Path] = set()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="disk")

    async def begin(self, id: str, owner_id: str) -> PartFile:
        """Make an empty file that is not kept yet."""
        path = self.folder / "tmp" / f"{id}-{owner_id}.part"
        file = await self.run(_create, path)
        self.parts.add(path)
        return PartFile(self, path, self.path(id), file)

    async def open(self, id: str, offset: int, length: int) -> FileReader | None:
        """Open a kept file for reading so many bytes from an offset; None when it is not there."""
        try:
            return FileReader(self, await self.run(_open_at, self.path(id), offset), length)
        except FileNotFoundError:
            return None

    async def remove(self, id: str) -> None:
        """Remove a kept file, if it is there."""
        await self.run(_remove, self.path(id))

    async def remove_parts(self, before: datetime, limit: int) -> list[str]:
        """Remove files on the way in that nobody wrote to since a moment; return their owners."""
        return await self.run(_remove_old, self.folder / "tmp", before.timestamp(), limit)

    async def abort_uploads(self, before: datetime, limit: int) -> None:
        """Do nothing: all that is on its way in is this machine's own, and among the parts."""

    async def refresh_parts(self) -> None:
        """Show whoever sweeps this folder which files are still on their way in.

        What has come in of a form waits for the rest of it, or for its turn, unwritten.
        """
        await self.run(_touch, list(self.parts))

    def path(self, id: str) -> Path:
        """Return where a kept file lies."""
        return self.folder / name_of(id)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do blocking work in one of the threads."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, lambda: work(*args, **kwargs))
        except OSError as error:
            if error.errno in _FULL:
                raise ChatError(Code.STORAGE_FULL) from error
            raise

    def close(self) -> None:
        """End the threads when they have done what was asked of them."""
        self._threads.shutdown(wait=True)


class PartFile:
    """A file on its way in; its calls must follow one another."""

    def __init__(self, disk: Disk, path: Path, target: Path, file: IO[bytes]) -> None:
        self._disk = disk
        self.path = path
        self._target = target
        self._file = file
        self._hash = hashlib.sha256()

    async def write(self, data: bytes) -> None:
        """Append bytes."""
        await self._disk.run(self._write, data)

    async def seal(self) -> FileContent:
        """Bring all bytes to the disk itself, and tell what they are."""
        return await self._disk.run(self._seal)

    async def keep(self) -> None:
        """Move the sealed file to its place, at once and for good."""
        await self._disk.run(self._keep)
        self._disk.parts.discard(self.path)

    async def discard(self) -> None:
        """Leave nothing of it behind, kept or not."""
        self._disk.parts.discard(self.path)
        await self._disk.run(self._discard)

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)

    def _seal(self) -> FileContent:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        kind, width, height = self._disk.inspect(self.path)
        return FileContent(
            size=self.path.stat().st_size,
            sha256=self._hash.hexdigest(),
            type=kind,
            width=width,
            height=height,
        )

    def _keep(self) -> None:
        shelf = self._target.parent
        if not shelf.is_dir():
            shelf.mkdir(mode=0o700, exist_ok=True)
            _sync_folder(shelf.parent)
        self.path.rename(self._target)
        _sync_folder(shelf)

    def _discard(self) -> None:
        # Closing writes what is buffered, for which a full disk has no room.
        with suppress(OSError):
            self._file.close()
        _remove(self.path)
        _remove(self._target)


class FileReader:
    """A kept file, open for reading."""

    def __init__(self, disk: Disk, file: IO[bytes], length: int) -> None:
        self._disk = disk
        self._file = file
        self._left = length

    async def read(self, size: int) -> bytes:
        """Return the next bytes, at most so many; none at the end."""
        data = await self._disk.run(self._file.read, min(size, self._left))
        self._left -= len(data)
        return data

    async def close(self) -> None:
        """Close the file."""
        await self._disk.run(self._file.close)


def name_of(id: str) -> str:
    """Return what a kept file is called; an id ends in random digits, which spread files evenly."""
    return f"{id[-2:]}/{id}"


def _create(path: Path) -> IO[bytes]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path.open("xb")


def _open_at(path: Path, offset: int) -> IO[bytes]:
    file = path.open("rb", buffering=0)
    file.seek(offset)
    return file


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _touch(paths: Sequence[Path]) -> None:
    for path in paths:
        with suppress(FileNotFoundError):  # it was kept, or discarded, this moment
            os.utime(path)


def _remove_old(folder: Path, before: float, limit: int) -> list[str]:
    owners = []
    for part in islice(folder.glob("*.part"), limit):
        with suppress(FileNotFoundError):  # its upload may just have ended
            if part.stat().st_mtime < before:
                part.unlink()
                owners.append(part.stem.partition("-")[2])
    return owners


def _sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk: without it a crash may undo a rename."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
