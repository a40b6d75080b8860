"""What is asked at the same time is asked together, and is as fresh as if asked alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from realchat import loader
from realchat.loader import Loader


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a query hold up those behind it for as long as a test has it wait."""
    monkeypatch.setattr(loader, "_PATIENCE", 60)


class Source:
    """Numbers by name, loaded as slowly as a test says; `asked` has the keys of each query."""

    def __init__(self) -> None:
        self.kept = {"a": 1, "b": 2, "c": 3}
        self.asked: list[list[str]] = []
        self.gates: list[asyncio.Event] = []
        self.faulty = ""

    async def load(self, keys: Sequence[str]) -> dict[str, int]:
        """Answer with what is kept when the query begins."""
        self.asked.append(list(keys))
        found = {key: self.kept[key] for key in keys if key in self.kept}
        if self.gates:
            await self.gates.pop(0).wait()
        if self.faulty in keys:
            raise LookupError(self.faulty)
        return found

    def stall(self) -> asyncio.Event:
        """Have a query, the next that is not stalled yet, wait for what is returned."""
        self.gates.append(gate := asyncio.Event())
        return gate


async def begin(source: Loader[str, int], *keys: str) -> list[asyncio.Task[int | None]]:
    """Ask for keys, each for itself; return once they are asked."""
    tasks = [asyncio.create_task(source.get(key)) for key in keys]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


@pytest.mark.gen_test
async def test_what_is_asked_at_once_is_one_query() -> None:
    source = Source()
    numbers = Loader(source.load)
    assert await asyncio.gather(*map(numbers.get, "abac")) == [1, 2, 1, 3]
    assert source.asked == [["a", "b", "c"]]


@pytest.mark.gen_test
async def test_what_is_asked_during_a_query_is_asked_by_the_next() -> None:
    source = Source()
    gate, numbers = source.stall(), Loader(source.load)
    first = await begin(numbers, "a")
    others = await begin(numbers, "b", "c", "b")
    assert source.asked == [["a"]]
    gate.set()
    assert await asyncio.gather(*first, *others) == [1, 2, 3, 2]
    assert source.asked == [["a"], ["b", "c"]]


@pytest.mark.gen_test
async def test_no_answer_is_older_than_its_question() -> None:
    source = Source()
    gate, numbers = source.stall(), Loader(source.load)
    early = await begin(numbers, "a")
    source.kept["a"] = 10
    late = await begin(numbers, "a")
    gate.set()
    assert await asyncio.gather(*early, *late) == [1, 10]


@pytest.mark.gen_test
async def test_each_gets_what_they_asked_for_and_no_more() -> None:
    numbers = Loader(Source().load)
    asked = ["c", "x"], ["b", "a", "b"]
    found = await asyncio.gather(*map(numbers.get_many, asked))
    assert found == [{"c": 3}, {"b": 2, "a": 1}]
    assert await numbers.get("x") is None


@pytest.mark.gen_test
async def test_a_query_that_fails_fails_for_those_who_asked_only() -> None:
    source = Source()
    gate, numbers = source.stall(), Loader(source.load)
    source.faulty = "b"
    [lucky] = await begin(numbers, "a")
    others = await begin(numbers, "b", "c")
    gate.set()
    first, *both = await asyncio.gather(lucky, *others, return_exceptions=True)
    assert first == 1
    assert [str(one) for one in both] == ["b", "b"]
    assert await numbers.get("c") == 3


@pytest.mark.gen_test
async def test_one_who_goes_away_takes_no_answer_from_the_others() -> None:
    source = Source()
    gate, numbers = source.stall(), Loader(source.load)
    gone, other = await begin(numbers, "a", "a")
    gone.cancel()
    gate.set()
    assert await other == 1
    assert gone.cancelled() or gone.cancelling()


@pytest.mark.gen_test
async def test_a_slow_query_holds_up_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "_PATIENCE", 0)
    source = Source()
    gate, numbers = source.stall(), Loader(source.load)
    [slow] = await begin(numbers, "a")
    assert await numbers.get("b") == 2
    assert not slow.done()
    gate.set()
    assert await slow == 1


@pytest.mark.gen_test
async def test_who_asks_long_after_a_query_stalled_is_not_held_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loader, "_PATIENCE", 0)
    source = Source()
    gate, numbers = source.stall(), Loader(source.load)
    [slow] = await begin(numbers, "a")
    for _ in range(10):
        await asyncio.sleep(0)  # its patience ends while nobody else asks
    assert await asyncio.wait_for(numbers.get("b"), 10) == 2
    assert not slow.done()
    gate.set()
    assert await slow == 1
    assert await numbers.get("c") == 3


@pytest.mark.gen_test
async def test_a_query_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "_MAX_KEYS", 2)
    source = Source()
    numbers = Loader(source.load)
    assert await asyncio.gather(*map(numbers.get, "abc")) == [1, 2, 3]
    assert await numbers.get_many(["a", "b", "c"]) == source.kept
    assert source.asked == [["a", "b"], ["c"], ["a", "b", "c"]]
