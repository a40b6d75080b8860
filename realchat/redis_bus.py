"""What passes between processes, through Redis: sharded pub/sub, which may lose but not reorder.

A process sends to channels, listens to those of its people, and leaves out what
it sent itself. What it could not hear is said by a `Resync`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import count

from cachetools import LRUCache
from msgspec import structs

from realchat.channels import EVERYBODY, Addresses
from realchat.envelopes import happening_of, mark_of, seal, unseal
from realchat.events import AnyHappening, MessageStored, Resync
from realchat.ids import new_id
from realchat.listeners import Listener, Listeners
from realchat.metrics import count_bus_received
from realchat.protocol import frame_message
from realchat.redis_shards import Shards

logger = logging.getLogger(__name__)

# Seconds that the start waits for Redis, and the end for what is to be sent.
_PATIENCE = 3.0
# Envelopes of others that are remembered, since one that was sent twice may come twice.
_MAX_SEEN = 20_000


class RedisBus:
    """Tells this process at once, and others through Redis; it never waits for that."""

    def __init__(self, url: str, scope: str) -> None:
        """Take the Redis, and what tells our channels from others' there."""
        self.process_id = new_id()
        self._scope = f"realchat:{scope}:"
        self._mark = mark_of(self.process_id)
        self._listeners = Listeners()
        self._addresses = Addresses()
        self._numbers = count(1)
        self._seen: LRUCache[tuple[str, int], None] = LRUCache(_MAX_SEEN)
        self._shards = Shards(url, self._hear, self.make_up, self._tell_of_gap)

    @property
    def is_up(self) -> bool:
        """Whether Redis is there."""
        return self._shards.is_up

    async def open(self) -> None:
        """Connect; where Redis is away, go on without it."""
        await self._shards.open(_PATIENCE)
        await self._shards.join([self._scope + EVERYBODY])

    async def close(self) -> bool:
        """Send what waits, then disconnect; tell whether all that was ever said is sent."""
        return await self._shards.close(_PATIENCE)

    async def ping(self) -> None:
        """Return at once: without Redis this process serves those who are connected to it."""

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with all that is published here, or told by others, from now on."""
        self._listeners.add(listener)

    def publish(self, happening: AnyHappening) -> None:
        """Tell this process at once, and others as soon as can be."""
        if isinstance(happening, MessageStored):
            frame = frame_message(happening.message.seen_by(""), happening.kind)
            happening = structs.replace(happening, frame=frame)
        for channels, told in self._addresses.of(happening):
            data = seal(self._mark, next(self._numbers), told)
            for channel in channels:
                self._shards.send(self._scope + channel, data)
        self._listeners.tell(happening)

    def make_up(self) -> None:
        """Have made up here for what was not heard."""
        self._listeners.tell_each(Resync())

    def have_made_up(self) -> None:
        """Have every process make up for what it may not have been told."""
        self._tell_of_gap()
        self.make_up()

    async def join(self, channels: Sequence[str]) -> None:
        """Listen to channels; returns when nothing that is sent there from now on is missed."""
        await self._shards.join([self._scope + channel for channel in channels])

    def leave(self, channels: Sequence[str]) -> None:
        """Listen to channels no more."""
        self._shards.leave([self._scope + channel for channel in channels])

    def _hear(self, data: bytes) -> None:
        if data.startswith(self._mark):
            return
        try:
            envelope = unseal(data)
            key = envelope.sender, envelope.number
            if key in self._seen:
                return
            self._seen[key] = None
            count_bus_received()
            self._listeners.tell_each(happening_of(envelope.content))
        except ValueError:
            logger.error("what came over the bus is none of ours, or of another version")

    def _tell_of_gap(self) -> None:
        """Have others make up for what they could not be told."""
        data = seal(self._mark, next(self._numbers), Resync())
        self._shards.send(self._scope + EVERYBODY, data)
