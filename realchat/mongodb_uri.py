"""The operator's own MongoDB: whether it can be used, and what of its address may be shown."""

from __future__ import annotations

import time
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, ConnectionFailure, PyMongoError
from pymongo.read_preferences import Nearest

from realchat.settings import SettingError, StartError

# Milliseconds until the start gives up, and seconds where members of a set answer that
# have no primary: they elect one within 12 s
# (https://www.mongodb.com/docs/manual/core/replica-set-elections/).
_PATIENCE = 4000
_ELECTION = 15

Client = MongoClient[dict[str, Any]]


def try_uri(uri: str, database: str) -> bool:
    """Wait until the MongoDB of `MONGODB_URI` takes writes; tell whether it is a sharded cluster.

    Raises `SettingError`, or `StartError` where it is no fault of the setting.
    """
    end = time.monotonic() + _ELECTION
    try:
        client: Client = MongoClient(
            uri,
            serverSelectionTimeoutMS=_PATIENCE,
            connectTimeoutMS=_PATIENCE // 2,
            timeoutMS=_PATIENCE,
        )
        with client:
            while not _takes_writes(client, database):
                if time.monotonic() > end:
                    raise StartError(
                        f"The MongoDB at {hosts_of(uri)} has no primary: start the other members "
                        "of its replica set, for most of them must be up and reach each other."
                    )
            return _is_cluster(client)
    except PyMongoError as error:
        raise SettingError(_advice(error, uri)) from None


def _takes_writes(client: Client, database: str) -> bool:
    """Tell whether a MongoDB takes writes; not, where it is a set that lacks a primary."""
    try:
        # Matches nothing, yet needs a primary and the right to write there.
        client[database]["meta"].update_one({"_id": "try"}, {"$set": {"tried": True}})
    except ConnectionFailure:
        known = client.topology_description
        if known.has_writable_server() or not known.has_readable_server(Nearest()):
            raise
        return False
    return True


def _is_cluster(client: Client) -> bool:
    servers = client.topology_description.server_descriptions().values()
    return any(one.server_type_name == "Mongos" for one in servers)


def hosts_of(uri: str) -> str:
    """Return the hosts of an address, without its credentials."""
    return uri.partition("://")[2].rpartition("@")[2].partition("/")[0].partition("?")[0]


def _advice(error: PyMongoError, uri: str) -> str:
    if isinstance(error, ConnectionFailure):
        return (
            f"No MongoDB that takes writes answers at {hosts_of(uri)}: start it, correct "
            "MONGODB_URI, or leave it out to run on the embedded one."
        )
    if isinstance(error, ConfigurationError):
        return "MONGODB_URI is not an address of MongoDB: write it as mongodb://user:password@host."
    return (
        f"The MongoDB at {hosts_of(uri)} refuses ({type(error).__name__}): correct user, password "
        "and rights of MONGODB_URI, or the name in MONGODB_DB."
    )
