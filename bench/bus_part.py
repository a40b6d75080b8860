"""One process of those of `bench.bus`: `bus_part ROLE KIND URL CONVERSATION EVENTS RATE`.

A hearer says `ready`, and once all has come what it took; a sender sends at a steady
pace and says the same. Kinds: our bus, and redis-py as it is, which sends the
same bytes either all of a burst in one pipeline, or one after the other.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

import msgspec
import uvloop
from msgspec import Struct
from redis.asyncio import Redis

from realchat.envelopes import mark_of, seal
from realchat.events import AnyHappening, MessageStored
from realchat.ids import new_id
from realchat.models import Message
from realchat.protocol import frame_message
from realchat.redis_bus import RedisBus

OURS, PIPELINED, ONE_BY_ONE = "RealChat's bus", "redis-py, pipelined", "redis-py, one by one"

# Seconds between two bursts, and for what is still on its way.
_TICK, _PATIENCE = 0.004, 20.0
# What tells the bench's channels from others'.
_SCOPE = "bench"
_TEXT = "x" * 64


class Taken(Struct, frozen=True, kw_only=True):
    """What one process took for so many events: CPU time in microseconds."""

    events: int
    cpu_us: float
    seconds: float


def make_event(conversation: str) -> MessageStored:
    """Return an event of a usual size."""
    message = Message(
        id=new_id(),
        conversation=conversation,
        seq=1_000,
        rev=1_000,
        sender_id=new_id(),
        group_id=conversation.partition(":")[2],
        content=_TEXT,
        content_lang="en",
        detected=False,
        files=[],
        attachments=[],
        mentions=[],
        reactions={},
        created_at="2026-11-23T10:00:00.000Z",
    )
    return MessageStored(kind="message", message=message, readers=())


def make_bytes(conversation: str) -> bytes:
    """Return the bytes of such an event as they go over the bus."""
    event = make_event(conversation)
    framed = msgspec.structs.replace(event, frame=frame_message(event.message, event.kind))
    return seal(mark_of(new_id()), 1_000, framed)


async def hear_ours(url: str, conversation: str, heard: Callable[[], object]) -> RedisBus:
    """Listen with our bus."""

    def count(happening: AnyHappening) -> None:
        heard()

    bus = RedisBus(url, _SCOPE)
    await bus.open()
    await bus.join([f"c:{conversation}"])
    bus.subscribe(count)
    return bus


async def hear_bare(url: str, conversation: str, heard: Callable[[], object]) -> None:
    """Listen with redis-py; does not return."""
    async with Redis.from_url(url) as redis, redis.pubsub() as pubsub:
        await pubsub.subscribe(conversation)
        async for one in pubsub.listen():
            if one["type"] == "subscribe":
                say("ready")
            else:
                heard()


async def hear(kind: str, url: str, conversation: str, events: int) -> None:
    """Be a hearer."""
    came = 0
    begun = asyncio.get_running_loop().time()
    cpu = time.process_time()
    done = asyncio.Event()

    def heard() -> None:
        nonlocal came, begun, cpu
        if not came:
            # What came before the first event, the start of all, is none of its cost.
            begun, cpu = asyncio.get_running_loop().time(), time.process_time()
        came += 1
        if came == events:
            done.set()

    listening: asyncio.Task[None] | None = None
    bus: RedisBus | None = None
    if kind == OURS:
        bus = await hear_ours(url, conversation, heard)
        say("ready")
    else:
        listening = asyncio.create_task(hear_bare(url, conversation, heard))
    await asyncio.wait_for(done.wait(), _PATIENCE)
    _say_taken(events, cpu, begun)
    if bus is not None:
        await bus.close()
    if listening is not None:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def send(kind: str, url: str, conversation: str, events: int, rate: float) -> None:
    """Be a sender."""
    if kind == OURS:
        bus = RedisBus(url, _SCOPE)
        await bus.open()
        event = make_event(conversation)

        async def publish(number: int) -> None:
            for _ in range(number):
                bus.publish(event)

        await _pace(publish, events, rate, bus.close)
        return
    data = make_bytes(conversation)
    async with Redis.from_url(url) as redis:
        await redis.ping()

        async def publish_one_by_one(number: int) -> None:
            for _ in range(number):
                await redis.publish(conversation, data)

        async def publish_at_once(number: int) -> None:
            async with redis.pipeline(transaction=False) as pipeline:
                for _ in range(number):
                    pipeline.publish(conversation, data)
                await pipeline.execute()

        by_turns = kind == ONE_BY_ONE
        await _pace(publish_one_by_one if by_turns else publish_at_once, events, rate)


async def _pace(
    publish: Callable[[int], Awaitable[None]],
    events: int,
    rate: float,
    finish: Callable[[], Awaitable[object]] | None = None,
) -> None:
    now = asyncio.get_running_loop().time
    begun, cpu, sent = now(), time.process_time(), 0
    while sent < events:
        due = min(events, int((now() - begun) * rate) + 1)
        await publish(due - sent)
        sent = due
        await asyncio.sleep(_TICK)
    if finish is not None:
        await finish()
    _say_taken(events, cpu, begun)


def _say_taken(events: int, cpu: float, begun: float) -> None:
    used = (time.process_time() - cpu) * 1e6
    seconds = asyncio.get_running_loop().time() - begun
    say(msgspec.json.encode(Taken(events=events, cpu_us=used, seconds=seconds)).decode())


def say(line: str) -> None:
    """Tell the bench."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Be what the command line says."""
    role, kind, url, conversation, events, rate = sys.argv[1:]
    if role == "hear":
        work = hear(kind, url, conversation, int(events))
    else:
        work = send(kind, url, conversation, int(events), float(rate))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


if __name__ == "__main__":
    main()
