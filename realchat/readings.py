"""Ways of reading messages: what to look for, and what was missed."""

from __future__ import annotations

from typing import NamedTuple

from realchat.models import Message, Record


class Missed(NamedTuple):
    """A message that was changed while somebody was away; new, if they never had it.

    `first_rev` is the rev under which it was stored.
    """

    message: Message
    is_new: bool
    first_rev: int


class Look(Record, frozen=True, kw_only=True):
    """What to look for, and where; `before` is the id of the last message seen.

    `lang` is a regular expression of language tags.
    """

    conversations: list[str]
    text: str
    lang: str | None
    before: str | None
    limit: int
