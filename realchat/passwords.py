"""Passwords: hashed and verified with bcrypt, in threads of their own."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bcrypt

from realchat.errors import ChatError, Code

T = TypeVar("T")

# At cost 12 one password takes a thread about 0.3 s, so the last of these waits
# some 20 s; whoever comes then is better told to come back.
MAX_WAITING = 128
_THREADS = 2


class Passwords:
    """Hashes and verifies passwords; `rounds` is bcrypt's cost, the logarithm of its work."""

    def __init__(self, rounds: int) -> None:
        self._rounds = rounds
        self._nobodys = nobodys_hash(rounds)
        self._waiting = 0
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="password")

    async def hash(self, password: str) -> str:
        """Return the hash to be kept. Raises `rate_limited` when too many wait."""
        return await self._run(lambda: self._hash(password))

    async def verify(self, password: str, kept: str | None) -> bool:
        """Tell whether a password has this hash; takes as long when there is none.

        Raises `rate_limited` when too many wait.
        """
        hashed = kept.encode() if kept is not None else self._nobodys
        matches = await self._run(lambda: _matches(password, hashed))
        return matches and kept is not None

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _hash(self, password: str) -> str:
        return bcrypt.hashpw(_prehash(password), bcrypt.gensalt(self._rounds)).decode()

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise ChatError(Code.RATE_LIMITED, retry_after=10)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def nobodys_hash(rounds: int) -> bytes:
    """Return a hash that no password has, though to find out takes as long as for any other."""
    return bcrypt.gensalt(rounds) + b"." * 31


def _matches(password: str, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(_prehash(password), hashed)
    except ValueError:  # what is kept is no hash of bcrypt's, so nothing matches it
        return False


def _prehash(password: str) -> bytes:
    """Return 64 bytes without NUL for a password of any length: bcrypt takes 72 at most.

    NFC first, since keyboards write the same letter in more than one way
    (RFC 8265, section 4.2.2).
    """
    text = unicodedata.normalize("NFC", password)
    return base64.b64encode(hashlib.sha384(text.encode()).digest())
