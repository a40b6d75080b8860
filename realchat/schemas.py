"""What both served documents say alike: of errors, of the server, of the types."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from realchat.errors import Code

Schema = dict[str, Any]

VERSION = "1"
REF = "#/components/schemas/{name}"
LICENSE = {"name": "MIT", "identifier": "MIT"}
BEARER: Schema = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The access token of a session, as signing in returns it.",
}


def collect_schemas(types: Iterable[Any]) -> tuple[dict[Any, Schema], dict[str, Schema]]:
    """Describe types: the schema of each, and the components that those refer to."""
    distinct = list(dict.fromkeys(types))
    schemas, components = msgspec.json.schema_components(distinct, ref_template=REF)
    return dict(zip(distinct, schemas, strict=True)), components


def describe_codes(codes: Iterable[Code]) -> dict[str, Schema]:
    """Tell of error codes: the status and the message that each comes with."""
    ordered = sorted(codes, key=lambda code: (code.status, code.code))
    return {code.code: {"status": code.status, "message": code.message} for code in ordered}


def narrow(schema: Schema, codes: Iterable[Code]) -> Schema:
    """Return the error body's schema with only these codes."""
    names = sorted(code.code for code in codes)
    code = {"properties": {"code": {"enum": names}}}
    return {"allOf": [schema, {"properties": {"error": code}}]}
