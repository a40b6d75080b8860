"""A real Redis for tests: on a socket, or three that share the slots."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from parts import require
from processes import PATIENCE, free_port, wait_until

from torture.redis_process import RedisProcess


class RedisServer(RedisProcess):
    """`redis-server` on a socket in a folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        """Start it, or skip the test where there is none; `options` come last."""
        require(shutil.which("redis-server") is not None, "redis-server is not installed")
        self.socket = folder / "redis.sock"
        place = ("--port", "0", "--unixsocket", str(self.socket))
        super().__init__(folder, f"unix://{self.socket}", *place, *options)

    def listeners(self, channel: str) -> int:
        """Return how many connections listen to a channel."""
        with self.client() as client:
            ((_, number),) = client.pubsub_shardnumsub(channel)
            return int(number)


class RedisCluster:
    """Three servers that share the slots, on the loopback address."""

    def __init__(self, folder: Path) -> None:
        """Start them and have them find each other."""
        self.ports = [free_port() for _ in range(3)]
        self.servers = []
        for port in self.ports:
            place = folder / str(port)
            place.mkdir()
            options = ("--port", str(port), "--bind", "127.0.0.1", "--cluster-enabled", "yes")
            bus = ("--cluster-port", str(free_port()), "--cluster-node-timeout", "2000")
            self.servers.append(RedisServer(place, *options, *bus))
        addresses = [f"127.0.0.1:{port}" for port in self.ports]
        create = ["redis-cli", "--cluster", "create", *addresses, "--cluster-yes"]
        subprocess.run(create, check=True, capture_output=True, timeout=PATIENCE)
        wait_until(lambda: all(self._is_whole(one) for one in self.servers))
        self.url = f"redis://{addresses[0]}"

    def move(self, slot: int) -> None:
        """Give a slot, which must have no keys, to another server than has it."""
        ids = [_text(server, "CLUSTER", "MYID") for server in self.servers]
        owner = next(n for n, one in enumerate(self.servers) if _has(one, slot))
        for server in self.servers:
            _text(server, "CLUSTER", "SETSLOT", str(slot), "NODE", ids[owner - 1])

    def kill(self) -> None:
        """End all the hard way."""
        for server in self.servers:
            server.kill()

    def start(self) -> None:
        """Start all again, with what they knew of each other."""
        for server in self.servers:
            server.start()

    def keys(self) -> int:
        """Return how many keys there are."""
        return sum(int(_text(server, "DBSIZE")) for server in self.servers)

    def _is_whole(self, server: RedisServer) -> bool:
        return "cluster_state:ok" in _text(server, "CLUSTER", "INFO")


def _has(server: RedisServer, slot: int) -> bool:
    (line,) = [one for one in _text(server, "CLUSTER", "NODES").splitlines() if "myself" in one]
    ranges = [part.split("-") for part in line.split()[8:]]
    return any(int(part[0]) <= slot <= int(part[-1]) for part in ranges)


def _text(server: RedisServer, *command: str) -> str:
    """Send a command as it is; return the answer."""
    done = subprocess.run(
        ["redis-cli", "-s", server.socket, *command], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
