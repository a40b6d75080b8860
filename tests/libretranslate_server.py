"""The real LibreTranslate as a child process, offline, with the models of `argos`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any
from zipfile import ZipFile

from parts import require
from processes import PATIENCE, free_port, wait_until

_HERE = Path(__file__).parent / "argos"
_ENVIRONMENT = _HERE / ".venv"
_PROGRAM = _ENVIRONMENT / "bin/libretranslate"
_MODELS = sorted((_HERE / "models").glob("*.argosmodel"))
# With a frozen one, too, where SIGTERM would wait. It has nothing to save.
_LEASH = [path, "--pdeathsig", "KILL"] if (path := shutil.which("setpriv")) else []
# Characters of a text, which is what the project's own public server takes.
LIMIT = 2000
_OPTIONS = (
    *("--host", "127.0.0.1", "--char-limit", str(LIMIT)),
    *("--disable-web-ui", "--disable-files-translation"),
)
# What it is asked for before a test asks, so that its models are in memory; its
# limits count by the address that this header names.
_WARM_UP = (("Hello!", "en", "es"), ("¡Hola!", "es", "en"))
_WARM_UP_HEADERS = {"X-Forwarded-For": "192.0.2.1"}


def _require_libretranslate() -> None:
    require((_ENVIRONMENT / "installed").exists(), f"needs LibreTranslate: {_why_not()}")


def _why_not() -> str:
    log = _ENVIRONMENT / "install.log"
    said = log.read_text().split("\n") if log.exists() else []
    errors = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR: ")]
    return errors[-1] if errors else "`make test` installs it"


class LibreTranslateServer:
    """`libretranslate` in a folder of its own, on a free port that it keeps.

    As a context manager it is ready when entered, and gone when left. What it prints
    is thrown away, since it prints each message.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        _require_libretranslate()
        self._folder = folder
        self._options = options
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        for model in _MODELS:
            with ZipFile(model) as archive:
                archive.extractall(folder / "packages")

    def __enter__(self) -> LibreTranslateServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Run it, or let it go on if it runs; return when it can translate."""
        if self._process is not None and not self._has_ended():
            self.thaw()
            return
        self._process = self._spawn()
        try:
            wait_until(lambda: self._has_ended() or self._is_ready())
            assert not self._has_ended(), f"LibreTranslate ended: {self._process.returncode}"
            for text, source, target in _WARM_UP:
                self._ask("/translate", {"q": text, "source": source, "target": target})
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Stop it as an operator does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    def kill(self) -> None:
        """End it the hard way."""
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
        home = self._folder / "home"
        home.mkdir(exist_ok=True)
        return subprocess.Popen(
            [*_LEASH, _PROGRAM, "--port", str(self.port), *_OPTIONS, *self._options],
            cwd=home,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "ARGOS_PACKAGES_DIR": str(self._folder / "packages"),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _is_ready(self) -> bool:
        try:
            return bool(self._ask("/health")["status"] == "ok")
        except OSError:
            return False

    def _ask(self, path: str, fields: dict[str, str] | None = None) -> Any:
        request = urllib.request.Request(
            self.url + path,
            None if fields is None else json.dumps(fields).encode(),
            {"Content-Type": "application/json", **_WARM_UP_HEADERS},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)
