"""Who sweeps: of what several servers share one of them, of its own disk each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from forms import upload
from msgspec import structs
from people import register
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop

from realchat.disk import Disk
from realchat.ids import now
from realchat.mongod import EmbeddedMongod
from realchat.services import Services, open_services
from realchat.settings import Settings
from realchat.store.database import Database
from realchat.sweep import Sweeper


@pytest.fixture
def other(
    io_loop: IOLoop, services: Services, mongod: EmbeddedMongod, settings: Settings, tmp_path: Path
) -> Iterator[Services]:
    """Another server on the same database, with a disk of its own."""
    elsewhere = structs.replace(settings, upload_dir=tmp_path / "elsewhere")
    opened: Services = io_loop.run_sync(lambda: open_services(elsewhere, mongod.uri))
    yield opened
    io_loop.run_sync(opened.close)


async def yield_duty(database: Database) -> None:
    """Have it be nobody's turn any more, as it is an hour later."""
    await database.collection("claims").delete({"_id": "sweep"})


async def age_files(services: Services) -> None:
    """Have all files be idle for two days."""
    idle = {"$set": {"idle_since": now() - timedelta(days=2)}}
    await services.database.collection("files").update_many({}, idle)


async def has_file(services: Services, id: str) -> bool:
    return bool(await services.collections.files.find([id]))


async def leave_part(disk: Disk, owner_id: str) -> Path:
    """Leave what a crash leaves of an upload; return where."""
    part = await disk.begin("0" * 24, owner_id)
    await part.write(b"cut off")
    await disk.run(part._file.close)
    os.utime(part.path, (0, 0))
    return part.path


@pytest.mark.gen_test
async def test_what_all_share_is_swept_by_one_server(
    http_client: AsyncHTTPClient, base_url: str, services: Services, other: Services
) -> None:
    ana = await register(http_client, base_url)
    await services.tasks.drain()
    await other.tasks.drain()
    await yield_duty(services.database)
    await services.sweeper.go_round()
    file_id = (await upload(ana, b"unused"))["id"]
    await age_files(services)
    await other.sweeper.go_round()
    assert await has_file(services, file_id)
    await yield_duty(services.database)
    await other.sweeper.go_round()
    assert not await has_file(services, file_id)


@pytest.mark.gen_test
async def test_each_server_sweeps_its_own_disk_whosever_turn_it_is(
    http_client: AsyncHTTPClient, base_url: str, services: Services, other: Services
) -> None:
    ana = await register(http_client, base_url)
    await services.tasks.drain()
    await other.tasks.drain()
    parts = [await leave_part(one.disk, ana.id) for one in (services, other)]
    await services.sweeper.go_round()
    assert [part.exists() for part in parts] == [False, True]
    await other.sweeper.go_round()
    assert not any(part.exists() for part in parts)


@pytest.mark.gen_test
async def test_a_server_that_died_on_duty_is_followed_by_another(services: Services) -> None:
    await services.tasks.drain()
    await yield_duty(services.database)
    assert await services.collections.claims.seize("sweep", -0.001)  # its time is over
    rounds = []

    class Counted(Sweeper):
        async def _sweep_shared(self, moment: object) -> int:
            rounds.append(moment)
            return 0

    kept = services.collections
    await Counted(kept.files, services.disk, kept.quotas, kept.claims).go_round()
    assert len(rounds) == 1
