"""Files of pages, in memory: read, hashed and compressed once, so that no request waits for it."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

TYPES = {
    ".html": "text/html; charset=UTF-8",
    ".css": "text/css; charset=UTF-8",
    ".js": "text/javascript; charset=UTF-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=UTF-8",
}
_LEVEL = 9


class Asset(NamedTuple):
    """A file as it goes out; `packed` is it in gzip, empty where that is not smaller."""

    type: str
    tag: str
    body: bytes
    packed: bytes


def make_asset(name: str, body: bytes) -> Asset:
    """Make an asset of a file's bytes; its type is that of the name's ending. Raises `KeyError`."""
    packed = gzip.compress(body, _LEVEL, mtime=0)
    return Asset(
        type=TYPES[Path(name).suffix],
        tag=hashlib.sha256(body).hexdigest()[:16],
        body=body,
        packed=packed if len(packed) < len(body) else b"",
    )


def read_assets(folder: Path) -> dict[str, Asset]:
    """Read what a folder and those in it have of known types, by its path in there with `/`."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in TYPES and path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: make_asset(name, path.read_bytes()) for name, path in names.items()}


def version_of(assets: Mapping[str, Asset]) -> str:
    """Return 12 hex digits that stand for the files' names and bytes."""
    listed = "".join(f"{name}\0{assets[name].tag}\n" for name in sorted(assets))
    return hashlib.sha256(listed.encode()).hexdigest()[:12]
