"""Takes the README's picture from a real server, with a real browser and a real translator.

    python docs/images/take.py http://127.0.0.1:5000

The server needs LIBRETRANSLATE_URL with English and Spanish, and a database in which
nobody is called Ana yet.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

PASSWORD = "correct horse battery"
PICTURE = Path(__file__).parent / "page.png"


async def call(url: str, token: str, body: dict[str, Any]) -> Any:
    """POST something as somebody; return the answer."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    reply = await AsyncHTTPClient().fetch(HTTPRequest(url, "POST", headers, json.dumps(body)))
    return json.loads(reply.body)


async def register(server: str, name: str, language: str) -> Any:
    """Make an account; return its tokens and user."""
    body = {"email": f"{name.lower()}@example.org", "password": PASSWORD, "name": name}
    headers = {"Content-Type": "application/json"}
    text = json.dumps({**body, "language": language})
    request = HTTPRequest(f"{server}/auth/register", "POST", headers, text)
    return json.loads((await AsyncHTTPClient().fetch(request)).body)


async def sign_in(browser: Browser, server: str, name: str) -> Page:
    """Open the page and sign in."""
    page = await browser.new_page(viewport={"width": 1000, "height": 620})
    await page.goto(server)
    await page.get_by_label("E-mail").fill(f"{name.lower()}@example.org")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    return page


async def take(server: str) -> None:
    """Let three people talk, and take the picture of what one of them sees."""
    ana = await register(server, "Ana", "en")
    bruno = await register(server, "Bruno", "es")
    carmen = await register(server, "Carmen", "es")
    direct = {"recipient_id": ana["user_id"]}
    members = [bruno["user_id"], carmen["user_id"]]
    group = {"name": "Weekend", "members": members, "private": True}
    made = await call(f"{server}/groups", ana["access_token"], group)
    there = {"group_id": made["id"]}
    said = [
        (carmen, {**direct, "content": "Las fotos son muy bonitas."}),
        (bruno, {**there, "content": "Buenos días, Ana."}),
        (bruno, {**there, "content": "Mañana voy a la playa con mis amigos."}),
        (ana, {**there, "content": "Good morning! I have bread and cheese."}),
        (carmen, {**there, "content": "Podemos comer en el restaurante nuevo."}),
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        others = [await sign_in(browser, server, name) for name in ("Bruno", "Carmen")]
        page = await sign_in(browser, server, "Ana")
        await expect(page.get_by_label("Search people")).to_be_visible()
        for person, message in said:
            await call(f"{server}/messages", person["access_token"], message)
        await page.get_by_label("Your conversations").get_by_role("link", name="Weekend").click()
        await expect(page.get_by_role("log")).to_contain_text("We can eat in the new restaurant.")
        await expect(page.locator("#subtitle")).to_contain_text("3 online")
        await page.screenshot(path=PICTURE)
        # A page has few colours; with these it takes a third of the bytes.
        with Image.open(PICTURE) as picture:
            picture.convert("RGB").quantize(128).save(PICTURE, optimize=True)
        for other in others:
            await other.close()
        await browser.close()


if __name__ == "__main__":
    asyncio.run(take(sys.argv[1]))
