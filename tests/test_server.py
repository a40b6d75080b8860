"""The program as a whole: how it starts, what it says, and that it leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from dns.resolver import Resolver
from processes import ServerProcess, is_alive, request_under_way, wait_until
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from pymongo.uri_parser import parse_uri
from router import Router

from realchat.mongod import EmbeddedMongod
from realchat.mongodb_uri import try_uri
from realchat.settings import SettingError, StartError


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A server started with no configuration in an empty folder."""
    with TemporaryDirectory() as folder, ServerProcess(Path(folder)) as started:
        yield started


def refused(process: ServerProcess, code: int) -> str:
    """Wait for a start that fails; return the one sentence it fails with."""
    try:
        assert process.wait() == code, process.stderr
    finally:
        process.kill()
    assert process.stdout == ""
    lines = process.stderr.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_starts_with_no_configuration_in_an_empty_folder(server: ServerProcess) -> None:
    assert server.is_ready()


def test_one_block_says_what_runs_and_what_would_switch_the_rest_on(server: ServerProcess) -> None:
    lines = server.stdout.splitlines()
    assert lines[0] == f"RealChat 0.1.0 is ready: open {server.url}"
    about = {line[2:14].strip(): line[15:] for line in lines[1:]}
    named = ["database", "bus", "secrets", "mail", "translation", "uploads", "rate limits"]
    assert list(about) == named
    assert "REDIS_URL" in about["bus"]
    assert str(server.folder / "data/mongodb") in about["database"]
    assert "data/secrets" in about["secrets"]
    assert "EMAIL_HOST" in about["mail"]
    assert "LIBRETRANSLATE_URL" in about["translation"]
    assert "512 MiB" in about["uploads"]
    assert "RATE_LIMITS" in about["rate limits"]


def test_the_data_folder_is_for_its_owner_alone(server: ServerProcess) -> None:
    data = server.folder / "data"
    assert data.stat().st_mode & 0o777 == 0o700
    found = {}
    for path in data.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # the database is at work in there
            found[path] = path.stat().st_mode
    files = [path for path, mode in found.items() if stat.S_ISREG(mode)]
    private = [p for p in files if p.parent.name != "data" or p.name.startswith("mongodb.log")]
    assert {"jwt_access", "jwt_refresh", "mongodb_key", "mongodb_password"} <= {
        path.name for path in private
    }
    assert {found[path] & 0o077 for path in private} == {0}


def test_the_embedded_database_refuses_whoever_has_no_password(server: ServerProcess) -> None:
    port = int((server.folder / "data/mongodb.port").read_text())
    stranger: MongoClient[dict[str, Any]]
    with MongoClient("127.0.0.1", port, directConnection=True) as stranger:
        with pytest.raises(OperationFailure, match="requires authentication"):
            stranger["realchat"]["meta"].find_one()
        with pytest.raises(OperationFailure, match="requires authentication"):
            stranger["admin"].command("createUser", "stranger", pwd="x", roles=["root"])


def test_a_second_server_on_the_same_data_is_refused(server: ServerProcess, tmp_path: Path) -> None:
    second = ServerProcess(tmp_path, DATA_DIR=str(server.folder / "data"))
    assert "Another server is running" in refused(second, 1)
    assert server.is_ready()


def test_a_dead_database_is_started_again(server: ServerProcess) -> None:
    first = server.mongod_pid
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not is_alive(first))
    server.wait_ready()
    assert server.mongod_pid != first


def test_a_database_that_cannot_be_started_at_once_is_started_later(server: ServerProcess) -> None:
    [log] = (server.folder / "data").rglob("*.log")
    in_its_way = log.with_suffix(".log.1")
    in_its_way.unlink(missing_ok=True)
    in_its_way.mkdir()
    first = server.mongod_pid
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: "cannot be started" in server.stderr)
    in_its_way.rmdir()
    server.wait_ready()
    assert server.mongod_pid != first


def test_the_terminal_s_ctrl_c_does_not_reach_the_database(server: ServerProcess) -> None:
    assert os.getpgid(server.mongod_pid) != os.getpgid(server.process.pid)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_and_its_database(tmp_path: Path, signum: int) -> None:
    with ServerProcess(tmp_path) as server:
        database = server.mongod_pid
        assert server.stop(signum) == 0
    assert not is_alive(database)
    assert "Traceback" not in server.stderr
    # An orderly end empties the file; a killed one leaves its number there.
    assert (tmp_path / "data/mongodb/mongod.lock").read_text() == ""


