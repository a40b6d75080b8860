"""A server whose files are in a bucket: what it does while the bucket is away, and after that."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from forms import (
    NOTHING,
    announce,
    download,
    form,
    left_behind,
    part,
    send,
    upload,
)
from msgspec import structs
from people import Person, login, register
from raw_http import exchange, request
from shelves import BucketShelf, disk_files
from swift_server import SwiftServer
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop

from realchat.bucket import Bucket
from realchat.disk import Disk
from realchat.errors import ChatError, Code
from realchat.file_types import inspect
from realchat.ids import now
from realchat.mongod import EmbeddedMongod
from realchat.s3 import S3
from realchat.services import Services, open_services
from realchat.settings import Settings
from torture.proxy import Proxy

MIB = 1024 * 1024
DAY = timedelta(days=1)


@pytest.fixture
def proxy(io_loop: IOLoop, swift: SwiftServer) -> Iterator[Proxy]:
    """What is between the server and the store, and can be cut."""
    between = Proxy(swift.port, random.Random(0))
    io_loop.run_sync(between.open)
    yield between
    io_loop.run_sync(between.close)


@pytest.fixture
def settings(settings: Settings, bucket: dict[str, str], proxy: Proxy) -> Settings:
    """A bucket behind the proxy."""
    through = {**bucket, "s3_endpoint_url": f"http://127.0.0.1:{proxy.port}"}
    return structs.replace(settings, **through)


@pytest.fixture
def shelf(bucket: dict[str, str]) -> BucketShelf:
    """The bucket, past the proxy."""
    return BucketShelf(structs.replace(Settings(), **bucket))


@pytest.fixture
def crowd(io_loop: IOLoop) -> Iterator[AsyncHTTPClient]:
    """A client that asks for more at once than the usual ten, and waits for all of it."""
    patience = {"connect_timeout": 60, "request_timeout": 60}
    opened = AsyncHTTPClient(force_instance=True, max_clients=50, defaults=patience)
    yield opened
    opened.close()


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what must come to be, half a minute at most."""
    for _ in range(600):
        if await is_so():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came to be")


@contextlib.asynccontextmanager
async def away(proxy: Proxy) -> AsyncIterator[None]:
    """Have the store refuse all connections, and cut those that there are."""
    port = proxy.port
    await proxy.close()
    yield
    await proxy.open(port)


async def parts(port: int) -> str:
    """Return what `/readyz` says of the files."""
    answer = await exchange(port, request("GET /readyz"))
    assert answer.status == 200
    return str(answer.json()["parts"]["files"])


async def back(services: Services) -> None:
    """Wait until the server has noticed that the bucket is there again."""

    async def is_back() -> bool:
        assert services.bucket is not None
        return services.bucket.state == "bucket"

    await until(is_back)


@pytest.mark.gen_test(timeout=60)
async def test_files_are_unavailable_while_the_bucket_is_away_and_back_with_it(
    http_client: AsyncHTTPClient, base_url: str, proxy: Proxy, services: Services
) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, b"hello")
    async with away(proxy):
        for reply in (await download(ana, file["url"]), await download(ana, file["url"])):
            assert (reply.code, reply.headers["Retry-After"]) in {(503, "5"), (503, "1")}
            assert b'"unavailable"' in reply.body
            assert "Etag" not in reply.headers
            assert reply.headers["Cache-Control"] == "no-store"
        sent = await send(ana, form(part(b"more")))
        assert (sent.status, sent.error) == (503, "unavailable")
    await back(services)
    assert (await download(ana, file["url"])).body == b"hello"
    assert (await send(ana, form(part(b"more")))).status == 201


@pytest.mark.gen_test(timeout=60)
async def test_the_server_is_ready_without_its_bucket_and_says_so(
    http_server: HTTPServer, http_port: int, proxy: Proxy, services: Services
) -> None:
    assert services.bucket is not None
    assert await parts(http_port) == "bucket"
    async with away(proxy):
        await services.bucket.check()
        assert await parts(http_port) == "away"
    await back(services)
    assert await parts(http_port) == "bucket"


