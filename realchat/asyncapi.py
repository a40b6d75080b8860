"""The WebSocket interface as an AsyncAPI 3.0 document, made of the frames' types."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, get_args
from urllib.parse import urlsplit

from msgspec import Struct

from realchat.commands import AnyCommand
from realchat.errors import Close, Code
from realchat.frames import AnyEvent
from realchat.requests import ConnectionQuery
from realchat.schemas import BEARER, LICENSE, VERSION, Schema, collect_schemas, describe_codes

ADDRESS = "/ws"

# Which events answer a command; all others are answered with `ack`.
_ANSWERS: dict[str, tuple[str, ...]] = {
    "auth": ("hello",),
    "ping": ("pong",),
    "resume": ("resumed",),
    "typing": (),
}
# RFC 6455's own codes that clients meet here, and the contract's.
CLOSE_CODES: dict[int, str] = {
    1001: "The server is going away. Come back.",
    1009: "The frame was too large.",
    Close.FAULT: "Something went wrong in the server. It has been logged.",
    Close.RESTART: "The server restarts. Come back.",
    Close.MISUSE: "The client did not keep to the protocol.",
    Close.NOT_AUTHENTICATED: (
        "Not, or no longer, authenticated. Do not come back with the same token."
    ),
    Close.TOO_SLOW: "The client read too slowly. Come back and resume.",
    Close.FLOODING: "The client sent too much. Come back after a while.",
}
_INTRODUCTION = """\
Text frames, one JSON object each, with a `type`; at most 64 KiB.

Authenticate with the `Authorization` header, or with `?token=` where no header can be
set, or with a first frame `{"type": "auth", "token": …}` within 10 seconds. Then comes
`hello`. Any command may carry a `ref`, which its answer repeats: `ack` when it was
carried out, `error` when it was not. `ack` means that a majority of the database has
the message in its journal."""


def describe_frames(server: str) -> Schema:
    """Build the document; `server` is the HTTP URL at which people reach it."""
    commands, events = _by_tag(AnyCommand), _by_tag(AnyEvent)
    frames = {
        **{_key("receive", name): kind for name, kind in commands.items()},
        **{_key("send", name): kind for name, kind in events.items()},
    }
    schemas, components = collect_schemas(frames.values())
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "RealChat",
            "version": VERSION,
            "description": _INTRODUCTION,
            "license": {"name": LICENSE["name"]},
        },
        "defaultContentType": "application/json",
        "servers": {"realchat": _describe_server(server)},
        "channels": {"chat": _describe_channel(frames)},
        "operations": {
            **{name: _describe_command(name, events) for name in commands},
            "receive": {
                "action": "send",
                "summary": "What the server tells without being asked, and its answers.",
                "channel": {"$ref": "#/channels/chat"},
                "messages": [_in_channel(_key("send", name)) for name in events],
            },
        },
        "components": {
            "messages": {
                key: _describe_message(key, kind, schemas[kind]) for key, kind in frames.items()
            },
            "schemas": components,
            "securitySchemes": _SECURITY,
        },
        "x-close-codes": {str(int(code)): text for code, text in CLOSE_CODES.items()},
        "x-error-codes": describe_codes(Code),
    }


_SECURITY: Schema = {
    "bearer": BEARER,
    "query": {
        "type": "httpApiKey",
        "in": "query",
        "name": "token",
        "description": "The access token, for browsers, which cannot set headers here. Not logged.",
    },
}


def _by_tag(union: Any) -> dict[str, type[Struct]]:
    return {str(kind.__struct_config__.tag): kind for kind in get_args(union)}


def _key(action: str, name: str) -> str:
    """Name a message: `read` and `typing` are both a command and an event."""
    return name if action == "receive" else f"{name}_event"


def _describe_server(url: str) -> Schema:
    parts = urlsplit(url)
    return {
        "host": parts.netloc,
        "protocol": "wss" if parts.scheme == "https" else "ws",
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY],
    }


def _describe_channel(frames: Iterable[str]) -> Schema:
    _, components = collect_schemas([ConnectionQuery])
    query = components[ConnectionQuery.__name__]
    return {
        "address": ADDRESS,
        "description": "One connection of one device. A foreign `Origin` is refused with 403.",
        "messages": {key: {"$ref": f"#/components/messages/{key}"} for key in frames},
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {"type": "object", "properties": query["properties"]},
            }
        },
    }


def _describe_command(name: str, events: Iterable[str]) -> Schema:
    answers = [*_ANSWERS.get(name, ("ack",)), "error"]
    return {
        "action": "receive",
        "channel": {"$ref": "#/channels/chat"},
        "messages": [_in_channel(_key("receive", name))],
        "reply": {
            "channel": {"$ref": "#/channels/chat"},
            "messages": [
                _in_channel(_key("send", answer)) for answer in answers if answer in events
            ],
        },
    }


def _in_channel(key: str) -> Schema:
    return {"$ref": f"#/channels/chat/messages/{key}"}


def _describe_message(key: str, kind: type[Struct], schema: Schema) -> Schema:
    summary, _, details = inspect.cleandoc(kind.__doc__ or "").partition("\n")
    described: Schema = {
        "name": kind.__struct_config__.tag,
        "title": key,
        "summary": summary,
        "payload": schema,
    }
    if details.strip():
        described["description"] = details.strip()
    return described
