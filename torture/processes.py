"""The real program as a child process, in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from pymongo import MongoClient

ROOT = Path(__file__).parent.parent
# Seconds that a busy machine may take for anything here; nothing is measured by it.
PATIENCE = 60
# What the parent of workers logs.
_RENEWED = "all workers are renewed"
# So that a run of the tests that is killed leaves no servers.
LEASH = [path, "--pdeathsig", "TERM"] if (path := shutil.which("setpriv")) else []

# Below those that Linux gives to outgoing connections and to who asks for any, one of which could
# have a port before the server does that it was chosen for; and above those of `realchat.mongod`,
# which does not know what was given here. Tests that run at once share them.
_TESTER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_PORTS = range(26000 + _TESTER, 32000, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
_given: set[int] = set()


def free_port() -> int:
    """Return a port of the loopback address that nobody has, and that nobody else gets here."""
    while True:
        port = secrets.choice(_PORTS)
        if port in _given:
            continue
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            _given.add(port)
            return port


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait until something has happened; fail when it does not."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs: one that ended but waits for its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


class ServerProcess:
    """`python server.py` and its `arguments` in a folder, set to a port and what is given.

    `inside` is what the command begins with. As a context manager it is ready
    when entered, and gone when left.
    """

    def __init__(
        self, folder: Path, *arguments: str, inside: Sequence[str] = (), **environ: str
    ) -> None:
        self.folder = folder
        given = environ.get("PORT", "")
        self.port = int(given) if given.isdecimal() else free_port()
        self.url = f"http://{environ.get('HOST', '127.0.0.1')}:{self.port}"
        self._out, self._err = folder / "stdout.txt", folder / "stderr.txt"
        with self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(
                [*LEASH, *inside, sys.executable, ROOT / "server.py", *arguments],
                cwd=folder,
                env={"PATH": os.environ["PATH"], "PORT": str(self.port), **environ},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def __enter__(self) -> ServerProcess:
        try:
            return self.wait_ready()
        except BaseException:
            self.kill()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def stdout(self) -> str:
        """What it has printed so far."""
        return self._out.read_text()

    @property
    def stderr(self) -> str:
        """What it has logged or complained of so far."""
        return self._err.read_text()

    @property
    def mongod_pid(self) -> int:
        """The process id of its embedded MongoDB."""
        return int((self.folder / "data/mongodb/mongod.lock").read_text())

    def database(self) -> MongoClient[dict[str, Any]]:
        """Connect to its embedded MongoDB."""
        data = self.folder / "data"
        return MongoClient(
            "127.0.0.1",
            int((data / "mongodb.port").read_text()),
            username="realchat",
            password=(data / "secrets/mongodb_password").read_text(),
            directConnection=True,
        )

    @property
    def children(self) -> list[int]:
        """The process ids of the programs that it started and that live."""
        pid = self.process.pid
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [each for each in map(int, listed) if is_alive(each)]

    @property
    def workers(self) -> list[int]:
        """The process ids of its workers, where it has several."""
        return [pid for pid in self.children if "--worker" in _command(pid)]

    @property
    def renewals(self) -> int:
        """How often it has replaced all of its workers."""
        return self.stderr.count(_RENEWED)

    def renew(self) -> None:
        """Have it replace its workers; return when that is done."""
        done = self.renewals
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.renewals > done)

    def wait_ready(self) -> ServerProcess:
        """Wait until `/readyz` says so."""
        wait_until(lambda: self.process.poll() is not None or self.is_ready())
        assert self.process.poll() is None, self.stderr
        return self

    def is_ready(self) -> bool:
        """Tell whether `/readyz` answers 200."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=PATIENCE) as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False

    def wait(self) -> int:
        """Wait until it ends by itself; return its exit code."""
        return self.process.wait(PATIENCE)

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """Stop it as an operator does; return its exit code."""
        self.process.send_signal(signum)
        try:
            return self.wait()
        finally:
            self.kill()

    def press_ctrl_c(self) -> None:
        """Send what a terminal sends to all of its foreground processes."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """End it the hard way."""
        self.process.kill()
        self.process.wait()

    def kill_all(self) -> None:
        """End it and its workers at once, as the loss of a machine does."""
        workers = self.workers
        self.kill()
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, workers)))


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []
