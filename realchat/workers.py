"""Several processes of the server that share one port: replaced one by one, stopped together.

The parent owns what there is once: the port, the embedded MongoDB and Redis. It
serves nobody itself, so that no request can harm it.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path
from typing import Any

from prometheus_client.multiprocess import mark_process_dead

from realchat.folders import prepare_folder
from realchat.pairs import EngineState
from realchat.worker import Share, Worker, WorkerFailedError

logger = logging.getLogger(__name__)

# Seconds before a worker that died is started again: more each time in a row.
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
# Seconds after which a worker that dies has lived, and its successor starts at once.
_LIVED = 60.0
# How often one is started at the most that is killed each time before it is ready, as long as
# there is none that it could succeed.
_TRIES = 5


class Workers:
    """A number of workers, of which one that dies has a successor."""

    def __init__(self, script: Path, share: Share, number: int) -> None:
        self._script = script
        self._share = share
        self._number = number
        self._workers: list[Worker] = []
        # Replaced, and finishing what they have begun.
        self._leaving: set[Worker] = set()
        self._watches: set[asyncio.Task[Any]] = set()
        self._renewal: asyncio.Task[None] | None = None
        self._is_renewal_wanted = False
        self._is_stopping = False
        self._pause = _FIRST_PAUSE

    @property
    def pids(self) -> list[int]:
        """The process ids of those that serve."""
        return [worker.process.pid for worker in self._workers]

    async def start(self) -> EngineState | None:
        """Start all; return what translates. Raises `WorkerFailedError` or `OSError`."""
        # Alone, since it makes the indexes; what it cannot do, the others cannot either.
        engine = await self._add_one()
        others = [asyncio.create_task(self._add_one()) for _ in range(self._number - 1)]
        # Should one fail, a stop gives up those that are not ready yet.
        self._watches.update(others)
        for other in others:
            other.add_done_callback(self._watches.discard)
        await asyncio.gather(*others)
        return engine

    def renew(self) -> None:
        """Begin to replace all, one after the other; once more if that is being done."""
        self._is_renewal_wanted = True
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew())

    async def stop(self) -> None:
        """Stop all at once, each finishing what it has begun."""
        self._is_stopping = True
        tasks = [*self._watches, *([self._renewal] if self._renewal else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in [*self._workers, *self._leaving]))

    def kill(self) -> None:
        """End all at once, whatever they have begun."""
        for worker in [*self._workers, *self._leaving]:
            if worker.process.returncode is None:
                worker.process.kill()

    async def _renew(self) -> None:
        """Replace all: the next serves before the last one leaves.

        What does not get ready replaces nobody.
        """
        while self._is_renewal_wanted:
            self._is_renewal_wanted = False
            for worker in list(self._workers):
                try:
                    await self._replace(worker)
                except (WorkerFailedError, OSError) as error:
                    logger.error("the workers stay as they are: %s", _name(error))
                    break
            else:
                logger.info("all workers are renewed", extra={"data": {"workers": self.pids}})

    async def _replace(self, worker: Worker) -> None:
        if worker not in self._workers:
            return  # It died; who comes after it is new as well.
        fresh, _ = await self._start_one()
        if worker not in self._workers:
            await fresh.stop()
            self._forget(fresh)
            return
        self._workers.remove(worker)
        self._leaving.add(worker)
        self._enlist(fresh)
        await worker.stop()
        self._leaving.discard(worker)

    async def _add_one(self) -> EngineState | None:
        """Start one more, anew where it was killed meanwhile; return what translates."""
        worker, engine = await self._start_stubbornly()
        self._enlist(worker)
        return engine

    async def _start_stubbornly(self) -> tuple[Worker, EngineState | None]:
        pause = _FIRST_PAUSE
        for _ in range(_TRIES - 1):
            try:
                return await self._start_one()
            except WorkerFailedError as error:
                if not error.may_pass:
                    raise
                logger.error("%s and is started again in %.1f s", error, pause)
            await asyncio.sleep(pause)
            pause *= 2
        return await self._start_one()

    async def _start_one(self) -> tuple[Worker, EngineState | None]:
        worker = await Worker.start(self._script, self._share)
        try:
            return worker, await worker.ready()
        except BaseException:
            self._forget(worker)
            raise

    def _forget(self, worker: Worker) -> None:
        """Remove what was true of a process only while it lived; what it counted stays."""
        pid, folder = worker.process.pid, self._share.meters
        mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]  # the library's

    def _enlist(self, worker: Worker) -> None:
        self._workers.append(worker)
        watch = asyncio.create_task(self._watch(worker))
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)

    async def _watch(self, worker: Worker) -> None:
        """See to it that a worker that dies has a successor."""
        begun = asyncio.get_running_loop().time()
        code = await worker.process.wait()
        self._forget(worker)
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
            except (WorkerFailedError, OSError) as error:
                pause = self._pause
                logger.error("%s; the next is started in %.1f s", _name(error), pause)
                continue
            self._enlist(worker)
            logger.info("a worker serves in its place", extra={"data": {"workers": self.pids}})
            return


def prepare_meters(data_dir: Path) -> str:
    """Make the folder in which workers count, or empty it; return it. Raises `StartError`."""
    folder = data_dir.resolve() / "metrics"
    prepare_folder("DATA_DIR", folder)
    for each in folder.iterdir():
        each.unlink()
    return str(folder)


def hear(queue: asyncio.Queue[signal.Signals], *signums: signal.Signals) -> None:
    """Have these signals come to a queue."""
    for signum in signums:
        asyncio.get_running_loop().add_signal_handler(signum, queue.put_nowait, signum)


def _name(error: Exception) -> str:
    return str(error) if isinstance(error, WorkerFailedError) else type(error).__name__
