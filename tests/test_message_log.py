"""The message log against the real database: places, retries, races, outages."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from writing import CONVERSATION, Told, draft, stored_places

from realchat.drafts import Reaction
from realchat.errors import ChatError, Code
from realchat.models import Message
from realchat.store.message_log import MessageLog
from realchat.store.messages import Messages
from realchat.store.outcomes import Outcomes


@pytest.fixture
def log(messages: Messages) -> MessageLog:
    """A log, as the only process there is has it."""
    return MessageLog(messages, is_shared=False)


@pytest.mark.gen_test
async def test_places_are_without_gaps_and_told_in_order(
    log: MessageLog, messages: Messages
) -> None:
    told = Told()
    appended = await asyncio.gather(*(log.append(draft(str(n)), told) for n in range(300)))
    assert [message.seq for message, _ in appended] == list(range(1, 301))
    assert [message.seq for message in told] == list(range(1, 301))
    assert await stored_places(messages) == list(range(1, 301))


@pytest.mark.gen_test
async def test_what_arrives_together_is_written_together(
    log: MessageLog, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    insert = messages.collection.insert_unordered

    async def count(documents: list[dict[str, object]]) -> dict[int, tuple[str, ...]]:
        sizes.append(len(documents))
        return await insert(documents)

    monkeypatch.setattr(messages.collection, "insert_unordered", count)
    await asyncio.gather(*(log.append(draft(str(n)), Told()) for n in range(100)))
    assert sum(sizes) == 100
    assert len(sizes) <= 2


@pytest.mark.gen_test
async def test_changes_and_messages_of_a_conversation_take_revs_in_their_order(
    log: MessageLog, messages: Messages
) -> None:
    told = Told()
    first, _ = await log.append(draft("first"), told)
    work: list[Coroutine[Any, Any, object]] = []
    for number in range(10):
        reaction = Reaction(user_id=f"{number:024x}", emoji="👍", on=True)
        work.append(log.change(first, reaction, told))
        work.append(log.append(draft(str(number)), told))
    await asyncio.gather(*work)
    assert [message.rev for message in told] == list(range(1, 22))
    changes = await messages.changes(CONVERSATION, 0, 100)
    latest = {message.id: message.rev for message in told}
    assert [one.rev for one in changes] == sorted(latest.values())


@pytest.mark.gen_test
async def test_a_repeated_client_id_before_others_leaves_no_gap(
    log: MessageLog, messages: Messages
) -> None:
    first, is_new = await log.append(draft("once", client_id="c"), Told())
    assert is_new
    results = await asyncio.gather(
        log.append(draft("before"), Told()),
        log.append(draft("once", client_id="c"), Told()),
        log.append(draft("after"), Told()),
        log.append(draft("later"), Told()),
    )
    assert results[1] == (first, False)
    assert await stored_places(messages) == [1, 2, 3, 4]


@pytest.mark.gen_test
async def test_a_sender_who_goes_away_does_not_undo_the_write(
    log: MessageLog, messages: Messages
) -> None:
    told = Told()
    waiting = asyncio.ensure_future(log.append(draft("going"), told))
    await asyncio.sleep(0)
    waiting.cancel()
    await log.drain()
    assert [message.content for message in told] == ["going"]
    assert await stored_places(messages) == [1]


@pytest.mark.gen_test
async def test_a_fault_while_writing_does_not_end_the_writer(
    log: MessageLog, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*arguments: object) -> None:
        raise RuntimeError

    async def be_away(*arguments: object) -> None:
        raise ChatError(Code.UNAVAILABLE)

    for insert in (fail, be_away):
        with monkeypatch.context() as broken:
            broken.setattr(messages.collection, "insert_unordered", insert)
            broken.setattr(messages.collection, "find", fail)
            with pytest.raises(ChatError) as refused:
                await log.append(draft(), Told())
            assert refused.value.code is Code.INTERNAL
    message, is_new = await log.append(draft(), Told())
    assert (message.seq, is_new) == (1, True)


@pytest.mark.gen_test
async def test_a_write_that_lands_late_is_found_and_leaves_no_gap(
    log: MessageLog, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[list[dict[str, object]]] = []
    insert = messages.collection.insert_unordered

    async def lose(documents: list[dict[str, object]]) -> None:
        late.append(documents)
        monkeypatch.setattr(messages.collection, "insert_unordered", land_late)
        raise ChatError(Code.UNAVAILABLE)

    async def land_late(documents: list[dict[str, object]]) -> dict[int, tuple[str, ...]]:
        monkeypatch.setattr(messages.collection, "insert_unordered", insert)
        await insert(late[0])
        return await insert(documents)

    monkeypatch.setattr(messages.collection, "insert_unordered", lose)
    told = Told()
    first = asyncio.ensure_future(log.append(draft("one"), told))
    await asyncio.sleep(0)
    rest = [asyncio.ensure_future(log.append(draft(text), told)) for text in ("two", "three")]
    appended = await asyncio.gather(first, *rest)
    places = await stored_places(messages)
    assert places == list(range(1, len(places) + 1))
    kept = await messages.page(CONVERSATION, before=None, after=0, limit=10)
    assert {one.id for one in kept} >= {message.id for message, _ in appended}
    assert sorted(one.content for one in kept if one.deleted is not True) == ["one", "three", "two"]
    live = [message.seq for message in told if message.deleted is not True]
    assert live == sorted(live)


@pytest.mark.gen_test
async def test_a_change_that_lands_late_is_told(
    log: MessageLog, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[tuple[Any, ...]] = []
    collection = messages.collection
    change, settle = collection.find_and_update, Outcomes.find_out

    async def lose(*arguments: Any) -> None:
        late.append(arguments)
        monkeypatch.setattr(collection, "find_and_update", change)
        raise ChatError(Code.UNAVAILABLE)

    async def find_out(outcomes: Outcomes, entries: Any) -> None:
        await settle(outcomes, entries)
        await change(*late[0])  # lands when it was found to be missing

    message, _ = await log.append(draft(), Told())
    told = Told()
    monkeypatch.setattr(collection, "find_and_update", lose)
    monkeypatch.setattr(Outcomes, "find_out", find_out)
    heart = Reaction(user_id="1" * 24, emoji="x", on=True)
    changed = await log.change(message, heart, told)
    assert changed is not None
    assert changed.reactions == {"x": ["1" * 24]}
    assert [one.rev for one in told] == [changed.rev]


@pytest.mark.gen_test
async def test_a_fault_in_the_telling_does_not_undo_the_ack(log: MessageLog) -> None:
    def fail(message: Message) -> None:
        raise RuntimeError

    message, is_new = await log.append(draft(), fail)
    assert (message.seq, is_new) == (1, True)


@pytest.mark.gen_test
async def test_another_body_under_the_same_client_id_is_refused(log: MessageLog) -> None:
    await log.append(draft("one", client_id="c"), Told())
    with pytest.raises(ChatError) as refused:
        await log.append(draft("two", client_id="c"), Told())
    assert refused.value.code is Code.IDEMPOTENCY_CONFLICT
