"""The judge: compares what clients noted with what the database has, after the dust has settled.

Knows neither sockets nor the server, so that it can be tested by itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from torture.order import Violation as Violation
from torture.order import find_disorder, find_unordered_revs
from torture.record import Record, Sent, Sight, Stored


class Kept:
    """What is stored, by all that it is looked up by."""

    def __init__(self, stored: Sequence[Stored]) -> None:
        self.all = stored
        self.by_id = {one.id: one for one in stored}
        self.by_client_id = {one.client_id: one for one in stored}
        self.by_place = {(one.conversation, one.seq): one for one in stored}
        self.by_conversation: dict[str, list[Stored]] = defaultdict(list)
        for one in sorted(stored, key=lambda one: one.seq):
            self.by_conversation[one.conversation].append(one)


def check(record: Record, stored: Sequence[Stored], *, is_fleet: bool = False) -> list[Violation]:
    """Return every breach of the guarantees; none when all held.

    In a fleet, a message that was changed before a node heard of it comes in
    the place of its change.
    """
    kept = Kept(stored)
    return [
        *(Violation("refused", what) for what in record.refused),
        *_find_lost(record, kept),
        *_find_doubled(kept),
        *_find_gaps(kept),
        *_find_altered(record, kept),
        *_find_moved_in_time(record),
        *_find_reordered(record),
        *_find_unseen(record, kept),
        *_find_misseen(record, kept),
        *_find_reused(record),
        *find_unordered_revs(record),
        *find_disorder(record, kept.by_place if is_fleet else {}),
    ]


def _find_lost(record: Record, kept: Kept) -> Iterator[Violation]:
    for client_id, ack in record.acked.items():
        one = kept.by_client_id.get(client_id)
        if one is None:
            yield Violation("lost", f"{client_id} was acked and is not stored")
        elif (one.id, one.seq) != (ack.id, ack.seq):
            yield Violation("moved", f"{client_id} was acked as {ack}, and is {one}")
    for change in record.changed:
        changed = kept.by_id.get(change.id)
        if changed is None or changed.rev < change.rev:
            yield Violation("lost", f"the acked {change} is not stored")


def _find_doubled(kept: Kept) -> Iterator[Violation]:
    counts = Counter(one.client_id for one in kept.all)
    for client_id, count in counts.items():
        if count > 1:
            yield Violation("doubled", f"{client_id} is stored {count} times")


def _find_gaps(kept: Kept) -> Iterator[Violation]:
    for conversation, messages in kept.by_conversation.items():
        seqs = [one.seq for one in messages]
        if seqs != list(range(1, len(seqs) + 1)):
            yield Violation("gap", f"the seqs of {conversation} are {_brief(seqs)}")
        if max(Counter(one.rev for one in messages).values()) > 1:
            yield Violation("gap", f"two messages of {conversation} have one rev")


def _find_altered(record: Record, kept: Kept) -> Iterator[Violation]:
    for one in kept.all:
        sent = record.sent.get(one.client_id)
        if sent is None:
            yield Violation("invented", f"nobody sent {one}")
        elif (sent.sender, sent.conversation) != (one.sender, one.conversation):
            yield Violation("altered", f"{one} was sent as {sent}")
        elif not one.is_changed and sent.digest != one.digest:
            yield Violation("altered", f"the text of {one} is not the one that was sent")


def _find_moved_in_time(record: Record) -> Iterator[Violation]:
    """Yield what was sent after another one's ack and yet has a place before it."""
    moments: list[tuple[int, bool, str]] = []
    for client_id, ack in record.acked.items():
        moments.append((ack.at, True, client_id))
        moments.append((record.sent[client_id].at, False, client_id))
    highest: dict[str, int] = defaultdict(int)
    floors: dict[str, int] = {}
    for _, is_ack, client_id in sorted(moments):
        conversation, seq = record.sent[client_id].conversation, record.acked[client_id].seq
        if not is_ack:
            floors[client_id] = highest[conversation]
        else:
            highest[conversation] = max(highest[conversation], seq)
            if seq <= floors[client_id]:
                what = f"{client_id} has seq {seq}, sent after the ack of {floors[client_id]}"
                yield Violation("reordered", what)


def _find_reordered(record: Record) -> Iterator[Violation]:
    """Yield what one device sent in a row on one connection and is stored otherwise."""
    rows: dict[tuple[str, int, str], list[tuple[Sent, int, str]]] = defaultdict(list)
    for client_id, ack in record.acked.items():
        sent = record.sent[client_id]
        if ack.connection:
            row = rows[sent.device, ack.connection, sent.conversation]
            row.append((sent, ack.seq, client_id))
    for row in rows.values():
        last = 0
        for _, seq, client_id in sorted(row, key=lambda entry: entry[0].at):
            if seq <= last:
                what = f"{client_id} has seq {seq}, after {last} of the same connection"
                yield Violation("reordered", what)
            last = seq


def _find_unseen(record: Record, kept: Kept) -> Iterator[Violation]:
    for device, conversations in record.devices.items():
        latest: dict[str, int] = defaultdict(int)
        for sight in _sights(record, device):
            latest[sight.id] = max(latest[sight.id], sight.rev)
        missing = [
            f"{one.client_id} (seq {one.seq}, rev {one.rev} of {conversation})"
            for conversation in conversations
            for one in kept.by_conversation[conversation]
            if latest[one.id] < one.rev
        ]
        if missing:
            yield Violation("unseen", f"{device} did not see {_brief(missing)}")


def _find_misseen(record: Record, kept: Kept) -> Iterator[Violation]:
    """Yield what a device saw otherwise than it is stored."""
    for device, conversations in record.devices.items():
        for sight in _sights(record, device):
            one = kept.by_id.get(sight.id)
            if one is None:
                yield Violation("lost", f"{device} saw {sight}, which is not stored")
            elif sight.conversation not in conversations:
                yield Violation("misled", f"{device} must not see {sight}")
            elif (sight.conversation, sight.seq) != (one.conversation, one.seq):
                yield Violation("moved", f"{device} saw {sight}, stored is {one}")
            elif sight.rev > one.rev or (sight.rev == one.rev and sight.digest != one.digest):
                yield Violation("altered", f"{device} saw {sight}, stored is {one}")


def _find_reused(record: Record) -> Iterator[Violation]:
    """Yield the revs under which devices saw two messages of one conversation."""
    owners: dict[tuple[str, int], str] = {}
    for device in record.devices:
        for sight in _sights(record, device):
            owner = owners.setdefault((sight.conversation, sight.rev), sight.id)
            if owner != sight.id:
                yield Violation("reused", f"{device} saw {sight}, whose rev {owner} had as well")


def _sights(record: Record, device: str) -> Iterator[Sight]:
    return (note for note in record.seen[device] if isinstance(note, Sight))


def _brief(items: Sequence[object]) -> str:
    shown = ", ".join(map(str, items[:5]))
    return shown if len(items) <= 5 else f"{shown} and {len(items) - 5} more"
