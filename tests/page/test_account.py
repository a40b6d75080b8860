"""The settings: oneself, one's languages, this browser, and who is signed in where."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import people
import pytest
from browser import (
    PHONE,
    Complaints,
    arrive,
    chromium,
    in_a_browser,
    register,
    require_accessible,
    sign_in,
)
from PIL import Image
from playwright.async_api import Page, Route, expect
from tornado.httpserver import HTTPServer

TABS = ["Profile", "Languages", "This browser", "Security"]
# Whether these are the languages that the server has kept as read besides.
KEPT = """(codes) =>
  JSON.parse(localStorage.getItem("realchat.account")).reads.join() === codes.join()"""
# Whether somebody who leaves the page is asked first.
IS_ASKED = "!dispatchEvent(new Event('beforeunload', {cancelable: true}))"
REFUSE = "Notification.requestPermission = async () => 'denied'"


@pytest.fixture
def url(http_server: HTTPServer, http_port: int) -> str:
    """Where the page is."""
    return f"http://127.0.0.1:{http_port}/"


async def open_settings(page: Page, tab: str = "Profile") -> None:
    """Open a part of the settings."""
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_role("tab", name=tab).click()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_each_part_of_the_settings_is_accessible_on_a_phone(url: str, colours: str) -> None:
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, url, complaints, viewport=PHONE, color_scheme=colours)
        await register(page, "Ana")
        for tab in TABS:
            await open_settings(page, tab)
            await require_accessible(page)
            await page.keyboard.press("Escape")
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_the_parts_are_reached_by_the_arrows_of_the_keyboard(url: str) -> None:
    async with chromium() as browser:
        page = await arrive(browser, url, Complaints())
        await register(page, "Ana")
        await page.get_by_role("button", name="Settings").press("Enter")
        for tab in [*TABS, TABS[0]]:
            await expect(page.get_by_role("tab", name=tab)).to_be_focused()
            await expect(page.get_by_role("tabpanel", name=tab)).to_be_visible()
            await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="Settings")).to_be_focused()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_name_and_a_picture_are_changed_and_the_picture_is_taken_back(
    url: str, tmp_path: Path
) -> None:
    Image.new("RGB", (900, 600), "teal").save(tmp_path / "large.png")
    (tmp_path / "text.png").write_text("no picture")
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, url, complaints)
        await register(page, "Ana")
        await open_settings(page)
        await page.get_by_label("Name").fill("Ana María")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
        picker = page.get_by_label("Picture")
        await picker.set_input_files(tmp_path / "large.png")
        shown = page.get_by_role("tabpanel").locator("img")
        await expect(shown).to_have_js_property("naturalWidth", 320)
        await picker.set_input_files(tmp_path / "text.png")
        await expect(page.get_by_role("alert").first).to_contain_text("no picture")
        await page.get_by_role("button", name="Remove").click()
        await expect(shown).to_have_count(0)
        await page.reload()
        await open_settings(page)
        await expect(page.get_by_label("Name")).to_have_value("Ana María")
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_languages_that_are_read_besides_are_found_by_either_name(url: str) -> None:
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, url, complaints)
        await register(page, "Ana")
        await open_settings(page, "Languages")
        field = page.get_by_label("Add a language")
        await field.fill("german")
        await field.press("Enter")
        await expect(page.get_by_role("button", name="Remove German")).to_be_visible()
        await field.fill("fran")
        await page.get_by_role("button", name="français").click()
        await expect(page.get_by_role("button", name="Remove French")).to_be_visible()
        await page.get_by_role("button", name="Remove German").click()
        await expect(page.get_by_role("button", name="Remove German")).to_have_count(0)
        await page.wait_for_function(KEPT, arg=["fr"])
        await page.reload()
        await open_settings(page, "Languages")
        await expect(page.get_by_role("button", name="Remove French")).to_be_visible()
        await expect(page.get_by_role("button", name="Remove German")).to_have_count(0)
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_who_leaves_before_a_language_is_kept_is_asked_first(url: str) -> None:
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, url, complaints)
        await register(page, "Ana")
        await open_settings(page, "Languages")
        answer = asyncio.Event()

        async def be_late(route: Route) -> None:
            await answer.wait()
            await route.continue_()

        await page.route("**/auth/me", be_late)
        async with page.expect_request("**/auth/me"):
            await page.get_by_label("Add a language").fill("german")
            await page.get_by_label("Add a language").press("Enter")
        await expect(page.get_by_role("button", name="Remove German")).to_be_visible()
        assert await page.evaluate(IS_ASKED)
        answer.set()
        await page.wait_for_function(KEPT, arg=["de"])
        await page.wait_for_function(f"() => !({IS_ASKED})")
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_the_page_follows_ones_language_unless_another_is_chosen_for_it(url: str) -> None:
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, url, complaints)
        await register(page, "Ana")
        await open_settings(page, "Languages")
        await page.get_by_label("My language").select_option("es")
        await expect(page.locator("html")).to_have_attribute("lang", "es")
        await page.get_by_label("Esta página en").select_option("de")
        await expect(page.locator("html")).to_have_attribute("lang", "de")
        await expect(page.get_by_label("Meine Sprache")).to_have_value("es")
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_colours_and_sound_are_kept_for_this_browser(url: str) -> None:
    async with chromium() as browser:
        page = await arrive(browser, url, Complaints())
        await register(page, "Ana")
        await open_settings(page, "This browser")
        await expect(page.get_by_label("Play a sound")).not_to_be_checked()
        await page.get_by_label("Play a sound").check()
        await page.get_by_label("Dark").check()
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await open_settings(page, "This browser")
        await expect(page.get_by_label("Play a sound")).to_be_checked()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_browser_that_refuses_notifications_is_told_of(url: str) -> None:
    async with chromium() as browser:
        page = await arrive(browser, url, Complaints())
        await register(page, "Ana")
        await page.evaluate(REFUSE)
        await open_settings(page, "This browser")
        await page.get_by_label("Show a notification").click()
        await expect(page.get_by_role("alert").first).to_contain_text("does not let this page")
        await expect(page.get_by_label("Show a notification")).not_to_be_checked()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_notifications_are_on_once_the_browser_allows_them(url: str) -> None:
    async with chromium() as browser:
        page = await arrive(browser, url, Complaints(), permissions=["notifications"])
        await register(page, "Ana")
        await open_settings(page, "This browser")
        await page.get_by_label("Show a notification").click()
        await expect(page.get_by_label("Show a notification")).to_be_checked()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_changed_password_needs_the_current_one_and_signs_other_devices_out(
    url: str,
) -> None:
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, url, complaints)
        await register(page, "Ana")
        other = await arrive(browser, url, complaints)
        await sign_in(other, "ana@example.org")
        await open_settings(page, "Security")
        change = page.get_by_role("button", name="Change password")
        await change.click()
        current = page.get_by_label("Current password")
        await current.fill("not the one")
        await page.get_by_label("New password").fill("another long one")
        await change.click()
        await expect(current).to_have_accessible_description(re.compile("not your current"))
        await current.fill(people.PASSWORD)
        await change.click()
        await expect(page.get_by_text("Your password is changed.")).to_be_visible()
        await expect(other.get_by_role("button", name="Sign in")).to_be_visible()
        await page.reload()
        await expect(page.get_by_label("Search people")).to_be_visible()
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_device_is_named_and_can_be_signed_out_from_another(url: str) -> None:
    complaints = Complaints()
    firefox = "Mozilla/5.0 (Android 16; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0"
    async with chromium() as browser:
        page = await arrive(browser, url, complaints)
        await register(page, "Ana")
        other = await arrive(browser, url, complaints, user_agent=firefox)
        await sign_in(other, "ana@example.org")
        await open_settings(page, "Security")
        devices = page.get_by_role("tabpanel").get_by_role("listitem")
        await expect(devices.nth(0)).to_contain_text("This device")
        await expect(devices.nth(1)).to_contain_text("Firefox on Android")
        await page.get_by_role("button", name="Sign out Firefox on Android").click()
        await expect(other.get_by_role("button", name="Sign in")).to_be_visible()
        await expect(devices).to_have_count(1)
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_signing_out_everywhere_asks_first_and_leaves_nothing_behind(url: str) -> None:
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, url, complaints)
        await register(page, "Ana")
        other = await arrive(browser, url, complaints)
        await sign_in(other, "ana@example.org")
        await open_settings(page, "Security")
        await page.get_by_role("button", name="Sign out everywhere").click()
        await expect(page.get_by_role("button", name="Stay")).to_be_focused()
        await require_accessible(page)
        sure = page.get_by_role("group", name="This signs you out")
        await sure.get_by_role("button", name="Sign out").click()
        for one in (page, other):
            await expect(one.get_by_role("button", name="Sign in")).to_be_visible()
        assert await page.evaluate("localStorage.getItem('realchat.account')") is None
        await page.wait_for_function("indexedDB.databases().then((all) => !all.length)")
    assert complaints == []
