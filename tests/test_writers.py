"""Several processes that write to one database: one order, no place empty, no number twice."""

from __future__ import annotations

import asyncio
import random

import pytest
from writing import CONVERSATION, Told, draft, edit, stored_places

from realchat.drafts import Change, Deletion, Reaction
from realchat.errors import ChatError, Code
from realchat.ids import group_conversation
from realchat.models import Message
from realchat.store.changes import MAX_CHANGES
from realchat.store.documents import Document, object_id
from realchat.store.health import DuplicateError
from realchat.store.message_log import MessageLog
from realchat.store.messages import Messages

READER = "2" * 24
ROOMS = [group_conversation(digit * 24) for digit in "abc"]


def open_log(messages: Messages) -> MessageLog:
    """Return the log of one process of several."""
    return MessageLog(messages, is_shared=True)


def reaction(*, on: bool) -> Reaction:
    """Return a reaction that is put on a message, or taken off."""
    return Reaction(emoji="👍", user_id=READER, on=on)


@pytest.mark.gen_test
async def test_two_processes_on_one_conversation_keep_one_order(messages: Messages) -> None:
    one, other = open_log(messages), open_log(messages)
    told = Told(), Told()
    for _ in range(5):
        await asyncio.gather(
            *(
                log.append(draft("x"), told[n])
                for n, log in enumerate((one, other))
                for _ in range(20)
            )
        )
    assert await stored_places(messages) == list(range(1, 201))
    assert sorted(m.seq for each in told for m in each) == list(range(1, 201))


@pytest.mark.gen_test
async def test_two_processes_that_change_one_message_take_different_revs(
    messages: Messages,
) -> None:
    one, other = open_log(messages), open_log(messages)
    message, _ = await one.append(draft(), Told())
    await other.append(draft(), Told())
    edits = [log.change(message, edit(str(n)), Told()) for n in range(10) for log in (one, other)]
    revs = [changed.rev for changed in await asyncio.gather(*edits) if changed]
    assert sorted(revs) == list(range(3, 23))


@pytest.mark.gen_test
async def test_two_processes_with_one_client_id_store_one_message_and_leave_no_gap(
    messages: Messages,
) -> None:
    for attempt in range(20):
        one, other = open_log(messages), open_log(messages)
        results = await asyncio.gather(
            one.append(draft("same", client_id=f"c{attempt}"), Told()),
            other.append(draft("same", client_id=f"c{attempt}"), Told()),
            one.append(draft("behind"), Told()),
            other.append(draft("behind"), Told()),
        )
        assert results[0][0].id == results[1][0].id
        assert sorted((results[0][1], results[1][1])) == [False, True]
        places = await stored_places(messages)
        assert places == list(range(1, len(places) + 1))


@pytest.mark.gen_test
async def test_a_run_that_meets_the_change_of_another_process_leaves_no_gap(
    messages: Messages,
) -> None:
    one, other = open_log(messages), open_log(messages)
    first, _ = await one.append(draft("1"), Told())
    await other.append(draft("2"), Told())
    await other.change(first, reaction(on=True), Told())
    told = Told()
    await asyncio.gather(*(one.append(draft(str(n)), told) for n in range(3, 7)))
    assert await stored_places(messages) == [1, 2, 3, 4, 5, 6]
    assert [(each.content, each.seq) for each in told] == [("3", 3), ("4", 4), ("5", 5), ("6", 6)]


@pytest.mark.parametrize("next_is_new", [False, True])
@pytest.mark.gen_test
async def test_a_rev_that_a_later_change_left_is_not_given_again(
    messages: Messages, next_is_new: bool
) -> None:
    one, other = open_log(messages), open_log(messages)
    first, _ = await one.append(draft("1"), Told())
    second, _ = await one.append(draft("2"), Told())
    changed: Message | None = first
    for on in (True, False):
        assert changed is not None
        changed = await other.change(changed, reaction(on=on), Told())
    assert changed is not None
    assert changed.rev == 4
    if next_is_new:
        changed, _ = await one.append(draft("3"), Told())
    else:
        changed = await one.change(second, reaction(on=True), Told())
    assert changed is not None
    assert changed.rev == 5


