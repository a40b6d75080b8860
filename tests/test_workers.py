"""Several workers on one port: one chat, replaced without a loss, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from parts import require
from people import register
from processes import ServerProcess, is_alive, request_under_way, wait_until
from pymongo import MongoClient
from sockets import device
from tornado.httpclient import AsyncHTTPClient
from understudy import doom
from workers import Team, device_on

from realchat.mongod import EmbeddedMongod
from realchat.options import count_workers
from realchat.settings import read_settings
from realchat.worker import Share, WorkerFailedError
from realchat.workers import Workers
from torture.crowd import Size
from torture.faults import renew_workers
from torture.scenarios import Options, Scenario, run

UNDERSTUDY = Path(__file__).parent / "understudy.py"
# A crowd that is small enough for two cores, and sends all the while.
RENEWAL = Scenario(
    "workers-renewed",
    Size(users=6, devices=2, group=6, heartbeat=2),
    renew_workers,
    faults=1,
    acks=60,
    writers=6,
    workers=2,
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name, since the embedded Redis's socket is in it."""
    require(shutil.which("redis-server") is not None, "redis-server is not installed")
    with TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture(scope="module")
def shared_team() -> Iterator[Team]:
    """Two workers, for all tests that leave two behind."""
    require(shutil.which("redis-server") is not None, "redis-server is not installed")
    with TemporaryDirectory() as name, Team(Path(name)) as started:
        yield started


@pytest.fixture
def team(shared_team: Team) -> Team:
    """The two workers, ready whatever a test before did to them."""
    wait_until(shared_team.is_whole)
    assert len(shared_team.workers) == 2
    return shared_team


async def knock(base_url: str, until: asyncio.Event) -> int:
    """Make requests, each on a connection of its own, until told to stop; return how many."""
    http = AsyncHTTPClient(force_instance=True)
    number = 0
    while not until.is_set():
        reply = await http.fetch(f"{base_url}/healthz")
        assert reply.code == 200
        number += 1
    http.close()
    return number


def refused(team: ServerProcess, code: int) -> str:
    """Wait for a start that fails; return what it fails with."""
    try:
        assert team.wait() == code, team.stderr
    finally:
        team.kill()
    assert team.stdout == ""
    return team.stderr.rstrip()


def names_in(folder: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in folder.glob(pattern))


def name_of(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def test_one_block_says_what_runs(team: Team) -> None:
    lines = team.stdout.splitlines()
    assert lines[0] == f"RealChat 0.1.0 is ready: open {team.url}"
    about = {line[2:14].strip(): line[15:] for line in lines[1:]}
    assert list(about)[:3] == ["database", "bus", "secrets"]
    assert about["bus"].startswith(f"embedded Redis in {team.folder}/data/redis")
    assert about["workers"] == "2, SIGHUP renews them one by one"
    assert len(team.workers) == 2


@pytest.mark.gen_test(timeout=90)
async def test_people_on_two_workers_talk(team: Team, http_client: AsyncHTTPClient) -> None:
    one, other = team.workers
    ana = await register(http_client, team.url, "Ana")
    ben = await register(http_client, team.url, "Ben")
    async with (
        device_on(team, one, ana) as phone,
        device_on(team, other, ben) as tablet,
    ):
        await phone.command("send_message", recipient_id=ben.id, content="hello")
        assert (await tablet.expect("message"))["content"] == "hello"
        await tablet.command("send_message", recipient_id=ana.id, content="hello, too")
        await phone.expect("message")
        assert (await phone.expect("message"))["content"] == "hello, too"


def test_the_embedded_redis_is_for_its_owner_alone(team: Team) -> None:
    assert (team.folder / "data/redis/redis.sock").stat().st_mode & 0o077 == 0
    assert (team.folder / "data/redis").stat().st_mode & 0o077 == 0


def test_the_terminal_s_ctrl_c_reaches_the_parent_alone(team: Team) -> None:
    mine = os.getpgid(team.process.pid)
    assert mine not in {os.getpgid(pid) for pid in team.children}


def test_a_killed_worker_is_started_again(team: Team) -> None:
    killed = team.kill_worker()
    wait_until(team.is_whole)
    assert len(team.workers) == 2
    assert killed not in team.workers
    assert "is started again" in team.stderr


@pytest.mark.gen_test(timeout=240)
async def test_a_renewal_loses_no_message_and_doubles_none(folder: Path) -> None:
    outcome = await run(RENEWAL, Options(folder, seed=1))
    assert outcome.violations == []
    assert outcome.faults == RENEWAL.faults


@pytest.mark.gen_test(timeout=120)
async def test_a_renewal_refuses_no_connection(team: Team) -> None:
    before = set(team.workers)
    renewed = asyncio.Event()
    knocking = [asyncio.ensure_future(knock(team.url, renewed)) for _ in range(4)]
    await asyncio.to_thread(team.renew)
    renewed.set()
    assert min(await asyncio.gather(*knocking)) > 0
    assert len(team.workers) == 2
    assert before.isdisjoint(team.workers)


@pytest.mark.gen_test(timeout=120)
async def test_a_renewal_tells_people_to_come_back(
    team: Team, http_client: AsyncHTTPClient
) -> None:
    ana = await register(http_client, team.url, "Ana")
    async with device(ana) as phone:
        renewing = asyncio.ensure_future(asyncio.to_thread(team.renew))
        assert (await phone.expect("going_away"))["retry_after_ms"] >= 1000
        assert await phone.closed() == 1012
        await renewing


def test_a_wish_to_renew_during_a_renewal_is_not_forgotten(team: Team) -> None:
    before, done = set(team.workers), team.renewals
    team.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(team.workers) == 3)
    between = set(team.workers) - before
    team.process.send_signal(signal.SIGHUP)
    wait_until(lambda: team.renewals == done + 2)
    assert len(team.workers) == 2
    assert (before | between).isdisjoint(team.workers)


