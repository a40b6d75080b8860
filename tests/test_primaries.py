"""Reads around a change of the primary, which a fake tells of at the worst moment.

What a real replica set does is in `test_replica_set`; when it has a new primary show an
older state cannot be chosen there.
"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from bson import ObjectId

from realchat.store.primaries import Primaries

FIRST, SECOND = ObjectId("7fffffff0000000000000001"), ObjectId("7fffffff0000000000000002")


class Members:
    """What the driver knows of a replica set, and what its primary shows.

    A primary shows what is new only once it was probed.
    """

    def __init__(self, kind: str = "ReplicaSetWithPrimary") -> None:
        self.kind = kind
        self.term: ObjectId | None = FIRST
        self.probed: list[ObjectId | None] = []

    @property
    def delegate(self) -> Any:
        """The driver's client."""
        return SimpleNamespace(topology_description=self)

    @property
    def topology_type_name(self) -> str:
        """How the database is made up."""
        return self.kind

    def server_descriptions(self) -> dict[str, Any]:
        """Return what is known of each member."""
        if self.term is None:
            return {}
        return {"": SimpleNamespace(server_type_name="RSPrimary", election_id=self.term)}

    def get_collection(self, *_: object, **__: object) -> Members:
        """Return what is probed."""
        return self

    async def find_one(self, _: object) -> None:
        """Answer once a majority follows."""
        await asyncio.sleep(0)
        self.probed.append(self.term)

    def primaries(self) -> Primaries:
        """Return what reads are to heed."""
        client: Any = self
        return Primaries(client, client)

    async def show(self) -> str:
        """Read."""
        return "new" if self.term in self.probed else "old"


@pytest.mark.gen_test
async def test_a_primary_is_probed_once() -> None:
    members = Members()
    primaries = members.primaries()
    assert await asyncio.gather(*(primaries.read(members.show) for _ in range(9))) == ["new"] * 9
    assert await primaries.read(members.show) == "new"
    assert members.probed == [FIRST]


@pytest.mark.gen_test
async def test_what_a_new_primary_showed_before_it_was_followed_is_read_again() -> None:
    members = Members()
    primaries = members.primaries()
    await primaries.read(members.show)
    members.term = SECOND
    assert await primaries.read(members.show) == "new"
    assert members.probed == [FIRST, SECOND]


@pytest.mark.gen_test
async def test_a_read_of_before_the_probe_of_another_is_read_again() -> None:
    members = Members()
    primaries = members.primaries()
    await primaries.read(members.show)
    members.term = SECOND
    read: list[str] = []

    async def be_overtaken() -> str:
        shown = await members.show()
        if not read:
            await primaries.read(members.show)
        read.append(shown)
        return shown

    assert await primaries.read(be_overtaken) == "new"
    assert read == ["old", "new"]


@pytest.mark.gen_test
async def test_without_a_primary_nothing_is_certain() -> None:
    members = Members()
    primaries = members.primaries()

    async def lose_the_primary_once() -> str:
        shown = await members.show()
        if members.term is None:
            members.term = SECOND
        elif members.term is FIRST and FIRST in members.probed:
            members.term = None
        return shown

    assert await primaries.read(lose_the_primary_once) == "new"
    assert members.probed[-1] is SECOND


@pytest.mark.gen_test
async def test_a_router_is_not_probed() -> None:
    members = Members("Sharded")
    members.term = None
    assert await members.primaries().read(members.show) == "old"
    assert members.probed == []
