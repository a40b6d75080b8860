"""What is broken of a fleet. Each fault mends what it broke before it returns."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from torture.crowd import Crowd
from torture.faults import STOP, break_network, disturb, step_down
from torture.fleet import Fleet

# Seconds: how long a node is cut off, is dead, or Redis away; how long Redis stands still.
CUT_OFF = (3.0, 15.0)
DEAD = (0.0, 3.0)
PAUSED = 10.0
# How often Redis is away until all have read from the database what they could not be told.
LONG_DEAD = 0.2
# Seconds within which others go on being acked whatever is away, and how many acks show it.
GOING_ON, SHOWN = 15, 20


async def kill_node(fleet: Fleet, crowd: Crowd) -> None:
    """Kill -9 one of the two nodes, often while clients return, and start it again."""
    node = fleet.rng.choice(fleet.nodes)
    await disturb(fleet)
    await fleet.kill(node)
    await go_on(fleet, crowd, "a node")
    await asyncio.sleep(fleet.rng.uniform(*DEAD))
    await fleet.start(node)


async def kill_redis(fleet: Fleet, crowd: Crowd) -> None:
    """Kill -9 Redis, and start it again with nothing of what it knew."""
    await disturb(fleet)
    await asyncio.to_thread(fleet.redis.kill)
    await go_on(fleet, crowd, "Redis")
    if fleet.rng.random() < LONG_DEAD:
        await fleet.wait_complete(crowd, "without Redis")
    await asyncio.sleep(fleet.rng.uniform(*DEAD))
    fleet.redis.start()


async def pause_redis(fleet: Fleet, crowd: Crowd) -> None:
    """SIGSTOP Redis for 10 seconds."""
    await disturb(fleet)
    with fleet.redis.paused():
        await asyncio.gather(go_on(fleet, crowd, "Redis"), asyncio.sleep(PAUSED))


async def kill_nginx(fleet: Fleet, crowd: Crowd) -> None:
    """Kill -9 nginx, and start it again."""
    await asyncio.to_thread(fleet.nginx.kill)
    await asyncio.sleep(fleet.rng.uniform(*DEAD))
    fleet.nginx.start()


async def cut_node_off(fleet: Fleet, crowd: Crowd) -> None:
    """Have one node reach nobody and nobody reach it, for 3 to 15 seconds."""
    await _cut(fleet, crowd, fleet.rng.uniform(*CUT_OFF))


async def cut_node_off_briefly(fleet: Fleet, crowd: Crowd) -> None:
    """Have one node reach nobody and nobody reach it, just beyond what a write waits for."""
    await _cut(fleet, crowd, fleet.rng.uniform(5.0, 6.0))


async def _cut(fleet: Fleet, crowd: Crowd, seconds: float) -> None:
    assert fleet.network is not None
    with fleet.network.cut(is_silent=fleet.rng.random() < 0.5):
        await asyncio.gather(go_on(fleet, crowd, "a node"), asyncio.sleep(seconds))
    for node in fleet.nodes:
        await node.wait_ready()


async def renew_nodes(fleet: Fleet, crowd: Crowd) -> None:
    """SIGTERM and start again one node after the other."""
    for node in fleet.nodes:
        seconds = await fleet.stop(node)
        if seconds > STOP:
            fleet.faults.append(f"node {node.name} took {seconds:.1f} s to stop")
        await fleet.start(node)


async def renew_workers(fleet: Fleet, crowd: Crowd) -> None:
    """SIGHUP: have the node with two workers replace both."""
    await asyncio.to_thread(fleet.nodes[0].running.renew)


async def anything(fleet: Fleet, crowd: Crowd) -> None:
    """Do any of what can happen to a fleet."""
    possible: tuple[Callable[[Fleet, Crowd], Awaitable[None]], ...] = (
        *(kill_node, kill_redis, pause_redis, kill_nginx, renew_nodes, renew_workers),
        *(cut_node_off, break_network, step_down),
    )
    await fleet.rng.choice(possible)(fleet, crowd)


async def go_on(fleet: Fleet, crowd: Crowd, missing: str) -> None:
    """See to it that what is sent while something is missing is acked."""
    try:
        seconds = await crowd.next_acks(SHOWN, GOING_ON)
    except TimeoutError:
        fleet.faults.append(f"without {missing} not even {SHOWN} are acked in {GOING_ON} s")
    else:
        fleet.times[f"{SHOWN} acks without {missing}"].append(seconds)
