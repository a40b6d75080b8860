"""The operator's own MongoDB: whether it can be used, and what of its address may be shown."""

from __future__ import annotations

import re
import time
from typing import Any

from dns.exception import Timeout
from dns.resolver import NoNameservers, NoResolverConfiguration
from pymongo import MongoClient
from pymongo.errors import ConfigurationError, ConnectionFailure, OperationFailure, PyMongoError
from pymongo.read_preferences import Nearest
from pymongo.uri_parser import split_options

from realchat.settings import SettingError, StartError

# Milliseconds until the start gives up, and seconds where members of a set answer that
# have no primary: they elect one within 12 s
# (https://www.mongodb.com/docs/manual/core/replica-set-elections/).
_PATIENCE = 4000
_ELECTION = 15
# What a router answers that does not reach a shard or the config servers: HostUnreachable,
# HostNotFound, NetworkTimeout, FailedToSatisfyReadPreference,
# ReadConcernMajorityNotAvailableYet, NetworkInterfaceExceededTimeLimit, KeyNotFound
# (https://github.com/mongodb/mongo, error_codes.yml).
_PASSING = frozenset((6, 7, 89, 133, 134, 202, 211))
# What a look-up meets while the network comes up, other than that there is no such name.
_UNKNOWN = (Timeout, NoNameservers, NoResolverConfiguration, OSError)

Client = MongoClient[dict[str, Any]]


def try_uri(uri: str, database: str) -> bool:
    """Wait until the MongoDB of `MONGODB_URI` takes writes; tell whether it is a sharded cluster.

    Raises `SettingError`, or `StartError` where it may be no fault of the setting: what
    does not answer may do so in a moment.
    """
    end = time.monotonic() + _ELECTION
    try:
        _check_options(uri)
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
    except (ValueError, OSError) as error:
        raise SettingError(
            f"MONGODB_URI cannot be used ({type(error).__name__}): correct its port, or the "
            "files that it names."
        ) from None
    except PyMongoError as error:
        kind = StartError if _may_pass(error) else SettingError
        raise kind(_advice(error, uri)) from None


def _check_options(uri: str) -> None:
    """Refuse what the driver would leave out with a warning. Raises `SettingError` or `OSError`."""
    seen = set()
    for option in re.split("[&;]", uri.rpartition("@")[2].partition("?")[2]):
        name, _, value = option.partition("=")
        if not value:
            continue  # which the driver refuses itself
        if name in seen:
            raise SettingError(f"MONGODB_URI has the option {name} twice: remove one.")
        if name.lower() != "readpreferencetags":
            seen.add(name)
        try:
            split_options(option)
        except (ValueError, TypeError, ConfigurationError):
            raise SettingError(
                f"MONGODB_URI has an option {name} that there is not, or that cannot be what it "
                "is set to: correct or remove it."
            ) from None


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


def _may_pass(error: PyMongoError) -> bool:
    """Tell whether another start may succeed without another setting."""
    if isinstance(error, ConnectionFailure) or error.timeout or _is_unknown(error):
        return True
    return isinstance(error, OperationFailure) and error.code in _PASSING


def _is_unknown(error: PyMongoError) -> bool:
    """Tell whether nobody could say which servers an address of `mongodb+srv` stands for."""
    # The driver says that as it does of an address that is none; what the look-up met is the cause.
    return isinstance(error.__cause__, _UNKNOWN)


def _advice(error: PyMongoError, uri: str) -> str:
    if isinstance(error, ConnectionFailure):
        return (
            f"No MongoDB that takes writes answers at {hosts_of(uri)} now: start it and then this "
            "server again, correct MONGODB_URI, or leave it out to run on the embedded one."
        )
    if _is_unknown(error):
        return (
            f"The servers of {hosts_of(uri)} cannot be looked up now: start again once the DNS "
            "knows them, or correct MONGODB_URI."
        )
    if isinstance(error, ConfigurationError):
        return "MONGODB_URI is not an address of MongoDB: write it as mongodb://user:password@host."
    if _may_pass(error):
        return (
            f"The MongoDB at {hosts_of(uri)} does not reach all of its servers "
            f"({type(error).__name__}): start them, and then this server again."
        )
    return (
        f"The MongoDB at {hosts_of(uri)} refuses ({type(error).__name__}): correct user, password "
        "and rights of MONGODB_URI, or the name in MONGODB_DB."
    )
