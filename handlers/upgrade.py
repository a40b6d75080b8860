"""From HTTP to WebSocket: the answer to a handshake, and the socket out of Tornado's hands.

Only public parts of Tornado are used.
"""

from __future__ import annotations

import asyncio
from socket import SO_SNDBUF, SOL_SOCKET, socket

from tornado.iostream import IOStream
from tornado.websocket import WebSocketHandler, WebSocketProtocol13

_READ = 64 * 1024
# Bytes that the kernel may hold for one who does not read. Left to itself it takes up to
# 4 MB, and keeps them for minutes after the connection was given up.
_SEND_BUFFER = 256 * 1024


async def take_over(handler: WebSocketHandler) -> tuple[socket, bytes]:
    """Answer a handshake that was checked; return its socket, and what came behind it already.

    Raises `StreamClosedError` when the client is gone.
    """
    key = handler.request.headers["Sec-WebSocket-Key"]
    handler.clear_header("Content-Type")
    handler.set_status(101)
    handler.set_header("Upgrade", "websocket")
    handler.set_header("Connection", "Upgrade")
    handler.set_header("Sec-WebSocket-Accept", WebSocketProtocol13.compute_accept_value(key))
    sent = handler.finish()
    # In the same turn, before Tornado reads the next request.
    stream = handler.detach()
    await sent
    return _leave(stream)


def _leave(stream: IOStream) -> tuple[socket, bytes]:
    try:
        reading = asyncio.ensure_future(stream.read_bytes(_READ, partial=True))
        early = reading.result() if reading.done() else b""
        own = stream.socket.dup()
        own.setsockopt(SOL_SOCKET, SO_SNDBUF, _SEND_BUFFER)
        return own, early
    finally:
        stream.close()
