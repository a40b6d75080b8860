"""The judge of the torture catches all that is broken on purpose, and the server breaks nothing."""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from parts import require

from torture import faults, fleet_faults
from torture.checker import check
from torture.record import CaughtUp, Change, Record, Sight, Stored, digest
from torture.scenarios import SHORT, Options, Scenario, find_lack, run
from torture.stalling import Endings, judge

GROUP = "group:1"
DEVICES = ("phone", "laptop")
SEEDS = range(20)

Kept = list[Stored]
Breakage = Callable[[Record, Kept, random.Random], None]


def store(seq: int) -> Stored:
    name = f"m{seq}"
    return Stored(name, GROUP, seq, seq, "ana", f"c{seq}", digest(name), is_changed=False)


def look(one: Stored, connection: int) -> Sight:
    place = (one.conversation, one.seq, one.rev)
    return Sight(connection, True, one.id, *place, one.digest, one.client_id)


def flawless(count: int = 30) -> tuple[Record, Kept]:
    """Return what all of them noted where all went well, on two connections each."""
    record = Record()
    kept = [store(seq) for seq in range(1, count + 1)]
    for device in DEVICES:
        record.add_device(device, (GROUP,))
    for one in kept:
        record.send(one.client_id, DEVICES[0], "ana", GROUP, one.id)
        connection = 1 if one.seq <= count // 2 else 2
        record.ack(one.client_id, one.id, one.seq, one.rev, connection)
    for device in DEVICES:
        notes = record.seen[device]
        notes += [CaughtUp(1), *(look(one, 1) for one in kept[: count // 2])]
        notes += [look(one, 2) for one in kept[count // 2 : count // 2 + 3]]
        notes += [CaughtUp(2), *(look(one, 2) for one in kept[count // 2 + 3 :])]
    return record, kept


def kinds(record: Record, kept: Kept, *, is_fleet: bool = False) -> set[str]:
    return {violation.kind for violation in check(record, kept, is_fleet=is_fleet)}


def one_live(record: Record, rng: random.Random) -> tuple[list[Sight | CaughtUp], int]:
    """Return a device's notes, and the place of a message it received after it had caught up."""
    notes = record.seen[rng.choice(DEVICES)]
    start = notes.index(CaughtUp(2)) + 1
    return notes, rng.randrange(start, len(notes) - 1)


def lose_stored(record: Record, kept: Kept, rng: random.Random) -> None:
    kept.pop(rng.randrange(len(kept)))


def lose_between(record: Record, kept: Kept, rng: random.Random) -> None:
    kept.pop(rng.randrange(len(kept) - 1))


def lose_last(record: Record, kept: Kept, rng: random.Random) -> None:
    kept.pop()


def double_stored(record: Record, kept: Kept, rng: random.Random) -> None:
    kept.append(rng.choice(kept)._replace(id="twin", seq=len(kept) + 1, rev=len(kept) + 1))


def swap_stored(record: Record, kept: Kept, rng: random.Random) -> None:
    place = rng.randrange(len(kept) - 1)
    one, other = kept[place : place + 2]
    kept[place : place + 2] = [one._replace(seq=other.seq), other._replace(seq=one.seq)]


def swap_both(record: Record, kept: Kept, rng: random.Random) -> None:
    """Swap two messages everywhere: only what was sent after which ack still tells."""
    place = rng.randrange(len(kept) - 1)
    one, other = kept[place : place + 2]
    numbers = {one.client_id: other, other.client_id: one}
    kept[place] = one._replace(seq=other.seq, rev=other.rev)
    kept[place + 1] = other._replace(seq=one.seq, rev=one.rev)
    for client_id, taken in numbers.items():
        ack = record.acked[client_id]
        record.acked[client_id] = ack._replace(seq=taken.seq, rev=taken.rev)


def alter_stored(record: Record, kept: Kept, rng: random.Random) -> None:
    place = rng.randrange(len(kept))
    kept[place] = kept[place]._replace(digest=0)


def forget_change(record: Record, kept: Kept, rng: random.Random) -> None:
    record.changed.append(Change(rng.choice(kept).id, len(kept) + 1))


def miss_the_end(record: Record, kept: Kept, rng: random.Random) -> None:
    record.seen[rng.choice(DEVICES)].pop()


def miss_one_live(record: Record, kept: Kept, rng: random.Random) -> None:
    notes, place = one_live(record, rng)
    notes.pop(place)


def miss_one_for_a_while(record: Record, kept: Kept, rng: random.Random) -> None:
    """Have a message that was not told read over REST in the end."""
    notes, place = one_live(record, rng)
    sight = notes.pop(place)
    assert isinstance(sight, Sight)
    notes.append(sight._replace(connection=0))


def miss_one_while_away(record: Record, kept: Kept, rng: random.Random) -> None:
    notes = record.seen[rng.choice(DEVICES)]
    notes.pop(notes.index(CaughtUp(2)) - rng.randint(1, 3))


def receive_twice(record: Record, kept: Kept, rng: random.Random) -> None:
    notes, place = one_live(record, rng)
    notes.insert(rng.randrange(place, len(notes)), notes[place])


def receive_swapped(record: Record, kept: Kept, rng: random.Random) -> None:
    notes, place = one_live(record, rng)
    notes[place : place + 2] = notes[place + 1], notes[place]


def receive_what_is_not_stored(record: Record, kept: Kept, rng: random.Random) -> None:
    record.seen[rng.choice(DEVICES)].append(look(store(len(kept) + 1), 2))


def receive_elsewhere(record: Record, kept: Kept, rng: random.Random) -> None:
    notes, place = one_live(record, rng)
    sight = notes[place]
    assert isinstance(sight, Sight)
    notes[place] = sight._replace(seq=sight.seq + 1)


def receive_an_old_change(record: Record, kept: Kept, rng: random.Random) -> None:
    """Have an update come that was told before the message in front of it."""
    notes, place = one_live(record, rng)
    sight = notes[place]
    assert isinstance(sight, Sight)
    notes.insert(place + 1, sight._replace(is_new=False, rev=sight.rev - 1))


def give_a_rev_twice(record: Record, kept: Kept, rng: random.Random) -> None:
    """Have a device see a message under the rev that another one had before it was changed."""
    notes, place = one_live(record, rng)
    sight = notes[place]
    assert isinstance(sight, Sight)
    place = next(n for n, one in enumerate(kept) if one.id == sight.id)
    other = rng.choice(kept[:place])
    kept[place] = kept[place]._replace(rev=len(kept) + 1, is_changed=True)
    for seen in record.seen.values():
        seen.append(sight._replace(is_new=False, rev=len(kept) + 1))
    notes.append(sight._replace(connection=9, is_new=False, rev=other.rev))


def refuse(record: Record, kept: Kept, rng: random.Random) -> None:
    record.refused.append("internal_error")


BREAKAGES: list[tuple[Breakage, str]] = [
    (lose_stored, "lost"),
    (lose_between, "gap"),
    (lose_last, "lost"),
    (double_stored, "doubled"),
    (swap_stored, "moved"),
    (swap_both, "reordered"),
    (alter_stored, "altered"),
    (forget_change, "lost"),
    (miss_the_end, "unseen"),
    (miss_one_live, "unseen"),
    (miss_one_live, "skipped"),
    (miss_one_for_a_while, "skipped"),
    (miss_one_while_away, "unseen"),
    (receive_twice, "twice"),
    (receive_swapped, "disorder"),
    (receive_what_is_not_stored, "lost"),
    (receive_elsewhere, "moved"),
    (receive_an_old_change, "disorder"),
    (give_a_rev_twice, "reused"),
    (refuse, "refused"),
]


@pytest.mark.parametrize("is_fleet", [False, True], ids=["alone", "fleet"])
def test_where_all_went_well_nothing_is_found(is_fleet: bool) -> None:
    assert check(*flawless(), is_fleet=is_fleet) == []


@pytest.mark.parametrize("is_fleet", [False, True], ids=["alone", "fleet"])
@pytest.mark.parametrize(("breakage", "kind"), BREAKAGES)
def test_every_seeded_breakage_is_caught(breakage: Breakage, kind: str, is_fleet: bool) -> None:
    for seed in SEEDS:
        record, kept = copy.deepcopy(flawless())
        breakage(record, kept, random.Random(seed))
        assert kind in kinds(record, kept, is_fleet=is_fleet)


def change_before_it_is_told(record: Record, kept: Kept, rng: random.Random) -> int:
    """Have a message that was told live changed at once, and told in the place of the change."""
    notes, place = one_live(record, rng)
    sight = notes.pop(place)
    assert isinstance(sight, Sight)
    rev = len(kept) + 1
    place = next(n for n, one in enumerate(kept) if one.id == sight.id)
    kept[place] = kept[place]._replace(rev=rev, is_changed=True)
    for seen in record.seen.values():
        seen.append(sight._replace(connection=2, is_new=seen is notes, rev=rev))
    return rev


def test_what_was_changed_before_a_node_heard_of_it_may_come_later_there() -> None:
    for seed in SEEDS:
        record, kept = copy.deepcopy(flawless())
        change_before_it_is_told(record, kept, random.Random(seed))
        assert kinds(record, kept, is_fleet=True) == set()
        assert "skipped" in kinds(record, kept)


def test_a_change_of_what_was_replayed_may_come_as_new_from_a_node_that_did_not_know() -> None:
    record, kept = flawless()
    rev = len(kept) + 1
    kept[2] = kept[2]._replace(rev=rev, is_changed=True)
    for seen in record.seen.values():
        seen.append(look(kept[2], 2))
    assert kinds(record, kept, is_fleet=True) == set()
    assert kinds(record, kept) == {"disorder"}


def test_what_was_told_live_must_not_come_as_new_again() -> None:
    record, kept = flawless()
    rev = len(kept) + 1
    kept[-2] = kept[-2]._replace(rev=rev, is_changed=True)
    for seen in record.seen.values():
        seen.append(look(kept[-2], 2))
    assert kinds(record, kept, is_fleet=True) == {"disorder"}


def test_what_was_not_changed_by_then_must_not_come_later() -> None:
    for seed in SEEDS:
        record, kept = copy.deepcopy(flawless())
        rev = change_before_it_is_told(record, kept, random.Random(seed))
        kept[:] = [one._replace(rev=one.seq) if one.rev == rev else one for one in kept]
        assert "skipped" in kinds(record, kept, is_fleet=True)


def test_what_one_connection_sent_in_a_row_keeps_its_order() -> None:
    record, kept = flawless(2)
    first, second = record.sent["c1"], record.sent["c2"]
    # Both under way at once, so that no ack stands between them.
    record.sent.update(c1=second._replace(at=1), c2=first._replace(at=2))
    record.acked.update(
        c1=record.acked["c1"]._replace(connection=1, seq=2, at=3),
        c2=record.acked["c2"]._replace(connection=1, seq=1, at=4),
    )
    assert "reordered" in kinds(record, kept)


def test_stalled_readers_who_are_all_cut_off_and_nobody_else_are_as_it_should_be() -> None:
    assert not list(judge({"phone": [4408], "laptop": [None]}, {"desk": []}, 2))


@pytest.mark.parametrize(
    ("stalled", "others", "cut_off"),
    [
        ({"phone": [4408], "laptop": []}, {"desk": []}, 2),
        ({"phone": [4408], "laptop": [1011]}, {"desk": []}, 2),
        ({"phone": [4408], "laptop": [None, 4408]}, {"desk": []}, 2),
        ({"phone": [4408], "laptop": [None]}, {"desk": []}, 1),
        ({"phone": [4408], "laptop": [None]}, {"desk": []}, 3),
        ({"phone": [4408], "laptop": [None]}, {"desk": [None]}, 2),
    ],
    ids=["one stays", "a fault", "one twice", "one for silence", "one too many", "a reader"],
)
def test_stalled_readers_who_are_cut_off_otherwise_are_found(
    stalled: Endings, others: Endings, cut_off: int
) -> None:
    assert list(judge(stalled, others, cut_off))


@pytest.fixture
def slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have twice the time where time is judged: other tests run beside these."""
    monkeypatch.setattr("torture.faults.STOP", 2 * faults.STOP)
    monkeypatch.setattr("torture.fleet_faults.STOP", 2 * faults.STOP)
    monkeypatch.setattr("torture.fleet_faults.GOING_ON", 2 * fleet_faults.GOING_ON)


@pytest.mark.usefixtures("slow_machine")
@pytest.mark.parametrize("scenario", SHORT, ids=[one.name for one in SHORT])
def test_the_server_keeps_its_word_while(scenario: Scenario, tmp_path: Path) -> None:
    if (lack := find_lack(scenario)) and scenario.cuts:
        pytest.skip(lack)
    require(not lack, lack)
    outcome = asyncio.run(run(scenario, Options(tmp_path, seed=1)))
    assert outcome.violations == []
    assert outcome.acked >= scenario.acks
