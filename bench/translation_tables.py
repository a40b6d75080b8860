"""What the phases showed, as tables in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.phases import NO_ENGINE, STALLED, WELL, Phase
from bench.tables import write_row

Column = tuple[str, Callable[[Phase], str]]

_NOTHING = "–"  # noqa: RUF001 - how tables show that there is nothing


def percentile(times: Sequence[float], share: float) -> float:
    """Return the time that this share of sorted times does not exceed; 0 for none."""
    return times[min(int(len(times) * share), len(times) - 1)] if times else 0


def write_report(phases: Sequence[Phase]) -> str:
    """Return the tables, the ratios of the delivery times, and what should not be."""
    return "\n".join(
        [
            _write_table(_TRANSLATION, [one for one in phases if one.kind != NO_ENGINE]),
            _write_table(_DELIVERY, phases),
            _write_ratios(phases),
            *_write_complaints(phases),
        ]
    )


def _write_table(columns: Sequence[Column], phases: Sequence[Phase]) -> str:
    head = ["", *(name for name, _ in columns)]
    rows = [[one.kind, *(tell(one) for _, tell in columns)] for one in phases]
    return "".join(map(write_row, [head, ["---", *["---:"] * len(columns)], *rows]))


def _write_ratios(phases: Sequence[Phase]) -> str:
    """Compare deliveries of all phases of a kind with those of another."""
    times = {
        kind: sorted(time for one in phases if one.kind == kind for time in one.deliveries)
        for kind in (NO_ENGINE, WELL, STALLED)
    }
    rows = [
        [
            f"{kind} / {other}",
            *(
                f"{percentile(times[kind], share) / percentile(times[other], share):.2f} x"
                for share in (0.5, 0.99)
            ),
        ]
        for kind, other in ((STALLED, WELL), (STALLED, NO_ENGINE), (WELL, NO_ENGINE))
    ]
    head = ["delivery", "p50", "p99"]
    return "".join(map(write_row, [head, ["---", "---:", "---:"], *rows]))


def _write_complaints(phases: Sequence[Phase]) -> list[str]:
    return [f"UNSOUND: {one.kind}: {one.complaints}\n" for one in phases if not one.is_sound]


def _milliseconds(times: Sequence[float], share: float) -> str:
    return f"{percentile(times, share) * 1000:,.1f}" if times else _NOTHING


def _refusals(phase: Phase) -> str:
    found = sorted(phase.refusals.items(), key=lambda one: -one[1])
    return ", ".join(f"{number:,} {reason}" for reason, number in found) or "0"


_TRANSLATION: list[Column] = [
    ("messages", lambda one: f"{one.messages:,}"),
    ("x languages", lambda one: f"{one.wanted:,}"),
    ("different texts", lambda one: f"{one.pairs:,}"),
    ("jobs at the engine", lambda one: f"{one.jobs:,}"),
    ("asked again", lambda one: f"{one.again:,}"),
    ("other calls", lambda one: f"{one.others:,}"),
    ("cache hits", lambda one: f"{one.cached:,}"),
    ("refusals", _refusals),
    ("frames", lambda one: f"{one.frames:,}"),
    ("in the message", lambda one: f"{one.at_once:,}"),
    ("after the ack p50 ms", lambda one: _milliseconds(one.translations, 0.5)),
    ("p99 ms", lambda one: _milliseconds(one.translations, 0.99)),
]
_DELIVERY: list[Column] = [
    ("deliveries", lambda one: f"{len(one.deliveries):,}"),
    ("p50 ms", lambda one: _milliseconds(one.deliveries, 0.5)),
    ("p99 ms", lambda one: _milliseconds(one.deliveries, 0.99)),
    ("worst ms", lambda one: _milliseconds(one.deliveries, 1)),
    ("server busy", lambda one: f"{one.shares.server:.0%}"),
    ("database busy", lambda one: f"{one.shares.database:.0%}"),
    ("loader busy", lambda one: f"{one.shares.loader:.0%}"),
]
