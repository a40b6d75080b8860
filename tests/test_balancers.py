"""Two servers of two workers each behind the balancers of `deploy/`: one chat, nothing sticky."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from balancers import (
    DEPLOY,
    NAME,
    Balancer,
    Haproxy,
    Nginx,
    exchange,
    find,
    write_certificate,
    write_site,
)
from people import Client, Person, register
from processes import ServerProcess, free_port, wait_until
from redis_part import RedisServer
from sockets import device
from tornado.httpclient import AsyncHTTPClient, HTTPError
from tornado.websocket import websocket_connect

from realchat.mongod import EmbeddedMongod


class Site:
    """Two servers, and a balancer before them."""

    def __init__(
        self, servers: list[ServerProcess], environ: dict[str, str], balancer: Balancer
    ) -> None:
        self.servers = servers
        self._environ = environ
        self.balancer = balancer
        self.url = balancer.url

    def restart(self) -> None:
        """Start again what has ended; return when the balancer knows."""
        self.start_again()
        wait_until(lambda: answers(self))

    def start_again(self) -> None:
        """Start again what has ended; the balancer may not know.

        For the main thread: servers end with the thread that started them.
        """
        for place, server in enumerate(self.servers):
            if server.process.poll() is not None:
                environ = {**self._environ, "PORT": str(server.port)}
                self.servers[place] = start(server.folder, environ)
        for server in self.servers:
            server.wait_ready()


def start(folder: Path, environ: dict[str, str]) -> ServerProcess:
    """Start a server as it runs on one of several machines."""
    return ServerProcess(folder, "--workers", "2", **environ)


@pytest.fixture(scope="module")
def environ(mongod: EmbeddedMongod) -> Iterator[dict[str, str]]:
    """What both servers are set to: one database and one Redis."""
    given = {
        "MONGODB_URI": mongod.uri,
        "MONGODB_DB": f"test_{secrets.token_hex(6)}",
        "JWT_ACCESS_SECRET": secrets.token_hex(32),
        "JWT_REFRESH_SECRET": secrets.token_hex(32),
        "BCRYPT_ROUNDS": "10",
        "TRUSTED_PROXIES": "127.0.0.1",
    }
    with TemporaryDirectory() as folder:
        redis = RedisServer(Path(folder))
        yield {**given, "REDIS_URL": redis.url}
        redis.kill()


@pytest.fixture(scope="module")
def servers(
    environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[ServerProcess]]:
    """Two servers that share what they know."""
    started = [start(tmp_path_factory.mktemp(name), environ) for name in ("one", "two")]
    try:
        for server in started:
            server.wait_ready()
        yield started
    finally:
        for server in started:
            server.kill()


@pytest.fixture(scope="module", params=[Nginx, Haproxy])
def site(
    request: pytest.FixtureRequest, servers: list[ServerProcess], environ: dict[str, str]
) -> Iterator[Site]:
    """Both servers behind one of the balancers."""
    find(request.param.program)
    addresses = [f"127.0.0.1:{each.port}" for each in servers]
    with TemporaryDirectory() as folder:
        balancer: Balancer = request.param(Path(folder), addresses)
        started = Site(servers, environ, balancer)
        wait_until(lambda: answers(started))
        yield started
        balancer.stop()


def answers(site: Site) -> bool:
    """Tell whether the balancer has found somebody to ask."""
    done = subprocess.run(
        ["curl", "-sf", "-o", "/dev/null", f"{site.url}/readyz"], check=False, timeout=60
    )
    return done.returncode == 0


def asked(server: ServerProcess, route: str) -> int:
    """Return how many requests of a route a server has answered."""
    return server.stderr.count(f'"route":"{route}"')


@pytest.mark.gen_test(timeout=90)
async def test_people_behind_the_balancer_talk_wherever_they_are(
    site: Site, http_client: AsyncHTTPClient
) -> None:
    ana = await register(http_client, site.url, "Ana")
    ben = await register(http_client, site.url, "Ben")
    at = [Person(http_client, each.url, signed_in(ben)) for each in site.servers]
    async with device(ana) as phone, device(at[0]) as one, device(at[1]) as two:
        await phone.command("send_message", recipient_id=ben.id, content="hello")
        for each in (one, two):
            assert (await each.expect("message"))["content"] == "hello"
        await two.command("send_message", recipient_id=ana.id, content="hello, too")
        await phone.expect("message")
        assert (await phone.expect("message"))["content"] == "hello, too"


def signed_in(person: Person) -> dict[str, object]:
    return {
        "user": person.user,
        "user_id": person.id,
        "access_token": person.token,
        "refresh_token": person.refresh_token,
    }


@pytest.mark.gen_test(timeout=90)
async def test_requests_of_one_person_go_to_both_servers(
    site: Site, http_client: AsyncHTTPClient
) -> None:
    ana = await register(http_client, site.url, "Ana")
    before = [asked(each, "/auth/me") for each in site.servers]
    while any(
        asked(each, "/auth/me") == number for each, number in zip(site.servers, before, strict=True)
    ):
        replies = await asyncio.gather(*(ana.get("/auth/me") for _ in range(4)))
        assert {reply.status for reply in replies} == {200}


@pytest.mark.gen_test(timeout=90)
async def test_the_measures_are_hidden(site: Site, http_client: AsyncHTTPClient) -> None:
    assert (await Client(http_client, site.url).get("/metrics")).status == 404


@pytest.mark.gen_test(timeout=90)
async def test_a_client_s_word_on_its_own_address_is_replaced(
    site: Site, http_client: AsyncHTTPClient
) -> None:
    # The limit of sign-ins goes by the address: with a new one each time it would never come.
    client = Client(http_client, site.url)
    for number in range(400):
        reply = await client.call(
            "POST",
            "/auth/request-otp",
            {"email": f"nobody{number}@example.org"},
            headers={"X-Forwarded-For": f"192.0.2.{number % 250}"},
        )
        if reply.error == "rate_limited":
            return
    raise AssertionError("one address may ask without end")


@pytest.mark.gen_test(timeout=90)
async def test_a_body_goes_through_whole(site: Site, http_client: AsyncHTTPClient) -> None:
    ana = await register(http_client, site.url, "Ana")
    content = secrets.token_bytes(2 * 1024 * 1024)
    head = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    reply = await ana.call(
        "POST",
        "/upload",
        raw=head.encode() + content + b"\r\n--b--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert reply.status == 201
    assert reply.json["files"][0]["size"] == len(content)


@pytest.mark.gen_test(timeout=180)
async def test_when_a_server_stops_its_people_go_on_at_the_other(
    site: Site, http_client: AsyncHTTPClient
) -> None:
    ana = await register(http_client, site.url, "Ana")
    async with AsyncExitStack() as stack:
        # Some of them are on either server.
        phones = [await stack.enter_async_context(device(ana)) for _ in range(6)]
        await phones[0].command("send_message", recipient_id=ana.id, content="before")
        await asyncio.to_thread(site.servers[0].stop)
        async with device(ana) as again:
            ack = await again.command("send_message", recipient_id=ana.id, content="after")
            assert ack["seq"] == 2
        replies = [await ana.get("/auth/me") for _ in range(8)]
        assert {reply.status for reply in replies} == {200}
    site.restart()


@pytest.mark.gen_test(timeout=180)
async def test_where_no_server_is_there_the_balancer_says_so_in_the_contract_s_words(
    site: Site, http_client: AsyncHTTPClient
) -> None:
    for server in site.servers:
        await asyncio.to_thread(server.stop)
    reply = await Client(http_client, site.url).get("/auth/me")
    assert (reply.status, reply.error) == (503, "unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    site.restart()


def test_nginx_writes_what_people_search_for_into_no_log(tmp_path: Path) -> None:
    find("nginx")
    away = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    nginx = Nginx(tmp_path, away)
    try:
        paths = ["/users", "/upload", "/ws", "/groups/invite/word"]
        plain = (tmp_path / "site.conf").read_text().partition("listen 127.0.0.1:")[2]
        redirecting = f"http://127.0.0.1:{plain.partition(';')[0]}"
        for url in (*(f"{nginx.url}{path}" for path in paths), redirecting):
            subprocess.run(
                ["curl", "-s", "-o", "/dev/null", f"{url}?q=secretword"], check=True, timeout=60
            )
    finally:
        nginx.stop()
    logs = {path.name: path.read_text() for path in tmp_path.glob("*.log")}
    assert not [name for name, text in logs.items() if "secretword" in text]
    # That a machine is away is to be seen all the same.
    (line,) = (each for each in logs["realchat.log"].splitlines() if "/users" in each)
    assert all(address in line for address in away)
    assert '"502' in line


@pytest.mark.gen_test(timeout=180)
async def test_nginx_lets_all_come_back_at_once_where_both_servers_were_away(
    servers: list[ServerProcess], environ: dict[str, str], tmp_path: Path
) -> None:
    find("nginx")
    nginx = Nginx(tmp_path, [f"127.0.0.1:{each.port}" for each in servers])
    try:
        site = Site(servers, environ, nginx)
        for server in site.servers:
            await asyncio.to_thread(server.stop)
        url = site.url.replace("http", "ws", 1) + "/ws"
        for _ in range(4):
            with pytest.raises(HTTPError, match="503"):
                await websocket_connect(url)
        site.start_again()
        sockets = [await websocket_connect(url) for _ in range(8)]
        for socket in sockets:
            socket.close()
            await socket.read_message()
    finally:
        nginx.stop()


def check(*command: str) -> None:
    """Run a program that looks at a file; fail with what it says."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nginx_takes_the_site_with_its_certificate(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    write_site(tmp_path, 8080, 8443, ("127.0.0.1:5001", "127.0.0.1:5002"))
    check(find("nginx"), "-t", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path))


def test_haproxy_takes_its_file_with_a_certificate(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    path = tmp_path / "haproxy.cfg"
    words = {"/etc/haproxy/certs/": f"{tmp_path}/"}
    path.write_text(exchange((DEPLOY / "haproxy.cfg").read_text(), words))
    assert NAME in path.read_text()
    check(find("haproxy"), "-c", "-f", str(path))
