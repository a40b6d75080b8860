"""The folders of the program: made, tried for writing, and the data folder held by one server."""

from __future__ import annotations

import fcntl
import tempfile
from pathlib import Path
from typing import IO

from realchat.settings import StartError


def prepare_folder(variable: str, path: Path) -> None:
    """Make a folder if it is missing, and try to write there; raises `StartError`.

    `variable` is the setting that names the folder.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as file:
            # A full disk still makes empty files.
            file.write(bytes(4096))
            file.flush()
    except OSError as error:
        raise StartError(
            f"The folder {path} cannot be written ({error.strerror}): "
            f"make that possible, or name another in {variable}."
        ) from None


def hold_folder(path: Path) -> IO[str]:
    """Lock the data folder for this process until the file that is returned closes.

    The kernel lets go of the lock when the process ends, however it ends.
    Raises `StartError` when another server has it.
    """
    file = (path / "lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StartError(
            f"Another server is running on the folder {path}: stop it, or set DATA_DIR to another."
        ) from None
    return file
