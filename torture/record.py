"""What the clients noted: their sends, the acks, and every frame that reached a device.

One clock counts all that is noted, so that of any two notes one is the earlier.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

# What a client is told when it is to try again.
_AGAIN = ("unavailable", "rate_limited")


class Sent(NamedTuple):
    """A message that a device began to send at a moment `at`."""

    device: str
    sender: str
    conversation: str
    digest: int
    at: int


class Acked(NamedTuple):
    """What an ack said; `connection` is that of the first try, 0 if it took several."""

    id: str
    seq: int
    rev: int
    connection: int
    at: int


class Change(NamedTuple):
    """An acked change of a message."""

    id: str
    rev: int


class Sight(NamedTuple):
    """A message as a device received it on one of its connections; 0 stands for REST."""

    connection: int
    is_new: bool
    id: str
    conversation: str
    seq: int
    rev: int
    digest: int
    client_id: str


class CaughtUp(NamedTuple):
    """The moment from which on a connection has all, and receives each message as it comes."""

    connection: int


class Stored(NamedTuple):
    """A message as the database has it."""

    id: str
    conversation: str
    seq: int
    rev: int
    sender: str
    client_id: str
    digest: int
    is_changed: bool


class Record:
    """All notes of one run; only ever added to."""

    def __init__(self) -> None:
        self._clock = itertools.count(1)
        # The conversations that each device must see all of.
        self.devices: dict[str, tuple[str, ...]] = {}
        self.sent: dict[str, Sent] = {}
        self.acked: dict[str, Acked] = {}
        self.changed: list[Change] = []
        self.seen: dict[str, list[Sight | CaughtUp]] = {}
        # Answers that no client should ever get, such as `internal_error`.
        self.refused: list[str] = []

    def add_device(self, device: str, conversations: tuple[str, ...]) -> None:
        """Note a device and what it must see."""
        self.devices[device] = conversations
        self.seen[device] = []

    def send(self, client_id: str, device: str, sender: str, conversation: str, text: str) -> None:
        """Note that a message is about to be sent for the first time."""
        self.sent[client_id] = Sent(device, sender, conversation, digest(text), self.tick())

    def ack(self, client_id: str, id: str, seq: int, rev: int, connection: int) -> None:
        """Note an ack of a message."""
        self.acked[client_id] = Acked(id, seq, rev, connection, self.tick())

    def refuse(self, device: str, answer: Mapping[str, Any]) -> None:
        """Note an error, unless it only asks for another try."""
        if answer["type"] == "error" and answer["code"] not in _AGAIN:
            self.refused.append(f"{device}: {answer['code']}, {answer['message']}")

    def tick(self) -> int:
        """Return the next moment."""
        return next(self._clock)


def digest(text: str) -> int:
    """Return a number that stands for a text, which is not kept itself."""
    return zlib.crc32(text.encode())
