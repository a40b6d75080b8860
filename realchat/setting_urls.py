"""What the settings that are addresses must look like, and how that is said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, urlsplit

# The settings that are looked at here.
URLS = (
    *("base_url", "client_url", "libretranslate_url", "s3_endpoint_url"),
    *("redis_url", "mongodb_uri"),
)
_HTTP = ("http://", "https://")
_MONGODB = ("mongodb://", "mongodb+srv://")
_REDIS = ("redis://", "rediss://", "unix://")
_ENCODED = (
    "with characters such as `/`, `#`, `?`, `[`, `@` and `%` in a password "
    "percent-encoded (`/` is %2F, `#` is %23)"
)
_AT_HOST = f"must be written as redis://user:password@host:6379/0, {_ENCODED}"
_AT_SOCKET = f"must be written as unix:///path/of/socket, {_ENCODED}"
_SWITCH = re.compile(r"true|false|yes|no|1|0", re.IGNORECASE)
_ANY = re.compile(r".+", re.DOTALL)
# Those of redis-py's options that an operator may need, and what they may be; how long a
# call may take is no setting (https://redis.readthedocs.io/en/stable/connections.html).
_OPTIONS = {
    "db": re.compile(r"[0-9]{1,9}"),
    "username": _ANY,
    "password": _ANY,
    "client_name": re.compile(r"[!-~]+"),
}
_TLS_OPTIONS = {
    "ssl_ca_certs": _ANY,
    "ssl_ca_path": _ANY,
    "ssl_cert_reqs": re.compile("none|optional|required"),
    "ssl_certfile": _ANY,
    "ssl_check_hostname": _SWITCH,
    "ssl_ciphers": _ANY,
    "ssl_keyfile": _ANY,
    "ssl_password": _ANY,
}


def find_fault(name: str, url: str) -> str:
    """Return what the address in a setting must be that it is not, or nothing if it is all right.

    `name` is one of `URLS`. The answer goes on after the setting's name, and quotes nothing of
    the address, any part of which may be one of a password.
    """
    if name == "redis_url":
        return _find_fault_of_redis(url)
    beginnings = _MONGODB if name == "mongodb_uri" else _HTTP
    if not url.startswith(beginnings):
        return f"must begin with {' or '.join(beginnings)}"
    if name == "client_url" and url.rstrip("/").count("/") > len(("http:", "")):
        return "must be an origin, such as https://chat.example.org, without a path"
    return ""


def _find_fault_of_redis(url: str) -> str:
    if not url.startswith(_REDIS):
        return "must begin with redis://, rediss:// or unix://"
    form = _AT_SOCKET if url.startswith("unix://") else _AT_HOST
    try:
        parts = urlsplit(url)
        is_address = _is_socket(parts) if parts.scheme == "unix" else _is_host(parts)
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        return form
    if not is_address or parts.fragment:
        return form
    known = {**_OPTIONS, **(_TLS_OPTIONS if parts.scheme == "rediss" else {})}
    return _find_fault_of_options(options, known)


def _is_host(parts: SplitResult) -> bool:
    """Tell whether it is a host, a port and a database. Raises `ValueError`, as for such a port."""
    is_database = re.fullmatch(r"(/[0-9]{0,9})?", parts.path) is not None
    return bool(parts.hostname) and parts.port != 0 and is_database


def _is_socket(parts: SplitResult) -> bool:
    """Tell whether it is the whole path of a socket."""
    return not parts.netloc.rpartition("@")[2] and len(parts.path) > len("/")


def _find_fault_of_options(
    options: list[tuple[str, str]], known: Mapping[str, re.Pattern[str]]
) -> str:
    names = [name for name, _ in options]
    if len(set(names)) < len(names) or not set(names) <= set(known):
        return f"may have these options behind a `?`, each once, and no others: {', '.join(known)}"
    for name, value in options:
        if not known[name].fullmatch(value):
            return f"has something behind {name}= that cannot be: correct it, or leave it out"
    return ""
