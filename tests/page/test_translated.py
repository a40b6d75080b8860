"""Translations on the page, by the real LibreTranslate: how they come, and what one does with them.

Its models know the sentences of `argos` and no others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from bilingual import ENGLISH, SPANISH, meet
from browser import Complaints, arrive, chromium, in_a_browser, message, require_accessible
from libretranslate_server import LibreTranslateServer
from msgspec import structs
from people import PASSWORD, Person, register
from playwright.async_api import Browser, Locator, Page, expect
from test_account import open_settings
from test_composer import direct, open_talk
from test_talk import choose, open_with, write
from test_talking import open_as
from tornado.httpclient import AsyncHTTPClient

from realchat.settings import Settings

BY = "Translated from Spanish (detected) · LibreTranslate · Show original"


@pytest.fixture
def settings(settings: Settings, libretranslate: LibreTranslateServer) -> Settings:
    """Translate by the real engine."""
    return structs.replace(settings, libretranslate_url=libretranslate.url)


@asynccontextmanager
async def bilingual(
    http: AsyncHTTPClient, base_url: str
) -> AsyncIterator[tuple[Person, Person, Browser, Complaints]]:
    """Have Ana, who reads English, and Luis, who reads Spanish, and a browser for them."""
    ana, luis = await meet(http, base_url)
    complaints = Complaints()
    async with chromium() as browser:
        yield ana, luis, browser, complaints
    assert complaints == []


async def attributes(text: Locator) -> list[str | None]:
    """Return what tells screen readers and browsers how to take a text."""
    return [await text.get_attribute(name) for name in ("lang", "dir", "translate")]


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_the_original_is_there_at_once_and_its_translation_takes_its_place(
    http_client: AsyncHTTPClient, base_url: str, libretranslate: LibreTranslateServer
) -> None:
    async with bilingual(http_client, base_url) as (ana, luis, browser, complaints):
        page = await open_as(ana, direct(ana, luis), browser, complaints)
        libretranslate.freeze()
        await write(luis, ana, SPANISH)
        shown = page.locator("[data-seq='1']")
        await expect(shown).to_contain_text("Translating from Spanish …")
        await expect(shown.locator(".text")).to_have_text(SPANISH)
        assert await attributes(shown.locator(".text")) == ["es", "auto", "no"]
        await require_accessible(page)
        libretranslate.thaw()
        await expect(shown).to_contain_text(BY, use_inner_text=True)
        await expect(shown.locator(".text")).to_have_text(ENGLISH)
        assert await attributes(shown.locator(".text")) == ["en", "auto", "no"]
        await require_accessible(page)
        # It is in the list, too, and after a reload at once.
        await expect(page.locator(".thread .said .text")).to_have_text(ENGLISH)
        await page.reload()
        await expect(shown.locator(".text")).to_have_text(ENGLISH)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_the_original_is_one_click_or_one_key_away(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with bilingual(http_client, base_url) as (ana, luis, browser, complaints):
        await write(luis, ana, SPANISH)
        page = await open_with(ana, "Luis", browser, complaints)
        shown = page.locator("[data-seq='1']")
        text = shown.locator(".text")
        await expect(text).to_have_text(ENGLISH)
        await shown.get_by_role("button", name="Show original").click()
        await expect(text).to_have_text(SPANISH)
        await expect(shown).to_contain_text("Original, Spanish (detected)")
        assert await attributes(text) == ["es", "auto", "no"]
        await shown.get_by_role("button", name="Show translation").click()
        await expect(text).to_have_text(ENGLISH)
        await shown.focus()
        for expected, lang in ((SPANISH, "es"), (ENGLISH, "en")):
            await page.keyboard.press("o")
            await expect(text).to_have_text(expected)
            assert await attributes(text) == [lang, "auto", "no"]


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_without_the_engine_the_reason_is_told_and_trying_again_works_once_it_is_back(
    http_client: AsyncHTTPClient, base_url: str, libretranslate: LibreTranslateServer
) -> None:
    async with bilingual(http_client, base_url) as (ana, luis, browser, complaints):
        page = await open_as(ana, direct(ana, luis), browser, complaints)
        libretranslate.stop()
        await write(luis, ana, SPANISH)
        shown = page.locator("[data-seq='1']")
        await expect(shown).to_contain_text("In Spanish: the translator cannot be reached")
        await expect(shown.locator(".text")).to_have_text(SPANISH)
        await require_accessible(page)
        again = shown.get_by_role("button", name="Try again")
        await again.click()
        await expect(again).to_be_visible()
        await expect(shown.locator(".text")).to_have_text(SPANISH)
        libretranslate.start()  # in this thread, since it ends with the one that started it
        await try_until_translated(shown, again)
        await expect(shown.locator(".text")).to_have_text(ENGLISH)
        await expect(shown).to_contain_text(BY, use_inner_text=True)


async def try_until_translated(shown: Locator, again: Locator) -> None:
    """Ask as often as it takes: an engine that was away is left alone for a moment."""
    ready = shown.get_by_role("button", name="Show original")
    await expect(again.or_(ready)).to_be_visible()
    while not await ready.count():
        await again.click()
        await expect(again.or_(ready)).to_be_visible()
        await asyncio.sleep(0.2)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_one_reads_besides_comes_as_it_was_written(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with bilingual(http_client, base_url) as (ana, luis, browser, complaints):
        page = await open_as(ana, direct(ana, luis), browser, complaints)
        await write(luis, ana, SPANISH)
        await expect(page.locator("[data-seq='1']")).to_contain_text(BY, use_inner_text=True)
        await read_besides(page, "Spanish")
        await write(luis, ana, SPANISH)
        for seq in (1, 2):
            shown = page.locator(f"[data-seq='{seq}']")
            await expect(shown.locator(".text")).to_have_text(SPANISH)
            await expect(shown.locator(".translation")).to_have_count(0)


async def read_besides(page: Page, language: str) -> None:
    """Say in the settings that one reads a language."""
    await open_settings(page, "Languages")
    await page.get_by_label("Add a language").fill(language)
    await page.get_by_label("Add a language").press("Enter")
    await expect(page.get_by_role("button", name=f"Remove {language}")).to_be_visible()
    await page.keyboard.press("Escape")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_the_preview_is_what_the_other_one_gets(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with bilingual(http_client, base_url) as (ana, luis, browser, complaints):
        page = await open_as(ana, direct(ana, luis), browser, complaints)
        theirs = await open_in_spanish(luis, direct(ana, luis), browser, complaints)
        await page.get_by_role("button", name="Preview the translation").click()
        await page.get_by_role("textbox", name="Message").fill(ENGLISH)
        preview = page.get_by_role("region", name="How it will arrive")
        await expect(preview.locator("[lang=es]")).to_have_text(SPANISH)
        await expect(preview.locator("[lang=en]")).to_have_text(ENGLISH)
        await expect(preview).to_contain_text("Luis reads this in Spanish")
        assert await attributes(preview.locator("[lang=es]")) == ["es", "auto", "no"]
        await page.get_by_role("textbox", name="Message").press("Enter")
        await expect(theirs.locator("[data-seq='1'] .text")).to_have_text(SPANISH)


async def open_in_spanish(
    person: Person, talk: str, browser: Browser, complaints: Complaints
) -> Page:
    """Open a conversation as somebody to whom the page speaks Spanish once they are in."""
    page = await arrive(browser, f"{person.base_url}/#{talk}", complaints)
    await page.get_by_label("E-mail", exact=True).fill(person.email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("textbox", name="Mensaje")).to_be_visible()
    return page


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_translation_that_was_put_right_is_read_by_all_who_read_that_language(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with bilingual(http_client, base_url) as (ana, luis, browser, complaints):
        eva = await register(http_client, base_url, "Eva", language="en")
        body = {"name": "Trip", "members": [ana.id, eva.id]}
        group = (await luis.post("/groups", body)).json["id"]
        await luis.post("/messages", {"group_id": group, "content": SPANISH})
        page, other = [
            await open_as(one, f"group:{group}", browser, complaints) for one in (ana, eva)
        ]
        await expect(message(other, ENGLISH)).to_contain_text(BY, use_inner_text=True)
        await choose(page, message(page, ENGLISH), "Improve the translation")
        await page.get_by_label("Translation, English").fill("Hello! Where did the key go?")
        await require_accessible(page)
        await page.get_by_role("button", name="Save").click()
        await expect(message(page, "did the key go")).to_contain_text("put right by you")
        await expect(message(other, "did the key go")).to_contain_text("put right by Ana")
        await other.reload()
        await open_talk(other, f"group:{group}")
        right = message(other, "did the key go").locator(".text")
        await expect(right).to_be_visible()
        assert await attributes(right) == ["en", "auto", "no"]
