"""The programs that run as long as the server does: started again when they die."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Protocol

logger = logging.getLogger(__name__)


class Embedded(Protocol):
    """A program that runs as long as this one."""

    def revive(self) -> bool:
        """Start it again if it died; tell whether it had."""


@contextlib.asynccontextmanager
async def keep_alive(embedded: list[Embedded]) -> AsyncIterator[None]:
    """Start programs again that die meanwhile."""
    keepers = [asyncio.create_task(_keep_alive(each)) for each in embedded]
    try:
        yield
    finally:
        for keeper in keepers:
            keeper.cancel()


async def _keep_alive(embedded: Embedded) -> None:
    pause = 1
    while True:
        await asyncio.sleep(pause)
        try:
            died = embedded.revive()
        except OSError as error:
            # No memory or file for a process now; there may be later.
            name = type(embedded).__name__
            logger.error("%s cannot be started: %s", name, type(error).__name__)
            died = True
        # Ever more rarely, for one that dies each time.
        pause = min(2 * pause, 5) if died else 1
