"""FastAPI on uvicorn, as its tutorial does it: every text goes to everyone of the same path."""

from __future__ import annotations

import sys
from collections import defaultdict

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

ROOMS: defaultdict[str, set[WebSocket]] = defaultdict(set)


async def pass_on(websocket: WebSocket, name: str) -> None:
    """Serve one connection."""
    await websocket.accept()
    room = ROOMS[name]
    room.add(websocket)
    try:
        while True:
            text = await websocket.receive_text()
            for each in tuple(room):
                await each.send_text(text)
    except WebSocketDisconnect:
        room.discard(websocket)


application = FastAPI()
application.add_api_websocket_route("/{name}", pass_on)
uvicorn.run(
    application,
    host="127.0.0.1",
    port=int(sys.argv[1]),
    loop="uvloop",
    log_level="warning",
    backlog=1024,
    ws_per_message_deflate=False,
)
