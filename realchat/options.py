"""What stands on the command line."""

from __future__ import annotations

import argparse
import os

_MOST = 256


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="RealChat's server. The README has its settings.")
    parser.add_argument(
        "--workers",
        metavar="N",
        type=read_number,
        help="processes that share the port: a number, or auto for one a core (default: the "
        "setting WORKERS)",
    )
    parser.add_argument(
        "--new-epoch",
        action="store_true",
        help="tell clients to read all anew from the next start on, after a copy was put back; "
        "then end (docs/operations.md)",
    )
    # How the parent of several starts each: the descriptor of the line to it.
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def read_number(wanted: str) -> int:
    """Return how many workers are meant. Raises `ArgumentTypeError`, which argparse prints."""
    try:
        return count_workers(wanted)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def count_workers(wanted: str) -> int:
    """Return how many workers are meant: a number, or `auto`, one a core. Raises `ValueError`."""
    if wanted == "auto":
        return min(len(os.sched_getaffinity(0)), _MOST)
    if not wanted.isdecimal() or not 1 <= int(wanted) <= _MOST:
        raise ValueError(f"--workers must be a number from 1 to {_MOST}, or auto for one a core.")
    return int(wanted)
