"""The servers that are measured, each as a fresh child process on a core of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from bench.machine import HERE, PEER_PYTHON, free_port, move, on_core

PEERS = HERE / "peers"
OURS = "RealChat"

# Seconds that a start or a stop may take.
_PATIENCE = 60
# So that a bench that is killed leaves no servers.
_LEASH = [path, "--pdeathsig", "TERM"] if (path := shutil.which("setpriv")) else []
# The bench is no guesser of passwords, and its tokens outlive a long run.
_SETTINGS = {
    "RATE_LIMITS": "false",
    "BCRYPT_ROUNDS": "10",
    "ACCESS_TOKEN_SECONDS": "86400",
}


class Running(Struct, frozen=True, kw_only=True):
    """A server that is up; `pids` are its own process and, where there is one, its database's."""

    port: int
    pids: tuple[int, ...]


class StartFailedError(Exception):
    """A server did not come up; says which, and what it complained of."""


def peer_commands(floor: Path) -> dict[str, list[str]]:
    """Return how each peer is started, but for the port, by its name in the tables."""
    python = str(PEER_PYTHON)
    return {
        "C floor": [str(floor)],
        "Node ws": ["node", str(PEERS / "node_ws.js")],
        "python websockets": [python, str(PEERS / "websockets_broadcast.py")],
        "FastAPI/uvicorn": [python, str(PEERS / "fastapi_broadcast.py")],
        "naive Tornado": [python, str(PEERS / "tornado_broadcast.py")],
    }


@contextlib.contextmanager
def run_peer(
    command: Sequence[str], core: int, environ: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run a peer for as long as the block lasts. Raises `StartFailedError`."""
    port = free_port()
    with _run([*on_core(core), *command, str(port)], environ=environ) as process:
        _await(process, lambda: _listens(port), command[-1])
        yield Running(port=port, pids=(process.pid,))


@contextlib.contextmanager
def run_ours(
    program: Path,
    folder: Path,
    core: int | None,
    database_core: int | None,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Run our `server.py` on a data folder for as long as the block lasts.

    None for a core leaves the process on all of them; the environment is on top
    of what all have. Raises `StartFailedError`.
    """
    port = free_port()
    command = [sys.executable, str(program)]
    if core is not None:
        command = [*on_core(core), *command]
    settings = {**_SETTINGS, "PORT": str(port), **(environ or {})}
    with _run(command, folder=folder, environ=settings) as process:
        _await(process, lambda: _is_ready(port), OURS)
        database = int((folder / "data/mongodb/mongod.lock").read_text())
        if database_core is not None:
            move(database, database_core)
        yield Running(port=port, pids=(process.pid, database))


@contextlib.contextmanager
def _run(
    command: Sequence[str], folder: Path | None = None, environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command for as long as the block lasts, its log in its folder if it has one."""
    with contextlib.ExitStack() as closing:
        log = closing.enter_context((folder / "log.txt").open("wb")) if folder else None
        process = subprocess.Popen(
            [*_LEASH, *command],
            cwd=folder,
            env={"PATH": os.environ["PATH"], **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=log or subprocess.DEVNULL,
            stderr=log,
        )
        closing.callback(_end, process)
        yield process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await(process: subprocess.Popen[bytes], is_up: Callable[[], bool], name: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not is_up():
        if process.poll() is not None or time.monotonic() > end:
            raise StartFailedError(f"{name} does not come up.")
        time.sleep(0.02)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
