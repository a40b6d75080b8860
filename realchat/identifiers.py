"""The py3langid language identifier: how likely a text is in each language that it knows."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

logger = logging.getLogger(__name__)


class Py3Langid:
    """One model for the process, read in a thread from the moment the first of these is made."""

    def __init__(self) -> None:
        self._reading = _read_in_thread()

    async def load(self) -> None:
        """Return when the model is there, or cannot be had; 0.6 s at the start of the process."""
        if not self._reading.done():
            await asyncio.wait([asyncio.wrap_future(self._reading)])

    async def rank(self, text: str) -> dict[str, float]:
        """Return the share of each language (ISO 639) in the likelihood; all sum up to 1.

        A text of 300 characters takes 0.1 ms. Waits for the model: what is said of
        a message stays with it for ever, so a guess without it would outlast the
        wait. Where it cannot be read, nothing is likely.
        """
        await self.load()
        if self._reading.exception() is not None:
            return {}
        return dict(self._reading.result().rank(text))


@cache
def _read_in_thread() -> Future[LanguageIdentifier]:
    thread = ThreadPoolExecutor(1, thread_name_prefix="py3langid")
    reading = thread.submit(_read)
    thread.shutdown(wait=False)
    return reading


def _read() -> LanguageIdentifier:
    try:
        return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    except Exception:
        logger.exception("languages are not detected: py3langid's model cannot be read")
        raise
