"""Forward changes of what the database holds: at start, by one process, each of them once.

A migration may only add: the version before it goes on running beside the new one
while the processes are renewed. What it makes superfluous goes with a later version.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from realchat.store.claims import Claims
from realchat.store.database import Database

logger = logging.getLogger(__name__)

# Seconds after which a process that died in the middle is taken to be dead. Every
# migration can be begun again, so that then nothing is lost but its time.
_LONGEST = 600


class Migration(NamedTuple):
    """A step to the schema `version`; `run` may be begun again after it was cut short."""

    version: int
    run: Callable[[Database], Awaitable[None]]


# None yet: every field that came after the first version is optional.
MIGRATIONS: tuple[Migration, ...] = ()


async def migrate(
    database: Database, claims: Claims, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Make the migrations that this database has not had, in the order of their versions.

    Where a later program was here before, there is nothing to do. Raises `unavailable`.
    """
    latest = max((one.version for one in migrations), default=0)
    if await _version(database) >= latest:
        return
    async with claims.hold("migrate", _LONGEST):
        for migration in sorted(migrations):
            if await _version(database) < migration.version:
                await migration.run(database)
                await _keep(database, migration.version)
                logger.info("migrated", extra={"data": {"version": migration.version}})


async def _version(database: Database) -> int:
    document = await database.collection("meta").find_one({"_id": "schema"})
    return int(document["version"]) if document else 0


async def _keep(database: Database, version: int) -> None:
    change = {"$max": {"version": version}}
    await database.collection("meta").update({"_id": "schema"}, change, upsert=True)
