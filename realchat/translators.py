"""The LibreTranslate engine, through libretranslatepy."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

import msgspec
from libretranslatepy import LibreTranslateAPI

from realchat.errors import TranslationFailedError
from realchat.languages import base
from realchat.models import Record
from realchat.pairs import Pair

_Result = TypeVar("_Result")

# Seconds for each operation on the socket, which is all that the library can
# bound: a deadline for the whole is the caller's.
_SOCKET_TIMEOUT = 10
# More than are ever asked at once, for those that a slow server still holds.
_THREADS = 32
# What LibreTranslate has called languages that the contract names otherwise.
_NAMES = {"zh": "zh-Hans", "zt": "zh-Hant", "pb": "pt", "no": "nb"}
# What is tried again: the server, or what stands before it, is not there now.
_AWAY = (502, 503, 504)
# Words of several languages and none, at which two models hardly ever agree.
PROBE = "Casa station 7 mañana, velox window gut: water the libro bleu!"


class _Language(Record, frozen=True, kw_only=True):
    """An entry of LibreTranslate's `/languages`; old servers leave the targets out."""

    code: str
    targets: list[str] | None = None


class LibreTranslate:
    """A LibreTranslate server."""

    name = "LibreTranslate"

    def __init__(
        self, url: str, api_key: str = "", socket_timeout: float = _SOCKET_TIMEOUT
    ) -> None:
        """Talk to the server at `url`; without one the library would talk to a public server."""
        if not url:
            raise ValueError("LibreTranslate needs a URL")
        self.where = f"at {_without_credentials(url)}"
        self._api = LibreTranslateAPI(url.rstrip("/") + "/", api_key or None)
        self._timeout = socket_timeout
        self._threads = threading.BoundedSemaphore(_THREADS)
        # The server's codes of languages, by the contract's names.
        self._codes: dict[str, str] = {}

    async def read_pairs(self) -> frozenset[Pair]:
        """Return the pairs that the server names, or raise `TranslationFailedError`."""
        listed = await self._run(self._api.languages, self._timeout)
        try:
            languages = msgspec.convert(listed, list[_Language])
        except msgspec.ValidationError:
            raise TranslationFailedError("engine_failed", passing=True) from None
        every = [language.code for language in languages]
        pairs = [
            (language.code, target)
            for language in languages
            for target in (every if language.targets is None else language.targets)
        ]
        self._codes = _codes_by_name({code for pair in pairs for code in pair})
        return frozenset((_name(source), _name(target)) for source, target in pairs)

    async def translate(self, text: str, source: str, target: str) -> str:
        """Return the text in the target language, or raise `TranslationFailedError`."""
        codes = (self._codes.get(source, source), self._codes.get(target, target))
        translated = await self._run(self._api.translate, text, *codes, self._timeout)
        if not isinstance(translated, str) or not _is_text(translated):
            raise TranslationFailedError("engine_failed", passing=True)
        return translated

    async def read_version(self, source: str, target: str) -> str:
        """Return a digest of what the model makes of one text.

        LibreTranslate does not tell the versions of its models. Another model answers
        otherwise, the more surely the odder the text.
        """
        answer = await self.translate(PROBE, source, target)
        return hashlib.sha256(answer.encode()).hexdigest()[:12]

    async def close(self) -> None:
        """Do nothing: a call under way ends with the process at the latest."""

    async def _run(self, call: Callable[..., Any], *args: Any) -> Any:
        if not self._threads.acquire(blocking=False):
            raise TranslationFailedError("engine_unreachable", passing=True)
        return await _in_thread(lambda: _ask(call, *args), self._threads.release)


async def _in_thread(work: Callable[[], _Result], finish: Callable[[], None]) -> _Result:
    """Run blocking work on a thread of its own, which holds up neither a pool nor an exit."""
    future: Future[_Result] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)
        finally:
            finish()

    threading.Thread(target=run, name="libretranslate", daemon=True).start()
    return await asyncio.wrap_future(future)


def _ask(call: Callable[..., Any], *args: Any) -> Any:
    try:
        return call(*args)
    except HTTPError as error:
        with error:
            raise _refusal(error) from None
    except (URLError, OSError, HTTPException):
        raise TranslationFailedError("engine_unreachable", passing=True) from None
    except UnicodeEncodeError:
        # Half of a surrogate pair, which cannot be sent: the engine has nothing to do with it.
        raise TranslationFailedError("engine_failed") from None
    except (ValueError, LookupError, TypeError, RecursionError):
        # Not LibreTranslate's answer: cut, or of whatever stands before it.
        raise TranslationFailedError("engine_failed", passing=True) from None


def _is_text(answer: str) -> bool:
    """Tell whether it can be stored and sent: half of a surrogate pair cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in answer)


def _refusal(error: HTTPError) -> TranslationFailedError:
    """Read from an HTTP error why LibreTranslate would not translate."""
    if error.code in _AWAY:
        return TranslationFailedError("engine_unreachable", passing=True)
    said = _read(error)
    # 403 is the answer, too, to those who did not heed the 429s.
    if error.code == 429 or (error.code == 403 and b"limit" in said):
        retry_after = _seconds(error.headers.get("Retry-After"))
        return TranslationFailedError("rate_limited", passing=True, retry_after=retry_after)
    if error.code in (401, 403) or b"api key" in said:
        return TranslationFailedError("engine_refused")
    if error.code == 413 or (error.code == 400 and b"limit" in said):
        return TranslationFailedError("too_long")
    if error.code == 400 and (b"not available" in said or b"not supported" in said):
        return TranslationFailedError("unsupported_pair")
    return TranslationFailedError("engine_failed")


def _read(error: HTTPError) -> bytes:
    try:
        return error.read(1000).lower()
    except (OSError, HTTPException):
        return b""


def _seconds(header: str | None) -> float | None:
    """Return the seconds of a `Retry-After`; its other form, a date, counts as none."""
    return float(header) if header and header.isascii() and header.isdigit() else None


def _codes_by_name(codes: set[str]) -> dict[str, str]:
    """Return the server's code of each language; of `pt` and `pt-BR` the plain one."""
    return {_name(code): code for code in sorted(codes, key=lambda code: (-len(code), code))}


def _name(code: str) -> str:
    return _NAMES.get(code) or base(code)


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
