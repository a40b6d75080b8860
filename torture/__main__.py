"""`python -m torture`: run scenarios, and print what came of them as a table."""

from __future__ import annotations

import argparse
import asyncio
import logging
import math
import resource
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tornado.httpclient import AsyncHTTPClient

from torture.scenarios import LONG, MEDIUM, SHORT, Options, Outcome, Scenario, find_lack, run

_FORMS = {"short": SHORT, "medium": MEDIUM, "long": LONG}
_SHOWN = 20
_REQUESTS = 100


def main() -> int:
    """Run what the command line asks for; return 1 when a guarantee did not hold."""
    arguments = _parse()
    # A connection takes three descriptors here, one as a client and two in the proxy.
    logging.getLogger("tornado.application").addFilter(_is_news)
    AsyncHTTPClient.configure(None, max_clients=_REQUESTS)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    chosen = [
        one
        for one in _FORMS[arguments.form]
        if not arguments.scenario or one.name in arguments.scenario
    ]
    if arguments.faults:
        chosen = [one._replace(faults=arguments.faults) for one in chosen]
    with tempfile.TemporaryDirectory(prefix="torture-", dir=arguments.folder) as folder:
        options = Options(Path(folder), arguments.seed, resumes=not arguments.rest)
        outcomes = [_run(scenario, options) for scenario in chosen if _is_possible(scenario)]
    print("| scenario | faults | acked | frames | back after, median / worst | time | violations |")
    print("|---|---|---|---|---|---|---|")
    for outcome in outcomes:
        print(_row(outcome))
    return int(any(outcome.violations for outcome in outcomes))


def _is_news(record: logging.LogRecord) -> bool:
    """Tell whether a line is more than that a broken connection broke what nobody waits for."""
    return "after Future was cancelled" not in record.getMessage()


def _is_possible(scenario: Scenario) -> bool:
    """Tell whether it can be played here; say why not."""
    if lack := find_lack(scenario):
        print(f"{scenario.name} is left out: {lack}", file=sys.stderr)
    return not lack


def _run(scenario: Scenario, options: Options) -> Outcome:
    """Run one, and tell of it at once."""
    print(f"{scenario.name}, seed {options.seed}: {scenario.what}", file=sys.stderr)
    outcome = asyncio.run(run(scenario, options))
    for kind, count in Counter(one.kind for one in outcome.violations).items():
        print(f"  VIOLATED: {kind}, {count} times", file=sys.stderr)
    for violation in outcome.violations[:_SHOWN]:
        print(f"  {violation.kind}: {violation.what}", file=sys.stderr)
    for what, times in outcome.times.items():
        median, worst = statistics.median(times), max(times)
        print(f"  {what}: median {median:.1f} s, worst {worst:.1f} s", file=sys.stderr)
    print(f"  {_row(outcome)}", file=sys.stderr)
    return outcome


def _row(outcome: Outcome) -> str:
    back = outcome.back or (math.inf,)
    median, worst = statistics.median(back), max(back)
    return (
        f"| {outcome.scenario.name} | {outcome.faults} | {outcome.acked:,} "
        f"| {outcome.sights:,} | {median:.1f} s / {worst:.1f} s "
        f"| {outcome.seconds:.0f} s | {len(outcome.violations)} |"
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    names = [one.name for one in LONG]
    parser.add_argument("scenario", nargs="*", help=f"any of {', '.join(names)}; else all")
    parser.add_argument("--form", choices=_FORMS, default="medium")
    parser.add_argument("--seed", type=int, default=1, help="the same seed breaks the same things")
    parser.add_argument("--faults", type=int, help="how many, instead of the form's own count")
    parser.add_argument("--folder", type=Path, help="where to keep the data while it runs")
    parser.add_argument("--rest", action="store_true", help="catch up over REST, not by `resume`")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
