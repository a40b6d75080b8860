"""Files on their way into a message: chosen, pasted, dropped, large, failing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from browser import in_a_browser, message, require_accessible, say
from msgspec import structs
from people import Person
from playwright.async_api import Locator, Page, Route, expect
from test_composer import field, heard, writing
from tornado.httpclient import AsyncHTTPClient

from realchat.settings import Settings

LARGE = 200_000_000
# Bytes a second of a line on which an upload can be watched, on a slow machine, too.
SLOW = 5_000_000
FULL = json.dumps({"error": {"code": "quota_exceeded", "message": "full"}})
PASTE = """(element) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File(["one"], "pasted.txt", {type: "text/plain"}));
    const paste = {clipboardData, bubbles: true, cancelable: true};
    element.dispatchEvent(new ClipboardEvent("paste", paste));
}"""
DRAG = """(element, type) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["two"], "dropped.txt", {type: "text/plain"}));
    element.dispatchEvent(new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true}));
}"""


def files(page: Page) -> Locator:
    """Return the files that go with the message."""
    return page.get_by_role("list", name="Files to send").get_by_role("listitem")


async def choose(page: Page, *paths: Path) -> None:
    """Choose files as from the browser's own dialog."""
    await page.locator("input[type=file]").set_input_files(paths)


def made(folder: Path, name: str, size: int) -> Path:
    """Make a file that takes no space on the disk."""
    path = folder / name
    with path.open("wb") as file:
        file.truncate(size)
    return path


async def slow_down(page: Page, upload: int) -> None:
    """Let a page send so many bytes a second."""
    session = await page.context.new_cdp_session(page)
    line = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": upload}
    await session.send("Network.enable")
    await session.send("Network.emulateNetworkConditions", line)


async def arrived(reader: Person, sender: Person) -> list[dict[str, Any]]:
    """Return the files of the first message, once it is there."""
    await heard(reader, sender, 1)
    found = (await reader.get("/messages/dm", user_id=sender.id)).json
    attachments: list[dict[str, Any]] = found[-1]["attachments"]
    return attachments


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_large_file_shows_its_progress_and_the_message_waits_for_it(
    http_client: AsyncHTTPClient, base_url: str, tmp_path: Path
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        await slow_down(page, SLOW)
        await choose(page, made(tmp_path, "large.bin", LARGE))
        progress = page.get_by_role("progressbar", name="Upload of large.bin")
        await expect(progress).to_be_visible()
        # The page goes on living.
        await field(page).press_sequentially("With a film")
        await page.get_by_role("button", name="Send", exact=True).click()
        await expect(page.get_by_text("Goes out when the files are there.")).to_be_visible()
        await require_accessible(page)
        seen: set[str | None] = set()
        while await progress.count() and len(seen) < 3:
            seen |= {await progress.get_attribute("value")}
        assert len(seen) == 3
        await slow_down(page, -1)
        await expect(message(page, "With a film")).to_be_visible(timeout=120_000)
        await expect(files(page)).to_have_count(0)
        await expect(message(page, "large.bin")).to_be_visible()
        assert [one["size"] for one in await arrived(ben, ana)] == [LARGE]


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_an_upload_that_is_taken_back_leaves_nothing(
    http_client: AsyncHTTPClient, base_url: str, tmp_path: Path
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        await slow_down(page, SLOW)
        await choose(page, made(tmp_path, "large.bin", LARGE))
        await page.get_by_role("button", name="Cancel the upload of large.bin").click()
        await expect(files(page)).to_have_count(0)
        await say(page, "Without")
        assert await arrived(ben, ana) == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_an_upload_that_failed_says_why_and_can_be_tried_again(
    http_client: AsyncHTTPClient, base_url: str, tmp_path: Path
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):

        async def refuse(route: Route) -> None:
            await route.fulfill(status=413, content_type="application/json", body=FULL)

        await page.route("**/upload", refuse)
        await choose(page, made(tmp_path, "small.bin", 10))
        await expect(
            page.get_by_role("alert").get_by_text("space for files is full")
        ).to_be_visible()
        await say(page, "Here")
        await expect(page.get_by_text("Some files did not arrive.")).to_be_visible()
        await require_accessible(page)
        await page.unroute("**/upload")
        await page.get_by_role("button", name="Try small.bin again").click()
        await expect(page.get_by_role("button", name="Remove small.bin")).to_be_visible()
        # What is there outlasts a reload.
        await page.reload()
        await expect(page.get_by_role("button", name="Remove small.bin")).to_be_visible()
        await expect(field(page)).to_have_value("Here")
        await field(page).press("Enter")
        assert [one["name"] for one in await arrived(ben, ana)] == ["small.bin"]


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_files_are_pasted_and_dropped(http_client: AsyncHTTPClient, base_url: str) -> None:
    async with writing(http_client, base_url) as (page, _, _):
        await field(page).evaluate(PASTE)
        await expect(files(page).filter(has_text="pasted.txt")).to_be_visible()
        target = page.get_by_text("Drop the files to send them here")
        await page.get_by_role("log").evaluate(DRAG, "dragenter")
        await expect(target).to_be_visible()
        await page.get_by_role("log").evaluate(DRAG, "drop")
        await expect(target).to_have_count(0)
        await expect(files(page).filter(has_text="dropped.txt")).to_be_visible()
        await page.get_by_role("button", name="Remove pasted.txt").click()
        await expect(files(page)).to_have_count(1)


class TestLimits:
    """Told before anything is sent."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Take small files only."""
        return structs.replace(settings, max_upload_bytes=1000)

    @in_a_browser
    @pytest.mark.gen_test(timeout=300)
    async def test_what_is_too_large_or_too_much_is_left_out(
        self, http_client: AsyncHTTPClient, base_url: str, tmp_path: Path
    ) -> None:
        async with writing(http_client, base_url) as (page, ana, ben):
            await say(page, "A connection tells the limits")
            await heard(ben, ana, 1)
            small = [made(tmp_path, f"{number}.bin", 1000) for number in range(12)]
            await choose(page, made(tmp_path, "large.bin", 1001), *small)
            told = page.get_by_role("alert")
            await expect(told.get_by_text("large.bin is larger than 1 kB")).to_be_visible()
            await expect(told.get_by_text("2 were left out")).to_be_visible()
            await expect(files(page)).to_have_count(10)
            await require_accessible(page)
