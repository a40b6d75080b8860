"""What a file is called, and its address.

A client's file name is only ever shown; where bytes lie, their id alone says.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import quote, unquote

from realchat.fields import DECEPTIVE

MAX_NAME = 200
_MAX_EXTENSION = 20
_NAMELESS = "file"
# Lone surrogates are no characters: they cannot be written as UTF-8.
_UNFIT = re.compile(f"[{DECEPTIVE}\\ud800-\\udfff]")
_URL = re.compile(r"/uploads/([0-9a-f]{24})/([^/?#]+)")


class FileAddress(NamedTuple):
    """The id and the name that a file's URL is made of."""

    id: str
    name: str


def clean_file_name(given: str) -> str:
    """Return the name to show for a file: the last part of what a client called it.

    NFC, at most 200 characters with the extension kept, no control or
    bidirectional ones; `file` when nothing is left.
    """
    last = re.split(r"[/\\]", _UNFIT.sub("", given))[-1]
    name = _shorten(unicodedata.normalize("NFC", last).strip())
    return _NAMELESS if name in ("", ".", "..") else name


def file_url(address: FileAddress) -> str:
    """Return the URL of a file, relative to the server."""
    return f"/uploads/{address.id}/{quote(address.name, safe='')}"


def parse_file_url(url: str) -> FileAddress | None:
    """Take a file's URL apart; return None for what is no such URL."""
    found = _URL.fullmatch(url)
    return FileAddress(found[1], unquote(found[2], errors="replace")) if found else None


def _shorten(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > _MAX_EXTENSION:
        return name[:MAX_NAME].rstrip()
    return stem[: MAX_NAME - len(extension) - 1] + dot + extension