def test_ctrl_c_lets_requests_under_way_finish_on_the_database(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, request_under_way(server) as connection:
        server.press_ctrl_c()
        wait_until(lambda: not is_listening(server.port))
        connection.send(b"}")
        with connection.getresponse() as reply:
            # Nobody has that address, which only the database knows.
            assert reply.status == 401
        assert server.wait() == 0


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        database = server.mongod_pid
        with request_under_way(server):
            server.process.terminate()
            wait_until(lambda: not is_listening(server.port))
            server.process.terminate()
            assert server.wait() == 128 + signal.SIGTERM
    wait_until(lambda: not is_alive(database))


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, server.database() as client:
        epoch = client["realchat"]["meta"].find_one("epoch")
        secret = (tmp_path / "data/secrets/jwt_access").read_text()
    with ServerProcess(tmp_path) as server, server.database() as client:
        assert epoch is not None
        assert client["realchat"]["meta"].find_one("epoch") == epoch
        assert (tmp_path / "data/secrets/jwt_access").read_text() == secret


def test_ctrl_c_while_it_is_imported_ends_it_without_a_word(tmp_path: Path) -> None:
    # In the place of a library, what never gets imported.
    (tmp_path / "uvloop.py").write_text(
        "import pathlib, time\npathlib.Path('here').touch()\nwhile True: time.sleep(0.01)\n"
    )
    server = ServerProcess(tmp_path, PYTHONPATH=str(tmp_path))
    try:
        wait_until((tmp_path / "here").exists)
        server.press_ctrl_c()
        assert server.wait() == -signal.SIGINT  # 130 for a shell
    finally:
        server.kill()
    assert server.stdout + server.stderr == ""


@pytest.mark.parametrize("path", [os.environ["PATH"], "/nowhere"], ids=["setpriv", "prctl"])
def test_a_killed_server_leaves_no_database_and_no_lock(tmp_path: Path, path: str) -> None:
    with ServerProcess(tmp_path, PATH=path) as server:
        database = server.mongod_pid
        server.kill()
        # No wait in between: the next start takes the folder over by itself.
        with ServerProcess(tmp_path, PATH=path) as successor:
            assert not is_alive(database)
            assert successor.mongod_pid != database


def test_a_killed_server_s_database_ends_by_itself(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        database = server.mongod_pid
        server.kill()
    wait_until(lambda: not is_alive(database))


def test_it_runs_on_a_database_of_the_operator_s_own(
    tmp_path: Path, mongod: EmbeddedMongod
) -> None:
    with ServerProcess(tmp_path, MONGODB_URI=mongod.uri, MONGODB_DB="test_server") as server:
        host, port = parse_uri(mongod.uri)["nodelist"][0]
        assert f"MongoDB at {host}:{port} (MONGODB_URI)" in server.stdout
        assert mongod.password not in server.stdout + server.stderr
        assert not (tmp_path / "data/mongodb").exists()


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("PORT", "http", "PORT must be a whole number"),
        ("PORT", "70000", "PORT must be a whole number"),
        ("HOST", "no such host", "change HOST or PORT"),
        ("JWT_ACCESS_SECRET", "short", "JWT_ACCESS_SECRET is too short"),
        ("JWT_REFRESH_SECRET", "your-super-secret-jwt-refresh-key-here", "is a sample"),
        ("REDIS_URL", "redis://:hun/secret@127.0.0.1:6379", "`/` is %2F"),
        ("REDIS_URL", "redis://127.0.0.1:6379?foo=bar", "and no others"),
        ("MONGODB_URI", "postgres://localhost", "MONGODB_URI must begin with"),
        ("MONGODB_URI", "mongodb://", "write it as"),
        ("MONGODB_URI", "mongodb://who:secret@127.0.0.1:99999/", "correct its port"),
        ("MONGODB_URI", "mongodb://127.0.0.1/?tls=true&tlsCAFile=/nowhere", "the files"),
        ("MONGODB_URI", "mongodb://who:secret@127.0.0.1:1/?fooBar=1", "an option fooBar that"),
        ("MONGODB_URI", "mongodb://127.0.0.1:1/?timeoutMS=soon", "an option timeoutMS that"),
        ("MONGODB_URI", "mongodb://127.0.0.1:1/?tls=true&tls=false", "the option tls twice"),
        ("MONGODB_DB", "a/b", "MONGODB_DB must be"),
        ("BASE_URL", "localhost", "BASE_URL must begin with"),
        ("RATE_LIMITS", "perhaps", "RATE_LIMITS must be true or false"),
    ],
)
def test_a_wrong_setting_ends_the_start_with_one_sentence(
    tmp_path: Path, name: str, value: str, advice: str
) -> None:
    sentence = refused(ServerProcess(tmp_path, **{name: value}), 2)
    assert advice in sentence
    assert name in sentence
    assert "secret@" not in sentence
    assert not (tmp_path / "data/mongodb").exists()


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("HOST", "203.0.113.1", "once this machine has that address"),
        ("MONGODB_URI", "mongodb://who:secret@127.0.0.1:1/", "answers at 127.0.0.1:1 now"),
    ],
)
def test_what_is_not_there_yet_is_no_wrong_setting(
    tmp_path: Path, name: str, value: str, advice: str
) -> None:
    # Not 2, after which systemd does not try again.
    sentence = refused(ServerProcess(tmp_path, **{name: value}), 1)
    assert advice in sentence
    assert name in sentence
    assert "secret" not in sentence


