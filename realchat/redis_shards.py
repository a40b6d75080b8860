"""The Redis of a bus: one server, or the masters of a cluster, each with its own channels."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from realchat.redis_client import DEADLINE, FAULTS, make_redis
from realchat.redis_link import Link
from realchat.redis_sender import Sender

logger = logging.getLogger(__name__)

# Seconds between a fault and the look whether the slots have other masters now.
_REST = 0.3


class Shard(NamedTuple):
    """One server: what hears it, what it is sent."""

    redis: Redis
    link: Link
    sender: Sender

    async def close(self, seconds: float) -> bool:
        """Send what waits, but no longer than that, then disconnect; tell whether all is sent."""
        is_all = await self.sender.close(seconds if self.link.is_up else 0)
        await self.link.close()
        await self.redis.aclose()
        return is_all


class Shards:
    """Sends to and hears the server that has a channel, also when that becomes another one."""

    def __init__(
        self,
        url: str,
        heard: Callable[[bytes], None],
        returned: Callable[[], None],
        dropped: Callable[[], None],
    ) -> None:
        """Take one server's address, and whom to tell; until it answers, it is all there is."""
        self._heard = heard
        self._returned = returned
        self._dropped = dropped
        self._url = url
        self._doubts = asyncio.Event()
        self._channels: dict[str, None] = {}
        self._shards = {url: self._make(url)}
        # The master of each slot; none where there is no cluster.
        self._masters: list[str] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Whether all that is there is heard."""
        return all(shard.link.is_up for shard in self._shards.values())

    async def open(self, seconds: float) -> None:
        """Begin; wait for the first connections, but no longer than that."""
        try:
            await self._find_masters(self._shards[self._url].redis)
        except FAULTS:
            self._doubts.set()
        # The address given may be another name of a master, or a replica's.
        for name in self._shards.keys() - set(self._masters or [self._url]):
            await self._shards.pop(name).close(0)
        for shard in self._shards.values():
            shard.sender.open()
        await asyncio.gather(*(shard.link.open(seconds) for shard in self._shards.values()))
        self._task = asyncio.get_running_loop().create_task(self._keep_up())

    async def close(self, seconds: float) -> bool:
        """Send what waits, but no longer than that, then disconnect; tell whether all is sent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        return all(await asyncio.gather(*(shard.close(seconds) for shard in self._shards.values())))

    def send(self, channel: str, data: bytes) -> None:
        """Have something sent; never waits."""
        self._shard_of(channel).sender.send(channel, data)

    async def join(self, channels: Sequence[str]) -> None:
        """Listen to channels; returns when this is confirmed, or cannot be."""
        self._channels.update(dict.fromkeys(channels))
        parts = self._divide(channels).items()
        await asyncio.gather(*(self._shards[name].link.join(part) for name, part in parts))

    def leave(self, channels: Sequence[str]) -> None:
        """Listen to channels no more."""
        for channel in channels:
            self._channels.pop(channel, None)
        for name, part in self._divide(channels).items():
            self._shards[name].link.leave(part)

    def _make(self, url: str) -> Shard:
        redis = make_redis(url)
        link = Link(redis, self._heard, self._returned, self._doubts.set)
        return Shard(redis, link, Sender(redis, link, self._dropped))

    def _name_of(self, channel: str) -> str:
        return self._masters[key_slot(channel.encode())] if self._masters else self._url

    def _shard_of(self, channel: str) -> Shard:
        return self._shards[self._name_of(channel)]

    def _divide(self, channels: Iterable[str]) -> dict[str, list[str]]:
        parts: defaultdict[str, list[str]] = defaultdict(list)
        for channel in channels:
            parts[self._name_of(channel)].append(channel)
        return parts

    async def _keep_up(self) -> None:
        """After each fault, see whether the slots have other masters."""
        while True:
            await self._doubts.wait()
            await asyncio.sleep(_REST)
            self._doubts.clear()
            for shard in list(self._shards.values()):
                try:
                    if await self._find_masters(shard.redis):
                        await self._move()
                    break
                except FAULTS:
                    continue
            else:
                self._doubts.set()  # nobody knows

    async def _find_masters(self, redis: Redis) -> bool:
        """Find out which server has which slots; tell whether that has changed."""
        async with asyncio.timeout(DEADLINE):
            info = await redis.info("cluster")
            if not info["cluster_enabled"]:
                return False
            ranges = await redis.execute_command("CLUSTER SLOTS")  # type: ignore[no-untyped-call]  # left out there
        masters = [""] * REDIS_CLUSTER_HASH_SLOTS
        for start, end, (host, port, *_), *_ in ranges:
            masters[start : end + 1] = [self._address(host.decode(), port)] * (end - start + 1)
        if "" in masters or masters == self._masters:
            return False
        before, self._masters = self._masters, masters
        for name in set(masters) - self._shards.keys():
            self._shards[name] = self._make(name)
        return bool(before) or self._task is not None

    async def _move(self) -> None:
        """Bring channels, and what waits, to the servers that have them now."""
        logger.warning("Redis' slots have other masters")
        places = self._divide(self._channels)
        for name, shard in list(self._shards.items()):
            shard.link.leave(set(shard.link.channels) - set(places.get(name, ())))
            for channel, data in shard.sender.take_all():
                self.send(channel, data)
        for name in self._shards.keys() - set(self._masters):
            await self._shards.pop(name).close(0)
        for name, part in places.items():
            shard = self._shards[name]
            await shard.link.join(part)
            if not shard.link.is_open:
                shard.sender.open()
                await shard.link.open(DEADLINE)
        self._returned()

    def _address(self, host: str, port: int) -> str:
        """Return the address of another server: like the one given, password and all."""
        parts = urlsplit(self._url)
        user, at, _ = parts.netloc.rpartition("@")
        bracketed = f"[{host}]" if ":" in host else host
        return parts._replace(netloc=f"{user}{at}{bracketed}:{port}").geturl()
