"""Forms of files, taken apart while they arrive (RFC 7578); nothing is kept of their bytes."""

from __future__ import annotations

from collections.abc import Callable
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from realchat.errors import ChatError, Code

FIELD = "file"


class FileBegun(NamedTuple):
    """A part of the form begins; `name` is what the client calls the file."""

    name: str


class FileData(NamedTuple):
    """The next bytes of the part."""

    data: bytes


class FileEnded(NamedTuple):
    """The part is complete."""


FormEvent = FileBegun | FileData | FileEnded


class FormReader:
    """Reads one form. Raises `ChatError` `invalid_upload` for what is none, or has other fields."""

    def __init__(self, content_type: str) -> None:
        self._events: list[FormEvent] = []
        self._name = b""
        self._value = b""
        self._disposition: bytes | None = None
        self._is_empty = True
        self._is_complete = False
        self._parser = self._parse_by(content_type)

    def feed(self, chunk: bytes) -> list[FormEvent]:
        """Return what the next bytes of the form hold."""
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise ChatError(Code.INVALID_UPLOAD) from None
        events, self._events = self._events, []
        return events

    def finish(self) -> None:
        """Check, after the last byte, that the form had a file and came to its end."""
        if not self._is_complete:
            raise ChatError(Code.INVALID_UPLOAD, "The form breaks off before its end.")
        if self._is_empty:
            raise ChatError(Code.INVALID_UPLOAD, f"The form has no file in a part `{FIELD}`.")

    def _parse_by(self, content_type: str) -> MultipartParser:
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise ChatError(Code.INVALID_UPLOAD, "The Content-Type names no boundary.")
        try:
            return MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": _to(self._add_name),
                    "on_header_value": _to(self._add_value),
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_file,
                    "on_part_data": _to(self._add_data),
                    "on_part_end": self._end_file,
                    "on_end": self._end,
                },
            )
        except FormParserError:
            raise ChatError(Code.INVALID_UPLOAD) from None

    def _begin_part(self) -> None:
        self._name = self._value = b""
        self._disposition = None

    def _add_name(self, data: bytes) -> None:
        self._name += data

    def _add_value(self, data: bytes) -> None:
        self._value += data

    def _end_header(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name = self._value = b""

    def _begin_file(self) -> None:
        field, name = read_disposition(self._disposition or b"")
        if field != FIELD:
            raise ChatError(Code.INVALID_UPLOAD, f"Send each file in a part `{FIELD}`.")
        self._is_empty = False
        self._events.append(FileBegun(name))

    def _add_data(self, data: bytes) -> None:
        self._events.append(FileData(data))

    def _end_file(self) -> None:
        self._events.append(FileEnded())

    def _end(self) -> None:
        self._is_complete = True


def read_disposition(header: bytes) -> tuple[str, str]:
    """Return the field's and the file's name of a part's Content-Disposition, empty if missing.

    Names are UTF-8, else Latin-1. `filename*` (RFC 5987) is not meant for forms,
    but who sends it means it.
    """
    message = Message()
    message["Content-Disposition"] = _decode(header)
    found = {"name": "", "filename": ""}
    for key, value in message.get_params([], "content-disposition"):
        if key.lower() in found:
            is_extended = isinstance(value, tuple)
            text = collapse_rfc2231_value(value)
            # How browsers write a quotation mark (WHATWG HTML, multipart/form-data).
            found[key.lower()] = text if is_extended else text.replace("%22", '"')
    return found["name"], found["filename"]


def _decode(header: bytes) -> str:
    try:
        return header.decode()
    except UnicodeDecodeError:
        return header.decode("latin-1")


def _to(take: Callable[[bytes], None]) -> Callable[[bytes, int, int], None]:
    return lambda data, start, end: take(data[start:end])
