"""What clients ask over REST: what changed in a conversation since a rev."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tornado.httpclient import AsyncHTTPClient

_PAGE = 200


class Address(NamedTuple):
    """Where the server answers, and who asks."""

    url: str
    user: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """The header that says who asks."""
        return {"Authorization": f"Bearer {self.token}"}


async def fetch_changes(
    address: Address, target: Mapping[str, str], since: int, patience: float
) -> list[dict[str, Any]]:
    """Return the next page of what changed after a rev, in rev order.

    `target` names the conversation as a message to it does. Raises `HTTPError`
    and what a broken connection raises.
    """
    kind, name = ("group", "group_id") if "group_id" in target else ("dm", "user_id")
    asked = {name: next(iter(target.values())), "changed_since": since, "limit": _PAGE}
    reply = await AsyncHTTPClient().fetch(
        f"{address.url}/messages/{kind}?{urlencode(asked)}",
        headers=address.headers,
        request_timeout=patience,
    )
    page: list[dict[str, Any]] = json.loads(reply.body)
    return page
