"""The MongoDB that a killed server left behind, while it is still shutting down."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

# Seconds to write everything to disk after SIGTERM. What is not written by then
# is in the journal, from which the next start takes it.
_PATIENCE = 20


def end_orphan(folder: Path) -> None:
    """End the `mongod` that works on a database folder, if there is one, and wait for its end.

    Only for who holds the lock of the data folder: then no living server owns it.
    """
    pid = _recorded_pid(folder)
    if pid is None:
        return
    try:
        # Held by its descriptor, the process cannot become another of the same id.
        process = os.pidfd_open(pid)
    except OSError:
        return
    try:
        if _works_on(pid, folder):
            _end(process)
    finally:
        os.close(process)


def _recorded_pid(folder: Path) -> int | None:
    try:
        return int((folder / "mongod.lock").read_text())
    except (OSError, ValueError):
        return None


def _works_on(pid: int, folder: Path) -> bool:
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"--dbpath" in arguments and os.fsencode(folder) in arguments


def _end(process: int) -> None:
    for what in (signal.SIGTERM, signal.SIGKILL):
        try:
            signal.pidfd_send_signal(process, what)
        except ProcessLookupError:
            return
        if select.select([process], [], [], _PATIENCE)[0]:
            return
