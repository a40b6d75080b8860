"""A replica set: of three, another one becomes the primary; of one, several servers share it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from realchat.mongod_binary import find_mongod
from torture.processes import LEASH, PATIENCE, free_port

NAME = "torture"
# Milliseconds without a primary's heartbeat before the others elect one; MongoDB waits 10,000.
_ELECTION = 2000
_OPTIONS = (
    *("--nounixsocket", "--replSet", NAME, "--quiet"),
    *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "256"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
)


_HERE = "127.0.0.1"


class ReplicaSet:
    """Some `mongod` processes on free ports of the loopback address, and of `host`."""

    def __init__(self, folder: Path, number: int = 3, host: str = _HERE) -> None:
        self._folder = folder
        self._host = host
        self._binary = find_mongod().path
        self.ports = [free_port() for _ in range(number)]
        self._processes = {port: self._spawn(port) for port in self.ports}

    @property
    def uri(self) -> str:
        """The address of all members."""
        hosts = ",".join(f"{self._host}:{port}" for port in self.ports)
        return f"mongodb://{hosts}/?replicaSet={NAME}"

    def client(self) -> MongoClient[dict[str, Any]]:
        """Connect to the set."""
        return MongoClient(self.uri)

    def open(self) -> None:
        """Make the members one set, and wait for its first primary."""
        members = [
            {"_id": place, "host": f"{self._host}:{port}"} for place, port in enumerate(self.ports)
        ]
        settings = {"electionTimeoutMillis": _ELECTION}
        config = {"_id": NAME, "members": members, "settings": settings}
        for port in self.ports:
            # Each of them has to answer, or none becomes a member.
            with MongoClient[dict[str, Any]](self._host, port, directConnection=True) as one:
                one.admin.command("ping")
        with MongoClient[dict[str, Any]](self._host, self.ports[0], directConnection=True) as one:
            one.admin.command("replSetInitiate", config)
        self.wait_primary()

    def close(self) -> None:
        """End all members."""
        for process in self._processes.values():
            process.kill()
            process.wait()

    def step_down(self) -> None:
        """Have the primary give its place to another member."""
        with self.client() as client, contextlib.suppress(PyMongoError):
            client.admin.command("replSetStepDown", 5, force=True)

    def kill_primary(self) -> int:
        """Kill the primary; return its port."""
        port = self.wait_primary()
        self._processes[port].kill()
        self._processes[port].wait()
        return port

    def restart(self, port: int) -> None:
        """Start a killed member again."""
        self._processes[port] = self._spawn(port)

    def freeze(self, port: int) -> None:
        """Have a member do nothing any more."""
        self._processes[port].send_signal(signal.SIGSTOP)

    def thaw(self, port: int) -> None:
        """Have a frozen member go on."""
        self._processes[port].send_signal(signal.SIGCONT)

    def wait_primary(self) -> int:
        """Wait until there is a primary; return its port."""
        end = time.monotonic() + PATIENCE
        with self.client() as client:
            while (primary := client.primary) is None:
                assert time.monotonic() < end, "no primary"
                with contextlib.suppress(PyMongoError):
                    client.admin.command("ping")
                time.sleep(0.05)
        return primary[1]

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        data = self._folder / f"member-{self.ports.index(port)}"
        data.mkdir(parents=True, exist_ok=True)
        command = [*LEASH, str(self._binary), "--dbpath", str(data), "--port", str(port)]
        command += ["--bind_ip", ",".join(dict.fromkeys((_HERE, self._host)))]
        return subprocess.Popen(
            [*command, *_OPTIONS],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
