"""A replica set of three: its primary goes, nothing that was acked does; and a set without one."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from processes import ServerProcess, wait_until

from realchat.errors import ChatError, Code
from realchat.retries import persist
from realchat.store.database import Database
from torture import faults
from torture.faults import Fault
from torture.replica_set import ReplicaSet
from torture.scenarios import SHORT, Options, Scenario, run

# Several people with two devices each, who talk in direct chats and in a group.
TALK = Scenario("", SHORT[0].size, SHORT[0].fault, 2, acks=60, writers=6, members=3)


@pytest.mark.parametrize("fault", [faults.ask_to_step_down, faults.kill_primary])
def test_nothing_acked_is_lost_doubled_or_moved_when_the_primary_goes(
    fault: Fault, tmp_path: Path
) -> None:
    scenario = TALK._replace(name="talk", fault=fault)
    outcome = asyncio.run(run(scenario, Options(tmp_path, seed=1)))
    assert outcome.violations == []
    assert outcome.acked >= 2 * scenario.acks


@pytest.fixture
def members(tmp_path: Path) -> Iterator[ReplicaSet]:
    """Three members on free ports."""
    started = ReplicaSet(tmp_path / "members")
    try:
        started.open()
        yield started
    finally:
        started.close()


@pytest.mark.gen_test(timeout=120)
async def test_what_was_acked_is_not_read_as_absent_from_a_primary_that_nobody_follows_yet(
    members: ReplicaSet,
) -> None:
    with closing(Database(members.uri, "realchat")) as database:
        await database.collection("messages").insert({"_id": "acked"})
        lasting = database.lasting("messages")
        assert await lasting.count({}) == 1
        killed = members.kill_primary()
        primary = await asyncio.to_thread(members.wait_primary)
        (follower,) = set(members.ports) - {killed, primary}
        # What a majority had, the new primary would tell now by what it heard before.
        members.freeze(follower)
        with pytest.raises(ChatError) as refused:
            await lasting.find_one({"_id": "acked"})
        assert refused.value.code is Code.UNAVAILABLE
        members.thaw(follower)
        assert await persist(lasting.find_one, {"_id": "acked"}) == {"_id": "acked"}


def complaint(server: ServerProcess) -> str:
    """Return what `/readyz` says is missing, or an empty text."""
    try:
        with urllib.request.urlopen(f"{server.url}/readyz", timeout=30):
            return ""
    except urllib.error.HTTPError as error:
        words: str = json.loads(error.read())["error"]["message"]
        return words


def test_a_set_without_a_primary_is_told_of_and_ends_the_start(
    members: ReplicaSet, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("running", "late")]
    for folder in folders:
        folder.mkdir()
    with ServerProcess(folders[0], MONGODB_URI=members.uri) as server:
        killed = [members.kill_primary() for _ in range(2)]
        wait_until(lambda: "the database has no primary" in complaint(server))
        late = ServerProcess(folders[1], MONGODB_URI=members.uri)
        # Not 2, after which nobody would try again.
        assert late.wait() == 1
        assert "has no primary" in late.stderr
        assert "Traceback" not in late.stderr
        for port in killed:
            members.restart(port)
        wait_until(server.is_ready)
