"""Who hears of what while people come, go, and are put in groups, all at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hearing import ANA, BEN, CEM, TEAM, Hearing, changed, message, stored, team

from realchat import attendance, earshot, retries
from realchat.errors import ChatError, Code
from realchat.events import AnyHappening, Notice, Resync
from realchat.frames import GroupUpdated
from realchat.ids import direct_conversation
from realchat.models import Group


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask a database that fails again at once."""
    monkeypatch.setattr(retries, "RETRY", 0.01)
    monkeypatch.setattr(earshot, "RETRY", 0.01)


@pytest.fixture
def here() -> Hearing:
    return Hearing()


@pytest.mark.gen_test
async def test_who_was_put_in_a_group_unheard_hears_it_from_its_next_change_on(
    here: Hearing,
) -> None:
    await here.attendance.arrive(ANA)
    here.say(1, 2)
    # Version 2, with which Ana came, was not told: who stored it died.
    here.kept.group = team(3, BEN, ANA)
    here.bus.publish(changed(None, 3, BEN, ANA))
    await here.rest()
    here.say(3)
    await here.rest()
    assert here.revs_of(ANA) == [3]
    await asyncio.wait_for(here.attendance.arrive(BEN), 20)


@pytest.mark.gen_test
async def test_who_is_put_in_a_group_while_they_arrive_hears_it(here: Hearing) -> None:
    async def add(channels: Sequence[str]) -> None:
        if here.kept.group is None:
            here.kept.group = team(2, BEN, ANA)
            here.bus.publish(changed(0, 2, BEN, ANA))

    here.bus.joining = add
    await here.attendance.arrive(ANA)
    await here.rest()
    here.say(1)
    await here.rest()
    assert here.revs_of(ANA) == [1]


@pytest.mark.gen_test
async def test_who_is_put_in_a_group_after_the_look_up_of_their_arrival_hears_it(
    here: Hearing,
) -> None:
    direct = direct_conversation(ANA, BEN)
    here.kept.directs = [direct]

    async def add() -> None:
        here.kept.asking = None
        here.bus.publish(changed(0, 2, BEN, ANA))

    here.kept.asking = add
    await here.attendance.arrive(ANA)
    await here.rest()
    here.say(1)
    await here.rest()
    assert here.revs_of(ANA) == [1]


