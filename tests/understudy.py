"""What stands for a worker in tests of their parent, and ends before it is ready if it is doomed.

Each leaves a file where its share says that all count: `begun-<n>`, `ready-<n>`, and
`stopped-<n>` when it was told to stop. A file `doom-<n>` dooms it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from itertools import count
from pathlib import Path

# Seconds between the end of a doomed one's line and its own, which a parent has to wait for.
_LAST_BREATH = 0.3


def doom(folder: Path, number: int, code: int, after: int = 0) -> None:
    """Have the one of a number end with an exit code, or by a signal where that is below 0.

    It does once `after` others are ready.
    """
    (folder / f"doom-{number}").write_text(json.dumps([code, after]))


def main() -> int:
    """Stand for one; return its exit code."""
    with socket.socket(fileno=int(sys.argv[2])) as line, line.makefile("rb") as words:
        folder = Path(json.loads(words.readline())["meters"])
        number = take_number(folder)
        fate = folder / f"doom-{number}"
        if fate.exists():
            code, after = json.loads(fate.read_text())
            while len(list(folder.glob("ready-*"))) < after:
                time.sleep(0.01)
            line.shutdown(socket.SHUT_RDWR)
            time.sleep(_LAST_BREATH)
            return end(code)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        line.sendall(b"null\n")
        (folder / f"ready-{number}").touch()
        signal.sigwait([signal.SIGTERM])
        (folder / f"stopped-{number}").touch()
    return 0


def end(code: int) -> int:
    """Return an exit code to end with, or end by the signal that it stands for."""
    if code < 0:
        os.kill(os.getpid(), -code)
    return code


def take_number(folder: Path) -> int:
    """Return the first number that no other has taken."""
    for number in count():
        try:
            (folder / f"begun-{number}").touch(exist_ok=False)
        except FileExistsError:
            continue
        return number
    raise AssertionError


if __name__ == "__main__":
    raise SystemExit(main())
