"""What a device says: messages until they are acked, and changes of them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from typing import Any

from torture.client import Device
from torture.record import Change, Record

# Three bytes, so that much is to be carried in few frames.
_WIDE = "…"


class Speaker:
    """Speaks on one device, in any of its conversations."""

    def __init__(self, device: Device, record: Record) -> None:
        self._device = device
        self._record = record
        self._rng = device.rng
        self._numbers = itertools.count(1)
        self._own: dict[str, str] = {}

    async def say(self, conversation: str, padding: int = 0) -> None:
        """Send one message, again and again under one `client_id`, until it is acked."""
        device = self._device
        client_id = f"{device.name}-{next(self._numbers)}"
        text = client_id.ljust(padding, _WIDE)
        self._record.send(client_id, device.name, device.address.user, conversation, text)
        fields = {"content": text, "content_lang": "en", "client_id": client_id}
        for attempt in itertools.count():
            await device.is_ready.wait()
            connection = device.connections if attempt == 0 else 0
            answer = await device.command("send_message", **device.targets[conversation], **fields)
            if answer["type"] == "ack":
                numbers = (answer["seq"], answer["rev"], connection)
                self._record.ack(client_id, answer["id"], *numbers)
                self._own[conversation] = answer["id"]
                return
            await self._bear(answer)

    async def change(self, conversation: str) -> None:
        """Edit, react to or delete one's latest message there, once; an error ends it."""
        message_id = self._own.pop(conversation, None)
        if message_id is None:
            return
        await self._device.is_ready.wait()
        kind = self._rng.choice(("edit_message", "react", "delete_message"))
        fields: dict[str, Any] = {"id": message_id}
        if kind == "edit_message":
            fields["content"] = f"{message_id} edited"
        elif kind == "react":
            fields |= {"emoji": "👍", "on": True}
        answer = await self._device.command(kind, **fields)
        if answer["type"] == "ack":
            self._record.changed.append(Change(message_id, answer["rev"]))
        else:
            await self._bear(answer)

    async def _bear(self, answer: Mapping[str, Any]) -> None:
        """Wait as long as an error asks for; note one that should never come."""
        self._record.refuse(self._device.name, answer)
        wait = answer.get("retry_after_ms", 0) / 1000
        await asyncio.sleep(wait + self._rng.uniform(0.05, 0.2))
