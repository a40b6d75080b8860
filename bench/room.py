"""What people and messages take: a process's memory, Redis' memory, the database's disk.

Measured with the real parts: what a process keeps of each conversation that it follows,
what Redis keeps of each channel and of each person, and a message with all its indexes.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from redis import Redis

from bench.contenders import RedisServer
from bench.storage import Kept, store_messages
from bench.tables import write_row
from realchat.channels import conversation_channel, user_channel
from realchat.envelopes import happening_of, mark_of, seal, unseal
from realchat.events import Notices
from realchat.frames import PresenceEvent
from realchat.ids import direct_conversation, new_id
from realchat.readings import Missed
from realchat.redis_bus import RedisBus
from realchat.redis_client import Calls
from realchat.redis_roster import RedisRoster
from realchat.seats import Guest, Seats
from realchat.sequencer import Sequencer
from realchat.tasks import Tasks

# Channels in one call, as many as a crowd that comes at once has together.
_AT_ONCE = 2_000
# Readers of an event that goes to all processes, as many contacts as `bench.model` supposes.
_READERS = 120
# People of whom each has so many of the conversations.
_EACH = 50
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Room(Struct, frozen=True, kw_only=True):
    """Bytes of one of each, and microseconds of CPU."""

    process_conversation: float
    collect_us: float
    redis_channel: float
    redis_listener: float
    redis_person: float
    join_us: float
    redis_join_us: float
    message: Kept
    news_bytes: int
    news_us: float


class _NoChanges:
    """A database in which nothing happens."""

    async def revs(self, conversations: Sequence[str]) -> dict[str, int]:
        """Return nothing."""
        return {}

    async def missed(self, conversation: str, since: int, limit: int) -> list[Missed]:
        """Return nothing."""
        return []


def measure(redis: RedisServer, folder: Path, number: int) -> Room:
    """Measure with so many conversations, and twice as many messages in a folder of theirs.

    Must run in the main thread.
    """
    return asyncio.run(_measure(redis, folder, number))


async def _measure(redis: RedisServer, folder: Path, number: int) -> Room:
    conversations = [direct_conversation(new_id(), new_id()) for _ in range(number)]
    with Redis.from_url(redis.socket_url) as client:
        collected = _time_of_collection()
        memory, cpu = _memory(), time.process_time()
        kept, used = _kept_by(client), _cpu_of(client)
        first = RedisBus(redis.socket_url, "bench-room")
        followed = await follow(first, conversations)
        join_us = (time.process_time() - cpu) * 1e6 / number
        redis_join_us = (_cpu_of(client) - used) * 1e6 / number
        gc.collect()
        process = (_memory() - memory) / number
        collect_us = (_time_of_collection() - collected) / number
        channel = (_kept_by(client) - kept) / number
        kept = _kept_by(client)
        second = RedisBus(redis.socket_url, "bench-room")
        await follow(second, conversations)
        listener = (_kept_by(client) - kept) / number
        del followed
        await first.close()
        await second.close()
        person = await _measure_people(redis, client, number)
    message = store_messages(folder, 2 * number)
    news_bytes, news_us = _measure_news()
    return Room(
        process_conversation=process,
        collect_us=collect_us,
        redis_channel=channel,
        redis_listener=listener,
        redis_person=person,
        join_us=join_us,
        redis_join_us=redis_join_us,
        message=message,
        news_bytes=news_bytes,
        news_us=news_us,
    )


async def follow(bus: RedisBus, conversations: Sequence[str]) -> Seats:
    """Follow conversations as a process does to which one of their people is connected.

    They are followed for as long as what this returns is kept.
    """
    await bus.open()
    sequencer = Sequencer(bus, _NoChanges(), Tasks())
    seats = Seats(sequencer)
    for start in range(0, len(conversations), _EACH):
        part = conversations[start : start + _EACH]
        user_id = new_id()
        seats.guests[user_id] = Guest()
        for conversation in part:
            sequencer.track(conversation, 1_000)
            seats.sit(conversation, user_id)
        await bus.join([user_channel(user_id)])
    for start in range(0, len(conversations), _AT_ONCE):
        part = conversations[start : start + _AT_ONCE]
        await bus.join([conversation_channel(one) for one in part])
    return seats


async def _measure_people(redis: RedisServer, client: Redis, number: int) -> float:
    """Return the bytes that Redis keeps of each who is online, connected to one process."""
    calls = Calls(redis.socket_url)
    roster = RedisRoster(calls, "bench-room", new_id(), good_for=45, grace=3, make_up=lambda: None)
    people = [new_id() for _ in range(number // 5)]
    client.ping()  # connections that were closed are freed at the end of a round of Redis' loop
    kept = _kept_by(client)
    for start in range(0, len(people), _AT_ONCE):
        await asyncio.gather(*map(roster.appear, people[start : start + _AT_ONCE]))
    grown = _kept_by(client) - kept
    await calls.close()
    return grown / len(people)


def _measure_news() -> tuple[int, float]:
    """Return the bytes of an event about one who came, and the CPU time to take it apart."""
    frame = PresenceEvent(user_id=new_id(), online=True, last_seen=None)
    news = Notices(readers=tuple(new_id() for _ in range(_READERS)), frames=(frame,))
    data = seal(mark_of(new_id()), 1_000, news)
    cpu = time.process_time()
    for _ in range(_AT_ONCE):
        happening_of(unseal(data).content)
    return len(data), (time.process_time() - cpu) * 1e6 / _AT_ONCE


def _time_of_collection() -> float:
    """Return the microseconds of looking through all objects, a second time."""
    gc.collect()
    begun = time.process_time()
    gc.collect()
    return (time.process_time() - begun) * 1e6


def _memory() -> int:
    """Return this process's resident memory: proc(5), statm's second number."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def _kept_by(redis: Redis) -> int:
    return int(redis.info("memory")["used_memory"])


def _cpu_of(redis: Redis) -> float:
    used = redis.info("cpu")
    return float(used["used_cpu_user"] + used["used_cpu_sys"])


def write_table(found: Room) -> str:
    """Return what was found, a row a thing."""
    news = found.news_bytes, found.news_us
    rows = [
        ["**what one takes**", "bytes", "CPU µs"],
        ["---", "---:", "---:"],
        _row("a conversation that a process follows", found.process_conversation, found.join_us),
        _row("its channel in Redis, first listener", found.redis_channel, found.redis_join_us),
        _row("each further listener", found.redis_listener),
        _row("to look through it for what can be freed", 0, found.collect_us),
        _row("its last rev, asked of MongoDB with many others", 0, found.message.revs_us),
        _row("a person online, in Redis", found.redis_person),
        _row(f"one who came, told to {_READERS}: bytes, to take apart", *news),
        _row("a message in MongoDB", found.message.data),
        _row("the same on disk, compressed", found.message.disk),
        _row("its places in the indexes", found.message.indexes),
    ]
    return "".join(map(write_row, rows))


def _row(name: str, size: float, cpu: float | None = None) -> list[str]:
    return [name, f"{size:,.0f}" if size else "", "" if cpu is None else f"{cpu:.1f}"]
