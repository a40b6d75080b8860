"""One of everything that the page can show, to look at it in every way."""

from __future__ import annotations

import io
from typing import NamedTuple

import people
from engine import Engine
from forms import upload
from people import Person
from PIL import Image
from tornado.httpclient import AsyncHTTPClient

SPANISH = "Mañana voy a la biblioteca con mis amigos de la ciudad."
LONG = "A long story, told without a hurry. " * 30 + "W" * 200


class Everything(NamedTuple):
    """Who is there, and the group in which every kind of message was said."""

    ana: Person  # reads Catalan; the page is in the browser's language for her
    ben: Person
    cleo: Person
    dan: Person  # takes no messages of Ana's
    group: str


async def make_everything(http: AsyncHTTPClient, base_url: str, engine: Engine) -> Everything:
    """Have people talk; the engine is left thinking about the last Spanish message."""
    ana = await people.register(http, base_url, "Ana", language="ca")
    ben, cleo, dan = [
        await people.register(http, base_url, name, language="es")
        for name in ("Ben", "Cleo", "Dan")
    ]
    group = await found_group(ana, "Hikers", ben, cleo)
    news = await found_group(ben, "Announcements", ana)
    await say(cleo, SPANISH, recipient_id=ana.id)
    await say(cleo, "¿Vienes?", recipient_id=ana.id, content_lang="es")
    await say(ana, "Good morning", recipient_id=ben.id)
    await say(ana, "Hello, Dan", recipient_id=dan.id)
    await say(ben, "Closed on Sunday", group_id=news, content_lang="ca")
    await ana.patch(f"/conversations/group:{news}", {"muted": True})
    await dan.post(f"/users/{ana.id}/block")
    await talk(ana, ben, cleo, group)
    engine.gate.clear()
    await say(cleo, "El tren sale a las cinco.", group_id=group, content_lang="es")
    return Everything(ana, ben, cleo, dan, group)


async def talk(ana: Person, ben: Person, cleo: Person, group: str) -> None:
    """Say everything that can be said."""
    there = {"group_id": group}
    first = await say(ben, SPANISH, **there)
    second = await say(cleo, "La foto es bonita.", reply_to=first, content_lang="es", **there)
    for spanish in (first, second):
        translation = (await ana.get(f"/messages/{spanish}/translation", lang="ca")).json
        assert translation["status"] == "ready"
    for one, emoji in ((ana, "👍"), (ben, "👍"), (cleo, "🎉")):
        await one.put(f"/messages/{first}/reactions/{emoji_path(emoji)}")
    own = await say(ana, "See https://example.org/ and `code`", content_lang="ca", **there)
    await ana.patch(f"/messages/{own}", {"content": "See https://example.org/map and `code`"})
    gone = await say(ben, "A slip", content_lang="ca", **there)
    await ben.delete(f"/messages/{gone}")
    files = [await upload(ben, picture(color), f"{color}.png") for color in ("teal", "orange")]
    notes = await upload(ben, b"x" * 2000, "minutes of the meeting.txt")
    urls = [one["url"] for one in (*files, notes)]
    await say(ben, "", files=urls, **there)
    await say(ben, "Look, @Ana", files=urls[:1], content_lang="ca", **there)
    await say(ana, LONG, content_lang="ca", **there)
    await say(cleo, "🎉", **there)
    await say(cleo, "שלום חברים, מה שלומכם היום?", content_lang="he", **there)
    seq = (await ben.get("/messages/group", group_id=group, limit=1)).json[0]["seq"]
    await ben.post(f"/conversations/group:{group}/read", {"seq": seq})


async def say(sender: Person, content: str, **fields: object) -> str:
    """Send a message; return its id."""
    reply = await sender.post("/messages", {"content": content, **fields})
    assert reply.status == 201, reply
    message_id: str = reply.json["id"]
    return message_id


async def found_group(owner: Person, name: str, *members: Person) -> str:
    """Make a group; return its id."""
    body = {"name": name, "members": [one.id for one in members], "private": True}
    group_id: str = (await owner.post("/groups", body)).json["id"]
    return group_id


def emoji_path(emoji: str) -> str:
    """Write an emoji for an address."""
    return "".join(f"%{byte:02X}" for byte in emoji.encode())


def picture(color: str) -> bytes:
    """Draw a picture of one colour."""
    drawn = io.BytesIO()
    Image.new("RGB", (300, 200), color).save(drawn, "PNG")
    return drawn.getvalue()
