"""What a group has agreed on for one term: the record that clients send and get."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from realchat.fields import Language, TermText
from realchat.models import Record

MAX_TERMS = 200
MAX_TRANSLATIONS = 20


class Term(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A term, and what it is in other languages; without any it stays as it is in all of them."""

    term: TermText
    translations: Annotated[dict[Language, TermText], Meta(max_length=MAX_TRANSLATIONS)] = field(
        default_factory=dict
    )


Terms = Annotated[
    list[Term],
    Meta(
        max_length=MAX_TERMS,
        description=f"at most {MAX_TERMS} terms of 1 to 100 characters in one line, each with"
        f" at most {MAX_TRANSLATIONS} translations by language code",
    ),
]
