"""Waiting for what no event tells: that connections are gone, that clients took their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

# Seconds between two looks.
_PAUSE = 0.02


async def poll(is_so: Callable[[], bool], end: float) -> None:
    """Return once something is so, but no later than `end`, by the loop's time."""
    time = asyncio.get_running_loop().time
    while not is_so() and time() < end:  # noqa: ASYNC110  # no event tells of it
        await asyncio.sleep(_PAUSE)
