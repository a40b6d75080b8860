"""Two people of different languages, for tests with the real LibreTranslate and its models."""

from __future__ import annotations

from typing import Any

from people import Person, register
from raw_http import exchange, request
from sockets import Device
from tornado.httpclient import AsyncHTTPClient

# A text that the models know.
ENGLISH, SPANISH = "Hello! Where is the key?", "¡Hola! ¿Dónde está la llave?"


async def meet(http: AsyncHTTPClient, base_url: str) -> tuple[Person, Person]:
    """Register Ana, who writes and reads English, and Luis, who writes and reads Spanish."""
    return (
        await register(http, base_url, "Ana", language="en"),
        await register(http, base_url, "Luis", language="es"),
    )


async def say(sender: Person, recipient: Person, text: str) -> dict[str, Any]:
    """Send a message in the sender's own language."""
    body = {"recipient_id": recipient.id, "content": text, "content_lang": sender.user["language"]}
    sent = await sender.post("/messages", body)
    assert sent.status == 201, sent
    message: dict[str, Any] = sent.json
    return message


async def hear(phone: Device, sender: Person, recipient: Person, text: str) -> dict[str, Any]:
    """Send a message; return its translation, once its reader has the original."""
    sent = await say(sender, recipient, text)
    message = await phone.expect("message")
    assert (message["id"], message["content"]) == (sent["id"], text)
    assert message["translation"]["status"] == "pending"
    translation = await phone.expect("translation")
    assert translation["id"] == sent["id"]
    return translation


async def ask_again(reader: Person, translation: dict[str, Any]) -> dict[str, Any]:
    """Ask for a message's translation once more."""
    asked: dict[str, Any] = (await reader.get(f"/messages/{translation['id']}/translation")).json
    return asked


async def measures(port: int) -> dict[str, float]:
    """Return the server's measures."""
    lines = (await exchange(port, request("GET /metrics"))).body.decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}
