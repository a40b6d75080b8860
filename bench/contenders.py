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

from bench.machine import (
    HERE,
    PEER_PYTHON,
    MissingToolError,
    children,
    move,
    on_core,
)
from torture.processes import free_port

PEERS = HERE / "peers"
OURS = "RealChat"

# Seconds that a start or a stop may take.
_PATIENCE = 60
# What the parent of several workers prints once all of them serve.
_ALL_SERVE = "SIGHUP renews them"
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


class RedisServer(Struct, frozen=True, kw_only=True):
    """A Redis that is up, and its two addresses."""

    socket_url: str
    tcp_url: str
    pid: int


@contextlib.contextmanager
def run_redis(folder: Path) -> Iterator[RedisServer]:
    """Run a `redis-server` that keeps nothing, for as long as the block lasts.

    Raises `MissingToolError` and `StartFailedError`.
    """
    binary = shutil.which("redis-server")
    if binary is None:
        raise MissingToolError("There is no `redis-server` on this machine.")
    port, path = free_port(), folder / "redis.sock"
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--unixsocket", str(path)]
    command += ["--save", "", "--appendonly", "no", "--dir", str(folder)]
    with _run(command) as process:
        _await(process, lambda: _listens(port), "Redis")
        yield RedisServer(
            socket_url=f"unix://{path}", tcp_url=f"redis://127.0.0.1:{port}", pid=process.pid
        )


@contextlib.contextmanager
def run_workers(
    program: Path, folder: Path, number: int, environ: Mapping[str, str]
) -> Iterator[Running]:
    """Run so many workers of our `server.py`, on all cores, for as long as the block lasts.

    The environment names their database; `pids` are theirs, without their parent's.
    Raises `StartFailedError`.
    """
    port = free_port()
    command = [sys.executable, str(program), "--workers", str(number)]
    with _run(command, folder, {**_SETTINGS, "PORT": str(port), **environ}) as process:
        # Their parent says so once all of them serve; the first answers before that.
        log = folder / "log.txt"
        _await(process, lambda: number == 1 or _ALL_SERVE in log.read_text(), OURS)
        _await(process, lambda: _is_ready(port), OURS)
        pids = children(process.pid) if number > 1 else (process.pid,)
        yield Running(port=port, pids=tuple(pids))


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
