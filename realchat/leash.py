"""How a program that the server starts ends with it, whatever the server dies of."""

from __future__ import annotations

import shutil
import sys

# `PR_SET_PDEATHSIG` of prctl(2) with SIGTERM, for machines without setpriv.
_DIE_WITH_PARENT = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); os.execv(sys.argv[1], sys.argv[1:])"
)


def leash() -> list[str]:
    """Return the command that makes the kernel end a program when this thread ends."""
    if setpriv := shutil.which("setpriv"):
        return [setpriv, "--pdeathsig", "TERM"]
    if sys.platform == "linux":
        return [sys.executable, "-ISc", _DIE_WITH_PARENT]
    return []
