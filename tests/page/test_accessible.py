"""For everyone: axe-core finds nothing on any screen, in light and in dark."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import people
import pytest
from browser import (
    PHONE,
    WIDE,
    Complaints,
    arrive,
    chromium,
    conversation,
    in_a_browser,
    message,
    require_accessible,
    say,
    sign_in,
)
from engine import Engine
from everything import Everything, make_everything
from msgspec import structs
from playwright.async_api import Page, expect
from tornado.httpclient import AsyncHTTPClient

from realchat.settings import Settings

FITS = "document.documentElement.scrollWidth <= innerWidth"
SCHEMES: list[Any] = ["light", "dark"]
# One's colour comes of one's id.
HUES = 12
COLOUR = """(hue) => {
  for (const one of document.querySelectorAll("[data-hue]")) one.dataset.hue = hue;
}"""


@pytest.fixture
def settings(settings: Settings, engine: Engine, patient: None) -> Settings:
    """Settings with a real engine for Spanish and Catalan."""
    return structs.replace(settings, libretranslate_url=engine.url)


async def require_for_everyone(page: Page) -> None:
    """Fail on what axe finds in either theme, and where one had to scroll to the side."""
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await require_accessible(page)
    assert await page.evaluate(FITS)


@asynccontextmanager
async def everything(
    http: AsyncHTTPClient, base_url: str, engine: Engine, **options: Any
) -> AsyncIterator[tuple[Page, Everything]]:
    """Have Ana's page with one of everything; nobody complains of it."""
    made = await make_everything(http, base_url, engine)
    complaints = Complaints()
    try:
        async with chromium() as browser:
            page = await arrive(browser, base_url, complaints, **options)
            await sign_in(page, made.ana.email)
            yield page, made
    finally:
        engine.gate.set()
    assert complaints == []


async def show_group(page: Page) -> None:
    """Open the group with every kind of message."""
    await conversation(page, "Hikers").click()
    await expect(message(page, "Translated from")).not_to_have_count(0)
    await expect(message(page, "Translating from")).not_to_have_count(0)


async def open_menu(page: Page, name: str, item: str) -> None:
    """Choose from the menu of a conversation above what was said in it."""
    await page.get_by_role("main").get_by_role("button", name=f"More about {name}").click()
    await page.get_by_role("menuitem", name=item, exact=True).click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def act(page: Page, text: str, deed: str = "") -> None:
    """Open the menu of a message, and choose from it."""
    shown = message(page, text).first
    await shown.hover()
    await shown.get_by_role("button", name="Actions").click()
    await expect(page.get_by_role("menu")).to_be_visible()
    if deed:
        await page.get_by_role("menuitem", name=deed, exact=True).click()


async def close(page: Page) -> None:
    """Leave what is open."""
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog, [role=menu], .emoji-box")).to_have_count(0)


