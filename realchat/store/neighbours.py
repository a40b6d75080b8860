"""Which processes write to one database, and whether they can hear each other.

Each calls itself to MongoDB by the Redis that it shares with others, if any, so that
nothing has to be kept, and what a process that died had said is gone with its connections.
"""

from __future__ import annotations

import hashlib
import logging
import socket
from typing import NamedTuple

from pymongo.errors import PyMongoError

from realchat.errors import ChatError
from realchat.ids import new_id
from realchat.store.database import Database

logger = logging.getLogger(__name__)

_PROGRAM = "realchat"
_ALONE, _NETWORK = "alone", "redis"


class Caller(NamedTuple):
    """How a process calls itself to MongoDB, which shows at most 128 bytes of it."""

    bus: str
    process: str
    database: str

    def __str__(self) -> str:
        return " ".join((_PROGRAM, *self))


def introduce(redis_url: str, database: str) -> Caller:
    """Return how this process calls itself."""
    return Caller(_name_bus(redis_url), new_id(), database)


async def look_around(database: Database, me: Caller) -> None:
    """Say in the log where processes use the database that this one cannot hear."""
    if any(_is_deaf(me, other) for other in await _ask(database)):
        logger.warning(
            "another process uses the database %s, and the two do not hear each other: give "
            "all of them the same REDIS_URL, or stop all but one",
            me.database,
        )


async def count_processes(database: Database, name: str) -> int:
    """Return how many processes use the database of that name, as far as its user may know."""
    return len({other.process for other in await _ask(database) if other.database == name})


async def _ask(database: Database) -> list[Caller]:
    try:
        callers = await database.callers()
    except (ChatError, PyMongoError) as error:
        # Not every user may ask that, and it is only advice.
        logger.debug("who else is connected is not told", exc_info=error)
        return []
    return [other for other in map(_read, callers) if other]


def _name_bus(redis_url: str) -> str:
    if not redis_url:
        return _ALONE
    if not redis_url.startswith("unix://"):
        return _NETWORK  # by whichever of its addresses
    place = f"{socket.gethostname()} {redis_url}"
    return hashlib.sha256(place.encode()).hexdigest()[:16]


def _read(name: str) -> Caller | None:
    program, *words = name.split(" ")
    return Caller(*words) if program == _PROGRAM and len(words) == len(Caller._fields) else None


def _is_deaf(me: Caller, other: Caller) -> bool:
    if other.database != me.database or other.process == me.process:
        return False
    if _ALONE in (me.bus, other.bus):
        return True
    # A socket of this machine may belong to the Redis that others reach by the network.
    return me.bus != other.bus and _NETWORK not in (me.bus, other.bus)
