"""A database that goes back to an older copy: clients read all anew, and agree again."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from people import Person, register
from processes import PATIENCE, ROOT, ServerProcess, free_port, wait_until
from pymongo import MongoClient
from sockets import device
from tornado.httpclient import AsyncHTTPClient

from realchat.mongod import EmbeddedMongod
from torture.stand import ENVIRON


def start(folder: Path, port: int = 0) -> ServerProcess:
    return ServerProcess(folder, **{**ENVIRON, **({"PORT": str(port)} if port else {})})


def run_once(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command that a restore ends with."""
    return subprocess.run(
        [sys.executable, ROOT / "server.py", "--new-epoch"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PORT": str(free_port()), **ENVIRON, **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


async def say(person: Person, *contents: str) -> None:
    for content in contents:
        reply = await person.post("/messages", {"recipient_id": person.id, "content": content})
        assert reply.status == 201


async def contents_of(person: Person) -> list[str]:
    listed = (await person.get("/messages/dm", user_id=person.id)).json
    return [message["content"] for message in reversed(listed)]


@pytest.mark.gen_test(timeout=180)
async def test_after_a_restore_and_a_new_epoch_clients_are_told_to_read_all_anew(
    tmp_path: Path, http_client: AsyncHTTPClient
) -> None:
    with start(tmp_path) as server:
        ana = await register(http_client, server.url, "Ana")
        await say(ana, "1", "2")
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    with start(tmp_path, server.port):
        async with device(ana) as phone:
            ack = await phone.command("send_message", recipient_id=ana.id, content="gone")
            cursors = {ack["conversation"]: ack["rev"]}
            epoch = phone.hello["epoch"]
    shutil.rmtree(tmp_path / "data")
    (tmp_path / "copy").rename(tmp_path / "data")
    done = run_once(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("The database realchat has a new epoch")
    assert str(tmp_path / "data/mongodb") in done.stdout
    with start(tmp_path, server.port):
        # Something else has the place of what is gone, which a rev alone would not tell.
        await say(ana, "3", "4")
        async with device(ana) as phone:
            assert phone.hello["epoch"] != epoch
            resumed = await phone.command("resume", epoch=epoch, cursors=cursors)
            assert resumed["reset"] == list(cursors)
            assert await contents_of(ana) == ["1", "2", "3", "4"]


def test_a_server_that_runs_keeps_its_epoch(tmp_path: Path) -> None:
    with start(tmp_path) as server:
        done = run_once(tmp_path)
        assert done.returncode == 1
        assert "Another server is running" in done.stderr
        assert server.is_ready()


def test_who_runs_on_the_database_is_to_be_stopped_first(
    tmp_path: Path, mongod: EmbeddedMongod
) -> None:
    name = f"test_{secrets.token_hex(6)}"
    environ = {"MONGODB_URI": mongod.uri, "MONGODB_DB": name}
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
    with ServerProcess(tmp_path / "one", **{**ENVIRON, **environ}) as server:
        done = run_once(tmp_path / "other", **environ)
        assert (done.returncode, done.stdout) == (1, "")
        assert len(done.stderr.splitlines()) == 1
        assert f"1 process is alive on the database {name}" in done.stderr
        server.kill()
    wait_until(lambda: run_once(tmp_path / "other", **environ).returncode == 0)
    client: MongoClient[dict[str, object]]
    with MongoClient(mongod.uri) as client:
        client.drop_database(name)


def test_a_database_that_is_away_is_told_in_one_sentence(tmp_path: Path) -> None:
    done = run_once(tmp_path, MONGODB_URI="mongodb://127.0.0.1:1/")
    assert done.returncode in (1, 2)
    assert len(done.stderr.splitlines()) == 1
