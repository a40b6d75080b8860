"""One stretch of a group's talk at a steady pace, with an engine well, stalled or not there."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence

import msgspec
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from bench.arrivals import Arrivals, Faults
from bench.contenders import Running
from bench.machine import cpu_seconds
from bench.people import Person
from bench.readers import Reader, connected
from bench.talk import Talk

NO_ENGINE, WELL, STALLED = "no engine", "engine well", "engine stalled"

# Seconds for what is under way after the last message: a translation may take a
# minute. Then some more, for what should not come.
_PATIENCE, _AFTER = 90, 1

# The server's measures, as prometheus-client calls their families and samples.
_COUNTED = ("realchat_translations", "realchat_translation_refusals")
_CACHED = ("realchat_translations_total", "cached")
_REFUSALS = "realchat_translation_refusals_total"

# Text, its language, the other.
Job = tuple[str, str, str]


class Group(Struct, frozen=True):
    """Who talks where; of each is known what they read, their own language first."""

    id: str
    people: Sequence[Person]
    languages: Sequence[Sequence[str]]


class Pace(Struct, frozen=True, kw_only=True):
    """So many messages a second for so many seconds, and the share of those said before."""

    rate: float
    seconds: float
    repeats: float


class Shares(Struct, frozen=True):
    """How much of one core's time each took while messages were sent, from 0."""

    server: float
    database: float
    loader: float


class Phase(Struct, frozen=True, kw_only=True):
    """What one stretch showed; times in seconds.

    `wanted` is messages times the languages that each is needed in, `pairs` the
    different texts among them, by language. `jobs` are the engine's own count of calls
    for them, `again` those of a text that it was asked before, `others` its calls for
    texts that nobody said. `cached` and `refusals` are the server's counts. `at_once` are
    translations that readers got in the message, `frames` those that told an outcome after it.
    """

    kind: str
    messages: int
    wanted: int
    pairs: int
    jobs: int
    again: int
    others: int
    cached: int
    refusals: dict[str, int]
    at_once: int
    frames: int
    deliveries: list[float]
    translations: list[float]
    shares: Shares
    faults: Faults

    @property
    def is_sound(self) -> bool:
        """Whether all came once, and an engine that answers was not asked twice."""
        return not self.complaints

    @property
    def complaints(self) -> str:
        """What should not be; nothing where all is well."""
        asked_again = f"{self.again} asked again" if self.kind == WELL and self.again else ""
        return ", ".join(filter(None, (self.faults.describe(), asked_again)))


class StandIn:
    """How the stand-in for an engine is told what to do, and tells what it was asked.

    Without a port there is none: nothing is asked of it.
    """

    def __init__(self, port: int | None) -> None:
        self._port = port

    def answer(self, *, on: bool) -> None:
        """Have it answer, or stall."""
        self._request("/answers", "PUT", msgspec.json.encode(on))

    def forget(self) -> None:
        """Have it count anew."""
        self._request("/count", "DELETE")

    def count(self) -> Counter[Job]:
        """Return how often it was asked for what."""
        rows = msgspec.json.decode(self._request("/count"), type=list[tuple[str, str, str, int]])
        return Counter({(text, source, target): times for text, source, target, times in rows})

    def _request(self, path: str, method: str = "GET", data: bytes | None = None) -> bytes:
        if self._port is None:
            return b"[]"
        url = f"http://127.0.0.1:{self._port}{path}"
        request = urllib.request.Request(url, data, method=method)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return bytes(reply.read())


async def run_phase(
    kind: str, running: Running, group: Group, stand_in: StandIn, pace: Pace, talk: Talk
) -> Phase:
    """Have the group talk for a while; a stalled engine goes on once the last message is sent."""
    stand_in.forget()
    stand_in.answer(on=kind != STALLED)
    before = _read_counts(running.port)
    arrivals = Arrivals(group.languages)
    tokens = [one.token for one in group.people]
    async with connected(running.port, tokens, arrivals.take) as readers:
        shares = await _talk(readers, arrivals, group, pace, talk, running.pids)
        await asyncio.to_thread(stand_in.answer, on=True)
        await _wait_for_rest(arrivals)
        closed = sum(reader.is_lost for reader in readers)
    counts = _read_counts(running.port)
    counts.subtract(before)
    faults = msgspec.structs.replace(arrivals.judge(), closed=closed)
    return _sum_up(kind, arrivals, faults, stand_in.count(), counts, shares)


async def _talk(
    readers: Sequence[Reader],
    arrivals: Arrivals,
    group: Group,
    pace: Pace,
    talk: Talk,
    pids: Sequence[int],
) -> Shares:
    """Let all say something by turns."""
    begun, before = time.perf_counter(), _cpu_times(pids)
    for number in range(int(pace.rate * pace.seconds)):
        await asyncio.sleep(max(0, begun + number / pace.rate - time.perf_counter()))
        place = number % len(readers)
        lang, ref = group.languages[place][0], str(number)
        text = talk.text(lang)
        command = {
            "type": "send_message",
            "ref": ref,
            "group_id": group.id,
            "content": text,
            "content_lang": lang,
        }
        arrivals.send(ref, text, lang, time.perf_counter())
        readers[place].send(msgspec.json.encode(command))
    took = time.perf_counter() - begun
    return Shares(
        *((now - then) / took for now, then in zip(_cpu_times(pids), before, strict=True))
    )


def _cpu_times(pids: Sequence[int]) -> list[float]:
    return [*map(cpu_seconds, pids), time.process_time()]


async def _wait_for_rest(arrivals: Arrivals) -> None:
    end = time.perf_counter() + _PATIENCE
    while time.perf_counter() < end:
        if arrivals.are_complete:
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(_AFTER)


def _read_counts(port: int) -> Counter[tuple[str, str]]:
    """Return what the server counted of translations, by measure and label."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
        text = reply.read().decode()
    return Counter(
        {
            (sample.name, "".join(sample.labels.values())): int(sample.value)
            for family in text_string_to_metric_families(text)
            if family.name in _COUNTED
            for sample in family.samples
        }
    )


def _sum_up(
    kind: str,
    arrivals: Arrivals,
    faults: Faults,
    asked: Counter[Job],
    counts: Counter[tuple[str, str]],
    shares: Shares,
) -> Phase:
    wanted = arrivals.wanted
    pairs = set(wanted)
    jobs = [times for what, times in asked.items() if what in pairs]
    return Phase(
        kind=kind,
        messages=len(arrivals.sent),
        wanted=len(wanted),
        pairs=len(pairs),
        jobs=sum(jobs),
        again=sum(jobs) - len(jobs),
        others=asked.total() - sum(jobs),
        cached=counts[_CACHED],
        refusals={
            reason: number
            for (name, reason), number in counts.items()
            if name == _REFUSALS and number
        },
        at_once=arrivals.outcomes["message", "ready"],
        frames=arrivals.frames["translation"],
        deliveries=sorted(arrivals.delivery_times()),
        translations=sorted(arrivals.translation_times()),
        shares=shares,
        faults=faults,
    )
