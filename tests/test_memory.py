"""What is remembered is never older than what it was told to forget."""

from __future__ import annotations

import asyncio

import pytest

from realchat.memory import Memory


class Source:
    """Values that change, loaded as slowly as a test says."""

    def __init__(self) -> None:
        self.value = 1
        self.loads = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def load(self, key: str) -> int:
        self.loads += 1
        value = self.value
        await self.gate.wait()
        return value


@pytest.mark.gen_test
async def test_a_value_is_loaded_once() -> None:
    source = Source()
    memory = Memory(source.load, 10)
    assert [await memory.get("a"), await memory.get("a")] == [1, 1]
    assert source.loads == 1


@pytest.mark.gen_test
async def test_the_least_recently_used_value_goes_first() -> None:
    source = Source()
    memory = Memory(source.load, 2)
    for key in ("a", "b", "a", "c"):
        await memory.get(key)
    assert (memory.peek("a"), memory.peek("b"), memory.peek("c")) == (1, None, 1)


@pytest.mark.gen_test
async def test_a_load_that_a_change_overtook_is_not_kept() -> None:
    source = Source()
    memory = Memory(source.load, 10)
    source.gate.clear()
    old = asyncio.ensure_future(memory.get("a"))
    await asyncio.sleep(0)
    source.value = 2
    memory.forget("a")
    new = asyncio.ensure_future(memory.get("a"))
    await asyncio.sleep(0)
    source.gate.set()
    assert [await old, await new] == [1, 2]
    assert memory.peek("a") in (None, 2)
    assert await memory.get("a") == 2


@pytest.mark.gen_test
async def test_a_load_that_a_newer_value_overtook_does_not_replace_it() -> None:
    source = Source()
    memory = Memory(source.load, 10)
    source.gate.clear()
    old = asyncio.ensure_future(memory.get("a"))
    await asyncio.sleep(0)
    memory.put("a", 2)
    source.gate.set()
    await old
    assert memory.peek("a") == 2
