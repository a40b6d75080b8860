"""What a screen reader is told without asking: what is new, once, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import people
import pytest
from browser import Complaints, be_connected, chromium, conversation, in_a_browser, message, say
from engine import Engine
from msgspec import structs
from people import Person
from playwright.async_api import Page, expect
from test_accessible import require_for_everyone
from test_connection import network
from test_talk import HEARD, open_with, write
from tornado.httpclient import AsyncHTTPClient

from realchat.settings import Settings

SPANISH = "Mañana voy a la biblioteca."
CATALAN = "Demà vaig a la biblioteca."
# What is said by itself: roles and properties of ARIA that speak up, and what they have now.
SPOKEN = """() => [...document.querySelectorAll("[role=alert], [role=status], [aria-live=polite]")]
  .map((one) => one.textContent.trim()).filter(Boolean)"""


@pytest.fixture
def settings(settings: Settings, engine: Engine) -> Settings:
    """Settings with a real engine for Spanish and Catalan."""
    return structs.replace(settings, libretranslate_url=engine.url)


@asynccontextmanager
async def listening(
    http: AsyncHTTPClient, base_url: str
) -> AsyncIterator[tuple[Page, Person, Person]]:
    """Have Ana, who reads Catalan, listen to a conversation with Ben, who writes Spanish."""
    ana = await people.register(http, base_url, "Ana", language="ca")
    ben = await people.register(http, base_url, "Ben", language="es")
    await write(ben, ana, "Antes", content_lang="es")
    complaints = Complaints()
    async with chromium() as browser:
        page = await open_with(ana, "Ben", browser, complaints)
        await expect(message(page, "Translated from")).to_be_visible()
        await page.evaluate(HEARD)
        yield page, ana, ben
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_translated_message_is_told_once_in_the_readers_language(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with listening(http_client, base_url) as (page, ana, ben):
        told = await write(ben, ana, SPANISH, content_lang="es")
        await page.wait_for_function("() => heard.length > 0")
        # Nothing of this is news: what one says, a reaction, a change, an older conversation.
        await say(page, "El meu")
        await expect(message(page, "El meu")).to_contain_text("Sent")
        await ben.put(f"/messages/{told['id']}/reactions/%F0%9F%91%8D")
        await ben.patch(f"/messages/{told['id']}", {"content": "El tren sale a las cinco."})
        await expect(message(page, "El tren surt")).to_be_visible()
        await page.reload()
        await be_connected(page)
        await expect(message(page, "El tren surt")).to_be_visible()
        await page.evaluate(HEARD)
        await write(ben, ana, "Fin", content_lang="ca")
        await page.wait_for_function("() => heard.some(Boolean)")
        assert await page.evaluate("heard.filter(Boolean)") == ["Ben: Fin"]
        assert await page.get_by_role("log").get_attribute("aria-live") == "off"


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_nothing_but_the_news_is_told_before_and_after_it(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with listening(http_client, base_url) as (page, ana, ben):
        cleo = await people.register(http_client, base_url, "Cleo", language="ca")
        # The engine is asked for it once: what Ben says then is there before anybody stops waiting.
        await write(cleo, ana, SPANISH, content_lang="es")
        await expect(conversation(page, "Cleo")).to_contain_text(CATALAN)
        await write(ben, ana, SPANISH, content_lang="es")
        await page.wait_for_function("() => heard.length > 0")
        texts = ("one", "two", "three", "four")
        await asyncio.gather(*(write(ben, ana, text, content_lang="ca") for text in texts))
        await page.wait_for_function("() => heard.join(' ').includes('4 new messages')")
        assert await page.evaluate("heard") == [f"Ben: {CATALAN}", "4 new messages"]


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_errors_and_a_lost_connection_speak_up(
    http_client: AsyncHTTPClient, base_url: str, http_port: int
) -> None:
    ana = await people.register(http_client, base_url, "Ana")
    ben = await people.register(http_client, base_url, "Ben")
    await write(ana, ben, "Hello")
    await ben.post(f"/users/{ana.id}/block")
    complaints = Complaints()
    async with network(http_port) as line, chromium() as browser:
        person = Person(http_client, line.url, {"user": ana.user, "user_id": ana.id, **TOKENS})
        page = await open_with(person, "Ben", browser, complaints)
        await say(page, "Are you there?")
        await expect(page.get_by_role("alert").filter(has_text="Not sent.")).to_be_visible()
        await line.go()
        await expect(page.get_by_role("status").filter(has_text="Not connected")).to_be_visible()
        assert any("Not connected" in text for text in await page.evaluate(SPOKEN))
        await require_for_everyone(page)
        await line.come()
        await expect(page.get_by_text("Not connected")).to_have_count(0)
    assert complaints == []


# Nobody asks for these: the page signs in by itself.
TOKENS = {"access_token": "", "refresh_token": ""}
