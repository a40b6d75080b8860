"""Takes the README's pictures: a real server, a real browser, a real translator.

    make pictures

It needs chromium, letters for what is written (fonts-noto-core, fonts-noto-cjk,
fonts-noto-color-emoji) and Apertium (apertium, apertium-eng-spa, apertium-es-pt).
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import people
from browser import PHONE, Complaints, arrive, chromium, conversation, message, sign_in
from forms import upload
from people import Person
from PIL import Image
from playwright.async_api import Browser, Page, expect
from processes import ServerProcess
from scene import shirts
from sockets import Device, device
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

HERE = Path(__file__).parent
MODES = {("es", "en"): ["spa-eng"], ("pt", "en"): ["pt-es", "spa-eng"], ("en", "es"): ["eng-spa"]}
# Seconds for all pictures; a busy machine needs two minutes.
DEADLINE = 600
CLUB = "Riverside U12"
PLAN = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n" + b" " * 48_000
COLORS = 224
# Those that are not in view are not fetched.
LOADED = """() => [...document.images].every(
  (one) => one.complete || one.getBoundingClientRect().bottom < 0)"""
LARGE: dict[str, Any] = {"viewport": {"width": 1280, "height": 940}, "device_scale_factor": 1.5}
TOUCH: dict[str, Any] = {
    "viewport": PHONE,
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}


class Languages(RequestHandler):
    """What the translator has, as LibreTranslate says it."""

    def get(self) -> None:
        """List the languages, each with those that it is translated into."""
        targets: dict[str, list[str]] = {}
        for source, target in MODES:
            targets.setdefault(source, []).append(target)
        self.finish(
            json.dumps([{"code": one, "name": one, "targets": to} for one, to in targets.items()])
        )


class Translate(RequestHandler):
    """Apertium behind LibreTranslate's interface: what the server reviewed has no English."""

    async def post(self) -> None:
        """Translate a text, from mode to mode."""
        text = self.get_body_argument("q", strip=False)
        for mode in MODES[self.get_body_argument("source"), self.get_body_argument("target")]:
            process = await asyncio.create_subprocess_exec(
                *("apertium", "-u", mode),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            text = (await process.communicate(text.encode()))[0].decode()
        self.finish(json.dumps({"translatedText": text}))


class Club:
    """The people of a football club, and what they say."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.people: dict[str, Person] = {}

    async def found(self) -> None:
        """Make accounts, and what was said before."""
        names = [
            *(("Grace Okafor", "en"), ("Lucía Fernández", "es"), ("Mateo Quispe", "es")),
            *(("Inês Carvalho", "pt"), ("أميرة حداد", "ar"), ("يوسف منصور", "ar")),
            *(("陈伟", "zh-Hans"), ("Noah Miller", "en")),
        ]
        for name, language in names:
            self.people[name.split()[0]] = await people.register(
                AsyncHTTPClient(), self.server, name, language=language
            )
        amira = self.people["أميرة"]
        await amira.patch("/auth/me", {"reads": ["en", "es", "pt"]})
        await self.people["Grace"].patch("/auth/me", {"reads": ["fr"]})

    async def group(self, owner: str, name: str, *members: str) -> str:
        """Make a group; return its id."""
        body = {"name": name, "members": [self.people[one].id for one in members], "private": True}
        group: str = (await self.people[owner].post("/groups", body)).json["id"]
        return group

    async def say(self, name: str, content: str = "", **fields: Any) -> str:
        """Say something; return its id."""
        reply = await self.people[name].post("/messages", {"content": content, **fields})
        assert reply.status == 201, reply
        message_id: str = reply.json["id"]
        return message_id

    async def react(self, message_id: str, emoji: str, *names: str) -> None:
        """React to something."""
        path = "".join(f"%{byte:02X}" for byte in emoji.encode())
        for name in names:
            await self.people[name].put(f"/messages/{message_id}/reactions/{path}")

    async def file(self, name: str, content: bytes, called: str) -> str:
        """Upload a file; return its address."""
        url: str = (await upload(self.people[name], content, called))["url"]
        return url

    async def talk(self) -> str:
        """Have the day's talk in the club's group; return the group."""
        club = await self.group("Grace", CLUB, "Lucía", "Mateo", "Inês", "أميرة")
        there = {"group_id": club}
        await self.say("Grace", "Good morning! Saturday is our first game. Who can help?", **there)
        lunch = await self.say("Mateo", "Yo puedo preparar la comida para todos.", **there)
        await self.say("Inês", "Eu trago a fruta e a água.", **there)
        plan = await self.file("Grace", PLAN, "Saturday, hour by hour.pdf")
        own = await self.say("Grace", "Perfect, thank you!", files=[plan], reply_to=lunch, **there)
        photo = await self.file("Lucía", shirts(), "shirts.jpg")
        new = await self.say("Lucía", "He comprado las camisetas nuevas.", files=[photo], **there)
        await self.say("Grace", "They look great, @Lucía Fernández 🙂", **there)
        await self.react(own, "👍", "Mateo", "Lucía", "Inês")
        await self.react(new, "😍", "Mateo", "Inês", "Grace")
        await self.react(new, "⚽", "Inês")
        return club

    async def talk_before(self) -> None:
        """Have the other talks, the oldest first."""
        grace = self.people["Grace"]
        to_grace = {"recipient_id": grace.id}
        trainers = await self.group("Noah", "Trainers", "Grace")
        await self.say("Noah", "The new goals come on Thursday.", group_id=trainers)
        await grace.patch(f"/conversations/group:{trainers}", {"muted": True})
        await self.say("陈伟", "星期六我可以当裁判。", **to_grace)
        await self.say("Noah", "Pizza after the game? 🍕", **to_grace)
        await self.say("Grace", "Always!", recipient_id=self.people["Noah"].id)
        await self.say("أميرة", "شكرا جزيلا يا كوتش!", **to_grace)
        await self.say("Inês", "As camisetas novas chegaram.", **to_grace)
        await self.say("Mateo", "Mi abuela quiere saber la receta.", **to_grace)
        await self.say("Mateo", "¡Muchas gracias!", **to_grace)

    async def wait_for_translations(self) -> None:
        """Have all that Grace will see translated before she looks."""
        grace = self.people["Grace"]
        for one in (await grace.get("/conversations")).json:
            kind, _, rest = one["id"].partition(":")
            peer = {"user_id": one["peer"]["id"]} if kind == "dm" else {"group_id": rest}
            path = "/messages/dm" if kind == "dm" else "/messages/group"
            for told in (await grace.get(path, **peer)).json:
                await grace.get(f"/messages/{told['id']}/translation", lang="en")

    async def talk_arabic(self) -> str:
        """Have a talk from right to left, with a line of Spanish; return the group."""
        club = await self.group("أميرة", "أهالي الفريق", "يوسف", "Lucía", "Grace")
        there = {"group_id": club}
        first = await self.say("يوسف", "صباح الخير! متى تبدأ المباراة يوم السبت؟", **there)
        await self.say("أميرة", "الساعة العاشرة، والحافلة تنطلق من المدرسة في التاسعة.", **there)
        await self.say("Lucía", "¡Perfecto! Yo traigo las naranjas y el agua 🍊", **there)
        await self.say("Grace", "See you at the field, bring your blue shirts.", **there)
        last = await self.say("يوسف", "ممتاز، وأنا أحضر التمر والشاي.", reply_to=first, **there)
        await self.react(last, "❤️", "أميرة", "Lucía")
        await self.say("أميرة", "شكرا لكم جميعا 🌷", **there)
        return club


async def picture(page: Page, name: str) -> None:
    """Take a picture, in so few colours that it has a third of the bytes."""
    path = HERE / f"{name}.png"
    await page.mouse.move(0, 0)
    await page.wait_for_function(LOADED)
    await page.screenshot(path=path)
    with Image.open(path) as taken:
        taken.convert("RGB").quantize(COLORS).save(path, optimize=True)


async def open_as(browser: Browser, person: Person, **options: Any) -> Page:
    """Open the page as somebody, in the afternoon."""
    ahead = (17 - datetime.now(UTC).hour + 12) % 24 - 12
    afternoon = f"Etc/GMT{-ahead:+d}" if ahead else "UTC"
    page = await arrive(browser, person.base_url, Complaints(), timezone_id=afternoon, **options)
    await sign_in_anywhere(page, person)
    return page


async def sign_in_anywhere(page: Page, person: Person) -> None:
    """Sign in, whatever language the page is in."""
    if not (await page.locator("html").get_attribute("lang") or "").startswith("ar"):
        await sign_in(page, person.email)
        return
    await page.locator("input[type=email]").fill(person.email)
    await page.locator("input[type=password]").fill(people.PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator(".thread").first).to_be_visible()


def spread(database: Any, newest: str) -> None:
    """Have it all said over two days, not within seconds."""
    at, conversation_id = datetime.now(UTC), f"group:{newest}"
    for one in database.messages.find().sort("_id", -1):
        near = one["conversation"] == conversation_id
        at -= timedelta(minutes=2 if near else 41)
        database.messages.update_one({"_id": one["_id"]}, {"$set": {"created_at": at}})


async def take_all(browser: Browser, club: Club, database: Any) -> None:
    """Take picture after picture."""
    await club.found()
    parents = await club.talk_arabic()
    await club.talk_before()
    group = await club.talk()
    await club.wait_for_translations()
    await asyncio.to_thread(spread, database, group)
    names = ("Lucía", "Mateo", "Inês", "يوسف")
    async with AsyncExitStack() as stack:
        devices = {
            name: await stack.enter_async_context(device(club.people[name])) for name in names
        }
        for name in ("Lucía", "Mateo", "Inês"):
            seq = (await club.people[name].get("/messages/group", group_id=group)).json[0]["seq"]
            await club.people[name].post(f"/conversations/group:{group}/read", {"seq": seq})
        await take_entrance(browser, club.server)
        await take_wide(browser, club, devices["Mateo"], group)
        await take_phone(browser, club, devices["Mateo"], group)
        await take_arabic(browser, club, parents)


async def take_entrance(browser: Browser, server: str) -> None:
    """Take the way in."""
    page = await arrive(browser, server, Complaints(), **TOUCH)
    await expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    await picture(page, "entrance")
    await page.context.close()


async def take_wide(browser: Browser, club: Club, mateo: Device, group: str) -> None:
    """Take what Grace sees on a wide screen: by day, and at night with a preview."""
    page = await open_as(browser, club.people["Grace"], color_scheme="light", **LARGE)
    await conversation(page, CLUB).click()
    await expect(message(page, "They look great")).to_be_visible()
    await write_as(mateo, page, group)
    await picture(page, "wide")
    await page.emulate_media(color_scheme="dark")
    await page.get_by_role("button", name="Preview").click()
    await page.get_by_role("textbox", name="Message").fill("My sister can bring the fruit.")
    await expect(page.get_by_text("Translated back")).to_be_visible()
    await write_as(mateo, page, group)
    await picture(page, "dark")
    await page.context.close()


async def take_phone(browser: Browser, club: Club, mateo: Device, group: str) -> None:
    """Take what Grace sees on her phone: the list at night, the group by day."""
    page = await open_as(browser, club.people["Grace"], color_scheme="dark", **TOUCH)
    await picture(page, "list")
    await page.emulate_media(color_scheme="light")
    await conversation(page, CLUB).click()
    await expect(message(page, "They look great")).to_be_visible()
    await write_as(mateo, page, group)
    await picture(page, "phone")
    await page.context.close()


async def write_as(mateo: Device, page: Page, group: str) -> None:
    """Have Mateo write something, which shows for some seconds."""
    await mateo.send_json({"type": "typing", "group_id": group, "on": True})
    await expect(page.locator(".typing")).to_contain_text("Mateo")


async def take_arabic(browser: Browser, club: Club, group: str) -> None:
    """Take what Amira sees, from right to left."""
    page = await open_as(browser, club.people["أميرة"], locale="ar", **TOUCH)
    await page.evaluate("(id) => { location.hash = id; }", f"group:{group}")
    await expect(message(page, "شكرا لكم جميعا")).to_be_visible()
    await picture(page, "arabic")
    await page.context.close()


async def main() -> None:
    """Start what is needed, and take the pictures."""
    socket, port = bind_unused_port()
    translator = Application([("/translate", Translate), ("/languages", Languages)])
    HTTPServer(translator).add_socket(socket)
    with TemporaryDirectory() as folder:
        url = f"http://127.0.0.1:{port}"
        settings = {
            "RATE_LIMITS": "false",
            "LIBRETRANSLATE_URL": url,
            "TRANSLATOR": "libretranslate",
        }
        server = await asyncio.to_thread(ServerProcess, Path(folder), **settings)
        try:
            await asyncio.to_thread(server.wait_ready)
            async with chromium() as browser:
                await take_all(browser, Club(server.url), server.database().realchat)
        finally:
            await asyncio.to_thread(server.stop)


if __name__ == "__main__":
    if not all(map(shutil.which, ("chromium", "apertium"))):
        sys.exit(f"It is missing something. {__doc__}")
    asyncio.run(asyncio.wait_for(main(), DEADLINE))
