"""What a file is, by its bytes alone: Pillow for images, puremagic for the rest.

What a client says of its file is no part of it. All of it blocks: for a thread.
"""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, NamedTuple

import puremagic
from PIL import ExifTags, Image

UNKNOWN = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"

# Bytes. Some of Pillow's readers take in the whole file to read its header.
_MAX_IMAGE_FILE = 64 * 1024 * 1024
_PIECE = 256 * 1024
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP")
# The Exif orientations that turn an image on its side (CIPA DC-008, 4.6.5.1).
_SIDEWAYS = (5, 6, 7, 8)
# The tags by which browsers tell HTML (WHATWG MIME Sniffing, 7.1), and what
# else of a markup may carry scripts.
_HTML = re.compile(
    rb"\s*<(!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)"
    rb"[\s>]",
    re.IGNORECASE,
)
_SVG = re.compile(rb"\s*(<\?xml|<!doctype svg|<!--|<svg)[\s\S]*?<svg|\s*<svg", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml", re.IGNORECASE)
_PRINTABLE = {b"%PDF-": "application/pdf", b"{\\rtf": "application/rtf"}
# Where puremagic knows several equally good answers, or none that is sure:
# ELF, and MP3 (ISO 11172-3, 2.4.2.3) without the ID3 tag before its frames.
_BINARY = {
    b"\x7fELF": "application/x-executable",
    b"\xff\xfb": "audio/mpeg",
    b"\xff\xf3": "audio/mpeg",
    b"\xff\xf2": "audio/mpeg",
}
_ZIP = b"PK\x03\x04"
# What is zipped, by a name that stands near the beginning (ECMA-376; EPUB OCF 4.3).
_ZIPPED = {
    b"word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    b"xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    b"ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    b"mimetypeapplication/epub+zip": "application/epub+zip",
    b"mimetypeapplication/vnd.oasis.opendocument.text": "application/vnd.oasis.opendocument.text",
}
# puremagic's names where browsers and the registry of media types know another.
_COMMON = {
    "application/ogg": "audio/ogg",
    "application/x-gzip": "application/gzip",
    "application/x-matroska": "video/x-matroska",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
}

_PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"}

# A picture of more pixels is a trap for whoever shows it; Pillow itself only
# warns up to twice the number.
Image.MAX_IMAGE_PIXELS = 100_000_000
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class FileType(NamedTuple):
    """A media type and, of an image, its width and height in pixels as it is shown."""

    type: str
    width: int | None = None
    height: int | None = None


def inspect(path: Path) -> FileType:
    """Tell what a file is. Raises `OSError` when it cannot be read."""
    with path.open("rb") as file:
        if path.stat().st_size <= _MAX_IMAGE_FILE and (image := _read_image(file)):
            return image
        file.seek(0)
        head = file.read(_PIECE)
        file.seek(0)
        if _is_text(file):
            return FileType(_text_type(head))
        file.seek(0)
        return FileType(_binary_type(file, head))


def _read_image(file: IO[bytes]) -> FileType | None:
    # Pillow reads headers only; a broken one may raise anything at all.
    try:
        with Image.open(file, formats=_FORMATS) as image:
            width, height = image.size
            if image.format in ("JPEG", "MPO") and _is_sideways(image):
                width, height = height, width
            # MPO is what several pictures in a JPEG are to Pillow.
            kind = "JPEG" if image.format == "MPO" else image.format
            return FileType(Image.MIME[kind or ""], width, height)
    except Exception:
        return None


def _is_sideways(image: Image.Image) -> bool:
    return image.getexif().get(ExifTags.Base.Orientation) in _SIDEWAYS


def _is_text(file: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := file.read(_PIECE):
            if b"\x00" in piece:
                return False
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _text_type(head: bytes) -> str:
    text = head.removeprefix(codecs.BOM_UTF8)
    if kind := _first(_PRINTABLE, text.startswith, ""):
        return kind
    if _SVG.match(text):
        return "image/svg+xml"
    if _HTML.match(text):
        return "text/html"
    return "text/xml" if _XML.match(text) else TEXT


def _binary_type(file: IO[bytes], head: bytes) -> str:
    if head.startswith(_ZIP):
        return _first(_ZIPPED, lambda mark: mark in head, "application/zip")
    return _first(_BINARY, head.startswith, "") or _ask_puremagic(file)


def _ask_puremagic(file: IO[bytes]) -> str:
    try:
        matches = puremagic.magic_stream(file)
    except (puremagic.PureError, ValueError):
        return UNKNOWN
    # A match of one or two bytes is met by chance.
    named = [match for match in matches if match.mime_type and match.confidence > 0.2]
    kind = named[0].mime_type if named else UNKNOWN
    # What Pillow could not open is not shown as a picture.
    return UNKNOWN if kind in _PICTURES else _COMMON.get(kind, kind)


def _first(kinds: Mapping[bytes, str], fits: Callable[[bytes], bool], otherwise: str) -> str:
    return next((kind for mark, kind in kinds.items() if fits(mark)), otherwise)