def test_a_database_that_nobody_can_look_up_yet_is_no_wrong_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    resolver = Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], port
    monkeypatch.setattr("dns.resolver.default_resolver", resolver)
    with pytest.raises(StartError, match="cannot be looked up now") as refusal:
        try_uri("mongodb+srv://who:secret@db.example.org/", "realchat")
    assert not isinstance(refusal.value, SettingError)
    assert "secret" not in str(refusal.value)


def test_wrong_credentials_of_the_database_end_the_start(
    tmp_path: Path, mongod: EmbeddedMongod
) -> None:
    uri = mongod.uri.replace(mongod.password, "wrong")
    sentence = refused(ServerProcess(tmp_path, MONGODB_URI=uri), 2)
    assert "correct user, password" in sentence
    assert "wrong" not in sentence


def test_a_database_of_another_shape_ends_the_start(tmp_path: Path, mongod: EmbeddedMongod) -> None:
    name = f"test_{tmp_path.name[-40:]}"
    client: MongoClient[dict[str, Any]] = MongoClient(mongod.uri)
    with client:
        people = [{"email_key": "ada@example.org"}, {"email_key": "ada@example.org"}]
        client[name]["users"].insert_many(people)
        sentence = refused(ServerProcess(tmp_path, MONGODB_URI=mongod.uri, MONGODB_DB=name), 1)
        client.drop_database(name)
    assert "MONGODB_DB" in sentence
    assert "ada" not in sentence


def said_of_database(server: ServerProcess) -> str:
    """Return what the start-up block says of the database."""
    (line,) = [one for one in server.stdout.splitlines() if one.startswith("  database ")]
    return line[15:]


def test_shards_that_are_wanted_where_there_are_none_are_told_of(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, MONGODB_SHARDED="true") as server:
        assert said_of_database(server).endswith(
            "; no sharded cluster yet, and sends are slower for it (MONGODB_SHARDED=true)"
        )


class TestOnACluster:
    """A server whose MongoDB calls itself a router of a sharded cluster."""

    @pytest.fixture
    def router(self, mongod: EmbeddedMongod) -> Iterator[Router]:
        with Router(mongod.port) as started:
            yield started

    @pytest.fixture
    def environ(self, mongod: EmbeddedMongod, router: Router) -> Iterator[dict[str, str]]:
        name = f"test_{secrets.token_hex(6)}"
        uri = mongod.uri.replace(f":{mongod.port}/", f":{router.port}/")
        yield {"MONGODB_URI": uri, "MONGODB_DB": name}
        client: MongoClient[dict[str, Any]]
        with MongoClient(mongod.uri) as client:
            client.drop_database(name)

    def test_messages_that_are_sharded_ask_for_the_setting(
        self, environ: dict[str, str], tmp_path: Path
    ) -> None:
        sentence = refused(ServerProcess(tmp_path, **environ), 2)
        assert sentence == (
            f"The messages in the database {environ['MONGODB_DB']} are sharded: set "
            "MONGODB_SHARDED=true, and see docs/sharding.md."
        )

    def test_shards_that_are_not_there_yet_are_no_wrong_setting(
        self, environ: dict[str, str], router: Router, tmp_path: Path
    ) -> None:
        router.is_cut_off = True
        sentence = refused(ServerProcess(tmp_path, **environ), 1)
        assert "does not reach all of its servers" in sentence

    def test_messages_that_are_not_sharded_yet_are_told_of(
        self, environ: dict[str, str], router: Router, tmp_path: Path
    ) -> None:
        router.is_sharded = False
        with ServerProcess(tmp_path, **environ) as server:
            assert said_of_database(server).endswith(
                ", a sharded cluster; all messages stay on one shard "
                "(MONGODB_SHARDED=true: on several)"
            )

    def test_it_serves_there_with_the_setting(
        self, environ: dict[str, str], tmp_path: Path
    ) -> None:
        with ServerProcess(tmp_path, MONGODB_SHARDED="true", **environ) as server:
            assert said_of_database(server).endswith(" (MONGODB_URI), a sharded cluster")


def test_a_port_in_use_ends_the_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        # Not 2, after which systemd does not try again: the other may be about to end.
        sentence = refused(ServerProcess(tmp_path, PORT=str(port)), 1)
    assert f"port {port} (Address already in use)" in sentence


@pytest.mark.parametrize("name", ["DATA_DIR", "UPLOAD_DIR"])
def test_a_folder_that_cannot_be_written_ends_the_start(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    sentence = refused(ServerProcess(tmp_path, **{name: str(tmp_path / "file/folder")}), 1)
    assert name in sentence


def test_a_file_in_the_database_s_place_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/mongodb").touch()
    sentence = refused(ServerProcess(tmp_path), 1)
    assert "data/mongodb" in sentence
