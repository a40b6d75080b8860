"""Whether something out there answers: looked at now and then, and at once when a call fails.

While it is away nobody waits for it, and it is asked until it is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from realchat.errors import ChatError, Code

logger = logging.getLogger(__name__)

# Seconds in which it has to answer a look, and between two looks while it is away.
_PATIENCE = 3.0
_PAUSE = 1.0


class Reach:
    """Knows of one thing whether it answers; `look` raises `ChatError` when it does not.

    `explain` says for the log what it raised that for.
    """

    def __init__(
        self,
        name: str,
        look: Callable[[], Awaitable[None]],
        explain: Callable[[BaseException], str],
    ) -> None:
        self._name = name
        self._look = look
        self._explain = explain
        # Whether it does, as far as is known.
        self.answers = True
        self._asking: asyncio.Task[None] | None = None

    def require(self, message: str) -> None:
        """Raise `unavailable` with a message while it is away; may be called from any thread."""
        if not self.answers:
            raise ChatError(Code.UNAVAILABLE, message, retry_after=_PAUSE)

    async def check(self) -> None:
        """Look; if it does not answer, go on looking until it does."""
        if self._asking is None and not await self._found():
            self.doubt()

    def doubt(self) -> None:
        """Look soon, for a call has failed; one that failed alone says nothing of the others."""
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask())

    def close(self) -> None:
        """Look no more."""
        if self._asking is not None:
            self._asking.cancel()

    async def _ask(self) -> None:
        try:
            found = await self._found()
            while not found:
                await asyncio.sleep(_PAUSE)
                found = await self._found()
        finally:
            self._asking = None

    async def _found(self) -> bool:
        """Look once, and remember how it was."""
        answered = self.answers
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._look()
            self.answers = True
        except (ChatError, TimeoutError) as error:
            self.answers = False
            if answered:
                logger.warning("%s does not answer: %s", self._name, self._explain(error))
        if self.answers and not answered:
            logger.warning("%s answers", self._name)
        return self.answers
