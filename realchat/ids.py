"""Ids of things and of conversations, and the times of the contract."""

from __future__ import annotations

import re
import secrets
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from realchat.errors import ChatError, Code

_ID = re.compile(r"[0-9a-f]{24}")


def new_id() -> str:
    """Make an id of 24 hex digits that sorts by its time of making.

    Four bytes of seconds, as in MongoDB's ObjectId, two of the second's
    fraction, six random ones.
    """
    ticks = time.time_ns() * 65_536 // 1_000_000_000
    return f"{ticks:012x}{secrets.token_hex(6)}"


def is_id(text: str) -> bool:
    """Tell whether a text has the shape of an id."""
    return _ID.fullmatch(text) is not None


def require_id(text: str) -> str:
    """Return an id from a path, or raise `not_found`: nothing has an id of another shape."""
    if not is_id(text):
        raise ChatError(Code.NOT_FOUND)
    return text


class DirectKey(NamedTuple):
    """The two people of a direct conversation, lower id first."""

    lower: str
    higher: str

    def peer_of(self, user_id: str) -> str:
        """Return the other one (oneself, in a conversation with oneself)."""
        return self.higher if user_id == self.lower else self.lower


class GroupKey(NamedTuple):
    """The group of a group conversation."""

    group_id: str


def direct_conversation(one: str, other: str) -> str:
    """Return the conversation id of two people, the same whoever asks."""
    lower, higher = sorted((one, other))
    return f"dm:{lower}:{higher}"


def group_conversation(group_id: str) -> str:
    """Return the conversation id of a group."""
    return f"group:{group_id}"


@lru_cache(50_000)
def parse_conversation(conversation: str) -> DirectKey | GroupKey:
    """Take a conversation id apart, or raise `not_found` if it has no such shape."""
    kind, *ids = conversation.split(":")
    if all(map(is_id, ids)):
        if kind == "dm" and len(ids) == 2 and ids[0] <= ids[1]:
            return DirectKey(*ids)
        if kind == "group" and len(ids) == 1:
            return GroupKey(*ids)
    raise ChatError(Code.NOT_FOUND)


def now() -> datetime:
    """Return the present, UTC, cut to milliseconds as MongoDB keeps it."""
    present = datetime.now(UTC)
    return present.replace(microsecond=present.microsecond // 1000 * 1000)


def timestamp(moment: datetime) -> str:
    """Write a moment as the contract does: RFC 3339, UTC, milliseconds, `Z`."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