@pytest.mark.gen_test(timeout=90)
async def test_a_bucket_that_does_not_answer_holds_up_nobody_else(
    http_client: AsyncHTTPClient,
    crowd: AsyncHTTPClient,
    base_url: str,
    http_port: int,
    swift: SwiftServer,
    services: Services,
) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, b"hello")
    reader = await login(crowd, base_url, ana.email)
    swift.freeze()
    try:
        asked = [asyncio.create_task(download(reader, file["url"])) for _ in range(30)]
        while not all(task.done() for task in asked):
            assert await parts(http_port) in {"bucket", "away"}
            sent = await ana.post("/messages", {"recipient_id": ana.id, "content": "still here"})
            assert sent.status == 201
        assert {task.result().code for task in asked} == {503}
        assert await parts(http_port) == "away"
    finally:
        swift.thaw()
    await back(services)
    assert (await download(ana, file["url"])).body == b"hello"


@pytest.mark.gen_test(timeout=60)
async def test_an_upload_that_the_bucket_breaks_off_leaves_nothing(
    http_client: AsyncHTTPClient,
    base_url: str,
    proxy: Proxy,
    services: Services,
    shelf: BucketShelf,
) -> None:
    ana = await register(http_client, base_url)
    proxy.delay = 0.01
    sending = asyncio.create_task(send(ana, form(part(b"small"), part(b"x" * 30 * MIB))))

    async def has_begun() -> bool:
        return bool(shelf.begun())

    await until(has_begun)
    async with away(proxy):
        reply = await sending
        assert (reply.status, reply.error) == (503, "unavailable")
        assert disk_files(services.settings.upload_dir) == []
    proxy.delay = 0.0

    async def is_clean() -> bool:
        # Given back when nothing is left that takes space.
        return not await services.collections.quotas.used(ana.id)

    await until(is_clean)
    assert await left_behind(services, ana) == NOTHING


@pytest.mark.gen_test(timeout=60)
async def test_a_client_that_leaves_an_upload_leaves_nothing_in_the_bucket(
    http_client: AsyncHTTPClient, base_url: str, http_port: int, services: Services
) -> None:
    ana = await register(http_client, base_url)
    body = form(part(b"x" * 10 * MIB), part(b"y" * 10 * MIB))
    _, writer = await asyncio.open_connection("127.0.0.1", http_port)
    writer.write(announce(ana, len(body)) + body[: 15 * MIB])

    async def is_coming() -> bool:
        return bool(services.intake.arriving)

    async def is_over() -> bool:
        return not services.intake.arriving

    await until(is_coming)
    writer.close()
    await until(is_over)
    assert await left_behind(services, ana) == NOTHING


async def half_read(
    ana: Person, port: int, url: str, size: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Ask for a file, and read so many bytes of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=64 * 1024)
    head = f"GET {url} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ana.token}\r\n\r\n"
    writer.write(head.encode())
    await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(size)
    return reader, writer


@pytest.mark.gen_test(timeout=60)
async def test_a_download_goes_on_where_the_store_hung_up(
    http_client: AsyncHTTPClient, base_url: str, http_port: int, proxy: Proxy
) -> None:
    ana = await register(http_client, base_url)
    content = bytes(range(256)) * 4096 * 30
    file = await upload(ana, content)
    reader, writer = await half_read(ana, http_port, file["url"], MIB)
    assert proxy.cut(1.0) > 0
    assert await reader.readexactly(29 * MIB) == content[MIB:]
    writer.close()


@pytest.mark.gen_test(timeout=60)
async def test_a_download_whose_bucket_goes_away_ends_early(
    http_client: AsyncHTTPClient, base_url: str, http_port: int, proxy: Proxy
) -> None:
    ana = await register(http_client, base_url)
    file = await upload(ana, b"\0" * 30 * MIB)
    reader, writer = await half_read(ana, http_port, file["url"], MIB)
    async with away(proxy):
        with pytest.raises(asyncio.IncompleteReadError):
            await reader.readexactly(29 * MIB)
    writer.close()


@pytest.mark.gen_test(timeout=60)
async def test_what_cannot_be_swept_is_swept_when_the_bucket_is_back(
    http_client: AsyncHTTPClient, base_url: str, proxy: Proxy, services: Services
) -> None:
    ana = await register(http_client, base_url)
    await upload(ana, b"unused")
    async with away(proxy):
        with pytest.raises(ChatError) as caught:
            await services.sweeper.sweep(now() + 2 * DAY)
        assert caught.value.code is Code.UNAVAILABLE
    await back(services)
    assert await services.sweeper.sweep(now() + 2 * DAY) == 1
    assert await left_behind(services, ana) == NOTHING


