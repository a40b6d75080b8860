"""RealChat's server: settings, database, then one process that serves, or several workers."""

from __future__ import annotations

import signal

if __name__ == "__main__":
    # Ctrl-C ends the program without a stack trace also while all this is imported.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import asyncio
import contextlib
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import uvloop
from msgspec import structs

from handlers.lifecycle import Ground, serve, stops
from handlers.ports import claim_port
from realchat.folders import hold_folder, prepare_folder
from realchat.keeping import Embedded, keep_alive
from realchat.logs import configure_logs
from realchat.mongod import start_mongod
from realchat.mongodb_uri import try_uri
from realchat.options import count_workers, read_options
from realchat.pairs import EngineState
from realchat.redis_server import start_redis
from realchat.restoring import renew_epoch
from realchat.secrets_file import fill_secrets
from realchat.settings import SettingError, Settings, StartError, read_settings
from realchat.startup import describe, name_mongodb, name_redis
from realchat.worker import Line, Share, WorkerFailedError
from realchat.workers import Workers, hear, prepare_meters

_SCRIPT = Path(__file__).resolve()


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """The ground to serve on, the programs that were started for it, and the words for both."""

    ground: Ground
    embedded: list[Embedded]
    database: str
    redis: str
    given_secrets: bool
    is_cluster: bool

    def describe(self, engine: EngineState | None) -> str:
        """Return the words with which the server starts."""
        return describe(
            self.ground.settings,
            self.database,
            self.redis,
            engine,
            given_secrets=self.given_secrets,
            is_cluster=self.is_cluster,
        )


def main() -> int:
    """Run the server; return the exit code: 0, 1 for a failed start, 2 for a wrong setting."""
    options = read_options()
    try:
        # Until the event loop takes them over, all ways to stop unwind the stack.
        for signum in stops():
            signal.signal(signum, signal.default_int_handler)
        with contextlib.ExitStack() as closing:
            if options.worker is not None:
                work = join(Line(options.worker))
            elif options.new_epoch:
                work = forget_epoch(prepare(closing, read_settings()))
            else:
                given = read_settings()
                number = options.workers or count_workers(given.workers)
                foundation = prepare(closing, given, number)
                work = serve_alone(foundation) if number == 1 else supervise(foundation, number)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(work)
    except WorkerFailedError as error:
        if error.has_said_why:
            return error.code or 1
        sys.stderr.write(f"The server cannot start: {error}.\n")
        return 1
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, SettingError) else 1
    except KeyboardInterrupt:
        pass
    return 0


def prepare(closing: contextlib.ExitStack, given: Settings, workers: int = 1) -> Foundation:
    """Start what the settings that are given ask for; `closing` ends it. Raises `StartError`.

    Blocks, and must run in the main thread, on which the embedded programs depend.
    """
    configure_logs(given.log_level)
    prepare_folder("DATA_DIR", given.data_dir)
    prepare_folder("UPLOAD_DIR", given.upload_dir)
    if not given.mongodb_uri or workers > 1:
        closing.enter_context(hold_folder(given.data_dir))
    sockets = claim_port(given)
    for each in sockets:
        closing.callback(each.close)
    settings = fill_secrets(given)
    has_secrets = settings == given
    embedded: list[Embedded] = []
    is_cluster = False
    if given.mongodb_uri:
        is_cluster = try_uri(given.mongodb_uri, given.mongodb_db)
        database = name_mongodb(given.mongodb_uri, is_cluster=is_cluster)
    else:
        mongod = start_mongod(given.data_dir)
        closing.callback(mongod.stop)
        embedded.append(mongod)
        settings = structs.replace(settings, mongodb_uri=mongod.uri)
        database = (
            f"embedded MongoDB {mongod.binary.version} in {mongod.folder} (MONGODB_URI: yours)"
        )
    bus = name_redis(given.redis_url)
    if workers > 1 and not given.redis_url:
        redis = start_redis(given.data_dir)
        closing.callback(redis.stop)
        embedded.append(redis)
        settings = structs.replace(settings, redis_url=redis.url)
        bus = f"embedded Redis in {redis.folder} (REDIS_URL: yours)"
    return Foundation(
        ground=Ground(settings=settings, sockets=sockets),
        embedded=embedded,
        database=database,
        redis=bus,
        given_secrets=has_secrets,
        is_cluster=is_cluster,
    )


async def serve_alone(foundation: Foundation) -> None:
    """Serve as the only process. Raises `StartError`."""

    async def tell_ready(engine: EngineState | None) -> None:
        print_block(foundation.describe(engine))

    async with keep_alive(foundation.embedded):
        await serve(foundation.ground, tell_ready)


async def forget_epoch(foundation: Foundation) -> None:
    """Give the history of the database another name. Raises `StartError`."""
    settings = foundation.ground.settings
    await renew_epoch(settings)
    print_block(
        f"The database {settings.mongodb_db} has a new epoch: "
        "from the next start on, clients read all anew.\n"
        # There may be several, of which a setting that was left out names another.
        f"  {'database':<12} {foundation.database}"
    )


async def supervise(foundation: Foundation, number: int) -> None:
    """Have several workers serve; SIGHUP renews them one by one. Raises `WorkerFailedError`."""
    settings = foundation.ground.settings
    share = Share(
        sockets=[each.fileno() for each in foundation.ground.sockets],
        mongodb_uri=settings.mongodb_uri,
        redis_url=settings.redis_url,
        meters=prepare_meters(settings.data_dir),
    )
    workers = Workers(_SCRIPT, share, number)
    wishes: asyncio.Queue[signal.Signals] = asyncio.Queue()
    ends: asyncio.Queue[signal.Signals] = asyncio.Queue()

    async def work() -> None:
        block = foundation.describe(await workers.start())
        print_block(f"{block}\n  {'workers':<12} {number}, SIGHUP renews them one by one")
        while await wishes.get():
            workers.renew()

    # From the loop's first turn on: an exception out of a signal may be raised where it is lost.
    hear(wishes, signal.SIGHUP)
    hear(ends, signal.SIGTERM, signal.SIGINT)
    async with keep_alive(foundation.embedded):
        working, stopping = asyncio.create_task(work()), asyncio.create_task(ends.get())
        try:
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            hear_again(workers)
            for task in (working, stopping):
                task.cancel()
            ended, _ = await asyncio.gather(working, stopping, return_exceptions=True)
            await workers.stop()
    if isinstance(ended, Exception):
        raise ended


def hear_again(workers: Workers) -> None:
    """End all at once at a second signal to stop."""

    def give_up(signum: signal.Signals) -> None:
        workers.kill()
        # The kernel tells the embedded programs.
        os._exit(128 + signum)

    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, give_up, signum)


async def join(line: Line) -> None:
    """Serve as one of several workers, until told to stop or the parent is gone."""
    try:
        share = line.share()
    except EOFError:
        return
    given = read_settings()
    configure_logs(given.log_level)
    ground = Ground(
        settings=structs.replace(
            fill_secrets(given), mongodb_uri=share.mongodb_uri, redis_url=share.redis_url
        ),
        sockets=[socket.socket(fileno=descriptor) for descriptor in share.sockets],
    )
    await serve(ground, line.tell_ready, line.broken())


def print_block(block: str) -> None:
    """Print the words with which the server starts."""
    sys.stdout.write(f"{block}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
