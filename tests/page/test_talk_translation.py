"""Translations on show: what is said of each, the original, and how one puts it right."""

from __future__ import annotations

import people
import pytest
from browser import Complaints, arrive, chromium, conversation, in_a_browser, message, sign_in
from engine import Engine
from msgspec import structs
from playwright.async_api import expect
from test_talk import choose, open_with, write
from tornado.httpclient import AsyncHTTPClient

from realchat.settings import Settings

TRY_AGAIN = """(shown) => [...shown.querySelectorAll("button")]
  .find(({ textContent }) => textContent.trim() === "Try again")?.click()"""


@pytest.fixture
def settings(settings: Settings, engine: Engine) -> Settings:
    """Settings with a real engine for Spanish and Catalan."""
    return structs.replace(settings, libretranslate_url=engine.url)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_translation_says_what_it_is_and_the_original_is_one_step_away(
    http_client: AsyncHTTPClient, base_url: str, engine: Engine
) -> None:
    ana = await people.register(http_client, base_url, "Ana", language="es")
    ben = await people.register(http_client, base_url, "Ben", language="ca")
    complaints = Complaints()
    async with chromium() as browser:
        await write(ana, ben, "Mañana voy a la biblioteca con mis amigos de la ciudad.")
        page = await open_with(ben, "Ana", browser, complaints)
        shown = page.locator("[data-seq='1']")
        await expect(shown).to_contain_text(
            "Translated from Spanish (detected) · LibreTranslate · Show original",
            use_inner_text=True,
        )
        await expect(shown.locator(".text")).to_have_attribute("lang", "ca")
        await expect(shown.locator(".text")).to_have_attribute("translate", "no")
        await shown.get_by_role("button", name="Show original").click()
        await expect(shown.locator(".text")).to_have_text(
            "Mañana voy a la biblioteca con mis amigos de la ciudad."
        )
        await expect(shown.locator(".text")).to_have_attribute("lang", "es")
        await shown.focus()
        await page.keyboard.press("o")
        await expect(shown.locator(".text")).to_have_attribute("lang", "ca")
        # While the engine thinks, the original is there.
        engine.gate.clear()
        await write(ana, ben, "El tren sale a las cinco.", content_lang="es")
        second = page.locator("[data-seq='2']")
        await expect(second).to_contain_text("El tren sale a las cinco.")
        await expect(second).to_contain_text("Translating from Spanish …")
        engine.gate.set()
        await expect(second).to_contain_text("Translated from Spanish · LibreTranslate")
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_anybody_may_put_a_translation_right_for_all_who_read_it(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await people.register(http_client, base_url, "Ana", language="es")
    ben = await people.register(http_client, base_url, "Ben", language="ca")
    cleo = await people.register(http_client, base_url, "Cleo", language="ca")
    complaints = Complaints()
    async with chromium() as browser:
        body = {"name": "Viaje", "members": [ben.id, cleo.id]}
        group = (await ana.post("/groups", body)).json["id"]
        await ana.post("/messages", {"group_id": group, "content": "Mañana voy a la biblioteca."})
        page, other = [await open_with(one, "Viaje", browser, complaints) for one in (ben, cleo)]
        await expect(message(other, "Translated")).to_be_visible()
        await choose(page, message(page, "Translated"), "Improve the translation")
        await page.get_by_label("Translation, Catalan").fill("Demà aniré a la biblioteca.")
        await page.get_by_role("button", name="Save").click()
        await expect(message(page, "Demà aniré")).to_contain_text("put right by you")
        await expect(message(other, "Demà aniré")).to_contain_text("put right by Ben")
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_cannot_be_translated_says_why_and_may_be_tried_again(
    http_client: AsyncHTTPClient, base_url: str, engine: Engine
) -> None:
    ana = await people.register(http_client, base_url, "Ana", language="es")
    ben = await people.register(http_client, base_url, "Ben", language="ca")
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, base_url, complaints)
        await sign_in(page, ben.email)
        engine.answer = {"error": "broken"}
        await write(ana, ben, "Mañana voy a la biblioteca.", content_lang="es")
        await conversation(page, "Ana").click()
        shown = page.locator("[data-seq='1']")
        await expect(shown.locator(".text")).to_have_text("Mañana voy a la biblioteca.")
        await expect(shown).to_contain_text("In Spanish:")
        await expect(shown.get_by_role("button", name="Try again")).to_be_visible()
        engine.answer = None
        # Who asked at the same time as the page may have it by now, and the button be gone.
        await shown.evaluate(TRY_AGAIN)
        await expect(shown).to_contain_text("Translated from Spanish")
        # No words, and nothing to be said about them.
        await write(ana, ben, "👍 https://example.org/")
        second = page.locator("[data-seq='2']")
        await expect(second).to_be_visible()
        await expect(second.locator(".translation")).to_have_count(0)
    assert complaints == []
