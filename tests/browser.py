"""A real browser for tests."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

CHROMIUM = shutil.which("chromium")
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs a chromium on the PATH")
# Milliseconds that a busy machine may take for anything here; nothing is measured by it.
PATIENCE = 20_000


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run a real browser."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        yield browser
        await browser.close()


async def open_tab(browser: Browser) -> tuple[Page, list[str]]:
    """Open a tab of somebody with a browser of their own; return what it complains of, too."""
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
