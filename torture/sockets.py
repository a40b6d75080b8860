"""Connections that are opened by whoever may be cancelled meanwhile."""

from __future__ import annotations

import asyncio

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect


async def open_socket(request: HTTPRequest, heartbeat: float | None) -> WebSocketClientConnection:
    """Open a connection; one that opens too late for who was cancelled is closed.

    Seconds of `heartbeat`: between two signs of life, and for each. Raises what
    `websocket_connect` raises.
    """
    opening = asyncio.ensure_future(
        websocket_connect(request, ping_interval=heartbeat, ping_timeout=heartbeat)
    )
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close)
        raise


def _close(opened: asyncio.Future[WebSocketClientConnection]) -> None:
    if opened.exception() is None:
        opened.result().close()
