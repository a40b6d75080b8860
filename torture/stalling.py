"""Readers that stall: cut off in time, each of them and nobody else, while the others keep up."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence

from torture.client import Device
from torture.crowd import Crowd
from torture.stand import Stand

# Seconds: until a stalled reader is cut off; how far behind the others may be until
# all have returned; how long a return may take.
CUT_OFF = 90
LAG = 10
_RETURN = 60
_LOOK = 0.1
# What the contract closes one with who reads too slowly.
_TOO_SLOW = 4408
# How many times longer talkers pause while the stalled return. What is said meanwhile waits for
# each of them and counts against the same bound, and all clients together are no faster than
# the cores that they share with the server.
_CALM = 4.0

Endings = Mapping[str, Sequence[int | None]]


async def stall_readers(stand: Stand, crowd: Crowd) -> None:
    """Let half of the loud devices read no more, until the server has cut them off."""
    stalled = stand.rng.sample(crowd.loud, len(crowd.loud) // 2)
    stall = _Stall(stand, stalled, [one for one in crowd.devices if one not in stalled])
    watching = asyncio.create_task(stall.watch_others())
    before = await stand.count_slow_readers()
    try:
        await stall.wait_cut_off(before + len(stalled))
        crowd.calm = _CALM
        await stall.wait_returned()
    finally:
        crowd.calm = 1.0
        watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    cut_off = round(await stand.count_slow_readers() - before)
    stand.faults += judge(stall.endings(stalled), stall.endings(stall.others), cut_off)


def judge(stalled: Endings, others: Endings, cut_off: int) -> Iterator[str]:
    """Yield what is wrong, given how each device's connections ended and how many were cut off.

    The codes are those of the close frames, None where none was read: one who returns late finds
    the connection broken off.
    """
    if cut_off != len(stalled):
        yield f"{cut_off} readers were cut off, where {len(stalled)} stalled"
    for name, codes in stalled.items():
        if len(codes) != 1 or codes[0] not in (None, _TOO_SLOW):
            yield f"{name} stalled, and its connections ended with {list(codes)}"
    for name, codes in others.items():
        if codes:
            yield f"{name} was reading, and its connections ended with {list(codes)}"


class _Stall:
    """Some devices that read no more, and all the others."""

    def __init__(self, stand: Stand, stalled: list[Device], others: list[Device]) -> None:
        self.others = others
        self._stand = stand
        self._stalled = stalled
        self._ended = {one: len(one.endings) for one in (*stalled, *others)}

    def endings(self, devices: Sequence[Device]) -> Endings:
        """Return how connections of these ended since it began."""
        return {one.name: one.endings[self._ended[one] :] for one in devices}

    async def wait_cut_off(self, wanted: float) -> None:
        """Let them stall until the server counts so many as cut off."""
        begin = time.monotonic()
        for device in self._stalled:
            device.is_reading.clear()
        while (count := await self._stand.count_slow_readers()) < wanted:
            if time.monotonic() - begin > CUT_OFF:
                late = f"{wanted - count:.0f} stalled readers were not cut off within {CUT_OFF} s"
                self._stand.faults.append(late)
                break
            await asyncio.sleep(_LOOK)
        self._note("cut off", begin)

    async def wait_returned(self) -> None:
        """Let them read again, find their connections ended, and catch up on others."""
        begin = time.monotonic()
        for device in self._stalled:
            device.is_reading.set()
        while missing := [one.name for one in self._stalled if not self._is_back(one)]:
            if time.monotonic() - begin > _RETURN:
                self._stand.faults.append(f"{missing} did not return within {_RETURN} s")
                break
            await asyncio.sleep(_LOOK)
        self._note("returned", begin)

    async def watch_others(self) -> None:
        """See to it that the others soon have what is stored, until cancelled."""
        while True:
            last = await self._stand.look()
            begin = time.monotonic()
            while behind := [one.name for one in self.others if not one.has(last)]:
                if time.monotonic() - begin > LAG:
                    self._stand.faults.append(f"{behind}, who read, are {LAG} s behind")
                    return
                await asyncio.sleep(_LOOK)
            self._note("others behind", begin)

    def _is_back(self, device: Device) -> bool:
        return len(device.endings) > self._ended[device] and device.is_ready.is_set()

    def _note(self, what: str, begin: float) -> None:
        self._stand.times[what].append(time.monotonic() - begin)
