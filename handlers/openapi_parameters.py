"""What a request brings besides its body, as OpenAPI: in its path, its query, its headers."""

from __future__ import annotations

from typing import Any

from tornado.web import RequestHandler

from handlers.endpoint import Heeded, Operation
from handlers.routes import Route
from realchat.fields import ConversationId, Emoji, Id, Token
from realchat.schemas import Schema, collect_schemas

# What a path's parameters are where they are not ids.
_PARAMETERS: dict[str, Any] = {
    "conversation": ConversationId,
    "emoji": Emoji,
    "invite": Token,
    "name": str,
    "version": str,
    "path": str,
}


def describe_path(template: str) -> list[Schema]:
    """Describe the parameters of a path, which are all required."""
    names = Route(template, RequestHandler).parameters
    schemas, _ = collect_schemas([_PARAMETERS.get(name, Id) for name in names])
    return [
        describe_parameter("path", name, schemas[_PARAMETERS.get(name, Id)], required=True)
        for name in names
    ]


def describe_headers_and_cookies(operation: Operation) -> list[Schema]:
    """Describe the headers and cookies that an operation heeds, besides those that all do."""
    return [*map(_heeded, operation.heeds), *_conditions(operation)]


def describe_parameter(place: str, name: str, shape: Schema, *, required: bool) -> Schema:
    """Describe one parameter; `place` is where it is: path, query, header or cookie."""
    described: Schema = {"name": name, "in": place, "required": required, "schema": shape}
    if text := shape.get("description"):
        described["description"] = text
    return described


def _conditions(operation: Operation) -> list[Schema]:
    """Describe the headers that ask for a part, or only for what is new."""
    names = {206: "Range", 304: "If-None-Match"}
    return [
        describe_parameter("header", name, {"type": "string"}, required=False)
        for status, name in names.items()
        if status in operation.also
    ]


def _heeded(heeded: Heeded) -> Schema:
    shape: Schema = {"type": "string", "description": heeded.text}
    if heeded.choices:
        shape["enum"] = list(heeded.choices)
    return describe_parameter(heeded.place, heeded.name, shape, required=False)
