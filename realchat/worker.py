"""One of several processes that serve, as its parent sees it, and the line between the two."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from asyncio.subprocess import Process
from pathlib import Path

import msgspec

from realchat.meters import FOLDER_VARIABLE
from realchat.models import Record
from realchat.pairs import EngineState

# Seconds that a worker may take to get ready, to finish what it has begun, and to end by itself
# once its line is closed.
_START_PATIENCE = 150
_STOP_PATIENCE = 30
_END_PATIENCE = 10
# The exit codes of a worker that has said itself what is wrong, as `main` in server.py gives them.
_SAID = frozenset((1, 2))


class Share(Record, frozen=True, kw_only=True):
    """What the parent gives a worker; `sockets` are file descriptors that listen.

    `meters` is the folder in which all count what Prometheus is told.
    """

    sockets: list[int]
    mongodb_uri: str
    redis_url: str
    meters: str


class WorkerFailedError(Exception):
    """A worker ended instead of getting ready.

    `code` is its exit code, below 0 that of the signal that ended it, and none where it was
    ended because it took too long.
    """

    def __init__(self, code: int | None) -> None:
        super().__init__(_describe(code))
        self.code = code

    @property
    def has_said_why(self) -> bool:
        """Whether it has told on stderr what is wrong, which another start would not change."""
        return self.code in _SAID

    @property
    def may_pass(self) -> bool:
        """Whether another start may well succeed: it was ended from outside."""
        return self.code is not None and not self.has_said_why


class Line:
    """A worker's end of the line to its parent."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._words = self._socket.makefile("rb")

    def share(self) -> Share:
        """Wait for what the parent gives. Raises `EOFError` where the parent is gone."""
        words = self._words.readline()
        if not words:
            raise EOFError
        return msgspec.json.decode(words, type=Share)

    async def tell_ready(self, engine: EngineState | None) -> None:
        """Tell the parent that this worker serves, and what translates."""
        self._socket.setblocking(False)
        words = msgspec.json.encode(engine) + b"\n"
        # A parent that is gone by now is noticed by who waits for that.
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(self._socket, words)

    async def broken(self) -> None:
        """Return when the parent is gone."""
        self._socket.setblocking(False)
        with contextlib.suppress(OSError):
            while await asyncio.get_running_loop().sock_recv(self._socket, 1):
                pass


class Worker:
    """A process, as its parent sees it."""

    def __init__(self, process: Process, line: socket.socket) -> None:
        self.process = process
        self._line = line
        self._is_told = False

    @classmethod
    async def start(cls, script: Path, share: Share) -> Worker:
        """Start a process that takes its share of the work. Raises `OSError`."""
        ours, theirs = socket.socketpair()
        with theirs:
            # In a session of its own, for else the Ctrl-C of the terminal would be the
            # first of two signals to stop, and the second one cuts requests off.
            spawning = asyncio.ensure_future(
                asyncio.create_subprocess_exec(
                    *(sys.executable, str(script), "--worker", str(theirs.fileno())),
                    pass_fds=[theirs.fileno(), *share.sockets],
                    env={**os.environ, FOLDER_VARIABLE: share.meters},
                    start_new_session=True,
                )
            )
            try:
                process = await asyncio.shield(spawning)
            except asyncio.CancelledError:
                # A process whose start is given up must not outlive this one.
                await cls(await spawning, ours).kill()
                raise
        ours.setblocking(False)
        words = msgspec.json.encode(share) + b"\n"
        # One that has ended already is noticed by who waits until it is ready.
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(ours, words)
        return cls(process, ours)

    async def ready(self) -> EngineState | None:
        """Wait until it serves; return what translates. Raises `WorkerFailedError`."""
        try:
            async with asyncio.timeout(_START_PATIENCE):
                words = await self._hear()
            if words.endswith(b"\n"):
                return msgspec.json.decode(words, type=EngineState | None)
            code = await self._end()
        except TimeoutError:
            code = None
        except BaseException:
            await self.kill()
            raise
        await self.kill()
        raise WorkerFailedError(code)

    async def stop(self) -> None:
        """Have it finish what it has begun, and end."""
        # A second signal would end it at once.
        if self.process.returncode is None and not self._is_told:
            self._is_told = True
            self.process.terminate()
        try:
            async with asyncio.timeout(_STOP_PATIENCE):
                await self.process.wait()
        except TimeoutError:
            await self.kill()
        self._line.close()

    async def kill(self) -> None:
        """End it the hard way, unless it has ended."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        await self.process.wait()
        self._line.close()

    async def _end(self) -> int:
        """Let it end, which it does after its line is closed; return its exit code."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_PATIENCE):
                return await self.process.wait()
        await self.kill()
        return await self.process.wait()

    async def _hear(self) -> bytes:
        """Return the line that it says, or what came of it before its end."""
        words = b""
        while not words.endswith(b"\n"):
            try:
                piece = await asyncio.get_running_loop().sock_recv(self._line, 65536)
            except ConnectionError:
                break
            if not piece:
                break
            words += piece
        return words


def _describe(code: int | None) -> str:
    if code is None:
        return f"a worker was not ready after {_START_PATIENCE} s"
    if code < 0:
        return f"a worker was ended by signal {-code} while it started"
    return f"a worker ended with code {code} instead of serving"
