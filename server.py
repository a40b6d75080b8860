"""RealChat's server: settings, database, services, application; it serves until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from dataclasses import dataclass

import uvloop

from handlers.application import make_application, make_server
from handlers.ports import claim_port
from handlers.socket import ChatSocket
from realchat.folders import hold_folder, prepare_folder
from realchat.logs import configure_logs
from realchat.mongod import EmbeddedMongod, start_mongod
from realchat.mongodb_uri import hosts_of, try_uri
from realchat.secrets_file import fill_secrets
from realchat.services import Services, open_services
from realchat.settings import SettingError, Settings, StartError, read_settings
from realchat.startup import describe

logger = logging.getLogger("realchat.server")

# Seconds that a stop waits for the requests under way, and then for connections.
FINISH_PATIENCE = 10
CLOSE_PATIENCE = 3
# What the collector lets come to be before it looks, and how often it looks at
# older things. Its own 700 costs a quarter of a handshake while thousands
# connect, since what they bring stays (docs/decisions/0011-connecting.md).
COLLECT_AT = (10_000, 10, 10)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What has to stand before the event loop runs."""

    settings: Settings
    sockets: list[socket.socket]
    mongod: EmbeddedMongod | None
    database: str
    given_secrets: bool


def main() -> int:
    """Run the server; return the exit code: 0, 1 for a failed start, 2 for a wrong setting."""
    # Until the event loop takes them over, both ways to stop unwind the stack.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.ExitStack() as closing:
            ground = prepare(closing)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(serve(ground))
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, SettingError) else 1
    except KeyboardInterrupt:
        pass
    return 0


def prepare(closing: contextlib.ExitStack) -> Ground:
    """Read the settings and start what they ask for; `closing` ends it. Raises `StartError`.

    Blocks, and must run in the main thread, on which the embedded MongoDB depends.
    """
    given = read_settings()
    configure_logs(given.log_level)
    prepare_folder("DATA_DIR", given.data_dir)
    prepare_folder("UPLOAD_DIR", given.upload_dir)
    if not given.mongodb_uri:
        closing.enter_context(hold_folder(given.data_dir))
    sockets = claim_port(given)
    for each in sockets:
        closing.callback(each.close)
    settings = fill_secrets(given)
    if given.mongodb_uri:
        try_uri(given.mongodb_uri, given.mongodb_db)
        mongod, database = None, f"MongoDB at {hosts_of(given.mongodb_uri)} (MONGODB_URI)"
    else:
        mongod = start_mongod(given.data_dir)
        closing.callback(mongod.stop)
        database = (
            f"embedded MongoDB {mongod.binary.version} in {mongod.folder} (MONGODB_URI: yours)"
        )
    return Ground(
        settings=settings,
        sockets=sockets,
        mongod=mongod,
        database=database,
        given_secrets=settings == given,
    )


async def serve(ground: Ground) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way. Raises `StartError`."""
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, _stop, stop, signum)
    services = await _open(ground)
    application = make_application(services)
    server = make_server(application)
    server.add_sockets(ground.sockets)
    keeper = asyncio.create_task(_keep_alive(ground.mongod))
    # What is here now stays; the collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AT)
    block = describe(
        ground.settings,
        ground.database,
        services.readiness.details.translation,
        given_secrets=ground.given_secrets,
    )
    sys.stdout.write(f"{block}\n")
    sys.stdout.flush()
    await stop.wait()
    services.readiness.drain()
    server.stop()
    await ChatSocket.close_all(CLOSE_PATIENCE)
    await application.finish_requests(FINISH_PATIENCE)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_PATIENCE):
            await server.close_all_connections()
    await services.close()
    keeper.cancel()


async def _open(ground: Ground) -> Services:
    uri = ground.mongod.uri if ground.mongod else ground.settings.mongodb_uri
    try:
        return await open_services(ground.settings, uri)
    except Exception as error:
        logger.debug("the database cannot be prepared", exc_info=error)
        # Not the error's own text, which may quote what is stored there.
        raise StartError(
            f"The database {ground.settings.mongodb_db} cannot be prepared "
            f"({type(error).__name__}; LOG_LEVEL=DEBUG shows more): start again, or name "
            "another in MONGODB_DB or MONGODB_URI."
        ) from None


async def _keep_alive(mongod: EmbeddedMongod | None) -> None:
    pause = 1
    while mongod:
        await asyncio.sleep(pause)
        try:
            died = mongod.revive()
        except OSError as error:
            # No memory or file for a process now; there may be later.
            logger.error("the embedded MongoDB cannot be started: %s", type(error).__name__)
            died = True
        # Ever more rarely, for one that dies each time.
        pause = min(2 * pause, 5) if died else 1


def _stop(stop: asyncio.Event, signum: int) -> None:
    if stop.is_set():
        # Told twice: at once. The kernel tells the embedded MongoDB.
        os._exit(128 + signum)
    stop.set()


if __name__ == "__main__":
    raise SystemExit(main())
