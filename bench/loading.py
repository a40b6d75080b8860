"""The loader as a child process: what it is told, and what it found."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

# Seconds that one run of the loader may take, connecting included.
_PATIENCE = 300


class Connect(Struct, frozen=True):
    """One connection of a plan; messages of a group go to all of its connections.

    With a `conversation`, which is a group's id, it speaks the chat's own
    frames; else it sends text that comes back to all of its path.
    """

    group: int
    path: str
    token: str = "-"
    conversation: str = "-"


class Stage(Struct, frozen=True, kw_only=True):
    """What the loader counted: times in microseconds, but `seconds`.

    `cpu_us` is user and system time of the processes asked for, in their
    order, `opened` the files that each has open since before it was connected to;
    `memory_kb` is resident memory of the first. `gather_seconds` is
    from the first handshake until nothing arrives any more.
    """

    seconds: float
    closed: int
    memory_kb: int
    cpu_us: list[float]
    senders: int = 0
    sent: int = 0
    deliveries: int = 0
    acks: int = 0
    doubled: int = 0
    stray: int = 0
    errors: int = 0
    frame_bytes: float = 0
    p50_us: int = 0
    p99_us: int = 0
    ack_p50_us: int = 0
    ack_p99_us: int = 0
    loader_share: float = 0
    gather_seconds: float = 0
    connections: int = 0
    memory_before_kb: int = 0
    opened: Sequence[int] = ()

    @property
    def is_sound(self) -> bool:
        """Tell whether nothing came that should not have."""
        return not (self.doubled or self.stray or self.errors or self.closed)


class LoadError(Exception):
    """The loader could not do what it was told; says why."""


class Loader:
    """The compiled loader, in a scratch folder."""

    def __init__(self, binary: Path, folder: Path, prefix: Sequence[str] = ()) -> None:
        """Take the program, a folder for its plans, and what pins it to a core."""
        self._binary = binary
        self._folder = folder
        self._prefix = prefix

    def run(
        self,
        port: int,
        plan: Iterable[Connect],
        begins: Callable[[], object] | None = None,
        **options: object,
    ) -> list[Stage]:
        """Load the server at a port; return what was counted, stage by stage.

        The options are those that loader.c lists. `begins` is called once all are connected
        and nothing arrives any more. Raises `LoadError`.
        """
        path = self._folder / "plan.txt"
        path.write_text("".join(f"{c.group} {c.path} {c.token} {c.conversation}\n" for c in plan))
        # Client ids of an earlier run would bring back that run's messages.
        options.setdefault("nonce", f"{time.time_ns():x}")
        command = [*self._prefix, str(self._binary), str(port), str(path)]
        command += [f"{name}={value}" for name, value in options.items()]
        found = _run([*command, f"tell={int(begins is not None)}"], begins)
        stages = [msgspec.json.decode(line, type=Stage) for line in found.stdout.splitlines()]
        if any(stage.errors for stage in stages):
            raise LoadError(found.stderr.strip())
        return stages


def _run(
    command: Sequence[str], begins: Callable[[], object] | None
) -> subprocess.CompletedProcess[str]:
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        # Nothing else is said before it.
        if begins is not None and process.stdout.readline():
            begins()
        try:
            out, errors = process.communicate(timeout=_PATIENCE)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise LoadError(errors.strip() or f"the loader ended with {process.returncode}")
    return subprocess.CompletedProcess(command, 0, out, errors)
