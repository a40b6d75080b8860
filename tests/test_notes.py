"""What is noted at the same time is written at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from realchat.errors import ChatError, Code
from realchat.notes import Notes
from realchat.tasks import Tasks


class Book:
    """Where notes are written, each write when the test says so."""

    def __init__(self) -> None:
        self.writes: list[dict[str, int]] = []
        self.gate = asyncio.Event()
        self.begun = asyncio.Event()
        self.fault: ChatError | None = None

    async def write(self, noted: Mapping[str, int]) -> None:
        """Keep what was noted."""
        self.begun.set()
        await self.gate.wait()
        if (fault := self.fault) is not None:
            self.fault = None
            raise fault
        self.writes.append(dict(noted))


@pytest.mark.gen_test
async def test_what_is_noted_during_a_write_makes_up_the_next() -> None:
    book, tasks = Book(), Tasks()
    notes = Notes(tasks, book.write)
    notes.put("a", 1)
    await book.begun.wait()
    for key, value in (("b", 2), ("a", 3), ("b", 4)):
        notes.put(key, value)
    book.gate.set()
    await tasks.drain()
    assert book.writes == [{"a": 1}, {"b": 4, "a": 3}]


@pytest.mark.gen_test
async def test_a_write_that_fails_keeps_no_later_one(caplog: pytest.LogCaptureFixture) -> None:
    book, tasks = Book(), Tasks()
    book.fault = ChatError(Code.UNAVAILABLE)
    book.gate.set()
    notes = Notes(tasks, book.write)
    notes.put("a", 1)
    await tasks.drain()
    notes.put("b", 2)
    await tasks.drain()
    assert book.writes == [{"b": 2}]
    assert "a task after the answer failed: unavailable" in caplog.text


@pytest.mark.gen_test
async def test_what_came_while_a_write_failed_waits_for_nothing_else() -> None:
    book, tasks = Book(), Tasks()
    book.fault = ChatError(Code.UNAVAILABLE)
    notes = Notes(tasks, book.write)
    notes.put("a", 1)
    await book.begun.wait()
    notes.put("b", 2)
    book.gate.set()
    await tasks.drain()
    assert book.writes == [{"b": 2}]
