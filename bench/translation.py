"""`python -m bench.translation`: a group that writes in five languages, measured.

The engine is a stand-in, by turns well and stalled, and not there before and
after. So our server is measured, and nothing of a model's work.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import uvloop
from msgspec import Struct

from bench.contenders import Running, run_ours, run_peer
from bench.machine import HERE, ROOT, allow_many_files, cores, describe, move
from bench.people import ask, let_read, make_groups, make_people
from bench.phases import NO_ENGINE, STALLED, WELL, Group, Pace, Phase, StandIn, run_phase
from bench.talk import LANGUAGES, Talk
from bench.translation_tables import write_report

# Seconds until an engine that goes on is asked again, at most.
_PATIENCE = 120
# Every fourth of those with another language reads this one, too.
_READ_BY_MANY, _MANY = "en", 4


class Sizes(Struct, frozen=True, kw_only=True):
    """How large a run is; `call_seconds` is the engine's time for each call."""

    people: int = 200
    pace: Pace = Pace(rate=50, seconds=30, repeats=0.5)
    call_seconds: float = 0.05
    rounds: int = 2


QUICK = Sizes(people=20, pace=Pace(rate=20, seconds=2, repeats=0.5), rounds=1)


class Place(Struct, frozen=True, kw_only=True):
    """Which server is measured, where its data are, and on which cores it and all else run."""

    program: Path
    folder: Path
    server_core: int
    other_core: int

    def run_ours(self, environ: Mapping[str, str] | None = None) -> AbstractContextManager[Running]:
        """Start the server as a fresh process, on the same data."""
        return run_ours(self.program, self.folder, self.server_core, self.other_core, environ)

    @contextmanager
    def run_engine(self, seconds: float) -> Iterator[int]:
        """Start the stand-in for an engine; yield its port."""
        command = [sys.executable, str(HERE / "engine.py")]
        environ = {"CALL_SECONDS": str(seconds), "LANGUAGES": ",".join(LANGUAGES)}
        with run_peer(command, self.other_core, environ) as running:
            yield running.port


def main() -> None:
    """Measure what the command line asks for."""
    given = _read_arguments()
    sizes = QUICK if given.quick else Sizes(rounds=given.rounds)
    allow_many_files()
    sys.stdout.write(f"{describe()}\n\n")
    server_core, other_core = cores()
    move(os.getpid(), other_core)
    with tempfile.TemporaryDirectory(prefix="realchat-bench-") as folder:
        place = Place(
            program=given.server.resolve(),
            folder=Path(folder),
            server_core=server_core,
            other_core=other_core,
        )
        phases = measure(place, sizes)
    sys.stdout.write(write_report(phases))


def measure(place: Place, sizes: Sizes) -> list[Phase]:
    """Run all phases: without an engine, by turns with one that is well or stalled, without."""
    phases: list[Phase] = []

    def run(kind: str, running: Running, group: Group, stand_in: StandIn) -> None:
        sys.stderr.write(f"{kind}, {sizes.pace.seconds:.0f} seconds ...\n")
        # Each phase says something else, so that none profits from those before it.
        talk = Talk(str(len(phases)), sizes.pace.repeats)
        phase = run_phase(kind, running, group, stand_in, sizes.pace, talk)
        phases.append(uvloop.run(phase))

    with place.run_ours() as running:
        group = asyncio.run(_gather_people(running.port, sizes.people))
        run(NO_ENGINE, running, group, StandIn(None))
    with place.run_engine(sizes.call_seconds) as port:
        url = f"http://127.0.0.1:{port}"
        with place.run_ours({"LIBRETRANSLATE_URL": url}) as running:
            for _ in range(sizes.rounds):
                run(WELL, running, group, StandIn(port))
                run(STALLED, running, group, StandIn(port))
                asyncio.run(_wait_until_well(running.port, group))
    with place.run_ours() as running:
        run(NO_ENGINE, running, group, StandIn(None))
    return phases


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.translation", description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="times well and stalled")
    parser.add_argument("--quick", action="store_true", help="small, to see that it works")
    parser.add_argument(
        "--server", type=Path, default=ROOT / "server.py", help="another copy's server.py"
    )
    return parser.parse_args()


async def _gather_people(port: int, count: int) -> Group:
    people = await make_people(port, count, "reader", LANGUAGES)
    languages = [_read_by(number) for number in range(count)]
    for person, (_, *more) in zip(people, languages, strict=True):
        if more:
            await let_read(port, person, *more)
    (group_id,) = await make_groups(port, [people])
    return Group(group_id, people, languages)


def _read_by(number: int) -> tuple[str, ...]:
    """Return what somebody reads: languages go by turns, as those of `make_people` do."""
    turn, place = divmod(number, len(LANGUAGES))
    lang = LANGUAGES[place]
    reads_more = lang != _READ_BY_MANY and turn % _MANY == 0
    return (lang, _READ_BY_MANY) if reads_more else (lang,)


async def _wait_until_well(port: int, group: Group) -> None:
    """Return when a message that was not translated before is translated again."""
    writer, (lang, target) = group.people[0], LANGUAGES[:2]
    said = {"group_id": group.id, "content": "Are you back again?", "content_lang": lang}
    message = await ask(port, "POST", "/messages", said, writer.token)
    path, end = f"/messages/{message['id']}/translation?lang={target}", time.monotonic() + _PATIENCE
    while (await ask(port, "GET", path, token=writer.token))["status"] != "ready":
        if time.monotonic() > end:
            raise TimeoutError("The server does not ask the engine again.")
        await asyncio.sleep(1)


if __name__ == "__main__":
    main()