def test_a_version_that_does_not_start_leaves_the_old_one_serving(team: Team) -> None:
    before = team.workers
    settings = team.folder / ".env"
    settings.write_text("JWT_ACCESS_SECRET=short\n")
    team.process.send_signal(signal.SIGHUP)
    try:
        wait_until(lambda: "the workers stay as they are" in team.stderr)
        assert "the workers stay as they are: a worker ended with code 2 " in team.stderr
    finally:
        settings.unlink()
    assert team.workers == before
    assert team.is_ready()
    team.renew()
    assert set(before).isdisjoint(team.workers)


def test_a_worker_that_dies_in_a_renewal_leaves_as_many_as_there_were(team: Team) -> None:
    before, done = set(team.workers), team.renewals
    dying = team.workers[0]
    team.process.send_signal(signal.SIGHUP)
    team.kill_worker(dying)  # long before there is one that it could make way for
    wait_until(lambda: team.renewals > done and team.is_whole())
    assert len(team.workers) == 2
    assert before.isdisjoint(team.workers)


def understudies(folder: Path, number: int) -> Workers:
    """Return as many that stand for workers, none of which has begun."""
    share = Share(sockets=[], mongodb_uri="", redis_url="", meters=str(folder))
    return Workers(UNDERSTUDY, share, number)


@pytest.mark.gen_test(timeout=60)
async def test_workers_that_are_ready_are_stopped_in_order_when_another_does_not_get_so(
    tmp_path: Path,
) -> None:
    doom(tmp_path, 3, 1, after=3)
    workers = understudies(tmp_path, 4)
    with pytest.raises(WorkerFailedError):
        await workers.start()
    await workers.stop()
    assert names_in(tmp_path, "stopped-*") == ["stopped-0", "stopped-1", "stopped-2"]
    assert [pid for pid in workers.pids if is_alive(pid)] == []


@pytest.mark.parametrize("code", [1, 2])
@pytest.mark.gen_test(timeout=60)
async def test_a_worker_that_says_what_is_wrong_ends_the_start_with_its_own_code(
    tmp_path: Path, code: int
) -> None:
    doom(tmp_path, 0, code)
    workers = understudies(tmp_path, 2)
    with pytest.raises(WorkerFailedError, match=f"^a worker ended with code {code} ") as failure:
        await workers.start()
    assert failure.value.has_said_why
    assert names_in(tmp_path, "begun-*") == ["begun-0"]


