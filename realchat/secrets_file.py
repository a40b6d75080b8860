"""Secrets that the program makes at its first start, one file each, for its eyes only."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

import msgspec

from realchat.settings import MIN_SECRET_BYTES, Settings, StartError


def fill_secrets(settings: Settings) -> Settings:
    """Return the settings with a kept secret where the operator set none. Raises `StartError`."""
    folder = secrets_dir(settings.data_dir)
    return msgspec.structs.replace(
        settings,
        jwt_access_secret=settings.jwt_access_secret or keep_secret(folder / "jwt_access"),
        jwt_refresh_secret=settings.jwt_refresh_secret or keep_secret(folder / "jwt_refresh"),
    )


def secrets_dir(data_dir: Path) -> Path:
    """Return where the secrets of a data folder are."""
    return data_dir / "secrets"


def keep_secret(path: Path) -> str:
    """Return the secret of a file, 64 hex digits, making it if need be. Raises `StartError`."""
    if not path.exists():
        _create(path, secrets.token_hex(32))
    secret = path.read_text("ascii", "replace").strip()
    if len(secret) < MIN_SECRET_BYTES:
        raise StartError(f"{path} is damaged: delete it, and the next start makes a new one.")
    return secret


def _create(path: Path, secret: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Under another name first, so that a start killed here leaves no half secret,
    # and of two processes that start at once the second takes the first one's.
    handle, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    Path(draft).unlink()
