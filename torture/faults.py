"""What is broken. Each fault takes the stand and mends what it broke before it returns."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from torture.crowd import Crowd
from torture.ground import Ground
from torture.replica_set import ReplicaSet
from torture.stand import Stand

Fault = Callable[[Stand, Crowd], Awaitable[None]]

# Seconds: how long a database is frozen, how long the network is bad and how late
# data then comes, how long readers hang.
FROZEN = (3.0, 15.0)
BAD_NETWORK = (1.0, 3.0)
DELAY = 0.2
HANGING = (1.0, 3.0)
# Seconds that a planned stop may take.
STOP = 10


async def kill_server(stand: Stand, crowd: Crowd) -> None:
    """Kill -9 the server at any moment, and start it again."""
    await stand.kill()
    await stand.start()


async def restart_server(stand: Stand, crowd: Crowd) -> None:
    """Stop the server with SIGTERM, and start it again."""
    seconds = await stand.stop()
    if seconds > STOP:
        stand.faults.append(f"the server took {seconds:.1f} s to stop")
    await stand.start()


async def renew_workers(stand: Stand, crowd: Crowd) -> None:
    """SIGHUP: replace all workers, one after the other."""
    await asyncio.to_thread(stand.server.renew)


async def kill_mongod(stand: Stand, crowd: Crowd) -> None:
    """Kill -9 the embedded database, often while clients return; the server starts it again."""
    await disturb(stand)
    stand.kill_mongod()


async def disturb(stand: Ground) -> None:
    """Have clients catch up just then: what they read must not be taken back."""
    if stand.rng.random() < 0.5:
        stand.proxy.cut(1.0)
        await asyncio.sleep(stand.rng.uniform(0.05, 0.3))


async def freeze_mongod(stand: Stand, crowd: Crowd) -> None:
    """SIGSTOP the embedded database for 3 to 15 seconds."""
    with stand.frozen_mongod():
        await asyncio.sleep(stand.rng.uniform(*FROZEN))


async def freeze_mongod_briefly(stand: Stand, crowd: Crowd) -> None:
    """SIGSTOP the embedded database just beyond what a request waits for."""
    with stand.frozen_mongod():
        await asyncio.sleep(stand.rng.uniform(5.0, 6.0))


async def cut(stand: Ground, crowd: Crowd) -> None:
    """Reset a random share of the connections."""
    stand.proxy.cut(stand.rng.uniform(0.2, 1))


async def half_open(stand: Ground, crowd: Crowd) -> None:
    """Let a random share of the connections stand mute."""
    stand.proxy.mute(stand.rng.uniform(0.2, 1))


async def delay(stand: Ground, crowd: Crowd) -> None:
    """Hold every piece of data up for a while, in all connections apart."""
    stand.proxy.delay = DELAY
    await asyncio.sleep(stand.rng.uniform(*BAD_NETWORK))
    stand.proxy.delay = 0.0


async def break_network(stand: Ground, crowd: Crowd) -> None:
    """Cut, delay or half-open, or more of it at once."""
    chosen = stand.rng.sample((cut, half_open, delay), stand.rng.randint(1, 3))
    await asyncio.gather(*(each(stand, crowd) for each in chosen))


async def hang_briefly(stand: Stand, crowd: Crowd) -> None:
    """Let some devices hang for a moment, too short to be cut off."""
    hanging = stand.rng.sample(crowd.loud, len(crowd.loud) // 4)
    for device in hanging:
        device.is_reading.clear()
    await asyncio.sleep(stand.rng.uniform(*HANGING))
    for device in hanging:
        device.is_reading.set()


async def cut_all(stand: Stand, crowd: Crowd) -> None:
    """Cut everybody off at one moment, and let all return at once."""
    stand.proxy.cut(1.0)
    for device in crowd.devices:
        device.is_ready.clear()


async def step_down(stand: Ground, crowd: Crowd) -> None:
    """Have the primary step down, or kill -9 it and bring it back."""
    if stand.rng.random() < 0.5:
        await ask_to_step_down(stand, crowd)
    else:
        await disturb(stand)
        await kill_primary(stand, crowd)


async def ask_to_step_down(stand: Ground, crowd: Crowd) -> None:
    """Have the primary give its place to another member."""
    assert isinstance(stand.members, ReplicaSet)
    await asyncio.to_thread(stand.members.step_down)


async def kill_primary(stand: Ground, crowd: Crowd) -> None:
    """Kill -9 the primary, and bring it back."""
    assert isinstance(stand.members, ReplicaSet)
    port = await asyncio.to_thread(stand.members.kill_primary)
    await asyncio.sleep(stand.rng.uniform(0, 3))
    stand.members.restart(port)


async def anything(stand: Stand, crowd: Crowd) -> None:
    """Do any of what can happen to one server with its own database."""
    chosen = stand.rng.choice(
        (kill_server, restart_server, kill_mongod, freeze_mongod, break_network, hang_briefly)
    )
    await chosen(stand, crowd)
