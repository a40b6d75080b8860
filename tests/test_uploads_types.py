"""What a file is by its bytes, and what it may be called."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from forms import BOUNDARY, CONTENT_TYPE, END, part, png
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from handlers.multipart import FileBegun, FileData, FormReader, read_disposition
from realchat.errors import ChatError
from realchat.file_names import (
    MAX_NAME,
    FileAddress,
    clean_file_name,
    file_url,
    parse_file_url,
)
from realchat.file_types import TEXT, UNKNOWN, inspect


def image(kind: str, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.new("RGB", (30, 20)).save(file, kind, exif=exif)
    return file.getvalue()


def archive(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        for name in names:
            zipped.writestr(name, "x")
    return file.getvalue()


WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MP4 = bytes.fromhex("00000018") + b"ftypmp42\0\0\0\0mp42isom" + b"\0" * 100
WEBM = bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d") + b"\0" * 100
TYPES = {
    "PNG": (image("PNG"), "image/png"),
    "JPEG": (image("JPEG"), "image/jpeg"),
    "GIF": (image("GIF"), "image/gif"),
    "WebP": (image("WEBP"), "image/webp"),
    "AVIF": (image("AVIF"), "image/avif"),
    "TIFF": (b"II*\0\x08\0\0\0" + b"\xff\0" * 50, "image/tiff"),
    "SVG": (b"<svg onload='alert(1)'/>", "image/svg+xml"),
    "SVG with a prologue": (b"\xef\xbb\xbf<?xml version='1.0'?>\n<svg/>", "image/svg+xml"),
    "HTML": (b"\n <!doctype HTML><p>hello", "text/html"),
    "HTML by a script": (b"<script >alert(1)</script>", "text/html"),
    "XML": (b"<?xml version='1.0'?><feed/>", "text/xml"),
    "text": ("¿Qué tal?".encode(), TEXT),
    "text with a <": (b"<3 you", TEXT),
    "nothing": (b"", TEXT),
    "text with NUL": (b"a\0b", UNKNOWN),
    "Latin-1": ("¿Qué tal?".encode("latin-1"), UNKNOWN),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
    "PDF in ASCII": (b"%PDF-1.4\n", "application/pdf"),
    "ZIP": (archive("a.txt"), "application/zip"),
    "Word": (
        archive("[Content_Types].xml", "word/document.xml"),
        WORD,
    ),
    "MP4": (MP4, "video/mp4"),
    "WebM": (WEBM, "video/webm"),
    "MP3": (b"\xff\xfb\x90\x64" + b"\0" * 100, "audio/mpeg"),
    "WAV": (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0" + b"\0" * 40, "audio/wav"),
    "Ogg": (b"OggS\0\2" + b"\0" * 22 + b"\1\x13OpusHead" + b"\0" * 50, "audio/ogg"),
    "a program": (b"\x7fELF\2\1\1" + b"\0" * 100, "application/x-executable"),
    "noise": (b"\x00\x13\x37" * 50, UNKNOWN),
}


@pytest.mark.parametrize("what", TYPES)
def test_a_file_is_what_its_bytes_are(what: str, tmp_path: Path) -> None:
    content, kind = TYPES[what]
    path = tmp_path / "file"
    path.write_bytes(content)
    assert inspect(path).type == kind


def test_a_picture_s_size_is_that_of_what_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for orientation, size in ((1, (30, 20)), (3, (30, 20)), (6, (20, 30)), (8, (20, 30))):
        path.write_bytes(image("JPEG", orientation))
        found = inspect(path)
        assert (found.width, found.height) == size


@pytest.mark.parametrize("side", [10_001, 20_000, 2**31 - 1])
def test_a_picture_too_large_to_be_shown_is_no_picture(side: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(png(side, side))
    assert inspect(path) == (UNKNOWN, None, None)


@given(tail=some.binary(max_size=300), what=some.sampled_from(sorted(TYPES)))
def test_no_bytes_are_too_broken_to_be_inspected(
    tail: bytes, what: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "broken"
    path.write_bytes(TYPES[what][0][:20] + tail)
    assert "/" in inspect(path).type


NAMES = {
    "note.txt": "note.txt",
    "../../etc/passwd": "passwd",
    "C:\\Users\\ana\\photo.jpg": "photo.jpg",
    "a\0b\r\n\x1b.txt": "ab.txt",
    "invoice\u202egnp.exe": "invoicegnp.exe",
    "cafe\u0301.txt": "caf\u00e9.txt",
    "  .hidden  ": ".hidden",
    "": "file",
    "..": "file",
    "../": "file",
    "\u202e": "file",
    "\ud800x": "x",
    "👩\u200d🚀.png": "👩\u200d🚀.png",
    "x" * 300 + ".tar": "x" * 196 + ".tar",
    "." + "y" * 300: "." + "y" * 199,
    "a." + "z" * 300: "a." + "z" * 198,
}


@pytest.mark.parametrize("given_name", NAMES)
def test_a_name_is_cleaned_not_refused(given_name: str) -> None:
    assert clean_file_name(given_name) == NAMES[given_name]


@given(some.text())
def test_every_name_makes_a_url_that_leads_back_to_it(given_name: str) -> None:
    name = clean_file_name(given_name)
    assert 1 <= len(name) <= MAX_NAME
    assert "/" not in name
    address = FileAddress("0" * 24, name)
    assert parse_file_url(file_url(address)) == address


DISPOSITIONS = {
    b'form-data; name="file"; filename="a b.txt"': "a b.txt",
    b"form-data; name=file; filename=plain.txt": "plain.txt",
    b'form-data; name="file"': "",
    b'form-data; name="file"; filename="a\\"b\\\\c;.txt"': 'a"b\\c;.txt',
    b'form-data; name="file"; filename="a%22b.txt"': 'a"b.txt',
    'form-data; name="file"; filename="né.txt"'.encode(): "né.txt",
    'form-data; name="file"; filename="né.txt"'.encode("latin-1"): "né.txt",
    b"form-data; name=file; filename*=UTF-8''n%C3%A9%22.txt": 'né".txt',
    b"form-data; name=file; filename=\"plain\"; filename*=utf-8'en'better": "better",
    b"form-data; name=file; filename*=nonsense''x%ff": "x\u00ff",
}


@pytest.mark.parametrize("header", DISPOSITIONS)
def test_a_file_name_is_read_however_it_is_written(header: bytes) -> None:
    assert read_disposition(header) == ("file", DISPOSITIONS[header])


@given(some.binary(max_size=200))
def test_any_disposition_is_read_or_has_no_names(header: bytes) -> None:
    for text in read_disposition(b"form-data; name=file; " + header):
        assert isinstance(text, str)


@given(some.lists(some.binary(max_size=300), min_size=1, max_size=3), some.integers(1, 50))
def test_a_form_is_the_same_however_it_is_cut_up(contents: list[bytes], step: int) -> None:
    contents = [content.replace(BOUNDARY.encode(), b"") for content in contents]
    body = b"".join(part(content, str(number)).encode() for number, content in enumerate(contents))
    assert read_form(body + END, step) == [
        (str(number), content) for number, content in enumerate(contents)
    ]


@given(some.binary(max_size=300), some.integers(1, 50))
def test_any_bytes_are_a_form_or_refused(tail: bytes, step: int) -> None:
    try:
        read_form(part(b"x").head() + tail, step)
    except ChatError as error:
        assert error.code.code == "invalid_upload"  # noqa: PT017  # either outcome is right


def read_form(body: bytes, step: int) -> list[tuple[str, bytes]]:
    """Feed a form in pieces; return the names and contents of its files."""
    reader, files = FormReader(CONTENT_TYPE), list[tuple[str, bytes]]()
    for start in range(0, len(body), step):
        for event in reader.feed(body[start : start + step]):
            if isinstance(event, FileBegun):
                files.append((event.name, b""))
            elif isinstance(event, FileData):
                files[-1] = (files[-1][0], files[-1][1] + event.data)
    reader.finish()
    return files