@pytest.mark.gen_test
async def test_who_was_put_in_a_group_unheard_during_the_look_up_of_their_arrival_hears_it(
    here: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_members = here.groups.of_members

    async def be_late(user_ids: Sequence[str]) -> list[Group]:
        found = await of_members(user_ids)
        if here.kept.group is None:
            here.kept.group = team(2, BEN, ANA)
            here.bus.publish(Resync())  # instead of the news, which were lost
        return found

    monkeypatch.setattr(here.groups, "of_members", be_late)
    await here.attendance.arrive(ANA)
    here.say(1)
    await here.rest()
    assert here.revs_of(ANA) == [1]


@pytest.mark.gen_test
async def test_a_direct_conversation_that_begins_while_its_reader_arrives_is_listened_to(
    here: Hearing,
) -> None:
    direct = direct_conversation(ANA, BEN)

    async def begin(channels: Sequence[str]) -> None:
        if f"u:{ANA}" in channels:
            # Told before this process listens to anything that it is told through.
            here.kept.directs = [direct]
            here.kept.put(message(1, direct))

    here.bus.joining = begin
    await here.attendance.arrive(ANA)
    assert f"c:{direct}" in here.bus.joined


@pytest.mark.gen_test
async def test_who_is_told_the_past_stays_in_when_the_last_other_reader_goes(here: Hearing) -> None:
    here.kept.group = team(1, BEN, CEM)
    await here.attendance.arrive(CEM)
    await here.attendance.arrive(ANA)
    here.say(1, 2)
    gate = asyncio.Event()
    here.kept.looking = gate.wait
    here.bus.publish(changed(0, 2, BEN, CEM, ANA))
    await asyncio.sleep(0.02)
    here.bus.publish(changed(None, 3, BEN, ANA))  # Cem left
    gate.set()
    await here.rest()
    here.say(3)
    await here.rest()
    assert here.revs_of(ANA) == [1, 2, 3]
    assert f"c:{TEAM}" in here.bus.joined


@pytest.mark.gen_test
async def test_who_leaves_while_they_are_told_the_past_hears_no_more(here: Hearing) -> None:
    here.kept.group = team(1, BEN)
    await here.attendance.arrive(BEN)
    await here.attendance.arrive(ANA)
    here.say(1, 2)
    gate = asyncio.Event()
    here.kept.looking = gate.wait
    here.bus.publish(changed(0, 2, BEN, ANA))
    await asyncio.sleep(0.02)
    here.bus.publish(changed(None, 3, BEN))
    gate.set()
    await here.rest()
    here.say(3)
    await here.rest()
    assert (here.revs_of(ANA), here.revs_of(BEN)) == ([], [1, 2, 3])


@pytest.mark.gen_test
async def test_who_leaves_and_comes_again_is_told_the_past_once(here: Hearing) -> None:
    here.kept.group = team(1, BEN)
    await here.attendance.arrive(BEN)
    await here.attendance.arrive(ANA)
    here.say(1, 2)
    gate = asyncio.Event()
    here.kept.looking = gate.wait
    here.bus.publish(changed(0, 2, BEN, ANA))
    await asyncio.sleep(0.02)
    here.bus.publish(changed(None, 3, BEN))
    here.bus.publish(changed(1, 4, BEN, ANA))
    gate.set()
    await here.rest()
    assert here.revs_of(ANA) == [2]


@pytest.mark.gen_test
async def test_nobody_is_greeted_deaf_beside_somebody_whose_arrival_fails(here: Hearing) -> None:
    here.kept.group = team(1, ANA, BEN)
    failing = asyncio.Event()

    async def fail_once() -> None:
        await failing.wait()
        here.kept.asking = None
        raise ChatError(Code.UNAVAILABLE)

    async def fail_then(channels: Sequence[str]) -> None:
        if f"u:{BEN}" in channels:
            failing.set()
            await asyncio.sleep(0.05)  # the first arrival fails meanwhile

    here.kept.asking = fail_once
    first = asyncio.ensure_future(here.attendance.arrive(ANA))
    await asyncio.sleep(0.3)  # a second round begins beside one that takes longer than 0.25 s
    here.bus.joining = fail_then
    await asyncio.gather(first, here.attendance.arrive(BEN), return_exceptions=True)
    here.say(1)
    await here.rest()
    assert isinstance(first.exception(), ChatError)
    assert here.revs_of(BEN) == [1]


@pytest.mark.gen_test
async def test_who_is_put_in_a_group_that_is_not_settled_here_yet_misses_nothing(
    here: Hearing,
) -> None:
    here.kept.group = team(1, BEN)
    await here.attendance.arrive(ANA)
    gate = asyncio.Event()
    here.kept.asking = gate.wait
    arriving = asyncio.ensure_future(here.attendance.arrive(BEN))
    await asyncio.sleep(0.02)
    here.bus.publish(changed(0, 2, BEN, ANA))
    here.say(1, 2)
    gate.set()
    await arriving
    await here.rest()
    assert here.revs_of(ANA) == [1, 2]


@pytest.mark.gen_test
async def test_what_the_look_up_of_another_found_first_is_done_for_those_it_concerns(
    here: Hearing,
) -> None:
    here.kept.group = team(1, CEM)
    await here.attendance.arrive(ANA)
    await here.attendance.arrive(CEM)
    here.kept.group = team(2, BEN, ANA)  # Ana came, Cem went; the news is under way
    await here.attendance.arrive(BEN)
    here.say(1)
    here.bus.publish(changed(0, 2, BEN, ANA))
    here.say(2)
    await here.rest()
    assert here.revs_of(ANA) == [1, 2]
    assert here.revs_of(CEM) == [1]


@pytest.mark.gen_test
async def test_older_news_of_a_group_moves_nobody_who_was_found_in_a_newer_one(
    here: Hearing,
) -> None:
    here.kept.group = team(1, CEM)
    await here.attendance.arrive(ANA)
    await here.attendance.arrive(CEM)
    here.kept.group = team(3, CEM, ANA, BEN)
    await here.attendance.arrive(BEN)
    here.say(1)
    here.bus.publish(changed(0, 2, CEM, ANA))  # before Ben came
    here.bus.publish(changed(0, 3, CEM, ANA, BEN))
    await here.rest()
    assert (here.revs_of(ANA), here.revs_of(BEN)) == ([1], [1])


@pytest.mark.gen_test
async def test_after_a_fault_that_nobody_foresaw_what_was_untold_is_still_looked_for(
    here: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.kept.group = team(1, ANA, BEN)
    await here.attendance.arrive(ANA)
    faults = [RuntimeError("a cursor was lost")]
    of_members = here.groups.of_members

    async def fail_once(user_ids: Sequence[str]) -> list[Group]:
        if faults:
            raise faults.pop()
        return await of_members(user_ids)

    monkeypatch.setattr(here.groups, "of_members", fail_once)
    here.kept.put(message(1))
    here.bus.publish(Resync())
    await here.rest()
    assert here.revs_of(ANA) == [1]


@pytest.mark.gen_test
async def test_a_review_that_fails_for_good_does_not_keep_the_next_one_from_beginning(
    here: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.kept.group = team(1, ANA, BEN)
    await here.attendance.arrive(ANA)
    here.kept.put(message(1))

    async def fail(user_ids: Sequence[str]) -> list[Group]:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(here.groups, "of_members", fail)
        here.bus.publish(Resync())
        await here.rest()
    here.bus.publish(Resync())
    await here.rest()
    assert here.revs_of(ANA) == [1]


@pytest.mark.gen_test
async def test_where_a_conversation_stands_is_asked_again_after_a_fault(here: Hearing) -> None:
    here.kept.group = team(1, ANA, BEN)

    async def fail_once() -> None:
        here.kept.asking = None
        raise RuntimeError("a cursor was lost")

    here.kept.asking = fail_once
    with pytest.raises(ChatError):
        await here.attendance.arrive(ANA)
    await here.rest()
    await here.attendance.arrive(ANA)
    here.bus.publish(stored(message(1)))
    assert here.revs_of(ANA) == [1]


@pytest.mark.gen_test
async def test_a_review_tells_all_who_are_in_a_group_of_its_change(
    here: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendance, "_BATCH", 2)
    here.kept.group = team(1, ANA, BEN, CEM)
    for user in (ANA, BEN, CEM):
        await here.attendance.arrive(user)
    told: list[tuple[str, int]] = []

    def note(happening: AnyHappening) -> None:
        if isinstance(happening, Notice) and isinstance(happening.frame, GroupUpdated):
            version = happening.frame.group.version
            told.extend((reader, version) for reader in happening.readers)

    here.sequencer.subscribe(note)
    here.kept.group = team(2, ANA, BEN, CEM)
    here.bus.publish(Resync())
    await here.rest()
    assert sorted(told) == [(ANA, 2), (BEN, 2), (CEM, 2)]
    here.bus.publish(Resync())
    await here.rest()
    assert len(told) == 3