@pytest.mark.parametrize("number", [0, 1], ids=["the first", "another"])
@pytest.mark.gen_test(timeout=60)
async def test_a_worker_that_is_killed_while_it_starts_is_started_again(
    tmp_path: Path, number: int
) -> None:
    doom(tmp_path, number, -signal.SIGKILL, after=number)
    workers = understudies(tmp_path, 2)
    await workers.start()
    assert len(workers.pids) == 2
    await workers.stop()
    assert len(names_in(tmp_path, "begun-*")) == 3
    assert len(names_in(tmp_path, "stopped-*")) == 2


def test_workers_that_are_killed_each_time_end_the_start_with_one_sentence(folder: Path) -> None:
    # What Python runs in each process before anything else.
    (folder / "sitecustomize.py").write_text(
        "import os, sys\nif '--worker' in sys.orig_argv: os.kill(os.getpid(), 9)\n"
    )
    said = refused(Team(folder, PYTHONPATH=str(folder)), 1).splitlines()
    assert said[-1] == ("The server cannot start: a worker was ended by signal 9 while it started.")
    assert sum("is started again" in line for line in said) == 4
    assert "Traceback" not in "".join(said)


def test_a_database_of_another_shape_ends_the_start_of_workers_with_their_code(
    folder: Path, mongod: EmbeddedMongod
) -> None:
    name = f"test_{secrets.token_hex(6)}"
    client: MongoClient[dict[str, Any]] = MongoClient(mongod.uri)
    with client:
        people = [{"email_key": "ada@example.org"}, {"email_key": "ada@example.org"}]
        client[name]["users"].insert_many(people)
        said = refused(Team(folder, MONGODB_URI=mongod.uri, MONGODB_DB=name), 1)
        client.drop_database(name)
    assert said.startswith(f"The database {name} cannot be prepared")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all(folder: Path, signum: int) -> None:
    with Team(folder) as team:
        everybody = team.children
        assert len(everybody) == 4  # two workers, MongoDB, Redis
        assert team.stop(signum) == 0
        assert [pid for pid in everybody if is_alive(pid)] == []
    assert "Traceback" not in team.stderr
    # An orderly end empties the file; a killed one leaves its number there.
    assert (folder / "data/mongodb/mongod.lock").read_text() == ""


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_it_starts_stops_all(folder: Path, signum: int) -> None:
    team = Team(folder)
    try:
        wait_until(lambda: bool(team.workers))
        # So that it does not get ready before the signal is sent.
        beginning = team.workers
        for worker in beginning:
            os.kill(worker, signal.SIGSTOP)
        everybody = team.children
        team.process.send_signal(signum)
        for worker in beginning:
            with suppress(ProcessLookupError):  # it has been ended already
                os.kill(worker, signal.SIGCONT)
        assert team.wait() == 0
    finally:
        team.kill()
    assert [pid for pid in everybody if is_alive(pid)] == []
    assert team.stdout == ""
    assert "Traceback" not in team.stderr


def test_a_signal_during_a_renewal_stops_all(folder: Path) -> None:
    with Team(folder) as team:
        team.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(team.workers) == 3)
        everybody = team.children
        assert team.stop() == 0
    assert [pid for pid in everybody if is_alive(pid)] == []


def test_ctrl_c_lets_requests_under_way_finish(folder: Path) -> None:
    with Team(folder) as team, request_under_way(team) as connection:
        team.press_ctrl_c()
        wait_until(lambda: len(team.workers) == 1)  # the one that had nothing to do is gone
        connection.send(b"}")
        with connection.getresponse() as reply:
            # Nobody has that address, which only the database knows.
            assert reply.status == 401
        assert team.wait() == 0


def test_all_end_with_a_parent_that_is_killed_and_others_begin_on_the_same_data(
    folder: Path,
) -> None:
    with Team(folder) as team:
        everybody = team.children
        team.kill()
        wait_until(lambda: not any(map(is_alive, everybody)))
        with Team(folder, PORT=str(team.port)) as again:
            assert len(again.workers) == 2


def test_what_a_dead_worker_counted_counts_and_what_it_had_open_does_not(team: Team) -> None:
    with team.only(team.workers[0]):
        for _ in range(3):
            assert team.is_ready()
    counted = team.measure("realchat_requests_total")
    assert counted >= 3
    team.kill_worker()
    wait_until(team.is_whole)
    assert team.measure("realchat_requests_total") >= counted
    living = set(map(str, team.workers))
    wait_until(lambda: team.labels("process_resident_memory_bytes", "worker") == living)


