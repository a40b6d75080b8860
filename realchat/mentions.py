"""Who is meant by the `@Name`s of a text; no I/O."""

from __future__ import annotations

from collections.abc import Container, Iterable
from functools import lru_cache

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
        by_name.setdefault(_fold_name(member.name), []).append(member.id)
    longest_first = sorted(set(map(len, by_name)), reverse=True)
    found: dict[str, None] = {}
    place = text.find("@")
    while place >= 0:
        for length in longest_first:
            if name := _name_at(text, place + 1, length, by_name):
                found.update(dict.fromkeys(by_name[name]))
                break
        place = text.find("@", place + 1)
    return tuple(found)


# Of everybody in the groups that are written to most.
_fold_name = lru_cache(10_000)(fold)


def _name_at(text: str, place: int, length: int, names: Container[str]) -> str | None:
    end = place + length
    name = text[place:end]
    return name if name in names and not text[end : end + 1].isalnum() else None
