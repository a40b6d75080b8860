"""What stands for a worker in tests of their parent: the fourth ends instead of getting ready.

Each leaves a file where its share says that all count: `begun-<n>`, `ready-<n>`, and
`stopped-<n>` when it was told to stop.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import time
from itertools import count
from pathlib import Path

_FAILS = 3


def main() -> int:
    """Stand for one; return its exit code."""
    with socket.socket(fileno=int(sys.argv[2])) as line, line.makefile("rb") as words:
        folder = Path(json.loads(words.readline())["meters"])
        number = take_number(folder)
        if number == _FAILS:
            while len(list(folder.glob("ready-*"))) < _FAILS:
                time.sleep(0.01)
            return 1
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        line.sendall(b"null\n")
        (folder / f"ready-{number}").touch()
        signal.sigwait([signal.SIGTERM])
        (folder / f"stopped-{number}").touch()
    return 0


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
