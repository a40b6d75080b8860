"""What one is told of without looking: notifications, the title, a sound; and the help of keys."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import people
import pytest
from browser import be_connected, in_a_browser, require_accessible
from engine import Engine
from msgspec import structs
from people import Person
from playwright.async_api import Page, Route, expect
from test_composer import direct, field, open_talk, writing
from tornado.httpclient import AsyncHTTPClient

from realchat.settings import Settings

LATE = "Mañana llego tarde a casa"
# A headless browser has nowhere to show one, so the page's own calls are looked at.
WATCH = """
window.told = [];
window.tones = 0;
class Told {
    static permission = "granted";
    constructor(title, options) { told.push({title, ...options}); }
    close() { told.push({closed: true}); }
}
Object.defineProperty(window, "Notification", {value: Told});
const start = AudioScheduledSourceNode.prototype.start;
AudioScheduledSourceNode.prototype.start = function (...given) {
    tones++;
    return start.apply(this, given);
};
navigator.serviceWorker.getRegistration = async () => undefined;
"""


async def watch(page: Page, **chosen: bool) -> None:
    """Load a page anew that can be asked what it told, with these settings."""
    await page.context.add_init_script(WATCH)
    choose = "(chosen) => localStorage.setItem('realchat.settings', JSON.stringify(chosen))"
    await page.evaluate(choose, chosen)
    await page.reload()
    await be_connected(page)
    await field(page).click()


async def told(page: Page, count: int) -> list[dict[str, Any]]:
    """Return what a page has told, once it is as much."""
    await page.wait_for_function("(count) => told.length >= count", arg=count)
    found: list[dict[str, Any]] = await page.evaluate("told")
    return found


async def write(sender: Person, content: str, **to: str) -> None:
    """Send a message."""
    assert (await sender.post("/messages", {"content": content, **to})).status == 201


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_news_elsewhere_are_told_and_counted_until_they_are_read(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        cleo = await people.register(http_client, base_url, "Cleo")
        await watch(page, notifications=True, sound=True)
        await write(ben, "Here I look", recipient_id=ana.id)
        await write(cleo, "There I do not", recipient_id=ana.id)
        [notification] = await told(page, 1)
        assert (notification["title"], notification["body"]) == ("Cleo", "There I do not")
        assert notification["data"] == {"url": f"/#{direct(ana, cleo)}"}
        assert await page.evaluate("tones") == 2
        await expect(page).to_have_title("(1) RealChat")
        await open_talk(page, direct(ana, cleo))
        await expect(page).to_have_title("RealChat")
        assert (await told(page, 2))[1] == {"closed": True}


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_one_tab_of_several_tells(http_client: AsyncHTTPClient, base_url: str) -> None:
    async with writing(http_client, base_url) as (page, ana, _):
        cleo = await people.register(http_client, base_url, "Cleo")
        await watch(page, notifications=True)
        other = await page.context.new_page()
        await other.goto(page.url)
        await expect(field(other)).to_be_visible()
        for count in range(1, 4):
            await write(cleo, f"Number {count}", recipient_id=ana.id)
            for tab in (page, other):
                await expect(tab).to_have_title(f"({count}) RealChat")
        for _ in range(600):
            both = [await tab.evaluate("told.length") for tab in (page, other)]
            if sum(both) >= 3:
                break
            await page.wait_for_timeout(100)
        assert sum(both) == 3


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_muted_group_is_silent_unless_one_is_named(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        group = (await ben.post("/groups", {"name": "Trip", "members": [ana.id]})).json["id"]
        await ana.patch(f"/conversations/group:{group}", {"muted": True})
        await watch(page, notifications=True)
        await write(ben, "Nobody minds", group_id=group)
        await write(ben, "@Ana look", group_id=group)
        [notification] = await told(page, 1)
        assert notification["body"] == "@Ana look"
        assert notification["title"].startswith("Ben in Trip")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_nothing_is_told_or_heard_unless_it_was_asked_for(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, _):
        cleo = await people.register(http_client, base_url, "Cleo")
        await watch(page)
        await write(cleo, "Hello", recipient_id=ana.id)
        await expect(page).to_have_title("(1) RealChat")
        # As long as one would take that waits for a translation.
        await page.wait_for_timeout(2_500)
        assert await page.evaluate("[told.length, tones]") == [0, 0]


def note(frame: str | bytes, come: set[str]) -> None:
    """Note which type of frame came."""
    come.add(json.loads(frame)["type"])


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    for _ in range(600):
        if is_so():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("never came")


class TestTranslated:
    """With a real engine."""

    @pytest.fixture
    def settings(self, settings: Settings, engine: Engine) -> Settings:
        """Translate by the engine."""
        return structs.replace(settings, libretranslate_url=engine.url)

    @in_a_browser
    @pytest.mark.gen_test(timeout=300)
    async def test_a_notification_is_in_the_language_of_its_reader(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        async with writing(http_client, base_url) as (page, ana, ben):
            cleo = await people.register(http_client, base_url, "Cleo", language="es")
            await ana.patch("/auth/me", {"language": "ca"})
            await page.evaluate("localStorage.setItem('realchat.words', 'en')")
            # The engine is asked for it once: then it is there before the page stops waiting.
            await write(cleo, LATE, recipient_id=ben.id)
            asked = (await ben.get("/messages/dm", user_id=cleo.id)).json[0]["id"]
            found = (await ben.get(f"/messages/{asked}/translation", lang="ca")).json
            assert found["status"] == "ready"
            await watch(page, notifications=True)
            await write(cleo, LATE, recipient_id=ana.id)
            [notification] = await told(page, 1)
            assert notification["lang"] == "ca"
            assert "demà" in notification["body"].lower()

    @in_a_browser
    @pytest.mark.gen_test(timeout=300)
    async def test_a_translation_that_comes_before_the_list_is_in_the_notification(
        self, http_client: AsyncHTTPClient, base_url: str, engine: Engine
    ) -> None:
        async with writing(http_client, base_url) as (page, ana, _):
            cleo = await people.register(http_client, base_url, "Cleo", language="es")
            await ana.patch("/auth/me", {"language": "ca"})
            await page.evaluate("localStorage.setItem('realchat.words', 'en')")
            come: set[str] = set()
            page.on("websocket", lambda line: line.on("framereceived", lambda one: note(one, come)))
            await watch(page, notifications=True)
            read = asyncio.Event()

            async def be_late(route: Route) -> None:
                await read.wait()
                await route.continue_()

            await page.route("**/conversations", be_late)
            engine.gate.clear()
            async with page.expect_request("**/conversations"):
                await write(cleo, LATE, recipient_id=ana.id, content_lang="es")
            engine.gate.set()
            await until(lambda: "translation" in come)
            read.set()
            [notification] = await told(page, 1)
            assert notification["lang"] == "ca"
            assert "demà" in notification["body"].lower()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_the_keys_are_told_by_a_key_and_those_of_one_letter_can_be_switched_off(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, _, _):
        sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
        await field(page).press_sequentially("?")
        await expect(field(page)).to_have_value("?")
        await expect(sheet).to_have_count(0)
        await page.get_by_role("log").focus()
        await page.keyboard.press("?")
        await expect(sheet).to_be_visible()
        await require_accessible(page)
        await page.get_by_label("Shortcuts of a single key").uncheck()
        await page.keyboard.press("Escape")
        await expect(sheet).to_have_count(0)
        await page.get_by_role("log").focus()
        await page.keyboard.press("?")
        await expect(sheet).to_have_count(0)
        await page.keyboard.press("Control+k")
        await expect(page.get_by_label("Search people")).to_be_focused()
