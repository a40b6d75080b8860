"""Files coming in while the database goes away or the client falls silent."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from forms import NOTHING, announce, download, form, left_behind, part, send, until, upload
from msgspec import structs
from people import register
from raw_http import read_answer
from shelves import kept_files
from sockets import PATIENCE
from tornado.httpclient import AsyncHTTPClient

import handlers.downloads
import handlers.uploads
from realchat.mongod import EmbeddedMongod, start_mongod
from realchat.services import Services
from realchat.settings import Settings


@pytest.fixture
def settings(settings: Settings, store: dict[str, str]) -> Settings:
    """Both stores."""
    return structs.replace(settings, **store)


class TestDatabaseAway:
    """With a database of its own, which can be stopped and let go on."""

    @pytest.fixture
    def mongod(self, tmp_path: Path) -> Iterator[EmbeddedMongod]:
        """A database that is nobody else's."""
        started = start_mongod(tmp_path)
        yield started
        started.stop()

    @pytest.mark.gen_test(timeout=90)
    async def test_an_upload_is_unavailable_and_leaves_nothing(
        self,
        http_client: AsyncHTTPClient,
        base_url: str,
        http_port: int,
        services: Services,
        mongod: EmbeddedMongod,
    ) -> None:
        ana = await register(http_client, base_url)
        body = form(part(b"x" * 1000))
        reader, writer = await asyncio.open_connection("127.0.0.1", http_port)
        writer.write(announce(ana, len(body)) + body[:-10])
        await until(lambda: bool(services.intake.arriving))
        os.kill(mongod.process.pid, signal.SIGSTOP)
        try:
            writer.write(body[-10:])
            answer = await read_answer(reader)
        finally:
            os.kill(mongod.process.pid, signal.SIGCONT)
        writer.close()
        assert (answer.status, answer.code) == (503, "unavailable")
        assert not kept_files(services.settings)
        await forgotten(services, ana.id)
        assert await left_behind(services, ana) == NOTHING
        assert (await send(ana, body)).status == 201


async def forgotten(services: Services, user_id: str) -> None:
    """Wait until what the database did after all is taken back."""
    for _ in range(100 * PATIENCE):
        if await services.collections.quotas.used(user_id) == 0:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the space was never given back")


@pytest.mark.gen_test
async def test_an_upload_that_falls_silent_is_given_up(
    http_client: AsyncHTTPClient,
    base_url: str,
    http_port: int,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handlers.uploads, "_SILENCE", 0.05)
    ana = await register(http_client, base_url)
    reader, writer = await asyncio.open_connection("127.0.0.1", http_port)
    writer.write(announce(ana, 10_000) + part(b"x" * 1000).encode())
    assert await reader.read() == b""
    writer.close()
    await until(lambda: not services.intake.arriving)
    assert await left_behind(services, ana) == NOTHING


@pytest.mark.gen_test
async def test_a_reader_that_takes_nothing_is_given_up(
    http_client: AsyncHTTPClient,
    base_url: str,
    http_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handlers.downloads, "_STALL", 0.2)
    given_up = asyncio.Event()
    hang_up = handlers.downloads.DownloadHandler.hang_up

    def tell(handler: handlers.downloads.DownloadHandler) -> None:
        hang_up(handler)
        given_up.set()

    monkeypatch.setattr(handlers.downloads.DownloadHandler, "hang_up", tell)
    ana = await register(http_client, base_url)
    file = await upload(ana, b"\0" * 30_000_000)
    reader, writer = await asyncio.open_connection("127.0.0.1", http_port, limit=1024)
    head = f"GET {file['url']} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ana.token}\r\n\r\n"
    writer.write(head.encode())
    await given_up.wait()
    got = 0
    while piece := await reader.read(1_000_000):
        got += len(piece)
    writer.close()
    assert 0 < got < 30_000_000
    assert (await download(ana, file["url"], "HEAD")).code == 200
