"""Several processes of the server that share one port: replaced one by one, stopped together.

The parent owns what there is once: the port, the embedded MongoDB and Redis. It
serves nobody itself, so that no request can harm it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from pathlib import Path

import msgspec

from realchat.models import Record
from realchat.pairs import EngineState

logger = logging.getLogger(__name__)

# Seconds that a worker may take to get ready, and to finish what it has begun.
_START_PATIENCE = 150
_STOP_PATIENCE = 30
# Seconds before a worker that died is started again: more each time in a row.
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
# Seconds after which a worker that dies has lived, and its successor starts at once.
_LIVED = 60.0


class Share(Record, frozen=True, kw_only=True):
    """What the parent gives a worker; `sockets` are file descriptors that listen."""

    sockets: list[int]
    mongodb_uri: str
    redis_url: str


class WorkerFailedError(Exception):
    """A worker ended instead of getting ready; `code` is its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"a worker ended with code {code}")
        self.code = code


class Line:
    """A worker's end of the line to its parent."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._words = self._socket.makefile("rb")

    def share(self) -> Share:
        """Wait for what the parent gives."""
        return msgspec.json.decode(self._words.readline(), type=Share)

    async def tell_ready(self, engine: EngineState | None) -> None:
        """Tell the parent that this worker serves, and what translates."""
        self._socket.setblocking(False)
        words = msgspec.json.encode(engine) + b"\n"
        # A parent that is gone by now is noticed by who waits for that.
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(self._socket, words)

    async def broken(self) -> None:
        """Return when the parent is gone."""
        with contextlib.suppress(OSError):
            while await asyncio.get_running_loop().sock_recv(self._socket, 1):
                pass


class Worker:
    """A process, as its parent sees it."""

    def __init__(self, process: Process, line: socket.socket) -> None:
        self.process = process
        self._line = line

    @classmethod
    async def start(cls, script: Path, share: Share) -> Worker:
        """Start a process that takes its share of the work."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, str(script), "--worker", str(theirs.fileno())),
                pass_fds=[theirs.fileno(), *share.sockets],
            )
        ours.setblocking(False)
        words = msgspec.json.encode(share) + b"\n"
        await asyncio.get_running_loop().sock_sendall(ours, words)
        return cls(process, ours)

    async def ready(self) -> EngineState | None:
        """Wait until it serves; return what translates. Raises `WorkerFailedError`."""
        words = b""
        try:
            async with asyncio.timeout(_START_PATIENCE):
                while not words.endswith(b"\n"):
                    piece = await asyncio.get_running_loop().sock_recv(self._line, 65536)
                    if not piece:
                        break
                    words += piece
        except TimeoutError:
            self.process.kill()
        if not words.endswith(b"\n"):
            self._line.close()
            raise WorkerFailedError(await self.process.wait())
        return msgspec.json.decode(words, type=EngineState | None)

    async def stop(self) -> None:
        """Have it finish what it has begun, and end."""
        if self.process.returncode is None:
            self.process.terminate()
            try:
                async with asyncio.timeout(_STOP_PATIENCE):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        self._line.close()


class Workers:
    """A number of workers, of which one that dies has a successor."""

    def __init__(self, script: Path, share: Share, number: int) -> None:
        self._script = script
        self._share = share
        self._number = number
        self._workers: list[Worker] = []
        self._watches: set[asyncio.Task[None]] = set()
        self._renewal: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._pause = _FIRST_PAUSE

    @property
    def pids(self) -> list[int]:
        """The process ids of those that serve."""
        return [worker.process.pid for worker in self._workers]

    async def start(self) -> EngineState | None:
        """Start all; return what translates. Raises `WorkerFailedError`."""
        # Alone, since it makes the indexes; what it cannot do, the others cannot either.
        first, engine = await self._start_one()
        self._enlist(first)
        others = await asyncio.gather(*(self._start_one() for _ in range(self._number - 1)))
        for worker, _ in others:
            self._enlist(worker)
        return engine

    def renew(self) -> None:
        """Begin to replace all, one after the other, unless that is being done."""
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        """Replace all: the next serves before the last one leaves.

        What does not get ready replaces nobody.
        """
        for worker in list(self._workers):
            try:
                fresh, _ = await self._start_one()
            except WorkerFailedError as error:
                logger.error("the workers stay as they are: %s", error)
                return
            if worker in self._workers:
                self._workers.remove(worker)
            self._enlist(fresh)
            await worker.stop()
        logger.info("all workers are renewed", extra={"data": {"workers": self.pids}})

    async def stop(self) -> None:
        """Stop all at once, each finishing what it has begun."""
        self._is_stopping = True
        if self._renewal is not None:
            self._renewal.cancel()
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        for watch in self._watches:
            watch.cancel()

    async def _start_one(self) -> tuple[Worker, EngineState | None]:
        worker = await Worker.start(self._script, self._share)
        return worker, await worker.ready()

    def _enlist(self, worker: Worker) -> None:
        self._workers.append(worker)
        watch = asyncio.create_task(self._watch(worker))
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)

    async def _watch(self, worker: Worker) -> None:
        """See to it that a worker that dies has a successor."""
        begun = asyncio.get_running_loop().time()
        code = await worker.process.wait()
        if self._is_stopping or worker not in self._workers:
            return
        logger.error("a worker ended with code %d and is started again", code)
        self._workers.remove(worker)
        has_lived = asyncio.get_running_loop().time() - begun > _LIVED
        await self._succeed(_FIRST_PAUSE if has_lived else self._pause)

    async def _succeed(self, pause: float) -> None:
        """Start a successor; later each time while they do not live."""
        while not self._is_stopping:
            self._pause = min(2 * pause, _LONGEST_PAUSE)
            await asyncio.sleep(pause)
            try:
                worker, _ = await self._start_one()
            except WorkerFailedError as error:
                pause = self._pause
                logger.error("%s instead of serving; the next in %.1f s", error, pause)
                continue
            self._enlist(worker)
            return


def count_workers(wanted: str) -> int:
    """Return how many workers are meant: a number, or `auto`, one a core. Raises `ValueError`."""
    number = len(os.sched_getaffinity(0)) if wanted == "auto" else int(wanted)
    if not 1 <= number <= 256:
        raise ValueError(wanted)
    return number


def hear(queue: asyncio.Queue[signal.Signals], *signums: signal.Signals) -> None:
    """Have these signals come to a queue."""
    for signum in signums:
        asyncio.get_running_loop().add_signal_handler(signum, queue.put_nowait, signum)
