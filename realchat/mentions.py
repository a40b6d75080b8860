"""Who is meant by the `@Name`s of a text; no I/O."""

from __future__ import annotations

from collections.abc import Iterable

from realchat.models import User
from realchat.names import fold


def find_mentions(content: str, members: Iterable[User]) -> tuple[str, ...]:
    """Return the ids of the members whose name stands behind an `@`, in the order of the text.

    The longest name that fits counts (`@Ana Maria` is not Ana); of members with
    the same name all are meant.
    """
    text = fold(content)
    by_name: dict[str, list[str]] = {}
    for member in members:
        by_name.setdefault(fold(member.name), []).append(member.id)
    longest_first = sorted(by_name, key=len, reverse=True)
    found: dict[str, None] = {}
    place = text.find("@")
    while place >= 0:
        for name in longest_first:
            if _stands_at(text, place + 1, name):
                found.update(dict.fromkeys(by_name[name]))
                break
        place = text.find("@", place + 1)
    return tuple(found)


def _stands_at(text: str, place: int, name: str) -> bool:
    end = place + len(name)
    return text.startswith(name, place) and not text[end : end + 1].isalnum()
