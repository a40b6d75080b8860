"""A real Chromium, and what people do in it; shared by the tests of the page."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import people
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

CHROMIUM = shutil.which("chromium")
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs a chromium on the PATH")
# Milliseconds that a busy machine may take for anything here; nothing is measured by it.
PATIENCE = 60_000
# Seconds in which a browser that was closed lets go of its connections.
_GOING = 0.3
PHONE = {"width": 360, "height": 740}
WIDE = {"width": 1280, "height": 800}
# Without these, Chromium looks for its maker's hosts at every start.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# What axe looks at: WCAG 2.2 up to AA, and what it calls good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@asynccontextmanager
async def chromium(*arguments: str) -> AsyncIterator[Browser]:
    """Run a real browser."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ARGUMENTS, *arguments]
        )
        try:
            yield browser
        finally:
            await browser.close()
            # The server, on the same loop, is still to see that its connections are gone.
            await asyncio.sleep(_GOING)


class Complaints(list[str]):
    """What went wrong in pages: errors of scripts, and what their policy forbade."""

    def listen_to(self, page: Page) -> None:
        """Note what goes wrong in a page from now on."""
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on(
            "console",
            lambda line: self.append(line.text) if "Content Security" in line.text else None,
        )


async def arrive(browser: Browser, url: str, complaints: Complaints, **options: Any) -> Page:
    """Open the page as somebody with a browser of their own.

    `options` are Playwright's of a new context, such as `viewport` or `color_scheme`.
    """
    context = await browser.new_context(**{"locale": "en-GB", "viewport": WIDE, **options})
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    complaints.listen_to(page)
    await page.goto(url)
    return page


async def open_tab(browser: Browser) -> tuple[Page, list[str]]:
    """Open an empty tab of somebody with a browser of their own; return its complaints, too."""
    context = await browser.new_context(locale="en-GB")
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None,
    )
    return page, complaints


async def register(page: Page, name: str, language: str = "en") -> None:
    """Make an account through the form."""
    await page.get_by_role("button", name="Create account").click()
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("E-mail", exact=True).fill(f"{name.lower()}@example.org")
    await page.get_by_label("Password", exact=True).fill(people.PASSWORD)
    await page.get_by_label("Language").select_option(language)
    await page.get_by_role("button", name="Create account").click()
    await be_connected(page)


async def sign_in(page: Page, email: str) -> None:
    """Sign in by password."""
    await page.get_by_label("E-mail", exact=True).fill(email)
    await page.get_by_label("Password", exact=True).fill(people.PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await be_connected(page)


async def be_connected(page: Page) -> None:
    """Wait until a page hears of all that happens."""
    await expect(page.get_by_label("Search people")).to_be_visible()
    await expect(page.locator("[data-connection=open]")).to_have_count(1)


async def talk_to(page: Page, name: str) -> None:
    """Find somebody and open the conversation with them."""
    await page.get_by_label("Search people").fill(name)
    await page.get_by_label("People found").get_by_text(name).first.click()
    await expect(page.get_by_role("heading", name=name)).to_be_visible()


def conversation(page: Page, name: str) -> Locator:
    """Return a conversation in the list."""
    return page.get_by_label("Your conversations").get_by_role("link").filter(has_text=name)


async def say(page: Page, text: str) -> None:
    """Write a message into the open conversation."""
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.get_by_role("button", name="Send", exact=True).click()


def message(page: Page, text: str) -> Locator:
    """Return the message with a text, in the open conversation."""
    return page.get_by_role("log").get_by_role("listitem").filter(has_text=text)


async def require_accessible(page: Page, part: str | None = None) -> None:
    """Fail on anything that axe-core finds on the screen as it is now, or on a part of it."""
    options = {"runOnly": {"type": "tag", "values": RULES}}
    found = await Axe().run(page, context=part, options=options)
    violations = [
        f"{one['id']}: {one['help']} ({node['target']}) {node['failureSummary']}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]
    assert violations == [], "\n".join(violations)
