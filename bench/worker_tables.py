"""What one and several workers did, as tables in Markdown: medians of all rounds, and ratios."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from bench.loading import Stage
from bench.tables import write_row


class Counts(Struct, frozen=True, kw_only=True):
    """What a database did: documents it was asked to insert, and took; and commands it got."""

    tried: int
    stored: int
    inserts: int
    finds: int

    def since(self, before: Counts) -> Counts:
        """Return what it did since then."""
        return Counts(
            tried=self.tried - before.tried,
            stored=self.stored - before.stored,
            inserts=self.inserts - before.inserts,
            finds=self.finds - before.finds,
        )

    def each(self, number: int) -> float:
        """Return how many there were for each document that was stored."""
        return number / max(self.stored, 1)


class Run(Struct, frozen=True, kw_only=True):
    """One stage, and the CPU time of each part in it, in microseconds.

    `fullest` is the share of connections that one worker has which has most of them;
    `others_us` is what the machine did besides. `counts` begin once all are connected.
    """

    stage: Stage
    workers_us: Sequence[float]
    fullest: float
    database_us: float
    redis_us: float
    loader_us: float
    others_us: float
    counts: Counts

    @property
    def sends(self) -> float:
        """Acknowledged messages a second."""
        return self.stage.acks / self.stage.seconds

    @property
    def deliveries(self) -> float:
        """Deliveries a second."""
        return self.stage.deliveries / self.stage.seconds

    @property
    def server_us(self) -> float:
        """The CPU time of all parts but the loader."""
        return sum(self.workers_us) + self.database_us + self.redis_us

    def each(self, microseconds: float) -> float:
        """Return the share of one message, or of one connection, in some CPU time."""
        return microseconds / max(self.stage.acks, self.stage.connections, 1)

    def share(self, microseconds: float) -> float:
        """Return some CPU time in cores."""
        return microseconds / 1e6 / self.stage.seconds

    @property
    def room(self) -> float:
        """How many times as much there could be, at most, if the load came from elsewhere.

        Either the busiest worker would fill its core, or all parts what the loader took.
        """
        freed = (self.server_us + self.loader_us) / self.server_us
        return max(1.0, min(1 / self.share(max(self.workers_us)), freed))

    @property
    def on_own_cores(self) -> float:
        """Sends a second, at most, if each worker had a core, and all else cores of its own."""
        return self.sends / self.share(max(self.workers_us))


# Runs by load, then by contender; one of each round.
Found = dict[str, dict[str, list[Run]]]
Measure = Callable[[Run], float]
Column = tuple[str, Measure, str]

_DONE: list[Column] = [
    ("sends/s", lambda r: r.sends, ",.0f"),
    ("deliveries/s", lambda r: r.deliveries, ",.0f"),
    ("ack p50 ms", lambda r: r.stage.ack_p50_us / 1000, ".1f"),
    ("p99 ms", lambda r: r.stage.ack_p99_us / 1000, ".1f"),
    # Where the ack is waited for only, later deliveries are not timed, and p99 is not known.
    ("delivery p50 ms", lambda r: r.stage.p50_us / 1000 if r.stage.p99_us else 0, ".1f"),
    ("p99 ms", lambda r: r.stage.p99_us / 1000, ".1f"),
    ("fullest worker", lambda r: r.fullest, ".0%"),
    ("tried for each stored", lambda r: r.counts.each(r.counts.tried), ".2f"),
    ("insert commands", lambda r: r.counts.each(r.counts.inserts), ".2f"),
    ("finds", lambda r: r.counts.each(r.counts.finds), ".2f"),
]
_COST: list[Column] = [
    ("workers µs/send", lambda r: r.each(sum(r.workers_us)), ".0f"),
    ("database", lambda r: r.each(r.database_us), ".0f"),
    ("Redis", lambda r: r.each(r.redis_us), ".1f"),
    ("loader", lambda r: r.each(r.loader_us), ".1f"),
    (
        "server µs/delivery",
        lambda r: r.server_us / max(r.stage.deliveries, 1),
        ".1f",
    ),
    ("busiest worker, cores", lambda r: r.share(max(r.workers_us)), ".2f"),
    ("workers", lambda r: r.share(sum(r.workers_us)), ".2f"),
    ("database", lambda r: r.share(r.database_us), ".2f"),
    ("Redis", lambda r: r.share(r.redis_us), ".2f"),
    ("loader", lambda r: r.share(r.loader_us), ".2f"),
    ("other programs", lambda r: r.share(r.others_us), ".2f"),
]

_CONNECTED: list[Column] = [
    ("connections/s", lambda r: r.stage.connections / r.stage.seconds, ",.0f"),
    ("workers µs/connection", lambda r: r.each(sum(r.workers_us)), ",.0f"),
    ("database", lambda r: r.each(r.database_us), ",.0f"),
    ("Redis", lambda r: r.each(r.redis_us), ".0f"),
    ("loader", lambda r: r.each(r.loader_us), ".0f"),
    ("fullest worker", lambda r: r.fullest, ".0%"),
]


def write_report(found: Found) -> str:
    """Return two tables for each load, and one with the ratios of all loads.

    A contender of whom something came twice or astray, or that closed connections in any
    round, is marked as unsound.
    """
    parts = [_write_load(load, by_name) for load, by_name in found.items()]
    return "\n".join([*parts, _write_ratios(found)])


def _write_load(load: str, found: Mapping[str, Sequence[Run]]) -> str:
    is_talk = any(run.stage.senders for runs in found.values() for run in runs)
    tables = (_DONE, _COST) if is_talk else (_CONNECTED,)
    return "\n".join(_write_table(load, found, columns) for columns in tables)


def _write_table(load: str, found: Mapping[str, Sequence[Run]], columns: Sequence[Column]) -> str:
    head = [f"**{load}**", *(name for name, _, _ in columns)]
    rows = [
        [
            name if all(run.stage.is_sound for run in runs) else f"{name} (unsound)",
            *(_write(statistics.median(map(of, runs)), shape) for _, of, shape in columns),
        ]
        for name, runs in found.items()
    ]
    return "".join(map(write_row, [head, ["---", *["---:"] * len(columns)], *rows]))


def _write(value: float, shape: str) -> str:
    return format(value, shape) if value else "-"


_RATIOS: list[Measure] = [
    lambda r: r.sends,
    lambda r: r.sends * r.room,
    lambda r: r.on_own_cores,
]


def _write_ratios(found: Found) -> str:
    """Return how much more the last contender does than each other one, round by round."""
    head = ["**sends/s**"]
    rows = []
    for load, by_name in found.items():
        *others, last = by_name
        if not any(run.stage.senders for run in by_name[last]):
            continue
        head = ["**sends/s**"]
        row = [load.partition(":")[0]]
        for other in others:
            head += [f"{last} : {other}", "with the load from elsewhere", "each on its own core"]
            pairs = list(zip(by_name[last], by_name[other], strict=True))
            row += [
                f"{statistics.median(of(one) / max(of(two), 1) for one, two in pairs):.2f} x"
                for of in _RATIOS
            ]
        rows.append(row)
    return "".join(map(write_row, [head, ["---", *["---:"] * (len(head) - 1)], *rows]))
