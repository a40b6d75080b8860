"""The embedded MongoDB: started with the server, stopped with it, never left behind."""

from __future__ import annotations

import contextlib
import secrets
import socket
import time
from pathlib import Path

from pymongo.errors import PyMongoError

from realchat.companion import Companion
from realchat.folders import prepare_folder
from realchat.mongod_binary import MongodBinary, find_mongod
from realchat.orphan import end_orphan
from realchat.replica_set import NAME, configure_set, user_uri
from realchat.secrets_file import keep_secret, secrets_dir
from realchat.settings import StartError

# Seconds. Reading the journal after a crash comes before the first connection.
_START_PATIENCE = 120
_STOP_PATIENCE = 20
_ATTEMPTS = 3
# https://www.mongodb.com/docs/manual/reference/exit-codes/: the port is taken;
# a fault at start, which is also what a folder in use by another mongod gives.
_WORTH_ANOTHER_TRY = (48, 100)
# Below those that Linux gives to outgoing connections, one of which could have
# the port of last time when the server comes back.
_PORTS = range(20000, 26000)
_OPTIONS = (
    *("--bind_ip", "127.0.0.1", "--nounixsocket", "--replSet", NAME),
    # 6.0.5's zlib compressor leaks memory to whoever can connect (CVE-2025-14847).
    *("--networkMessageCompressors", "disabled"),
    # GB and MB: the defaults are half of the memory, and 5 % of the disk.
    *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "1024"),
    # The log would quote slow operations, and with them what people wrote.
    *("--quiet", "--slowOpSampleRate", "0.0"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    *("--setParameter", "enableLocalhostAuthBypass=false"),
    # Seconds for which it keeps what was, and the open files of what was dropped. Nobody reads it.
    *("--setParameter", "minSnapshotHistoryWindowInSeconds=0"),
    # Milliseconds for secondaries to catch up, and there are none.
    *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
)


class MongodEndedError(Exception):
    """The process ended instead of starting; `code` is its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"it ended with code {code}")
        self.code = code


class EmbeddedMongod(Companion):
    """A single-member replica set on a loopback port, with authentication."""

    name = "MongoDB"
    patience = _STOP_PATIENCE

    def __init__(self, data_dir: Path, binary: MongodBinary) -> None:
        self.binary = binary
        self.folder = data_dir / "mongodb"
        self.log = data_dir / "mongodb.log"
        self._port_file = data_dir / "mongodb.port"
        self._key_file = secrets_dir(data_dir) / "mongodb_key"
        self._key = keep_secret(self._key_file)
        self.password = keep_secret(secrets_dir(data_dir) / "mongodb_password")
        self.port = _free_port(self._port_file)
        self.start()

    @property
    def uri(self) -> str:
        """The address to connect to; it holds the password, so it is not for logs."""
        return user_uri(self.port, self.password)

    def open(self) -> None:
        """Wait until it takes writes. Raises `StartError` or `MongodEndedError`."""
        self.await_port()
        try:
            configure_set(self.port, self._key, self.password)
        except PyMongoError as error:
            raise _failure(self.log, type(error).__name__) from None
        self._port_file.write_text(str(self.port))

    def prepare(self) -> list[str]:
        """Clear the way for the process; return its command."""
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        command = [str(self.binary.path), "--dbpath", str(self.folder)]
        command += ["--port", str(self.port), "--keyFile", str(self._key_file)]
        return [*command, "--logpath", str(self.log), *_OPTIONS]

    def await_port(self) -> None:
        """Wait until it can be connected to. Raises `StartError` or `MongodEndedError`."""
        end = time.monotonic() + _START_PATIENCE
        while time.monotonic() < end:
            if (code := self.process.poll()) is not None:
                raise MongodEndedError(code)
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise _failure(self.log, "it does not answer")


def start_mongod(data_dir: Path) -> EmbeddedMongod:
    """Start MongoDB on a data folder, which nobody else may use; return it ready for writes.

    Blocks for about a second. Raises `StartError`.
    """
    data_dir = data_dir.resolve()
    folder = data_dir / "mongodb"
    prepare_folder("DATA_DIR", folder)
    series = data_dir / "mongodb.version"
    binary = find_mongod(series.read_text() if series.exists() else "")
    for attempt in range(1, _ATTEMPTS + 1):
        end_orphan(folder)
        mongod = EmbeddedMongod(data_dir, binary)
        try:
            mongod.open()
        except MongodEndedError as error:
            if error.code not in _WORTH_ANOTHER_TRY or attempt == _ATTEMPTS:
                raise _failure(mongod.log, str(error)) from None
            time.sleep(1)
        except BaseException:
            mongod.stop()
            raise
        else:
            series.write_text(binary.series)
            return mongod
    raise AssertionError("the last attempt returns or raises")


def _failure(log: Path, why: str) -> StartError:
    return StartError(
        f"The embedded MongoDB does not start ({why}): see {log} for the cause, "
        "or set MONGODB_URI to a server that runs."
    )


def _free_port(last: Path) -> int:
    """Return the port of last time if it is free, else any free one."""
    with contextlib.suppress(OSError, ValueError):
        if _is_free(port := int(last.read_text())):
            return port
    while not _is_free(port := secrets.choice(_PORTS)):
        pass
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
        return True
