"""What every test shares: one real MongoDB a run, a server with its own database a test."""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis
import pytest
from engine import Engine
from libretranslate_server import LibreTranslateServer
from msgspec import structs
from shelves import BucketShelf
from swift_server import SwiftServer
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import Application

from handlers.application import make_application, make_server
from handlers.socket import ChatSocket
from realchat.engine import Engine as TranslationEngine
from realchat.engine import Patience
from realchat.errors import ChatError
from realchat.mongod import EmbeddedMongod, start_mongod
from realchat.services import Services, open_services
from realchat.settings import Settings
from realchat.store.database import Database
from realchat.store.messages import Messages
from realchat.store.places import Places

# How long an example or its making takes says how busy the machine is, and nothing else.
hypothesis.settings.register_profile(
    "here", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("here")

# Bytes that the databases of a whole run may take, with much to spare.
_ROOM = 4 * 1024**3


@pytest.fixture(scope="session")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedMongod]:
    """One embedded MongoDB for the whole run."""
    with TemporaryDirectory(dir=_fast_folder(tmp_path_factory)) as folder:
        started = start_mongod(Path(folder))
        yield started
        started.stop()


def _fast_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in memory if there is room, where each test's many fsyncs cost nothing."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > _ROOM:
        return memory
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def keep_logging() -> Iterator[None]:
    """Put the logging back as it was."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    levels = {name: logging.getLogger(name).level for name in (None, "handlers", "realchat")}
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture(scope="session", autouse=True)
def outer_loop() -> Iterator[None]:
    """The loop that is set between tests: asyncio would make one that nobody closes."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a test's server; a test module overrides this fixture to change them."""
    return Settings(
        mongodb_db=f"test_{secrets.token_hex(6)}",
        data_dir=tmp_path / "data",
        upload_dir=tmp_path / "uploads",
        jwt_access_secret=secrets.token_hex(32),
        jwt_refresh_secret=secrets.token_hex(32),
        rate_limits=False,
        bcrypt_rounds=4,  # below what the environment may set, for the tests' speed
    )


@pytest.fixture
def database(io_loop: IOLoop, mongod: EmbeddedMongod, settings: Settings) -> Iterator[Database]:
    """A database of the test's own, without a server around it."""
    opened = io_loop.run_sync(lambda: _open(mongod.uri, settings.mongodb_db))
    yield opened
    io_loop.run_sync(lambda: _drop(opened))
    opened.close()


async def _open(uri: str, name: str) -> Database:
    return Database(uri, name)


async def _drop(database: Database) -> None:
    """Delete a database, which on a busy machine takes longer than a call may in service."""
    async with asyncio.timeout(60):
        while True:
            try:
                await database.drop()
            except ChatError:
                await asyncio.sleep(0.2)
            else:
                return


@pytest.fixture(params=["one server", "shards"])
def messages(io_loop: IOLoop, database: Database, request: pytest.FixtureRequest) -> Messages:
    """The stored messages, as for one server and as for several shards."""
    places = Places(database) if request.param == "shards" else None
    messages = Messages(database, places)
    io_loop.run_sync(messages.prepare)
    return messages


@pytest.fixture
def services(io_loop: IOLoop, mongod: EmbeddedMongod, settings: Settings) -> Iterator[Services]:
    """All services on a database of the test's own."""
    opened: Services = io_loop.run_sync(lambda: open_services(settings, mongod.uri))
    yield opened
    io_loop.run_sync(opened.tasks.drain)  # which else would write to what is being dropped
    io_loop.run_sync(lambda: _drop(opened.database))
    io_loop.run_sync(opened.close)


@pytest.fixture
def app(services: Services) -> Application:
    """The application, as pytest-tornado wants it."""
    return make_application(services)


@pytest.fixture
def http_server(
    io_loop: IOLoop, app: Application, _unused_port: tuple[object, int]
) -> Iterator[HTTPServer]:
    """The real server with its real limits, instead of pytest-tornado's bare one."""
    server = make_server(app)
    server.add_socket(_unused_port[0])  # type: ignore[arg-type]  # the plugin has no types
    yield server
    server.stop()
    # The registry is the class's, so nobody may stay in it for the next test.
    io_loop.run_sync(lambda: ChatSocket.close_all(5))
    io_loop.run_sync(server.close_all_connections)
    io_loop.run_sync(_let_go)
    assert not any(ChatSocket.registry)


async def _let_go() -> None:
    """Give the transports that were closed the turns of the loop in which they let go."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a translation for as long as the test holds it back."""
    waiting = partial(TranslationEngine, patience=Patience(deadline=300))
    monkeypatch.setattr("realchat.outside.Engine", waiting)


@pytest.fixture(scope="session")
def one_libretranslate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibreTranslateServer]:
    """One LibreTranslate for the whole run."""
    with LibreTranslateServer(tmp_path_factory.mktemp("libretranslate")) as started:
        yield started


@pytest.fixture
def libretranslate(one_libretranslate: LibreTranslateServer) -> LibreTranslateServer:
    """The real translation engine, ready whatever a test before did to it."""
    one_libretranslate.start()
    return one_libretranslate


@pytest.fixture(scope="session")
def one_swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwiftServer]:
    """One object store for the whole run."""
    memory = TemporaryDirectory(dir=_fast_folder(tmp_path_factory))
    with memory as folder, SwiftServer(Path(folder)) as started:
        yield started


@pytest.fixture
def swift(one_swift: SwiftServer) -> SwiftServer:
    """The object store, ready whatever a test before did to it."""
    one_swift.start()
    return one_swift


@pytest.fixture
def bucket(swift: SwiftServer) -> dict[str, str]:
    """The settings of a server with an empty bucket of its own."""
    given = {**swift.settings(), "s3_bucket": f"test-{secrets.token_hex(6)}", "s3_prefix": "chat"}
    BucketShelf(structs.replace(Settings(), **given)).make()
    return given


@pytest.fixture(params=["disk", "bucket"])
def store(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of where files are kept: once the disk, once a bucket."""
    given: dict[str, str] = request.getfixturevalue("bucket") if request.param == "bucket" else {}
    return given


@pytest.fixture
def engine(io_loop: IOLoop) -> Iterator[Engine]:
    """LibreTranslate's interface, a real engine behind it."""

    async def start() -> Engine:
        return Engine()

    started = io_loop.run_sync(start)
    yield started
    started.stop()
    io_loop.run_sync(started.finish)