@in_a_browser
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.usefixtures("http_server")
@pytest.mark.gen_test(timeout=300)
async def test_the_way_in_is_for_everyone(base_url: str, viewport: Any) -> None:
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, base_url, complaints, viewport=viewport)
        await expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await expect(page.get_by_text("Enter a whole e-mail address")).to_be_visible()
        await require_for_everyone(page)
        for way in ("Create account", "Use a code instead", "Forgotten password?"):
            await page.get_by_role("button", name=way).click()
            await require_for_everyone(page)
            await page.reload()
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_chat_without_conversations_is_for_everyone(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await people.register(http_client, base_url, "Ana")
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, base_url, complaints)
        await sign_in(page, ana.email)
        await expect(page.get_by_role("heading", name="No conversations yet")).to_be_visible()
        await require_for_everyone(page)
        await page.set_viewport_size({"width": 360, "height": 740})
        await require_for_everyone(page)
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_conversations_are_for_everyone(
    http_client: AsyncHTTPClient, base_url: str, engine: Engine
) -> None:
    async with everything(http_client, base_url, engine) as (page, _):
        await require_for_everyone(page)
        await conversation(page, "Dan").click()
        await say(page, "Are you there?")
        await expect(page.get_by_text("Not sent.")).to_be_visible()
        await require_for_everyone(page)
        await conversation(page, "Good morning").click()
        await expect(page.get_by_role("heading", name="Ben")).to_be_visible()
        await page.get_by_role("textbox", name="Message").fill("Not finished")
        await show_group(page)
        await expect(page.get_by_text("Draft:")).to_be_visible()
        await require_for_everyone(page)
        await page.get_by_role("log").evaluate("(box) => box.scrollTo(0, 0)")
        await expect(message(page, "edited")).to_be_in_viewport()
        await require_for_everyone(page)
        await act(page, "edited")
        await require_for_everyone(page)
        await close(page)
        await act(page, "edited", "React")
        await require_for_everyone(page)
        await close(page)
        await act(page, "edited", "Reply")
        await page.get_by_role("button", name="Preview").click()
        await page.get_by_role("textbox", name="Message").fill("El tren ha llegado.")
        async with page.expect_file_chooser() as chooser:
            await page.get_by_role("button", name="Attach").click()
        chosen = await chooser.value
        await chosen.set_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"x"})
        await expect(page.get_by_role("button", name="Remove notes.txt")).to_be_visible()
        await page.get_by_role("textbox", name="Message").press_sequentially(" @")
        await expect(page.get_by_role("listbox")).to_be_visible()
        await require_for_everyone(page)
        await page.get_by_label("Search people").fill("Ben")
        await expect(page.get_by_label("People found").get_by_text("Ben")).to_be_visible()
        await require_for_everyone(page)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_person_s_colour_can_be_read_whichever_it_is(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    first = await ana.post("/messages", {"recipient_id": ben.id, "content": "A question?"})
    answer = {"recipient_id": ana.id, "content": "An answer", "reply_to": first.json["id"]}
    await ben.post("/messages", answer)
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, base_url, complaints)
        await sign_in(page, ben.email)
        await conversation(page, "Ana").click()
        quote = message(page, "An answer").get_by_role("button", name="In reply to")
        await expect(quote).to_be_visible()
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for hue in range(HUES):
                await page.evaluate(COLOUR, hue)
                # Where it stands on the darkest ground, and the lightest.
                await quote.hover()
                await require_accessible(page, "main")
                await page.get_by_role("textbox", name="Message").hover()
                await require_accessible(page, "main")
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_every_dialog_is_for_everyone(
    http_client: AsyncHTTPClient, base_url: str, engine: Engine
) -> None:
    async with everything(http_client, base_url, engine) as (page, made):
        # At once: one of the translations is given up before long.
        await show_group(page)
        await page.get_by_role("button", name="Settings").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        for tab in ("Profile", "Languages", "This browser", "Security"):
            await page.get_by_role("tab", name=tab).click()
            await require_for_everyone(page)
        await close(page)
        await page.get_by_role("button", name="New group").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await require_for_everyone(page)
        await close(page)
        for item in ("Group details", "Search messages", "Leave group"):
            await open_menu(page, "Hikers", item)
            await require_for_everyone(page)
            await close(page)
        await open_menu(page, "Hikers", "Group details")
        await page.get_by_role("button", name="Glossary").click()
        await expect(page.get_by_role("dialog", name="Glossary")).to_be_visible()
        await require_for_everyone(page)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog", name="Hikers")).to_be_visible()
        await close(page)
        await act(page, "Translated from", "Improve the translation")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await require_for_everyone(page)
        await close(page)
        await page.get_by_role("button", name="Seen by").last.click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await require_for_everyone(page)
        await close(page)
        await page.get_by_role("button", name="Show teal.png larger").last.click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await require_for_everyone(page)
        await close(page)
        await page.get_by_role("log").focus()
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
        await require_for_everyone(page)
        await close(page)
        invite = (await made.ana.post(f"/groups/{made.group}/invite")).json["invite"]
        await page.evaluate("(invite) => { location.hash = `join:${invite}`; }", invite)
        await expect(page.get_by_role("dialog")).to_be_visible()
        await require_for_everyone(page)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_phone_is_for_everyone(
    http_client: AsyncHTTPClient, base_url: str, engine: Engine
) -> None:
    touch = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
    async with everything(http_client, base_url, engine, **touch) as (page, _):
        await require_for_everyone(page)
        await show_group(page)
        await require_for_everyone(page)
        await page.get_by_role("log").evaluate("(box) => box.scrollTo(0, 0)")
        await act(page, "edited")
        await require_for_everyone(page)
        await close(page)
        await open_menu(page, "Hikers", "Group details")
        await require_for_everyone(page)
