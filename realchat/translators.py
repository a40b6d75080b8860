"""The LibreTranslate engine, through libretranslatepy."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from urllib.error import HTTPError, URLError

from libretranslatepy import LibreTranslateAPI

from realchat.errors import TranslationFailedError

# Seconds: for each operation on the socket, and for a whole job. The library
# blocks, and its own timeout is not a deadline.
_SOCKET_TIMEOUT = 10
_DEADLINE = 20
_THREADS = 8
# What LibreTranslate calls languages that the contract names otherwise.
_NAMES = {"zh-Hans": "zh", "zh-Hant": "zt"}


class LibreTranslate:
    """A LibreTranslate server."""

    name = "LibreTranslate"

    def __init__(self, url: str, api_key: str = "") -> None:
        self._api = LibreTranslateAPI(url.rstrip("/") + "/", api_key or None)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="libretranslate")

    async def translate(self, text: str, source: str, target: str) -> str:
        """Return the text in the target language, or raise `TranslationFailedError`."""
        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(
            self._threads,
            self._call,
            text,
            _NAMES.get(source, source),
            _NAMES.get(target, target),
        )
        try:
            return await asyncio.wait_for(call, _DEADLINE)
        except TimeoutError:
            raise TranslationFailedError("engine_unreachable") from None

    def engine_for(self, source: str, target: str) -> str:
        """Return the name."""
        return self.name

    def close(self) -> None:
        """Let go of the threads; a call under way is left to its timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _call(self, text: str, source: str, target: str) -> str:
        try:
            translated = self._api.translate(text, source, target, timeout=_SOCKET_TIMEOUT)
        except HTTPError as error:
            with error:
                raise TranslationFailedError(_reason_of(error)) from None
        except (URLError, OSError):
            raise TranslationFailedError("engine_unreachable") from None
        except (ValueError, LookupError, TypeError, HTTPException):
            raise TranslationFailedError("engine_failed") from None
        if not isinstance(translated, str):
            raise TranslationFailedError("engine_failed")
        return translated


def _reason_of(error: HTTPError) -> str:
    """Read from an HTTP error why LibreTranslate would not translate."""
    if error.code == 429:
        return "rate_limited"
    if error.code == 400:
        said = error.read(1000).lower()
        return "too_long" if b"limit" in said else "unsupported_pair"
    return "engine_refused" if error.code in (401, 403) else "engine_failed"