@pytest.mark.gen_test(timeout=90)
async def test_each_worker_tells_of_all(team: Team, http_client: AsyncHTTPClient) -> None:
    one, other = team.workers
    ana = await register(http_client, team.url, "Ana")
    before = {
        name: team.measure(name)
        for name in ("realchat_messages_stored_total", "realchat_append_batch_size_count")
    }
    frames, deliveries = (
        team.measure("realchat_frames_total"),
        team.measure("realchat_deliveries_total"),
    )
    async with device_on(team, one, ana) as phone, device_on(team, other, ana) as tablet:
        for each in (phone, tablet):
            answer = await each.command("send_message", recipient_id=ana.id, content="hello")
            assert answer["type"] == "ack"
        for each in (phone, tablet, phone, tablet):
            await each.expect("message")
        for asked in (one, other):
            with team.only(asked):
                assert await asyncio.to_thread(team.measure, "realchat_sockets_open") == 2
                for name, number in before.items():
                    assert await asyncio.to_thread(team.measure, name) == number + 2
    # Two devices: a hello, two messages and an ack for each.
    assert team.measure("realchat_frames_total") >= frames + 2 + 2 * 4
    assert team.measure("realchat_deliveries_total") >= deliveries + 4


def test_a_worker_that_starts_does_not_count_as_an_outage_of_redis(team: Team) -> None:
    done = team.renewals
    team.process.send_signal(signal.SIGHUP)
    measured = {team.measure("realchat_bus_up")}
    while team.renewals == done:
        measured.add(team.measure("realchat_bus_up"))
    assert measured == {1}


def test_a_killed_redis_is_started_again(team: Team) -> None:
    (redis,) = (pid for pid in team.children if name_of(pid) == "redis-server")
    os.kill(redis, signal.SIGKILL)
    wait_until(lambda: redis not in team.children)
    wait_until(lambda: any(name_of(pid) == "redis-server" for pid in team.children))
    wait_until(lambda: team.measure("realchat_bus_up") == 1)


def test_without_any_redis_one_sentence_says_what_to_set(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    if setpriv := shutil.which("setpriv"):
        (programs / "setpriv").symlink_to(setpriv)
    said = refused(Team(tmp_path, PATH=str(programs)), 1)
    assert said == (
        "Several workers need Redis to hear of each other: set REDIS_URL, "
        "or install redis-server (apt-get install redis-server)."
    )


@pytest.mark.parametrize("number", ["0", "-1", "257", "two", ""])
def test_a_number_of_workers_that_cannot_be_is_refused(tmp_path: Path, number: str) -> None:
    said = refused(Team(tmp_path, number), 2)
    assert said.splitlines()[-1].endswith(
        "--workers must be a number from 1 to 256, or auto for one a core."
    )


def test_auto_is_one_worker_a_core() -> None:
    assert count_workers("auto") == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("number", ["1", "99", "100", "199", "249", "256", "auto"])
def test_a_number_of_workers_that_is_taken_as_a_setting_can_be_counted(number: str) -> None:
    settings = read_settings({"WORKERS": number}, Path("no-such-file"))
    assert 1 <= count_workers(settings.workers) <= 256


def test_a_setting_says_how_many_workers_there_are(folder: Path) -> None:
    (folder / ".env").write_text("WORKERS=2\n")
    with ServerProcess(folder) as team:
        wait_until(lambda: "is ready" in team.stdout)
        assert len(team.workers) == 2


def test_the_command_line_wins_over_the_setting(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--workers", "1", WORKERS="2") as server:
        assert server.workers == []


def test_one_worker_is_the_server_alone(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--workers", "1") as server:
        assert server.workers == []
        assert "in this process" in server.stdout


def test_sighup_ends_a_server_alone_in_order(tmp_path: Path) -> None:
    # As a terminal has it: what runs the tests may be a `nohup`, which is heeded.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        with ServerProcess(tmp_path) as server:
            assert server.stop(signal.SIGHUP) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (tmp_path / "data/mongodb/mongod.lock").read_text() == ""
