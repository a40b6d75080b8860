"""The operator's own MongoDB: whether it can be used, and what of its address may be shown."""

from __future__ import annotations

from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, ConnectionFailure, PyMongoError

from realchat.settings import SettingError

# Milliseconds until the start gives up.
_PATIENCE = 4000


def try_uri(uri: str, database: str) -> None:
    """Return when the MongoDB of `MONGODB_URI` takes writes, else raise `SettingError`."""
    try:
        client: MongoClient[dict[str, Any]] = MongoClient(
            uri,
            serverSelectionTimeoutMS=_PATIENCE,
            connectTimeoutMS=_PATIENCE // 2,
            timeoutMS=_PATIENCE,
        )
        with client:
            # Matches nothing, yet needs a primary and the right to write there.
            client[database]["meta"].update_one({"_id": "try"}, {"$set": {"tried": True}})
    except PyMongoError as error:
        raise SettingError(_advice(error, uri)) from None


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
