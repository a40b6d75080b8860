"""The embedded Redis of several workers: on a private socket, with nothing kept on disk."""

from __future__ import annotations

import shutil
import socket
import time
from pathlib import Path

from realchat.companion import Companion
from realchat.folders import prepare_folder
from realchat.settings import StartError

# Seconds.
_START_PATIENCE = 20
_STOP_PATIENCE = 5
# A name of this length or more is no address (unix(7): 108 bytes with the final zero).
_LONGEST = 107


class EmbeddedRedis(Companion):
    """A `redis-server` for the workers of one machine."""

    name = "Redis"
    patience = _STOP_PATIENCE

    def __init__(self, data_dir: Path, binary: str) -> None:
        self._binary = binary
        self.folder = data_dir / "redis"
        self._socket = self.folder / "redis.sock"
        if len(str(self._socket)) > _LONGEST:
            raise StartError(
                f"{self._socket} is too long a name for a socket: set DATA_DIR to a shorter one."
            )
        self.start()

    @property
    def url(self) -> str:
        """The address to connect to."""
        return f"unix://{self._socket}"

    def open(self) -> None:
        """Wait until it answers. Raises `StartError`."""
        end = time.monotonic() + _START_PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(str(self._socket)) == 0:
                    return
            time.sleep(0.01)
        raise StartError("The embedded Redis does not start: set REDIS_URL to one that runs.")

    def prepare(self) -> list[str]:
        """Clear the way for the process; return its command."""
        self._socket.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "save": "",
            "appendonly": "no",
            "logfile": "",
            "daemonize": "no",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [self._binary, *words]


def start_redis(data_dir: Path) -> EmbeddedRedis:
    """Start the `redis-server` of this machine for its workers. Raises `StartError`."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise StartError(
            "Several workers need Redis to hear of each other: set REDIS_URL, "
            "or install redis-server (apt-get install redis-server)."
        )
    data_dir = data_dir.resolve()
    prepare_folder("DATA_DIR", data_dir / "redis")
    redis = EmbeddedRedis(data_dir, binary)
    try:
        redis.open()
    except BaseException:
        redis.stop()
        raise
    return redis
