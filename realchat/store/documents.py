"""What MongoDB keeps, as the driver takes and gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import ObjectId

Document = dict[str, Any]
Query = Mapping[str, Any]


def object_id(id: str) -> ObjectId:
    """Return the id as the database keeps it in `_id`."""
    return ObjectId(id)
