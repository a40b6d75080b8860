"""One spelling of what people type as names."""

from __future__ import annotations

import unicodedata


def clean_name(name: str) -> str:
    """Return a name composed (Unicode NFC), its ends and inner runs of space trimmed."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def fold(text: str) -> str:
    """Return a text as it is compared: compatibility-composed, without case."""
    return unicodedata.normalize("NFKC", text).casefold()
