"""`python -m bench.model`: how many machines so many connected people need, from measured costs.

Arithmetic alone (`bench.reckoning`), with the numbers of `bench.model_inputs`: change one
and run it again. docs/scale.md shows what it prints, and says what follows.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.model_inputs import TB
from bench.reckoning import Model
from bench.tables import write_row

SIZES = (10_000, 1_000_000, 100_000_000)
# Where a document shows what is printed.
BEGIN, END = "<!-- python -m bench.model -->", "<!-- end of the model -->"

Row = tuple[str, Callable[[Model], float]]


def nodes(model: Model) -> float:
    """Return how many machines the processes need."""
    needs = model.processes()
    return math.ceil(needs.number / model.machines.cores) if needs.is_enough else math.inf


def balancers(model: Model) -> float:
    """Return how many balancers it takes to have so many connections to the nodes."""
    if not model.processes().is_enough:
        return math.nan
    return model.size * model.people.devices / (nodes(model) * model.machines.ports)


_ROWS: list[Row] = [
    ("sends a second", lambda m: m.rates.sends),
    ("deliveries", lambda m: m.rates.deliveries),
    ("people who connect", lambda m: m.rates.connects),
    ("events to all processes", lambda m: m.rates.to_all),
    ("processes: by CPU", lambda m: m.processes().by_cpu),
    ("by memory", lambda m: m.processes().by_memory),
    ("by pauses", lambda m: m.processes().by_pauses),
    ("**nodes** of 8 cores", nodes),
    ("balancers, by ports to these nodes", balancers),
    ("other processes that hear a message", lambda m: m.hearers(m.processes().number)),
    ("events over Redis a second", lambda m: m.events() + m.rates.to_all),
    ("Redis masters: by CPU", lambda m: m.masters(m.processes().number).by_cpu),
    ("by memory", lambda m: m.masters(m.processes().number).by_memory),
    ("**Redis masters**", lambda m: m.masters(m.processes().number).number),
    ("writes to MongoDB a second", lambda m: m.writes()),
    ("MongoDB shards: by CPU", lambda m: m.shards().by_cpu),
    ("by a year's disk", lambda m: m.shards().by_memory),
    ("**MongoDB shards** for a year", lambda m: m.shards().number),
    ("TB a year, on one member", lambda m: m.storage() / TB),
    ("all cut off, seconds until back: processes", lambda m: m.returns()[0]),
    ("Redis", lambda m: m.returns()[1]),
    ("MongoDB", lambda m: m.returns()[2]),
]


def write_tables(models: Sequence[Model]) -> str:
    """Return what they need; then how near each limit is, and at how many people it is met."""
    sizes = [f"{model.size:,.0f}" for model in models]
    rule = ["---", *["---:" for _ in models]]
    needs = [["connected people", *sizes], rule]
    needs += [[name, *(write_number(of(model)) for model in models)] for name, of in _ROWS]
    limits = [model.limits() for model in models]
    used = [["**used of what machines do not add to**", *sizes, "met at"], [*rule, "---:"]]
    used += [
        [name, *(write_number(each[name]) for each in limits), met(models[0].met_at(name))]
        for name in limits[0]
    ]
    return "".join(map(write_row, needs)) + "\n" + "".join(map(write_row, used))


def write_number(value: float) -> str:
    """Return a number as short as its size deserves."""
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "no number is enough"
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def met(people: float) -> str:
    """Return a number of people as one says it."""
    return f"{people / 1e6:,.1f} million"


def write_model() -> str:
    """Return the model: as it is built, and as if presence were told to those only who look."""
    parts = []
    for tells_presence, title in (
        (True, "As it is built"),
        (False, "If presence were told to those only who look at it"),
    ):
        models = [Model(size=size, tells_presence=tells_presence) for size in SIZES]
        parts.append(f"**{title}**\n\n{write_tables(models)}")
    return "\n".join(parts)


def main() -> None:
    """Print the model, or put it where a document shows it."""
    parser = argparse.ArgumentParser(prog="python -m bench.model", description=__doc__)
    parser.add_argument("--into", type=Path, help="a document, in which it replaces the last one")
    document = parser.parse_args().into
    if document is None:
        sys.stdout.write(write_model())
        return
    before, begin, rest = document.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{document} has no place for it, between {BEGIN} and {END}.")
    document.write_text(f"{before}{begin}\n{write_model()}{end}{after}")


if __name__ == "__main__":
    main()
