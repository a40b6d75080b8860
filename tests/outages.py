"""Outages for tests: what the store does while the database is out of reach."""

from __future__ import annotations

from realchat.errors import ChatError, Code


async def fail(*arguments: object) -> None:
    """Stand in for a method of the store that cannot reach the database."""
    raise ChatError(Code.UNAVAILABLE) from ConnectionError()
