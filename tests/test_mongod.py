"""The embedded MongoDB: every way in which it may find its folder."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import is_alive
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from realchat import mongod_binary
from realchat.mongod import EmbeddedMongod, start_mongod
from realchat.mongod_binary import find_mongod
from realchat.orphan import end_orphan
from realchat.settings import StartError


@pytest.fixture
def started(tmp_path: Path) -> Iterator[EmbeddedMongod]:
    """An embedded MongoDB on `tmp_path`."""
    mongod = start_mongod(tmp_path)
    yield mongod
    kill(mongod)


def kill(mongod: EmbeddedMongod) -> None:
    """End it without its orderly stop, which takes a second."""
    mongod.process.kill()
    mongod.process.wait()


def connect(uri: str) -> MongoClient[dict[str, Any]]:
    return MongoClient(uri)


def store(mongod: EmbeddedMongod, value: int) -> None:
    with connect(mongod.uri) as client:
        client["test"]["values"].insert_one({"value": value})


def stored(mongod: EmbeddedMongod) -> list[int]:
    with connect(mongod.uri) as client:
        return [document["value"] for document in client["test"]["values"].find()]


def restart(data_dir: Path) -> list[int]:
    """Start on a folder and read what is stored there."""
    mongod = start_mongod(data_dir)
    try:
        return stored(mongod)
    finally:
        kill(mongod)


def initiate(data_dir: Path, port: int) -> None:
    """Take the first step of a first start, and no more."""
    key = (data_dir / "secrets/mongodb_key").read_text()
    member = {"_id": 0, "host": f"127.0.0.1:{port}"}
    uri = f"mongodb://__system:{key}@127.0.0.1:{port}/?authSource=local&directConnection=true"
    with connect(uri) as client:
        client.admin.command("replSetInitiate", {"_id": "realchat", "members": [member]})


def make_mongod(folder: Path, script: str) -> None:
    """Put a `mongod` into a folder that does what the script says."""
    path = folder / "mongod"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_port_taken_meanwhile_is_changed_and_the_data_stay(
    tmp_path: Path, started: EmbeddedMongod
) -> None:
    store(started, 1)
    started.stop()
    with socket.socket() as other:
        other.bind(("127.0.0.1", started.port))
        assert restart(tmp_path) == [1]
    assert (tmp_path / "mongodb.port").read_text() != str(started.port)


def test_the_port_stays_when_nobody_took_it(tmp_path: Path, started: EmbeddedMongod) -> None:
    kill(started)
    restart(tmp_path)
    assert (tmp_path / "mongodb.port").read_text() == str(started.port)


def test_a_start_ends_the_orphan_that_is_still_on_the_folder(
    tmp_path: Path, started: EmbeddedMongod
) -> None:
    store(started, 1)
    assert restart(tmp_path) == [1]
    assert not is_alive(started.process.pid)


def test_a_process_that_merely_has_the_number_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as stranger:
        (tmp_path / "mongod.lock").write_text(str(stranger.pid))
        end_orphan(tmp_path)
        assert is_alive(stranger.pid)
        stranger.kill()


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, started: EmbeddedMongod) -> None:
    store(started, 1)
    kill(started)
    assert restart(tmp_path) == [1]


def test_a_revived_one_has_the_same_address_and_data(started: EmbeddedMongod) -> None:
    store(started, 1)
    assert not started.revive()
    kill(started)
    assert started.revive()
    assert stored(started) == [1]


@pytest.mark.parametrize("steps", ["none", "initiated"])
def test_a_first_start_that_was_killed_is_completed_by_the_next(tmp_path: Path, steps: str) -> None:
    (tmp_path / "mongodb").mkdir()
    cut_off = EmbeddedMongod(tmp_path, find_mongod())
    cut_off.await_port()
    if steps == "initiated":
        initiate(tmp_path, cut_off.port)
    kill(cut_off)
    assert restart(tmp_path) == []


def test_a_first_start_lets_no_stranger_in_between(tmp_path: Path) -> None:
    (tmp_path / "mongodb").mkdir()
    unfinished = EmbeddedMongod(tmp_path, find_mongod())
    unfinished.await_port()
    with (
        connect(f"mongodb://127.0.0.1:{unfinished.port}/?directConnection=true") as stranger,
        pytest.raises(OperationFailure, match="requires authentication"),
    ):
        stranger.admin.command("replSetInitiate")
    kill(unfinished)


def test_lost_passwords_are_made_anew(tmp_path: Path, started: EmbeddedMongod) -> None:
    store(started, 1)
    kill(started)
    for name in ("mongodb_password", "mongodb_key"):
        (tmp_path / "secrets" / name).unlink()
    assert restart(tmp_path) == [1]


def test_a_damaged_secret_is_named(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/mongodb_key").write_text("k")
    with pytest.raises(StartError, match="secrets/mongodb_key is damaged"):
        start_mongod(tmp_path)


def test_data_that_it_cannot_read_end_the_start(tmp_path: Path, started: EmbeddedMongod) -> None:
    kill(started)
    (tmp_path / "mongodb/WiredTiger.turtle").write_text("not a database")
    with pytest.raises(StartError, match=r"see .*mongodb\.log"):
        start_mongod(tmp_path)


def test_its_log_has_one_predecessor_at_most(tmp_path: Path, started: EmbeddedMongod) -> None:
    (tmp_path / "mongodb.log.1").touch()
    kill(started)
    restart(tmp_path)
    logs = sorted(path.name for path in tmp_path.glob("mongodb.log*"))
    assert logs == ["mongodb.log", "mongodb.log.1"]


def test_its_log_never_quotes_what_people_wrote(tmp_path: Path, started: EmbeddedMongod) -> None:
    with connect(started.uri) as client:
        client["test"]["values"].insert_one({"content": "a secret of two"})
        client["test"]["values"].find_one(
            {"content": "a secret of two", "$where": "sleep(300) || true"}
        )
    assert "a secret of two" not in (tmp_path / "mongodb.log").read_text()


def test_the_bundled_one_is_found_where_the_path_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_mongod().version == "6.0.5"


@pytest.mark.parametrize(
    ("script", "version"),
    [
        ("echo db version v8.0.4", "8.0.4"),
        ("echo db version v7.3.0-rc1", "7.3.0-rc1"),
        ("echo db version v5.0.1", "6.0.5"),
        ("exit 127", "6.0.5"),
    ],
    ids=["newer", "candidate", "too old", "broken"],
)
def test_one_on_the_path_is_preferred_if_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, version: str
) -> None:
    make_mongod(tmp_path, script)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert find_mongod().version == version


def test_data_keep_the_series_that_wrote_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_mongod(tmp_path, "echo db version v8.0.4")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert find_mongod("6.0").version == "6.0.5"


def test_a_missing_library_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_mongod(tmp_path, "echo mongod: error while loading libcurl.so.4 >&2; exit 127")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(mongod_binary, "_PACKAGE", "no-such-package")
    with pytest.raises(StartError, match=r"libcurl\.so\.4.*apt-get install libcurl4.*MONGODB_URI"):
        find_mongod()


def test_a_machine_without_any_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(mongod_binary, "_PACKAGE", "no-such-package")
    with pytest.raises(StartError, match=r"there is none for this machine.*MONGODB_URI"):
        find_mongod()
