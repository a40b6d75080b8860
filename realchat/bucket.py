"""Bytes of files in a bucket, as `<tail>/<id>`, which is what they are called on a disk, too.

What comes in is staged on the local disk, where it is looked at; what goes out
passes through in pieces. A bucket's calls block, and are made in threads.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Literal, ParamSpec, TypeVar

from realchat.disk import Disk, PartFile, name_of
from realchat.errors import ChatError, Code
from realchat.models import FileContent
from realchat.reach import Reach
from realchat.s3 import AWAY, S3, Body, explain

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

# Uploads that go into the bucket at once, and other calls; a slow reader holds none of them.
_SENDERS = 4
_THREADS = 16
# Uploads to one name: there is one, unless an answer was lost.
_FEW = 10


class Bucket:
    """Files by id. Any call may raise `ChatError` `unavailable`, at once while it is away."""

    def __init__(self, objects: S3, staging: Disk) -> None:
        self.objects = objects
        self._staging = staging
        self._senders = ThreadPoolExecutor(_SENDERS, thread_name_prefix="bucket-put")
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="bucket")
        # One of its own, for a look must not wait behind the calls that are in doubt.
        self._lookout = ThreadPoolExecutor(1, thread_name_prefix="bucket-look")
        self._reach = Reach("the bucket", self._look, explain)

    @property
    def state(self) -> Literal["bucket", "away"]:
        """What is known of it now."""
        return "bucket" if self._reach.answers else "away"

    async def check(self) -> None:
        """See whether it answers."""
        await self._reach.check()

    async def begin(self, id: str, owner_id: str) -> BucketPart:
        """Make an empty file that is not kept yet."""
        self._reach.require(AWAY)  # so that none is sent in vain
        return BucketPart(self, id, await self._staging.begin(id, owner_id))

    async def put(self, id: str, part: PartFile) -> None:
        """Store a file of the local disk. Raises `storage_full`, `OSError`."""
        await self._call(self._senders, self.objects.put, name_of(id), part.path)

    async def open(self, id: str, offset: int, length: int) -> BucketReader | None:
        """Open a kept file for reading so many bytes from an offset; None when it is not there."""
        reader = BucketReader(self, id, offset, length)
        return reader if await reader.open() else None

    async def remove(self, id: str) -> None:
        """Remove a file, if it is there, also one that is there in parts."""
        await self._abort(name_of(id), None, _FEW)
        await self.run(self.objects.remove, name_of(id))

    async def remove_parts(self, before: datetime, limit: int) -> list[str]:
        """Remove staged files that nobody wrote to since a moment; return their owners."""
        return await self._staging.remove_parts(before, limit)

    async def abort_uploads(self, before: datetime, limit: int) -> None:
        """Give up uploads into the bucket that a crash cut off before a moment."""
        await self._abort("", before, limit)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make one of the bucket's calls."""
        return await self._call(self._threads, work, *args, **kwargs)

    def close(self) -> None:
        """End the threads when they have done what was asked of them."""
        self._reach.close()
        for threads in (self._senders, self._threads, self._lookout):
            threads.shutdown(wait=True)
        self.objects.close()

    async def _look(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._lookout, self.objects.ping)

    async def _abort(self, name: str, before: datetime | None, limit: int) -> None:
        # Some stores cannot list them, and have a rule of their own for it.
        with suppress(ChatError):
            await self.run(self.objects.abort_uploads, name, before, limit)

    async def _call(
        self, threads: Executor, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        def call() -> T:
            # Again, for it may have waited behind others that have found out.
            self._reach.require(AWAY)
            return work(*args, **kwargs)

        self._reach.require(AWAY)
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, call)
        except ChatError as error:
            if error.code is Code.UNAVAILABLE:
                self._reach.doubt()
            raise


class BucketPart:
    """A file on its way in; its calls must follow one another."""

    def __init__(self, bucket: Bucket, id: str, staged: PartFile) -> None:
        self._bucket = bucket
        self._id = id
        self._staged = staged
        self._was_sent = False

    async def write(self, data: bytes) -> None:
        """Append bytes."""
        await self._staged.write(data)

    async def seal(self) -> FileContent:
        """End it, and tell what its bytes are."""
        return await self._staged.seal()

    async def keep(self) -> None:
        """Put the sealed file into the bucket; it is there at once, for all servers."""
        self._was_sent = True
        await self._bucket.put(self._id, self._staged)
        with suppress(OSError):  # then it is swept
            await self._staged.discard()

    async def discard(self) -> None:
        """Leave nothing of it behind, kept or not."""
        await self._staged.discard()
        if self._was_sent:
            await self._bucket.remove(self._id)


class BucketReader:
    """A kept file, open for reading."""

    def __init__(self, bucket: Bucket, id: str, offset: int, length: int) -> None:
        self._bucket = bucket
        self._id = id
        self._at = offset
        self._left = length
        self._body: Body | None = None

    async def open(self) -> bool:
        """Ask for the bytes that are left; tell whether the file is there."""
        get = self._bucket.objects.get
        self._body = await self._bucket.run(get, name_of(self._id), self._at, self._left)
        return self._body is not None

    async def read(self, size: int) -> bytes:
        """Return the next bytes, at most so many; none at the end."""
        if not self._left:
            return b""
        try:
            data = await self._read(size)
        except ChatError:
            # Stores hang up on who reads slowly, as they do when they are restarted.
            await self.close()
            if not await self.open():
                raise
            data = await self._read(size)
        self._at += len(data)
        self._left -= len(data)
        return data

    async def close(self) -> None:
        """Read no more."""
        if self._body is not None:
            self._body.close()

    async def _read(self, size: int) -> bytes:
        assert self._body is not None  # it was opened
        return await self._bucket.run(self._bucket.objects.read, self._body, size)
