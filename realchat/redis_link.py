"""The connection through which a process hears others; made anew when it is lost."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.crc import key_slot

from realchat.metrics import count_bus_reconnect, show_bus
from realchat.redis_client import DEADLINE, FAULTS, connect, make_connection, name_fault, pauses

logger = logging.getLogger(__name__)

# Seconds without a word of Redis until it is asked for one.
_SILENCE = 2.0


class Link:
    """Listens to channels: `heard` gets what is sent there, `returned` is called after a gap."""

    def __init__(
        self,
        redis: Redis,
        heard: Callable[[bytes], None],
        returned: Callable[[], None],
        failed: Callable[[], None],
    ) -> None:
        """Take the Redis, and whom to tell; nothing is connected yet."""
        self._failed = failed
        self._redis = redis
        self._heard = heard
        self._returned = returned
        self._channels: dict[bytes, None] = {}
        self._unconfirmed: dict[bytes, asyncio.Future[None]] = {}
        self._commands: asyncio.Queue[tuple[str | bytes, ...]] = asyncio.Queue()
        self._listening = asyncio.Event()
        self._connection: AbstractConnection | None = None
        self._last_heard = 0.0
        self._was_up: bool | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has begun."""
        return self._task is not None

    @property
    def channels(self) -> list[str]:
        """What is listened to."""
        return [name.decode() for name in self._channels]

    @property
    def is_up(self) -> bool:
        """Whether all channels are listened to, and nothing failed since."""
        return self._listening.is_set() and self._was_up is True

    async def open(self, seconds: float) -> None:
        """Begin; wait for the first connection, but no longer than that."""
        self._task = asyncio.get_running_loop().create_task(self._work())
        listening = asyncio.ensure_future(self.wait())
        await asyncio.wait([listening], timeout=seconds)
        listening.cancel()

    async def close(self) -> None:
        """Disconnect."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def wait(self) -> None:
        """Wait until all channels are listened to."""
        await self._listening.wait()

    async def join(self, channels: Iterable[str]) -> None:
        """Listen to channels; returns when Redis has confirmed it, or is away."""
        names = [one.encode() for one in channels]
        new = [name for name in names if name not in self._channels]
        self._channels.update(dict.fromkeys(new))
        if self._connection is None:
            return
        loop = asyncio.get_running_loop()
        for name in new:
            self._unconfirmed.setdefault(name, loop.create_future())
        self._command("SSUBSCRIBE", new)
        # Also for those that others have begun to join at the same time.
        if waiting := [self._unconfirmed[name] for name in names if name in self._unconfirmed]:
            await asyncio.wait(waiting, timeout=DEADLINE)

    def leave(self, channels: Iterable[str]) -> None:
        """Listen to channels no more."""
        gone = [name for one in channels if (name := one.encode()) in self._channels]
        for name in gone:
            del self._channels[name]
        # While there is none, nobody takes commands; the next one begins with what is left.
        if self._connection is not None:
            self._command("SUNSUBSCRIBE", gone)

    def note_fault(self, error: BaseException) -> None:
        """Log that Redis is away, once."""
        self._failed()
        if self._was_up is not False:
            logger.warning("Redis is away: %s", name_fault(error))
        self._was_up = False
        show_bus(is_up=False)

    def note_return(self) -> None:
        """Log that Redis is back, once, and have made up for what was missed."""
        if not self._listening.is_set():
            return
        if self._was_up is False:
            logger.warning("Redis is back")
            count_bus_reconnect()
            self._returned()
        self._was_up = True
        show_bus(is_up=True)

    def _command(self, command: str, channels: Sequence[bytes]) -> None:
        """Have a command sent, after those before it; one for each slot, as a cluster wants it."""
        slots: defaultdict[int, list[bytes]] = defaultdict(list)
        for channel in channels:
            slots[key_slot(channel)].append(channel)
        for part in slots.values():
            self._commands.put_nowait((command, *part))

    async def _send_commands(self, connection: AbstractConnection) -> None:
        while True:
            commands = [await self._commands.get()]
            while not self._commands.empty():
                commands.append(self._commands.get_nowait())
            # One that is lost would connect again by itself, and nobody would notice the gap.
            if not connection.is_connected:
                return
            try:
                packed = connection.pack_commands(commands)
                await connection.send_packed_command(packed, check_health=False)
            except FAULTS:
                await connection.disconnect(nowait=True)

    async def _work(self) -> None:
        pause = pauses()
        while True:
            connection = make_connection(self._redis)
            helpers: list[asyncio.Task[None]] = []
            try:
                await connect(connection)
                loop = asyncio.get_running_loop()
                self._commands = asyncio.Queue()
                helpers = [
                    loop.create_task(work(connection))
                    for work in (self._send_commands, self._watch)
                ]
                await self._listen(connection)
            except FAULTS as error:
                self.note_fault(error)
            finally:
                for helper in helpers:
                    helper.cancel()
                pause = pauses() if self._listening.is_set() else pause
                self._forget_connection()
                await connection.disconnect(nowait=True)
            await asyncio.sleep(next(pause))

    async def _listen(self, connection: AbstractConnection) -> None:
        """Take what comes. Raises when the connection is lost."""
        self._connection = connection
        missing = set(self._channels)
        self._command("SSUBSCRIBE", list(missing))
        if not missing:
            self._begin_listening()
        now = asyncio.get_running_loop().time
        while True:
            reply = await connection.read_response(timeout=math.inf, disconnect_on_error=False)
            self._last_heard = now()
            if reply[0] == b"smessage":
                self._heard(reply[2])
            elif reply[0] == b"ssubscribe":
                self._confirm(reply[1])
                missing.discard(reply[1])
                if not missing:
                    self._begin_listening()
            elif reply[0] == b"sunsubscribe" and reply[1] in self._channels:
                # Left and joined again at once.
                self._command("SSUBSCRIBE", [reply[1]])

    def _begin_listening(self) -> None:
        if not self._listening.is_set():
            self._listening.set()
            self.note_return()

    def _confirm(self, channel: bytes) -> None:
        if future := self._unconfirmed.pop(channel, None):
            future.set_result(None)

    async def _watch(self, connection: AbstractConnection) -> None:
        """Ask a silent Redis for a word, and give up one that does not answer."""
        now = asyncio.get_running_loop().time
        while True:
            asked = now()
            await asyncio.sleep(_SILENCE)
            if self._last_heard < asked and connection.is_connected:
                self._commands.put_nowait(("PING",))
                await asyncio.sleep(DEADLINE)
                if self._last_heard < asked:
                    await connection.disconnect(nowait=True)

    def _forget_connection(self) -> None:
        self._connection = None
        self._listening.clear()
        # All are listened to once there is a connection again.
        for channel in list(self._unconfirmed):
            self._confirm(channel)
