"""Structured logs: one line an event, JSON when nobody watches, with the request's id.

Messages, tokens, passwords, one-time codes and addresses of people never go
into a log; callers log ids and counts.
"""

from __future__ import annotations

import logging
import sys
import traceback
from contextvars import ContextVar
from typing import Any, TextIO

import msgspec

from realchat.ids import now, timestamp

# The loggers that keep to what is said above; a library logs what it likes.
_OURS = ("handlers", "realchat")

request_id: ContextVar[str] = ContextVar("request_id", default="")


class JsonLines(logging.Formatter):
    """One JSON object a line; what is passed as `extra={"data": {…}}` becomes its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        line: dict[str, Any] = {
            "time": timestamp(now()),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "data", {}),
        }
        if request_id.get():
            line.setdefault("request_id", request_id.get())
        if record.exc_info:
            line["exception"] = trace(record.exc_info[1])
        return msgspec.json.encode(line).decode()


class PlainLines(logging.Formatter):
    """One line for people at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line (and its traceback)."""
        data = " ".join(f"{name}={value}" for name, value in getattr(record, "data", {}).items())
        level = "" if record.levelno <= logging.INFO else f"{record.levelname}: "
        line = f"{now():%H:%M:%S} {level}{record.getMessage()} {data}".rstrip()
        return f"{line}\n{trace(record.exc_info[1])}" if record.exc_info else line


def trace(error: BaseException | None) -> str:
    """Say where an error came from, without its own text: that may quote what people wrote."""
    causes: list[str] = []
    while error is not None:
        frames = "".join(traceback.format_tb(error.__traceback__))
        causes.append(f"{frames}{type(error).__module__}.{type(error).__qualname__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nafter\n".join(causes)


def configure_logs(level: str, stream: TextIO = sys.stderr) -> None:
    """Send all logs to a stream: plain on a terminal, JSON lines elsewhere."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PlainLines() if stream.isatty() else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # What libraries say of their work carries addresses, tokens and signatures.
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
