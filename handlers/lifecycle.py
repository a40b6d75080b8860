"""One process's life: services, application, listening, and a stop that loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from handlers.application import make_application, make_server
from handlers.socket import ChatSocket
from realchat.errors import ShardedError
from realchat.pairs import EngineState
from realchat.services import Services, open_services
from realchat.settings import SettingError, Settings, StartError

logger = logging.getLogger("realchat.server")

# Seconds from the signal on in which requests under way may end, as uploads do; then those in
# which who is still sending is told to come back, and those for connections to close. Together
# they are less than a parent gives its workers (`realchat.worker`).
FINISH_PATIENCE = 24
REFUSAL_PATIENCE = 2
CLOSE_PATIENCE = 3
# Seconds that it waits for what connections without a request under way may still ask: one
# that was let in a moment ago has its request on the way.
LINGERING = 1
# What the collector lets come to be before it looks, and how often it looks at
# older things. Its own 700 costs a quarter of a handshake while thousands
# connect, since what they bring stays (docs/decisions/0011-connecting.md).
COLLECT_AT = (10_000, 10, 10)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What has to stand before a process serves."""

    settings: Settings
    sockets: list[socket.socket]


async def serve(
    ground: Ground,
    tell_ready: Callable[[EngineState | None], Awaitable[None]],
    until: Coroutine[Any, Any, None] | None = None,
) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP, or the end of `until`; then finish what is under way.

    `tell_ready` hears what translates. Raises `StartError`.
    """
    stop = asyncio.Event()
    for signum in stops():
        asyncio.get_running_loop().add_signal_handler(signum, _stop, stop, signum)
    watch = asyncio.create_task(until) if until else None
    if watch is not None:
        watch.add_done_callback(lambda _: stop.set())
    services = await _open(ground)
    application = make_application(services)
    server = make_server(application)
    server.add_sockets(ground.sockets)
    # What is here now stays; the collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AT)
    await tell_ready(services.readiness.details.translation)
    await stop.wait()
    end = asyncio.get_running_loop().time() + FINISH_PATIENCE
    services.readiness.drain()
    server.stop()
    await ChatSocket.close_all(CLOSE_PATIENCE)
    await server.linger(LINGERING)
    await application.finish_requests(end)
    await application.refuse_rest(REFUSAL_PATIENCE)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_PATIENCE):
            await server.close_all_connections()
    await services.close()
    if watch is not None:
        watch.cancel()


def stops() -> list[signal.Signals]:
    """Return the signals that stop a process that serves, SIGHUP unless `nohup` is to keep it."""
    is_kept = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([] if is_kept else [signal.SIGHUP])]


async def _open(ground: Ground) -> Services:
    try:
        return await open_services(ground.settings, ground.settings.mongodb_uri)
    except ShardedError:
        raise SettingError(_advise_on_shards(ground.settings)) from None
    except Exception as error:
        logger.debug("the database cannot be prepared", exc_info=error)
        # Not the error's own text, which may quote what is stored there.
        raise StartError(
            f"The database {ground.settings.mongodb_db} cannot be prepared "
            f"({type(error).__name__}; LOG_LEVEL=DEBUG shows more): start again, or name "
            "another in MONGODB_DB or MONGODB_URI."
        ) from None


def _advise_on_shards(settings: Settings) -> str:
    if settings.mongodb_sharded:
        return (
            f"The database {settings.mongodb_db} is sharded by other keys than RealChat's: "
            "see docs/sharding.md."
        )
    return (
        f"The messages in the database {settings.mongodb_db} are sharded: set "
        "MONGODB_SHARDED=true, and see docs/sharding.md."
    )


def _stop(stop: asyncio.Event, signum: int) -> None:
    if stop.is_set():
        # Told twice: at once. The kernel tells the embedded MongoDB.
        os._exit(128 + signum)
    stop.set()
