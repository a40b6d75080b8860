"""Two nodes behind nginx that share a Redis and a MongoDB, and how each of these is broken."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from tornado.httpclient import AsyncHTTPClient, HTTPError, HTTPRequest

from torture.crowd import Crowd
from torture.ground import Ground, find_faults
from torture.namespace import Namespace
from torture.nginx import Nginx
from torture.processes import PATIENCE, ServerProcess, free_port
from torture.redis_process import RedisProcess
from torture.replica_set import ReplicaSet
from torture.stand import ENVIRON

_HERE = "127.0.0.1"
_SOCKETS = "realchat_sockets_open"
# Seconds until people who were disconnected try again to be on both nodes: some of what
# nginx gives no one to a node that once did not answer.
_PAUSE = 1.0
# Seconds until every device must have what was stored when all was mended.
BEHIND = 30


class Node:
    """One `server.py`, on its address and in its folder whatever happens to it."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        *arguments: str,
        network: Namespace | None = None,
    ) -> None:
        folder.mkdir()
        self.name = folder.name
        self._folder = folder
        self._arguments = arguments
        self._inside = network.prefix if network else ()
        host = network.inner if network else _HERE
        self._environ = {**environ, "HOST": host, "PORT": str(free_port())}
        self.address = f"{host}:{self._environ['PORT']}"
        self.server: ServerProcess | None = None

    def start(self) -> None:
        """Start it. For the main thread: it ends with the thread that started it."""
        self.server = ServerProcess(
            self._folder, *self._arguments, inside=self._inside, **self._environ
        )

    @property
    def running(self) -> ServerProcess:
        """The process, of a node that was started."""
        assert self.server is not None
        return self.server

    async def wait_ready(self) -> None:
        """Wait until `/readyz` says so."""
        end = time.monotonic() + PATIENCE
        while not await asyncio.to_thread(self.running.is_ready):
            assert self.running.process.poll() is None, self.running.stderr
            assert time.monotonic() < end, f"node {self.name} does not become ready"
            await asyncio.sleep(0.05)

    async def count_sockets(self) -> float:
        """Return how many connections it has; 0 where it does not say."""
        url = f"http://{self.address}/metrics"
        token = {"Authorization": f"Bearer {self._environ['METRICS_TOKEN']}"}
        try:
            reply = await AsyncHTTPClient().fetch(HTTPRequest(url, headers=token))
        except (HTTPError, OSError):
            return 0
        lines = reply.body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(_SOCKETS))


class Fleet(Ground):
    """All of it on this machine; with a `network`, one node is in a namespace of its own."""

    def __init__(
        self,
        folder: Path,
        rng: random.Random,
        members: ReplicaSet,
        network: Namespace | None = None,
    ) -> None:
        self._folder = folder
        self._host = network.outer if network else _HERE
        self._port = free_port()
        self.replicas = members
        self.network = network
        self.nodes = self._make_nodes(network)
        self._redis: RedisProcess | None = None
        self._nginx: Nginx | None = None
        self._nginx_port = free_port()
        super().__init__(rng, self._nginx_port, members)

    def _make_nodes(self, network: Namespace | None) -> Sequence[Node]:
        environ = {
            **ENVIRON,
            "MONGODB_URI": self.replicas.uri,
            "REDIS_URL": f"redis://{self._host}:{self._port}",
            "JWT_ACCESS_SECRET": secrets.token_hex(32),
            "JWT_REFRESH_SECRET": secrets.token_hex(32),
            "METRICS_TOKEN": secrets.token_hex(16),
            "TRUSTED_PROXIES": self._host,
        }
        one = Node(self._folder / "one", environ, "--workers", "2")
        return one, Node(self._folder / "other", environ, network=network)

    @property
    def redis(self) -> RedisProcess:
        """The Redis of both nodes."""
        assert self._redis is not None
        return self._redis

    @property
    def nginx(self) -> Nginx:
        """What stands before both nodes."""
        assert self._nginx is not None
        return self._nginx

    async def open(self) -> None:
        """Start all of it, and open the proxy."""
        hosts = " ".join(dict.fromkeys((_HERE, self._host)))
        options = ("--port", str(self._port), "--bind", *hosts.split(), "--protected-mode", "no")
        self._redis = RedisProcess(self._folder, f"redis://{self._host}:{self._port}", *options)
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            await node.wait_ready()
        self._nginx = Nginx(
            self._folder, [node.address for node in self.nodes], port=self._nginx_port
        )
        await self.proxy.open()

    async def close(self) -> None:
        """End everything."""
        await self.proxy.close()
        with contextlib.ExitStack() as closing:
            for part in (self._redis, self._nginx):
                if part is not None:
                    closing.callback(part.kill)
            for node in self.nodes:
                if node.server is not None and node.server.process.poll() is None:
                    closing.callback(node.server.kill_all)

    async def prepare(self, crowd: Crowd) -> None:
        """Have everybody know all that is stored, and people be on both nodes."""
        await self.wait_complete(crowd)
        end = time.monotonic() + PATIENCE
        while min([await node.count_sockets() for node in self.nodes]) < len(crowd.devices) // 4:
            assert time.monotonic() < end, "nobody comes to one of the nodes"
            self.proxy.cut(0.5)
            await asyncio.sleep(_PAUSE)
            await crowd.wait_ready(PATIENCE)

    async def wait_complete(self, crowd: Crowd, when: str = "") -> None:
        """Wait until every device has what is stored now; note who never gets it, and when."""
        last, begin = await self.look(), time.monotonic()
        while behind := [one.name for one in crowd.devices if not one.has(last)]:
            if time.monotonic() - begin > BEHIND:
                self.faults.append(f"{behind} are {BEHIND} s behind {when}")
                return
            await asyncio.sleep(0.05)
        self.times[f"all have all {when}".strip()].append(time.monotonic() - begin)

    async def kill(self, node: Node) -> None:
        """Kill -9 a node with its workers, as the loss of its machine does."""
        await asyncio.to_thread(node.running.kill_all)
        self._collect(node)

    async def stop(self, node: Node) -> float:
        """Stop a node as an operator does; return the seconds it took."""
        begin = time.monotonic()
        code = await asyncio.to_thread(node.running.stop)
        if code != 0:
            self.faults.append(f"node {node.name} ended with code {code} after SIGTERM")
        self._collect(node)
        return time.monotonic() - begin

    async def start(self, node: Node) -> None:
        """Start a node again."""
        node.start()
        await node.wait_ready()

    def connect(self) -> MongoClient[dict[str, Any]]:
        """Connect to the database."""
        return self.replicas.client()

    def collect_faults(self) -> None:
        """Take over what the nodes have complained of since their starts."""
        for node in self.nodes:
            self._collect(node)

    def _collect(self, node: Node) -> None:
        if node.server is not None:
            self.faults += (f"{node.name}: {one}" for one in find_faults(node.server.stderr))
