"""Where Debian's programs are, also those that only an administrator has on the PATH."""

from __future__ import annotations

import os
import shutil

_SYSTEM = os.pathsep + os.pathsep.join(("/usr/sbin", "/sbin"))


def find_program(name: str) -> str | None:
    """Return where a program is; None where it is not installed."""
    return shutil.which(name, path=os.environ["PATH"] + _SYSTEM)
