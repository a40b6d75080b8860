"""The machine the bench runs on: its cores, its tools, what is compiled and installed for it."""

from __future__ import annotations

import contextlib
import os
import platform
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent

_VENV = HERE / ".venv"
PEER_PYTHON = _VENV / "bin" / "python"
_COMPILER = shutil.which("cc") or shutil.which("gcc")
# Connections, on both sides, and what else is open.
_FILES = 16_384


class MissingToolError(Exception):
    """Something that the bench needs is not on this machine."""


def compile_program(source: Path, folder: Path) -> Path:
    """Compile a C program into a folder; return the binary. Raises `MissingToolError`."""
    if _COMPILER is None:
        raise MissingToolError("There is no C compiler: install one with `apt-get install gcc`.")
    binary = folder / source.stem
    subprocess.run([_COMPILER, "-O2", "-o", str(binary), str(source)], check=True)
    return binary


def install_peers() -> None:
    """Install what the peers need beside them, once. Raises `MissingToolError`."""
    for tool in ("node", "npm", "taskset"):
        if shutil.which(tool) is None:
            raise MissingToolError(f"There is no `{tool}` on this machine.")
    if not (HERE / "node_modules" / "ws").is_dir():
        command = ["npm", "install", "--prefix", str(HERE), "--no-package-lock", "--silent"]
        subprocess.run(command, check=True)
    stamp = _VENV / "installed"
    if not stamp.exists():
        subprocess.run([sys.executable, "-m", "venv", str(_VENV)], check=True)
        pip = [str(PEER_PYTHON), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "-r", str(HERE / "requirements.txt")], check=True)
        stamp.touch()


def allow_many_files() -> None:
    """Let this process and its children have thousands of sockets open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    few_enough = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (few_enough, most))


def cores() -> tuple[int, int]:
    """Return the core of the server and that of the loader; on one core they share it."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def on_core(core: int) -> Sequence[str]:
    """Return what a command begins with to stay on one core."""
    return ["taskset", "--cpu-list", str(core)]


def move(pid: int, core: int) -> None:
    """Put all threads of a running process on one core."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # a thread that has just ended
            os.sched_setaffinity(int(task.name), {core})


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process, all threads: proc(5), fields 14 and 15."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """Return the processes that a process started: proc(5), field 4."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # one that has just ended
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return sorted(found)


def describe() -> str:
    """Say what machine this is."""
    model = next(
        line.partition(": ")[2]
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith(("model name", "CPU part"))
    )
    return (
        f"{model}, {len(os.sched_getaffinity(0))} cores, Linux {platform.release()}, "
        f"Python {platform.python_version()}{_node_version()}, "
        f"load before the run {os.getloadavg()[0]:.1f}"
    )


def _node_version() -> str:
    if shutil.which("node") is None:
        return ""
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    return f", Node {node.stdout.strip()}"
