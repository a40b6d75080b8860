"""Builds every part once and joins them; the only importer of the adapters."""

from __future__ import annotations

from dataclasses import dataclass

from realchat.bus import LocalBuckets, LocalBus
from realchat.ids import new_id
from realchat.limits import Limits
from realchat.readiness import Readiness
from realchat.settings import Settings
from realchat.store.database import Database
from realchat.tasks import Tasks


@dataclass(frozen=True, kw_only=True)
class Services:
    """All parts of one running RealChat."""

    settings: Settings
    database: Database
    epoch: str
    bus: LocalBus
    limits: Limits
    tasks: Tasks
    readiness: Readiness

    async def close(self) -> None:
        """Finish what is under way, then let go of everything."""
        await self.tasks.drain()
        self.database.close()


async def open_services(settings: Settings, mongodb_uri: str) -> Services:
    """Connect, create indexes and build all parts. Raises `ChatError` `unavailable`."""
    database = Database(mongodb_uri, settings.mongodb_db)
    tasks = Tasks()
    bus = LocalBus()
    return Services(
        settings=settings,
        database=database,
        epoch=await database.epoch(new_id()),
        bus=bus,
        limits=Limits(LocalBuckets(), enabled=settings.rate_limits),
        tasks=tasks,
        readiness=Readiness(
            {"database": database, "bus": bus},
            mail=bool(settings.email_host),
            translation=bool(settings.libretranslate_url),
        ),
    )
