"""The way in: passwords, codes by mail, forgotten passwords, and what is told on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
)
from mailbox_server import Mailbox
from msgspec import structs
from playwright.async_api import Page, expect
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop

from realchat.settings import Settings

STRANGERS = ["E-mail", "Password"]


@pytest.fixture
def mailbox(io_loop: IOLoop) -> Iterator[Mailbox]:
    """The mailbox of everybody."""
    mailbox = Mailbox()
    io_loop.run_sync(mailbox.open)
    yield mailbox
    io_loop.run_sync(mailbox.close)


@pytest.fixture
def settings(settings: Settings, mailbox: Mailbox) -> Settings:
    """Settings with which mails go to the mailbox."""
    return structs.replace(
        settings,
        email_host="127.0.0.1",
        email_port=mailbox.port,
        email_from="chat@example.org",
        email_tls="none",
    )


@pytest.fixture
def url(http_server: HTTPServer, http_port: int) -> str:
    """Where the page is."""
    return f"http://127.0.0.1:{http_port}/"


async def ask_for_a_code(page: Page, way: str, email: str) -> None:
    """Have a code mailed by one of the ways that need one."""
    await page.get_by_role("button", name=way).click()
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_role("button", name="Send code").click()
    await expect(page.get_by_label("Code")).to_be_focused()


async def require_inside(page: Page) -> None:
    """Wait until somebody is signed in."""
    await expect(page.get_by_label("Search people")).to_be_visible()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_script_of_a_stranger_finds_each_control_of_the_first_screen_once(
    url: str,
) -> None:
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, url, complaints)
        for name in STRANGERS:
            await expect(page.get_by_label(name)).to_have_count(1)
        for name in ("Sign in", "Create account"):
            await expect(page.get_by_role("button", name=name)).to_have_count(1)
        await page.get_by_role("button", name="Create account").click()
        for name in [*STRANGERS, "Name", "Language"]:
            await expect(page.get_by_label(name)).to_have_count(1)
        await expect(page.get_by_role("button", name="Create account")).to_have_count(1)
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_new_account_stays_signed_in_across_a_reload(url: str) -> None:
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, url, complaints)
        await register(page, "Ana")
        await page.reload()
        await require_inside(page)
        kept = await page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
        assert "ana@example.org" in kept
        assert "token" not in kept
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_is_wrong_is_said_beside_its_field_and_the_first_one_has_the_focus(
    url: str,
) -> None:
    async with chromium() as browser:
        page = await arrive(browser, url, Complaints())
        await page.get_by_role("button", name="Sign in").click()
        email = page.get_by_label("E-mail")
        await expect(email).to_be_focused()
        await expect(email).to_have_accessible_description(re.compile("whole e-mail address"))
        await require_accessible(page)
        await email.fill("nobody@example.org")
        await page.get_by_label("Password").fill("not the one")
        await page.get_by_role("button", name="Sign in").click()
        password = page.get_by_label("Password")
        await expect(password).to_have_accessible_description(re.compile("is wrong"))
        await expect(password).to_be_focused()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_an_address_that_is_taken_is_said_beside_the_address(url: str) -> None:
    async with chromium() as browser:
        await register(await arrive(browser, url, Complaints()), "Ana")
        page = await arrive(browser, url, Complaints())
        await page.get_by_role("button", name="Create account").click()
        await page.get_by_label("Name").fill("Another Ana")
        await page.get_by_label("E-mail").fill("ana@example.org")
        await page.get_by_label("Password").fill(people.PASSWORD)
        await page.get_by_role("button", name="Create account").click()
        email = page.get_by_label("E-mail")
        await expect(email).to_have_accessible_description(re.compile("Sign in instead"))


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_password_can_be_seen_while_it_is_typed(url: str) -> None:
    async with chromium() as browser:
        page = await arrive(browser, url, Complaints())
        show = page.get_by_role("button", name="Show what is typed")
        await expect(page.get_by_label("Password")).to_have_attribute("type", "password")
        await show.click()
        await expect(page.get_by_label("Password")).to_have_attribute("type", "text")
        await expect(show).to_have_attribute("aria-pressed", "true")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_code_makes_an_account_for_whoever_has_none(url: str, mailbox: Mailbox) -> None:
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, url, complaints, viewport=PHONE)
        await ask_for_a_code(page, "Use a code", "ana@example.org")
        code = await mailbox.next_code()
        field = page.get_by_label("Code")
        await field.fill(f" {code[:3]}-{code[3:]} ")
        await expect(field).to_have_value(code)
        await require_accessible(page)
        await field.press("Enter")
        await expect(page.get_by_label("Name")).to_be_focused()
        await page.get_by_label("Name").fill("Ana")
        await page.get_by_label("Language").select_option("es")
        await page.get_by_role("button", name="Create account").click()
        await expect(page.locator("html")).to_have_attribute("lang", "es")
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_wrong_code_can_be_put_right_until_codes_are_locked(
    url: str, mailbox: Mailbox
) -> None:
    async with chromium() as browser:
        page = await arrive(browser, url, Complaints())
        await ask_for_a_code(page, "Use a code", "ana@example.org")
        code = await mailbox.next_code()
        field = page.get_by_label("Code")
        for _ in range(5):
            await field.fill(f"{(int(code) + 1) % 10**6:06}")
            async with page.expect_response("**/auth/verify-otp"):
                await field.press("Enter")
            await expect(field).to_have_accessible_description(re.compile("is wrong"))
        await field.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("Too many wrong codes.")
        await expect(page.get_by_role("alert")).to_contain_text("10 minutes")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_another_code_can_be_asked_for_after_a_while_and_a_code_runs_out(
    url: str, mailbox: Mailbox
) -> None:
    async with chromium() as browser:
        page = await arrive(browser, url, Complaints())
        await page.clock.install()
        await ask_for_a_code(page, "Use a code", "ana@example.org")
        again = page.get_by_role("button", name="Send a new code")
        await expect(again).to_have_count(0)
        await page.clock.fast_forward(31_000)
        await again.click()
        await expect(again).to_have_count(0)
        assert await mailbox.next_code() != await mailbox.next_code()
        await page.clock.fast_forward(601_000)
        await expect(page.get_by_text("The code is no longer good.")).to_be_visible()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_forgotten_password_is_set_anew_and_other_devices_are_told_why_they_are_out(
    url: str, mailbox: Mailbox
) -> None:
    complaints = Complaints()
    async with chromium() as browser:
        other = await arrive(browser, url, complaints)
        await register(other, "Ana")
        page = await arrive(browser, url, complaints)
        await ask_for_a_code(page, "Forgotten", "ana@example.org")
        await page.get_by_label("Code").fill(await mailbox.next_code())
        await page.get_by_label("New password").fill("another long one")
        await require_accessible(page)
        await page.get_by_role("button", name="Set password").click()
        await require_inside(page)
        ended = other.get_by_role("status").filter(has_text="Your session has ended.")
        await expect(ended).to_be_visible()
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_whoever_has_no_password_sets_one_by_a_code_and_stays_signed_in(
    url: str, mailbox: Mailbox
) -> None:
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, url, complaints)
        await ask_for_a_code(page, "Use a code", "ana@example.org")
        await page.get_by_label("Code").fill(await mailbox.next_code())
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_label("Name").fill("Ana")
        await page.get_by_role("button", name="Create account").click()
        await page.get_by_role("button", name="Settings").click()
        await page.get_by_role("tab", name="Security").click()
        change = page.get_by_role("button", name="Change password")
        await change.click()
        await page.get_by_label("Current password").fill("there is none")
        await page.get_by_label("New password").fill("a long new one")
        await change.click()
        await page.get_by_label("Code").fill(await mailbox.next_code())
        await page.get_by_label("New password").fill("a long new one")
        await change.click()
        await expect(page.get_by_text("Your password is changed.")).to_be_visible()
        await page.reload()
        await require_inside(page)
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_the_first_screen_speaks_the_language_and_has_the_colours_that_are_chosen(
    url: str,
) -> None:
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, url, complaints, viewport=PHONE)
        await page.get_by_label("Show this page in").select_option("ar")
        await expect(page.locator("html")).to_have_attribute("dir", "rtl")
        await page.get_by_role("button", name="ألوان داكنة").click()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await require_accessible(page)
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("dir", "rtl")
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_whoever_follows_an_invite_is_told_to_sign_in_for_it(url: str) -> None:
    async with chromium() as browser:
        page = await arrive(browser, f"{url}#join:abcdefghijkl", Complaints())
        await expect(page.get_by_role("status").first).to_contain_text("invited to a group")
        await require_accessible(page)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_the_other_tabs_of_a_browser_follow_in_and_out(url: str) -> None:
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, url, complaints)
        tab = await page.context.new_page()
        await tab.goto(url)
        await register(page, "Ana")
        await require_inside(tab)
    assert complaints == []
