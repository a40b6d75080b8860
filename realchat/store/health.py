"""Whether the database answers, and how its failures are told.

A call that fails because the database is away raises `unavailable`. From then
on calls fail at once, instead of each waiting in turn, until a ping succeeds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from realchat.errors import ChatError, Code

T = TypeVar("T")

# Seconds for one call, all retries included. The contract gives a request 6 s
# to learn that the database is away.
DEADLINE = 5.0
# Seconds for one ping of a database that was away, and between two of them.
_PING_DEADLINE = 2.0
_PING_PAUSE = 0.2
# What a server answers that is starting, stopping or changing its primary
# (https://github.com/mongodb/mongo, error_codes.yml): HostUnreachable,
# HostNotFound, NetworkTimeout, ShutdownInProgress, ReadConcernMajorityNotAvailableYet,
# PrimarySteppedDown, ExceededTimeLimit, SocketException, InterruptedAtShutdown,
# InterruptedDueToReplStateChange, NotYetInitialized, KeyNotFound (of those that sign its time);
# and a router whose shard does: FailedToSatisfyReadPreference, NetworkInterfaceExceededTimeLimit.
_PASSING = frozenset((6, 7, 89, 91, 94, 133, 134, 189, 202, 211, 262, 9001, 11600, 11602))
_AWAY = (ConnectionFailure, ExecutionTimeout, WTimeoutError, TimeoutError)


class DuplicateError(Exception):
    """A unique index refused a document; `index` is the tuple of its keys."""

    def __init__(self, index: tuple[str, ...]) -> None:
        super().__init__(f"there is one already: {index}")
        self.index = index


class Health:
    """The state of one database, as its last calls showed it."""

    def __init__(self, ping: Callable[[], Awaitable[Any]]) -> None:
        self._ping = ping
        self._away = False
        self._asking: asyncio.Task[None] | None = None

    def require(self) -> None:
        """Raise `unavailable` while the database is away."""
        if self._away:
            raise ChatError(Code.UNAVAILABLE, retry_after=1)

    async def run(self, call: Callable[..., Awaitable[T]], *values: Any, **options: Any) -> T:
        """Carry out a driver's call under the deadline, its failure in the contract's words.

        Raises `ChatError` `unavailable`, `DuplicateError`, and what else the driver does.
        """
        self.require()
        try:
            async with asyncio.timeout(DEADLINE):
                return await call(*values, **options)
        except DuplicateKeyError as error:
            raise DuplicateError(index_of(error.details or {})) from None
        except BulkWriteError:
            raise
        except (PyMongoError, TimeoutError) as error:
            if not _is_away(error):
                raise
            self._doubt()
            raise ChatError(Code.UNAVAILABLE, retry_after=1) from error

    def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()

    def _doubt(self) -> None:
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask())

    async def _ask(self) -> None:
        """Ask the database until it answers; it is away from the first ping that fails.

        One slow call alone says nothing about the others.
        """
        try:
            while not await self._answers():
                self._away = True
                await asyncio.sleep(_PING_PAUSE)
        finally:
            self._away = False
            self._asking = None

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(_PING_DEADLINE):
                await self._ping()
        except (PyMongoError, TimeoutError):
            return False
        return True


def _is_away(error: Exception) -> bool:
    if isinstance(error, _AWAY) or getattr(error, "timeout", False):
        return True
    return isinstance(error, OperationFailure) and error.code in _PASSING


def index_of(details: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of the index that an error's details name."""
    return tuple(details.get("keyPattern", {}))