@pytest.mark.gen_test
async def test_numbers_that_are_heard_of_are_not_tried(
    messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = open_log(messages), open_log(messages)
    await one.append(draft("1"), Told())
    told = Told()
    first, _ = await other.append(draft("2"), told)
    await other.change(first, reaction(on=True), told)
    for message in told:
        one.note(CONVERSATION, message.seq, message.rev)
    tries = []
    insert = messages.collection.insert_unordered

    async def count(documents: list[dict[str, object]]) -> dict[int, tuple[str, ...]]:
        tries.append(documents)
        return await insert(documents)

    monkeypatch.setattr(messages.collection, "insert_unordered", count)
    monkeypatch.setattr(messages.collection, "insert_ordered", count)
    last, _ = await one.append(draft("3"), Told())
    assert ((last.seq, last.rev), len(tries)) == ((3, 4), 1)


class Refusals:
    """Changes that the index refuses, for numbers that nothing has when they are read anew.

    So it is where another process's write is taken back by a database that changes its primary.
    """

    def __init__(self, messages: Messages, monkeypatch: pytest.MonkeyPatch, number: float) -> None:
        """Refuse so many."""
        self._left = number
        self._write = messages.collection.find_and_update
        monkeypatch.setattr(messages.collection, "find_and_update", self)

    async def __call__(self, query: Document, change: Document) -> Document | None:
        """Refuse one, while there are any left."""
        if self._left > 0:
            self._left -= 1
            raise DuplicateError(("conversation", "rev"))
        return await self._write(query, change)


@pytest.mark.gen_test
async def test_a_change_that_was_refused_is_not_taken_for_one_with_nothing_to_change(
    messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(messages)
    message, _ = await log.append(draft("1"), Told())
    Refusals(messages, monkeypatch, 1)
    changed = await log.change(message, edit("2"), Told())
    assert changed is not None
    assert (changed.content, changed.rev) == ("2", 2)


@pytest.mark.parametrize("is_cut_off", [False, True])
@pytest.mark.gen_test
async def test_a_change_that_is_refused_for_ever_is_given_up_and_others_follow(
    messages: Messages, monkeypatch: pytest.MonkeyPatch, is_cut_off: bool
) -> None:
    log, told = open_log(messages), Told()
    message, _ = await log.append(draft("1"), Told())
    with monkeypatch.context() as patch:
        patch.setattr("realchat.store.changes.DEADLINE", 0.3)
        Refusals(messages, patch, float("inf"))
        changing = asyncio.ensure_future(log.change(message, edit("2"), told))
        if is_cut_off:
            await asyncio.sleep(0)
            changing.cancel()
            await log.drain()
        else:
            with pytest.raises(ChatError) as caught:
                await changing
            assert caught.value.code is Code.UNAVAILABLE
    changed = await log.change(message, reaction(on=True), told)
    assert changed is not None
    assert (changed.content, changed.rev, told) == ("1", 2, [changed])


async def worn(log: MessageLog, messages: Messages, changes: int) -> Message:
    """Return a message that was changed so often."""
    message, _ = await log.append(draft("1"), Told())
    # Beyond what the conversation has, so that no other message could have had them.
    revs = list(range(10**9, 10**9 + changes))
    query = {"_id": object_id(message.id)}
    await messages.collection.update(query, {"$push": {"revs": {"$each": revs}}})
    return message


@pytest.mark.gen_test(timeout=60)
async def test_a_message_is_changed_so_often_and_then_only_deleted(messages: Messages) -> None:
    log = open_log(messages)
    message = await worn(log, messages, MAX_CHANGES - 1)
    assert await log.change(message, reaction(on=True), Told()) is not None
    for change in (edit("2"), reaction(on=False)):
        with pytest.raises(ChatError) as caught:
            await log.change(message, change, Told())
        assert caught.value.code is Code.FORBIDDEN
        assert "10,000 times" in caught.value.message
    # There is nothing to change.
    assert await log.change(message, reaction(on=True), Told()) is None
    deleted = await log.change(message, Deletion(), Told())
    assert deleted is not None
    assert (deleted.deleted, deleted.rev) == (True, 3)
    assert await log.change(message, edit("2"), Told()) is None


@pytest.mark.gen_test(timeout=60)
async def test_what_one_process_alone_changes_has_no_such_bound(messages: Messages) -> None:
    message = await worn(open_log(messages), messages, MAX_CHANGES)
    alone = MessageLog(messages, is_shared=False)
    assert await alone.change(message, edit("2"), Told()) is not None


@pytest.mark.gen_test
async def test_who_stands_behind_a_refused_message_of_others_is_written_at_once(
    messages: Messages,
) -> None:
    one, other = open_log(messages), open_log(messages)
    for log in (one, other):
        await log.append(draft(conversation=ROOMS[0]), Told())
    told = Told()
    rooms = [ROOMS[0], ROOMS[0], ROOMS[1], ROOMS[1], ROOMS[2]]
    await asyncio.gather(*(one.append(draft(conversation=room), told) for room in rooms))
    assert [await stored_places(messages, room) for room in ROOMS] == [[1, 2, 3, 4], [1, 2], [1]]
    assert [message.conversation for message in told] == [*rooms[2:], *rooms[:2]]


async def live(log: MessageLog, told: Told, chance: random.Random, number: int) -> None:
    """Write as the people of one process do: a few at once, some of it changes."""
    mine: list[Message] = []
    for step in range(25):
        rooms = chance.choices(ROOMS, k=chance.randint(0, 6))
        writes = [log.append(draft(f"{number}:{step}", conversation=room), told) for room in rooms]
        changes: list[Change] = [reaction(on=chance.random() < 0.5), edit(str(step))]
        changing = [log.change(message, chance.choice(changes), told) for message in mine[-3:]]
        written, _ = await asyncio.gather(asyncio.gather(*writes), asyncio.gather(*changing))
        mine += [message for message, _ in written]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.gen_test(timeout=60)
async def test_whatever_three_processes_write_has_one_order_without_gaps(
    messages: Messages, seed: int
) -> None:
    told = Told(), Told(), Told()
    chance = random.Random(seed)
    await asyncio.gather(*(live(open_log(messages), told[n], chance, n) for n in range(len(told))))
    for room in ROOMS:
        heard = [[m.rev for m in each if m.conversation == room] for each in told]
        revs = sorted(rev for each in heard for rev in each)
        assert revs == list(range(1, len(revs) + 1))
        assert heard == [sorted(each) for each in heard]
        places = await stored_places(messages, room)
        assert places == list(range(1, len(places) + 1))
