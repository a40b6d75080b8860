"""The results as tables in Markdown: medians of all rounds, and ratios to ours."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence

from bench.contenders import OURS
from bench.loading import Stage
from bench.measuring import Results

Measure = Callable[[Stage], float]
Column = tuple[str, Measure, str]


def _cpu_per_delivery(stage: Stage) -> float:
    return stage.cpu_us[0] / max(stage.deliveries, 1)


def _cpu_per_send(stage: Stage) -> float:
    return stage.cpu_us[0] / max(stage.acks, 1)


def _database_per_send(stage: Stage) -> float:
    return stage.cpu_us[1] / max(stage.acks, 1) if len(stage.cpu_us) > 1 else 0


def _kb_per_socket(stage: Stage) -> float:
    grown = stage.memory_kb - stage.memory_before_kb
    return grown / max(stage.connections, 1)


_BROADCAST: list[Column] = [
    ("CPU µs/delivery", _cpu_per_delivery, ".2f"),
    ("deliveries/s", lambda s: s.deliveries / s.seconds, ",.0f"),
    ("p50 ms", lambda s: s.p50_us / 1000, ".2f"),
    ("p99 ms", lambda s: s.p99_us / 1000, ".2f"),
    ("bytes/delivery", lambda s: s.frame_bytes, ".0f"),
    ("memory MB", lambda s: s.memory_kb / 1024, ".0f"),
    ("gathered s", lambda s: s.gather_seconds, ".1f"),
    ("loader busy", lambda s: s.loader_share, ".0%"),
]
_IDLE: list[Column] = [
    ("kB/socket", _kb_per_socket, ".1f"),
    ("handshakes/s", lambda s: s.connections / s.seconds, ",.0f"),
    ("seconds for all", lambda s: s.seconds, ".1f"),
    ("CPU µs/handshake", lambda s: s.cpu_us[0] / max(s.connections, 1), ".0f"),
]
_SENDS: list[Column] = [
    ("sends/s", lambda s: s.acks / s.seconds, ",.0f"),
    ("ack p50 ms", lambda s: s.ack_p50_us / 1000, ".2f"),
    ("ack p99 ms", lambda s: s.ack_p99_us / 1000, ".2f"),
    ("CPU µs/send", _cpu_per_send, ".0f"),
    ("database µs/send", _database_per_send, ".0f"),
]


def write_tables(results: Results) -> str:
    """Return a table of each workload that was measured.

    A server of whom something came twice or astray, or that closed
    connections in any round, is marked as unsound.
    """
    return "\n".join(_write_table(key, found) for key, found in results.items())


def median(stages: Sequence[Stage], measure: Measure) -> float:
    """Return the median of what the rounds found."""
    return statistics.median(map(measure, stages))


def write_row(cells: Iterable[str]) -> str:
    """Return a row of a table in Markdown."""
    return f"| {' | '.join(cells)} |\n"


def _write_table(key: str, found: dict[str, list[Stage]]) -> str:
    columns = _SENDS if key[0] == "P" else _IDLE if key[0] == "D" else _BROADCAST
    main = columns[0][1]
    ours = median(found[OURS], main) if OURS in found else 0
    head = [f"**{key}**", *(name for name, _, _ in columns), "ours is"]
    rows = [
        [
            name if all(stage.is_sound for stage in stages) else f"{name} (unsound)",
            *(format(median(stages, measure), shape) for _, measure, shape in columns),
            f"{ours / (median(stages, main) or 1):.2f} x" if name != OURS else "",
        ]
        for name, stages in found.items()
    ]
    return "".join(map(write_row, [head, ["---", *["---:"] * (len(head) - 1)], *rows]))
