"""The order in which a device received messages, as its notes tell it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from torture.record import CaughtUp, Record, Sight, Stored


class Violation(NamedTuple):
    """A guarantee that did not hold, and where."""

    kind: str
    what: str


Places = Mapping[tuple[str, int], Stored]


def find_unordered_revs(record: Record) -> Iterator[Violation]:
    """Yield what came on a connection that had caught up after something with a higher rev."""
    for device in record.devices:
        caught_up = 0
        told: dict[str, int] = {}
        for note in record.seen[device]:
            if isinstance(note, CaughtUp):
                caught_up, told = note.connection, {}
            elif note.connection == caught_up:
                before = told.get(note.conversation, 0)
                if note.rev < before:
                    yield Violation("disorder", f"{device} received {note} after rev {before}")
                told[note.conversation] = max(before, note.rev)


def find_disorder(record: Record, places: Places) -> Iterator[Violation]:
    """Yield what came twice on one connection, or out of the conversation's order.

    With the `places` of all messages, as is right for a fleet, a message may be passed
    over and come later under the rev of a change; and a changed one may come as a
    new one to a device that had it before its connection had caught up, where it is
    new to the node.
    """
    for device in record.devices:
        reading = _Reading(places)
        for note in record.seen[device]:
            if isinstance(note, CaughtUp):
                reading.begin(note.connection)
            elif wrong := reading.judge(note):
                yield Violation(wrong[0], f"{device} received {note} {wrong[1]}")


class _Reading:
    """What one device has had so far, and what is to come next."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._caught_up = 0
        self._newest: dict[str, int] = defaultdict(int)
        # May come in another place than the next: what was fetched, since it may have been
        # stored already and be told only now; what was passed over; what was had before.
        self._excused: set[str] = set()
        self._known: set[str] = set()
        self._frames: set[tuple[int, str, int]] = set()

    def begin(self, connection: int) -> None:
        """Take notice that a connection has caught up."""
        self._caught_up = connection
        if self._places:
            self._excused |= self._known

    def judge(self, sight: Sight) -> tuple[str, str] | None:
        """Take a message; return the kind of breach that it is, if any, and its circumstances."""
        frame = (sight.connection, sight.id, sight.rev)
        wrong = None
        if not sight.connection:
            self._excused.add(sight.id)
        elif frame in self._frames:
            wrong = "twice", "twice on one connection"
        elif sight.connection == self._caught_up and sight.is_new:
            wrong = self._judge_place(sight)
        self._frames.add(frame)
        self._known.add(sight.id)
        self._newest[sight.conversation] = max(self._newest[sight.conversation], sight.seq)
        return wrong

    def _judge_place(self, sight: Sight) -> tuple[str, str] | None:
        if sight.id in self._excused:
            # Once: what comes on this connection from now on is a change.
            self._excused.discard(sight.id)
            return None
        following = self._newest[sight.conversation] + 1
        while (passed := self._find_later(sight, following)) is not None:
            self._excused.add(passed)
            following += 1
        if sight.seq == following:
            return None
        kind = "skipped" if sight.seq > following else "disorder"
        again = " again" if sight.id in self._known else ""
        return kind, f"{again} where seq {following} follows"

    def _find_later(self, sight: Sight, seq: int) -> str | None:
        """Return the message with a `seq` below this one's, if it was changed later than this."""
        one = self._places.get((sight.conversation, seq))
        return one.id if one and seq < sight.seq and one.rev > sight.rev else None
