"""Many devices of many users: signed up, connected, talking, and waited for."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from tornado.httpclient import AsyncHTTPClient

from torture.client import HEARTBEAT, Device
from torture.record import Record
from torture.rest import Address
from torture.speaker import Speaker

_PASSWORD = "correct horse battery"
_AT_ONCE = 8
# Seconds between two looks, and until what has not come counts as missing.
_LOOK = 0.1
SETTLING = 30
GATHERING = 120

Conversations = dict[str, dict[str, str]]
ReadLast = Callable[[], Awaitable[Mapping[str, int]]]


class Size(NamedTuple):
    """How many users, devices of each, and members of a group (users in a row).

    Only the first `loud` devices talk and hang; all when it is None.
    """

    users: int
    devices: int
    group: int
    loud: int | None = None
    heartbeat: float | None = HEARTBEAT


class Crowd:
    """All clients of one run."""

    def __init__(self, url: str, size: Size, seed: int, *, resumes: bool = True) -> None:
        self.record = Record()
        self.devices: list[Device] = []
        self.talkers: list[asyncio.Task[None]] = []
        # How many times longer than usual talkers pause.
        self.calm = 1.0
        self._url = url
        self._size = size
        self._seed = seed
        self._resumes = resumes
        self._lives: list[asyncio.Task[None]] = []
        self._is_talking = False

    @property
    def loud(self) -> list[Device]:
        """Those devices to which things happen."""
        return self.devices[: self._size.loud]

    async def gather(self) -> None:
        """Sign everyone up, with a direct chat for each two neighbours and groups, and connect."""
        size = self._size
        slots = asyncio.Semaphore(_AT_ONCE)

        async def register(number: int) -> Address:
            async with slots:
                return await self._register(number)

        users = await asyncio.gather(*map(register, range(size.users)))
        mine: dict[str, Conversations] = {one.user: {} for one in users}
        for one, other in zip(users[::2], users[1::2], strict=False):
            key = "dm:" + ":".join(sorted((one.user, other.user)))
            mine[one.user][key] = {"recipient_id": other.user}
            mine[other.user][key] = {"recipient_id": one.user}
        for first in range(0, size.users, size.group):
            await self._make_group(users[first : first + size.group], mine)
        for number, address in enumerate(users):
            for place in range(size.devices):
                self._add_device(f"d{number}.{place}", address, mine[address.user])
        await self.wait_ready(GATHERING)

    async def wait_ready(self, patience: float = SETTLING) -> None:
        """Wait until every device that reads has caught up."""
        reading = [one for one in self.devices if one.is_reading.is_set()]
        async with asyncio.timeout(patience):
            await asyncio.gather(*(one.is_ready.wait() for one in reading))

    def talk(self, writers: int, pause: float, padding: int = 0) -> None:
        """Let some devices talk until `hush`, each with a random pause between two bursts."""
        self._is_talking = True
        for device in self.loud[:: max(1, len(self.loud) // writers)][:writers]:
            task = asyncio.create_task(self._talk(device, pause, padding))
            self.talkers.append(task)

    async def hush(self, patience: float) -> None:
        """Say no more, once everything that was begun is acked. Raises `TimeoutError`."""
        self._is_talking = False
        async with asyncio.timeout(patience):
            await asyncio.gather(*self.talkers)
        self.talkers.clear()

    async def fall_silent(self) -> None:
        """Say no more, whatever was begun."""
        for task in self.talkers:
            task.cancel()
        await asyncio.gather(*self.talkers, return_exceptions=True)
        self.talkers.clear()

    async def settle(self, read_last: ReadLast) -> None:
        """Wait until every device has all that is stored, or for so long that it never will."""
        end = time.monotonic() + SETTLING
        last = await read_last()
        while time.monotonic() < end and not all(one.has(last) for one in self.devices):
            await asyncio.sleep(_LOOK)
            last = await read_last()
        # What comes twice comes now.
        await asyncio.sleep(5 * _LOOK)

    async def leave(self) -> None:
        """Disconnect all."""
        for task in self._lives:
            task.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)

    async def next_acks(self, count: int, patience: float) -> float:
        """Wait until so many of what is sent from now on are acked; return the seconds.

        Raises `TimeoutError`.
        """
        begin, had, moment = time.monotonic(), len(self.record.acked), self.record.tick()
        async with asyncio.timeout(patience):
            while self._count_acked(had, moment) < count:  # noqa: ASYNC110  # a look is enough
                await asyncio.sleep(_LOOK / 5)
        return time.monotonic() - begin

    def _count_acked(self, had: int, moment: int) -> int:
        """Count the acks after the first `had` ones, of what was sent after a moment."""
        acked = itertools.islice(self.record.acked, had, None)
        return sum(self.record.sent[client_id].at > moment for client_id in acked)

    async def _talk(self, device: Device, pause: float, padding: int) -> None:
        conversations = sorted(device.targets)
        speaker = Speaker(device, self.record)
        while self._is_talking:
            conversation = device.rng.choice(conversations)
            burst = device.rng.randint(1, 3)
            await asyncio.gather(*(speaker.say(conversation, padding) for _ in range(burst)))
            if device.rng.random() < 0.1:
                await speaker.change(conversation)
            await asyncio.sleep(device.rng.uniform(0, 2 * pause) * self.calm)

    def _add_device(self, name: str, address: Address, conversations: Conversations) -> None:
        rng = random.Random(f"{self._seed} {name}")
        device = Device(
            name,
            address,
            conversations,
            self.record,
            rng,
            resumes=self._resumes,
            heartbeat=self._size.heartbeat,
        )
        self.devices.append(device)
        self._lives.append(asyncio.create_task(device.live()))

    async def _register(self, number: int) -> Address:
        body = {"email": f"user{number}@example.org", "name": f"User {number}"}
        reply = await self._post("/auth/register", {**body, "password": _PASSWORD})
        return Address(self._url, reply["user_id"], reply["access_token"])

    async def _make_group(self, users: list[Address], mine: dict[str, Conversations]) -> None:
        members = [one.user for one in users[1:]]
        body = {"name": "Group", "members": members}
        group = await self._post("/groups", body, users[0].headers)
        for one in users:
            mine[one.user][f"group:{group['id']}"] = {"group_id": group["id"]}

    async def _post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        reply = await AsyncHTTPClient().fetch(
            self._url + path,
            method="POST",
            headers={"Content-Type": "application/json", **(headers or {})},
            body=json.dumps(body),
            request_timeout=SETTLING,
        )
        return json.loads(reply.body)
