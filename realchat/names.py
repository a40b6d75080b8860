"""Names and e-mail addresses: the one spelling that is kept, and the keys that compare them."""

from __future__ import annotations

import unicodedata

from email_validator import EmailNotValidError, validate_email

from realchat.errors import invalid


def clean_name(name: str) -> str:
    """Return a name as it is kept: NFC, no needless space. Raises `validation_error`."""
    cleaned = " ".join(unicodedata.normalize("NFC", name).split())
    # Letters, numbers, punctuation, symbols: one of them makes a name visible.
    if not any(unicodedata.category(character)[0] in "LNPS" for character in cleaned):
        raise invalid("name", "must have a visible character")
    return cleaned


def name_key(name: str) -> str:
    """Return what a name is searched by."""
    return fold(name).strip()


def fold(text: str) -> str:
    """Return a text as texts are compared: the same for every case and width of its letters."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)


def email_key(email: str) -> str:
    """Return what an address is told apart by. Raises `validation_error` when it is none."""
    try:
        address = validate_email(email, check_deliverability=False)
    except EmailNotValidError:
        raise invalid("email", "must be an e-mail address") from None
    return unicodedata.normalize("NFC", address.normalized.casefold())
