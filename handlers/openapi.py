"""The REST interface as an OpenAPI 3.1 document, made of the routes and their types.

Nothing here is written by hand about a particular route: a new one appears by
being in the route table.
"""

from __future__ import annotations

import inspect
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from types import NoneType
from typing import Any, NamedTuple

from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler

from handlers.endpoint import JSON, Operation
from handlers.openapi_answers import (
    describe_failures,
    describe_headers,
    describe_successes,
    errors_of,
)
from handlers.openapi_parameters import (
    describe_headers_and_cookies,
    describe_parameter,
    describe_path,
)
from handlers.routes import Route
from realchat.errors import Code
from realchat.replies import ErrorReply
from realchat.schemas import BEARER, LICENSE, VERSION, Schema, collect_schemas, describe_codes

METHODS = ("get", "put", "post", "delete", "patch", "head")

_HANDSHAKE = (Code.FOREIGN_ORIGIN, Code.UPGRADE_REQUIRED)
_INTRODUCTION = """\
A chat server in which everyone writes and reads in their own language.

Ids are 24 hex digits; times are RFC 3339, UTC, with milliseconds. Bodies are strict
JSON in UTF-8, and fields that are not known here are refused. Every answer carries
`X-Request-Id`, which the server's log has too. Every error has the same body with a
`code` for programs; a request that is not well-formed HTTP gets `bad_request`, a
method that an address does not take `method_not_allowed`. What a person may not know
of does not exist for them: `not_found`.

New messages, typing, presence and the like arrive over the WebSocket at `/ws`, which
`/asyncapi.json` describes."""


class Declared(NamedTuple):
    """An operation where it is found."""

    template: str
    method: str
    handler: type[RequestHandler]
    operation: Operation
    text: str


def describe_routes(routes: Iterable[Route], server: str) -> Schema:
    """Build the document; `server` is the URL at which people reach it."""
    routes = list(routes)
    declared = list(find_operations(routes))
    schemas, components = collect_schemas(_types_of(declared))
    writer = _Writer(schemas, components)
    paths: dict[str, Schema] = defaultdict(dict)
    for found in declared:
        paths[found.template][found.method] = writer.describe(found)
    for route in routes:
        if route.template not in paths:
            paths[route.template]["get"] = writer.describe_plain(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "RealChat",
            "version": VERSION,
            "description": _INTRODUCTION,
            "license": LICENSE,
        },
        "servers": [{"url": server}],
        "tags": _describe_tags(routes),
        "paths": dict(paths),
        "components": {
            "schemas": writer.public_components(declared),
            "headers": describe_headers(),
            "securitySchemes": {"bearer": BEARER},
        },
        "x-error-codes": describe_codes(Code),
    }


def find_operations(routes: Iterable[Route]) -> Iterator[Declared]:
    """Yield every operation that the routes' handlers declare."""
    for route in routes:
        for method in METHODS:
            function = getattr(route.handler, method, None)
            operation = getattr(function, "operation", None)
            if isinstance(operation, Operation):
                text = inspect.getdoc(function) or ""
                yield Declared(route.template, method, route.handler, operation, text)


class _Writer:
    """Writes operations down, with the schemas of their types at hand."""

    def __init__(self, schemas: dict[Any, Schema], components: dict[str, Schema]) -> None:
        self._schemas = schemas
        self._components = components

    def describe(self, found: Declared) -> Schema:
        operation = found.operation
        _, _, details = found.text.partition("\n")
        path = describe_path(found.template)
        codes = errors_of(operation, has_parameters=bool(path))
        described: Schema = {
            "operationId": _operation_id(found.method, found.template),
            "tags": [_tag(found.handler)],
            "summary": operation.summary,
            "parameters": [
                *path,
                *self._query_parameters(operation),
                *describe_headers_and_cookies(operation),
            ],
            "responses": {
                **describe_successes(operation, self._schemas),
                **describe_failures(codes, self._schemas),
            },
            "security": [] if operation.public else [{"bearer": []}],
        }
        if details.strip():
            described["description"] = details.strip()
        if content := self._body(operation):
            described["requestBody"] = content
        return described

    def describe_plain(self, route: Route) -> Schema:
        """Describe an address whose handler declares nothing: a socket, or a page's file."""
        socket = issubclass(route.handler, WebSocketHandler)
        status = HTTPStatus.SWITCHING_PROTOCOLS if socket else HTTPStatus.OK
        failures = describe_failures(_HANDSHAKE if socket else (), self._schemas)
        return {
            "operationId": _operation_id("get", route.template),
            "tags": [_tag(route.handler)],
            "summary": _first_line(route.handler.__doc__),
            "parameters": describe_path(route.template),
            "responses": {str(status.value): {"description": status.phrase}, **failures},
            "security": [{"bearer": []}, {}] if socket else [],
        }

    def public_components(self, declared: Iterable[Declared]) -> dict[str, Schema]:
        """Return the components but for query strings, which stand as parameters."""
        queries = {self._name(found.operation.query) for found in declared if found.operation.query}
        return {name: shape for name, shape in self._components.items() if name not in queries}

    def _name(self, kind: Any) -> str:
        return str(self._schemas[kind]["$ref"]).rpartition("/")[2]

    def _query_parameters(self, operation: Operation) -> list[Schema]:
        if operation.query is None:
            return []
        record = self._components[self._name(operation.query)]
        required = record.get("required", [])
        return [
            describe_parameter("query", name, shape, required=name in required)
            for name, shape in record["properties"].items()
        ]

    def _body(self, operation: Operation) -> Schema | None:
        if operation.body is not None:
            shape = self._schemas[operation.body]
            optional = not self._components.get(self._name(operation.body), {}).get("required")
            return {"required": not optional, "content": {JSON: {"schema": shape}}}
        if operation.media_type == JSON:
            return None
        return {"required": True, "content": {operation.media_type: _stream(operation)}}


def _types_of(declared: Iterable[Declared]) -> Iterator[Any]:
    yield ErrorReply
    for found in declared:
        operation = found.operation
        replies = operation.reply if operation.reply_type == JSON else None
        for kind in (operation.body, operation.query, replies):
            if kind not in (None, NoneType):
                yield kind


def _stream(operation: Operation) -> Schema:
    octets: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}
    if operation.media_type != "multipart/form-data":
        return {"schema": octets}
    files = {"type": "array", "items": octets, "minItems": 1}
    return {"schema": {"type": "object", "properties": {"file": files}, "required": ["file"]}}


def _describe_tags(routes: Iterable[Route]) -> list[Schema]:
    modules = dict.fromkeys(route.handler.__module__ for route in routes)
    return [
        {"name": name.rpartition(".")[2], "description": _first_line(sys.modules[name].__doc__)}
        for name in modules
    ]


def _tag(handler: type[RequestHandler]) -> str:
    return handler.__module__.rpartition(".")[2]


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _operation_id(method: str, template: str) -> str:
    words = template.replace("{", "").replace("}", "").replace(".", "_")
    return "_".join([method, *filter(None, words.split("/"))])
