"""Migrations: once, in order, by one process at a time; and what one process does for all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from realchat.services import Services
from realchat.store.database import Database
from realchat.store.migrations import Migration, migrate


class Steps:
    """Migrations that note what was done."""

    def __init__(self, *versions: int) -> None:
        self.done: list[int] = []
        self.migrations = [Migration(version, self._step(version)) for version in versions]

    def _step(self, version: int) -> Callable[[Database], Awaitable[None]]:
        async def run(database: Database) -> None:
            await asyncio.sleep(0.01)
            self.done.append(version)

        return run


@pytest.mark.gen_test
async def test_each_is_made_once_and_in_order(services: Services) -> None:
    steps = Steps(2, 1)
    for _ in range(2):
        await migrate(services.database, services.collections.claims, steps.migrations)
    assert steps.done == [1, 2]


@pytest.mark.gen_test
async def test_of_many_processes_that_start_at_once_one_makes_them(services: Services) -> None:
    steps = Steps(1, 2)
    await asyncio.gather(
        *(
            migrate(services.database, services.collections.claims, steps.migrations)
            for _ in range(5)
        )
    )
    assert steps.done == [1, 2]


@pytest.mark.gen_test
async def test_an_older_program_beside_a_newer_one_has_nothing_to_do(services: Services) -> None:
    newer, older = Steps(1, 2, 3), Steps(1, 2)
    await migrate(services.database, services.collections.claims, newer.migrations)
    await migrate(services.database, services.collections.claims, older.migrations)
    assert older.done == []


@pytest.mark.gen_test
async def test_one_that_fails_is_begun_again_by_the_next_start(services: Services) -> None:
    async def fail(database: Database) -> None:
        raise RuntimeError("cut short")

    with pytest.raises(RuntimeError):
        await migrate(services.database, services.collections.claims, [Migration(1, fail)])
    steps = Steps(1)
    await migrate(services.database, services.collections.claims, steps.migrations)
    assert steps.done == [1]


@pytest.mark.gen_test
async def test_what_one_process_does_for_all_is_done_by_one(services: Services) -> None:
    claims = services.collections.claims
    assert [await claims.seize("duty", 60) for _ in range(3)] == [True, False, False]
    # Over a millisecond ago, as exactly as moments are kept.
    assert [await claims.seize("short", -0.001) for _ in range(2)] == [True, True]
