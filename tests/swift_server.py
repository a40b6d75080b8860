"""The real OpenStack Swift as a child process, whose proxy speaks S3 (`swift/serve.py`)."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType

from parts import require
from processes import free_port, wait_until

from torture.processes import LEASH

_HERE = Path(__file__).parent / "swift"
_ENVIRONMENT = _HERE / ".venv"


def _why_not() -> str:
    log = _ENVIRONMENT / "install.log"
    said = log.read_text().split("\n") if log.exists() else []
    errors = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR: ")]
    return errors[-1] if errors else "`make test` installs it"


class SwiftServer:
    """An object store in a folder of its own, on a free port that it keeps.

    As a context manager it is ready when entered, and gone when left.
    """

    def __init__(self, folder: Path) -> None:
        require((_ENVIRONMENT / "installed").exists(), f"needs Swift: {_why_not()}")
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.user, self.secret = "tests", secrets.token_hex(16)

    def __enter__(self) -> SwiftServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.kill()

    def settings(self) -> dict[str, str]:
        """Return the settings of a server that is to use it."""
        return {
            "s3_endpoint_url": f"http://127.0.0.1:{self.port}",
            "s3_access_key_id": f"chat:{self.user}",
            "s3_secret_access_key": self.secret,
        }

    def start(self) -> None:
        """Run it, or let it go on if it runs; return when it answers."""
        if self._process is None:
            self._process = self._spawn()
            wait_until(self._listens)
        self.thaw()

    def kill(self) -> None:
        """End it the hard way; what it took in stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let it do nothing any more: it is still connected to, and does not answer."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, signum: int) -> None:
        assert self._process is not None
        self._process.send_signal(signum)

    def _spawn(self) -> subprocess.Popen[bytes]:
        python, program = _ENVIRONMENT / "bin/python", _HERE / "serve.py"
        arguments = (str(self.port), self.user, self.secret)
        return subprocess.Popen(
            [*LEASH, python, "-W", "ignore", program, self._folder, *arguments],
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"Swift ended: {self._process.returncode}"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
