"""The bench's loader counts what really arrives, told by servers whose faults are known."""

from __future__ import annotations

import asyncio
import shutil
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

import pytest
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from bench.contenders import PEERS, run_peer
from bench.loading import Connect, Loader, LoadError, Stage
from bench.machine import HERE, compile_program, cores

needs_compiler = pytest.mark.skipif(
    not (shutil.which("cc") or shutil.which("gcc")), reason="there is no C compiler here"
)
needs_taskset = pytest.mark.skipif(not shutil.which("taskset"), reason="there is no taskset here")
needs_node = pytest.mark.skipif(
    not (shutil.which("node") and (HERE / "node_modules/ws").is_dir()),
    reason="there is no node with ws here: `make bench` installs it",
)
pytestmark = [needs_compiler, needs_taskset]

# Two rooms of three; in each of them one connection writes five messages.
ROOMS = [Connect(n // 3, f"/{n // 3}") for n in range(6)]
WRITERS, MESSAGES = 2, 5
EACH_ONCE = WRITERS * MESSAGES * 3

Load = Callable[[int], Awaitable[Stage]]


class PassingOn(WebSocketHandler):
    """Passes text on to its room, to each connection as many times as it is told."""

    rooms: ClassVar[defaultdict[str, list[PassingOn]]] = defaultdict(list)
    times: ClassVar[Callable[[int], int]] = lambda place: 1

    def open(self, name: str) -> None:
        self.set_nodelay(True)
        self.rooms[name].append(self)
        self.room = self.rooms[name]

    def on_message(self, message: str | bytes) -> None:
        for place, each in enumerate(self.room):
            for _ in range(type(self).times(place)):
                each.write_message(message)

    def on_close(self) -> None:
        self.room.remove(self)


@pytest.fixture
def app() -> Application:
    """A server that each test breaks in its own way."""
    return Application([(r"/(\d+)", PassingOn)])


@pytest.fixture(scope="module")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What the bench has in C, compiled."""
    folder = tmp_path_factory.mktemp("bench")
    sources = (HERE / "loader.c", PEERS / "floor.c")
    return {source.stem: compile_program(source, folder) for source in sources}


@pytest.fixture
def loader(binaries: dict[str, Path], tmp_path: Path) -> Loader:
    """The loader with a folder of its own."""
    return Loader(binaries["loader"], tmp_path)


@pytest.fixture
def load(loader: Loader) -> Load:
    """Load a server of this process, which has to go on meanwhile."""

    async def run(port: int) -> Stage:
        return await asyncio.to_thread(_load, loader, port)

    return run


def _load(loader: Loader, port: int) -> Stage:
    return loader.run(port, ROOMS, senders=WRITERS, count=MESSAGES, seconds=2, settle=1)[0]


def test_every_delivery_of_the_floor_is_counted_once(
    loader: Loader, binaries: dict[str, Path]
) -> None:
    with run_peer([str(binaries["floor"])], cores()[0]) as running:
        stage = _load(loader, running.port)
    assert (stage.sent, stage.deliveries) == (WRITERS * MESSAGES, EACH_ONCE)
    assert stage.is_sound


@needs_node
def test_every_delivery_of_node_is_counted_once(loader: Loader) -> None:
    with run_peer(["node", str(PEERS / "node_ws.js")], cores()[0]) as running:
        stage = _load(loader, running.port)
    assert (stage.deliveries, stage.is_sound) == (EACH_ONCE, True)


@pytest.mark.gen_test
async def test_a_message_that_comes_twice_is_no_second_delivery(
    http_server: object, http_port: int, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PassingOn, "times", lambda place: 2 if place == 2 else 1)
    stage = await load(http_port)
    assert stage.deliveries <= EACH_ONCE
    assert stage.doubled > 0
    assert not stage.is_sound


@pytest.mark.gen_test
async def test_a_message_that_one_does_not_get_is_never_complete(
    http_server: object, http_port: int, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PassingOn, "times", lambda place: 0 if place == 2 else 1)
    stage = await load(http_port)
    assert (stage.sent, stage.deliveries) == (WRITERS, WRITERS * 2)


@pytest.mark.gen_test
async def test_a_refused_handshake_ends_the_run(
    http_server: object, http_port: int, loader: Loader
) -> None:
    with pytest.raises(LoadError, match="404"):
        await asyncio.to_thread(loader.run, http_port, [Connect(0, "/elsewhere")])


@pytest.mark.gen_test
async def test_latency_is_measured_of_every_delivery(
    http_server: object, http_port: int, load: Load
) -> None:
    stage = await load(http_port)
    assert 0 < stage.p50_us <= stage.p99_us <= stage.seconds * 1_000_000