@pytest.mark.gen_test(timeout=60)
async def test_many_servers_that_sweep_at_once_give_back_each_file_s_space_once(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    settings: Settings,
    mongod: EmbeddedMongod,
) -> None:
    ana = await register(http_client, base_url)
    for _ in range(10):
        await upload(ana, b"12345")
    used = await upload(ana, b"used")
    assert (await ana.post("/messages", {"recipient_id": ana.id, "files": [used["url"]]})).status
    other = await open_services(settings, mongod.uri)
    try:
        both = [one.sweeper.sweep(now() + 2 * DAY) for one in (services, other) for _ in range(2)]
        await asyncio.gather(*both)
    finally:
        await other.close()
    files, records, space = await left_behind(services, ana)
    assert ([file.content for file in files], records, space) == ([b"used"], 1, 4)


class TestWrongKey:
    """A server whose secret is not that of its key."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return structs.replace(settings, s3_secret_access_key="not-the-secret")

    @pytest.mark.gen_test(timeout=60)
    async def test_it_starts_and_says_that_files_are_away(
        self,
        http_client: AsyncHTTPClient,
        base_url: str,
        http_port: int,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        ana = await register(http_client, base_url)
        assert await parts(http_port) == "away"
        reply = await send(ana, form(part(b"hello")))
        assert (reply.status, reply.error) == (503, "unavailable")
        assert "not-the-secret" not in caplog.text


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"s3_secret_access_key": "not-the-secret"}, "SignatureDoesNotMatch"),
        ({"s3_bucket": "no-such-bucket"}, "NoSuchBucket"),
    ],
)
@pytest.mark.gen_test(timeout=60)
async def test_what_a_bucket_refuses_with_is_named_as_the_reason(
    settings: Settings, wrong: dict[str, str], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    await look(structs.replace(settings, **wrong))
    assert f"the bucket does not answer: {reason}" in caplog.text


@pytest.mark.gen_test(timeout=60)
async def test_a_key_that_is_set_nowhere_is_named_as_the_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else this machine's own, or its role's, would be taken.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    nowhere = {"s3_bucket": "files", "s3_endpoint_url": "http://127.0.0.1:1"}
    await look(structs.replace(Settings(upload_dir=tmp_path), **nowhere))
    reason = "NoCredentialsError, Unable to locate credentials"
    assert f"the bucket does not answer: {reason}" in caplog.text


async def look(settings: Settings) -> None:
    """Look at a bucket once, as a server does when it starts."""
    disk = Disk(settings.upload_dir, inspect)
    bucket = Bucket(S3(settings), disk)
    try:
        await bucket.check()
        assert bucket.state == "away"
    finally:
        bucket.close()
        disk.close()


@pytest.mark.gen_test(timeout=60)
async def test_files_of_the_disk_are_found_in_the_bucket_by_the_same_names(
    http_client: AsyncHTTPClient,
    base_url: str,
    settings: Settings,
    mongod: EmbeddedMongod,
    shelf: BucketShelf,
) -> None:
    ana = await register(http_client, base_url)
    nowhere = dict.fromkeys((name for name in Settings.__struct_fields__ if "s3_" in name), "")
    before = await open_services(structs.replace(settings, **nowhere), mongod.uri)
    try:
        url = await deliver(before, ana, b"from the disk")
    finally:
        await before.close()
    assert (await download(ana, url)).code == 404
    for kept in disk_files(settings.upload_dir):
        shelf.write(f"chat/{kept.name}", kept.content)
    assert (await download(ana, url)).body == b"from the disk"


async def deliver(services: Services, person: Person, content: bytes) -> str:
    """Have a person's file kept by other services than those that listen; return its URL."""
    delivery = await services.intake.begin(person.id)
    await delivery.begin_file("note.txt")
    await delivery.write(content)
    await delivery.end_file()
    (file,) = await delivery.keep()
    return services.uploads.uploaded(file).url
