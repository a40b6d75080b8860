"""Questions that need an answer, however long the database is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from realchat.errors import ChatError

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Seconds until the next try, and after how many faults that nobody foresaw there is none.
RETRY, _MAX_FAULTS = 1.0, 5


async def persist(ask: Callable[..., Awaitable[T]], *values: object) -> T:
    """Ask the database until it answers; return what it says. Raises a fault that stays."""
    faults = 0
    while True:
        try:
            return await ask(*values)
        except ChatError:
            pass
        except Exception:
            # A cursor that was lost, for one, is no outage, and the next try may well succeed.
            faults += 1
            if faults == _MAX_FAULTS:
                raise
            logger.exception("fault in a question to the database, which is asked again")
        await asyncio.sleep(RETRY)
