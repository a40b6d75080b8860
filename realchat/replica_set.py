"""The first words with the embedded MongoDB: it becomes a set of one, with one user.

Every step looks at what is there first, so that a start killed between any
two of them is completed by the next one.
"""

from __future__ import annotations

import time
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import AutoReconnect, OperationFailure

NAME = "realchat"
USER = "realchat"
_ROLES = ["readWriteAnyDatabase", "dbAdminAnyDatabase", "clusterMonitor"]
# https://github.com/mongodb/mongo/blob/v6.0/src/mongo/base/error_codes.yml
_NOT_YET_INITIALIZED = 94
# Seconds. A set of one elects itself at once; this is for a machine that is busy.
_PATIENCE = 60

Admin = Database[dict[str, Any]]


def configure_set(port: int, key: str, password: str) -> None:
    """Make the `mongod` on a loopback port a primary that knows the program's user.

    Speaks as `__system`, the member that whoever has the set's key file is, so
    that there never is a moment without authentication. Raises `PyMongoError`.
    """
    client: MongoClient[dict[str, Any]] = MongoClient(
        "127.0.0.1",
        port,
        username="__system",
        password=key,
        authSource="local",
        directConnection=True,
        serverSelectionTimeoutMS=_PATIENCE * 1000,
    )
    end = time.monotonic() + _PATIENCE
    with client:
        while True:
            try:
                _place_member(client.admin, f"127.0.0.1:{port}")
                _await_primary(client.admin)
                return _set_user(client.admin, password)
            except AutoReconnect:
                # On a new port it first looks for itself on the old one, for up to
                # 30 s where a stranger is mute there, and then drops everybody.
                if time.monotonic() > end:
                    raise


def user_uri(port: int, password: str) -> str:
    """Return the address with which the program's user connects."""
    return f"mongodb://{USER}:{password}@127.0.0.1:{port}/?directConnection=true&authSource=admin"


def _place_member(admin: Admin, address: str) -> None:
    try:
        config = admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIALIZED:
            raise
        first = {"_id": NAME, "members": [{"_id": 0, "host": address}]}
        admin.command("replSetInitiate", first)
        return
    member = config["members"][0]
    if member["host"] != address:
        # The port is another one than last time, so that the member does not
        # find itself in its set; without a majority only force can tell it.
        member["host"] = address
        config["version"] += 1
        admin.command("replSetReconfig", config, force=True)


def _await_primary(admin: Admin) -> None:
    end = time.monotonic() + _PATIENCE
    while not admin.command("hello")["isWritablePrimary"]:
        if time.monotonic() > end:
            raise OperationFailure("no primary")
        time.sleep(0.01)


def _set_user(admin: Admin, password: str) -> None:
    exists = admin.command("usersInfo", USER)["users"]
    admin.command("updateUser" if exists else "createUser", USER, pwd=password, roles=_ROLES)
