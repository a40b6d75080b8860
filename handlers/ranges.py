"""Which part of a file a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from typing import NamedTuple

from realchat.errors import ChatError, Code

# One range only: who asks for several gets the whole, as the standard allows.
_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.ASCII | re.IGNORECASE)


class Span(NamedTuple):
    """The bytes from `start` up to, not including, `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Their number."""
        return self.end - self.start


def read_range(header: str, size: int) -> Span | None:
    """Return the span that a `Range` header asks for; None when the whole is to be sent.

    Raises `range_not_satisfiable` for one outside of the file's `size` in bytes.
    """
    found = _RANGE.fullmatch(header)
    if found is None or found[1] == found[2] == "":
        return None
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), min(int(found[2] or size) + 1, size)
        if found[2] and int(found[2]) < start:
            return None
    if start >= end:
        raise ChatError(Code.RANGE_NOT_SATISFIABLE)
    return Span(start, end)
