"""What the bench counts is what really arrives, told by servers and frames of known faults."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec import structs
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from bench.arrivals import Arrivals, Faults
from bench.contenders import PEERS, run_peer
from bench.engine import translate
from bench.loading import Connect, Loader, LoadError, Stage
from bench.machine import HERE, ROOT, compile_program, cores
from bench.phases import NO_ENGINE, STALLED, WELL, Pace, Phase
from bench.translation import Place, Sizes, measure
from bench.translation_tables import write_report

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


Json = dict[str, object]

# Of four readers one reads English, one English besides, and two need a translation.
READS = [("en",), ("es", "en"), ("es",), ("de",)]
SAID = "Good morning to all"


def message(translation: Json | None = None, id: str = "1") -> Json:
    frame: Json = {"type": "message", "id": id, "content": SAID}
    return frame if translation is None else {**frame, "translation": translation}


def translated(lang: str, text: str = SAID, **other: str) -> Json:
    return {"status": "ready", "lang": lang, "content": translate(text, lang), **other}


def following(lang: str, text: str = SAID, **other: str) -> Json:
    return {"type": "translation", "id": "1", **translated(lang, text, **other)}


def pending(lang: str) -> Json:
    return message({"status": "pending", "lang": lang})


ACK: Json = {"type": "ack", "id": "1", "ref": "0"}
# What each of them gets, each with its translation in another way.
WELL_DELIVERED: list[list[Json]] = [
    [message(), ACK],
    [message()],
    [pending("es"), following("es")],
    [message(translated("de"))],
]


def arrivals_of(frames: list[list[Json]]) -> Arrivals:
    arrivals = Arrivals(READS)
    arrivals.send("0", SAID, "en", 1.0)
    for reader, of_reader in enumerate(frames):
        for frame in of_reader:
            arrivals.take(reader, json.dumps(frame).encode(), 1.5)
    return arrivals


def test_where_each_gets_each_once_nothing_is_wrong() -> None:
    arrivals = arrivals_of(WELL_DELIVERED)
    assert (arrivals.judge(), arrivals.are_complete) == (Faults(), True)
    assert arrivals.wanted == [(SAID, "en", "es"), (SAID, "en", "de")]


@pytest.mark.parametrize(
    ("reader", "frames", "faults"),
    [
        (1, [], Faults(lost=1)),
        (1, [message(), message()], Faults(doubled=1)),
        (1, [message(), message(id="2")], Faults(astray=1)),
        (2, [pending("es")], Faults(missing=1)),
        (2, [pending("es"), following("es"), following("es")], Faults(repeated=1)),
        (3, [message(translated("de")), following("de")], Faults(repeated=1)),
        (1, [pending("es")], Faults(unwanted=1)),
        (0, [message(), ACK, following("en")], Faults(unwanted=1)),
        (2, [pending("es"), following("de")], Faults(wrong=1)),
        (2, [pending("es"), following("es", "Good night")], Faults(wrong=1)),
        (2, [pending("es"), following("es", content=SAID)], Faults(wrong=1)),
        (0, [message()], Faults(lost=4, astray=1)),
        (0, [message(), {"type": "error", "ref": "0"}], Faults(lost=4, astray=1, errors=1)),
    ],
)
def test_what_should_not_come_is_counted(reader: int, frames: list[Json], faults: Faults) -> None:
    of_all = [frames if n == reader else usual for n, usual in enumerate(WELL_DELIVERED)]
    assert arrivals_of(of_all).judge() == faults


@pytest.fixture(scope="module")
def phases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Phase]:
    """What a few readers got with an engine that is well, that stalls, and without one."""
    server_core, other_core = cores()
    place = Place(
        program=ROOT / "server.py",
        folder=tmp_path_factory.mktemp("translation"),
        server_core=server_core,
        other_core=other_core,
    )
    pace = Pace(rate=20, seconds=1, repeats=0.9)
    measured = measure(place, Sizes(people=10, pace=pace, call_seconds=0.01, rounds=1))
    return {phase.kind: phase for phase in measured}


@pytest.mark.parametrize("kind", [NO_ENGINE, WELL, STALLED])
def test_a_group_of_five_languages_gets_all_once(phases: dict[str, Phase], kind: str) -> None:
    assert phases[kind].complaints == ""
    assert len(phases[kind].deliveries) == 20 * 10


def test_the_engine_is_asked_once_for_what_is_said_again(phases: dict[str, Phase]) -> None:
    phase = phases[WELL]
    assert (phase.wanted, phase.again) == (20 * 4, 0)
    assert 0 < phase.jobs == phase.pairs < phase.wanted


def test_without_an_engine_there_is_no_translation(phases: dict[str, Phase]) -> None:
    phase = phases[NO_ENGINE]
    assert (phase.jobs, phase.at_once, phase.frames, phase.translations) == (0, 0, 0, [])


def test_the_report_compares_deliveries_and_names_what_is_unsound(
    phases: dict[str, Phase],
) -> None:
    well = structs.replace(phases[WELL], again=2)
    report = write_report([phases[NO_ENGINE], well, phases[STALLED]])
    assert "engine stalled / engine well" in report
    assert "UNSOUND: engine well: 2 asked again" in report
    assert "UNSOUND" not in write_report(list(phases.values()))
