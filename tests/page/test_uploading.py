"""Files of all sizes: how they go, how they come, and what the page does meanwhile."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest
from browser import (
    PHONE,
    conversation,
    in_a_browser,
    message,
    require_accessible,
    say,
)
from msgspec import structs
from PIL import Image
from playwright.async_api import Page, Route, expect
from test_attaching import LARGE, SLOW, choose, files, made, slow_down
from test_composer import direct, field
from test_notifications import until
from test_talk import write
from test_talking import company, open_as
from tornado.httpclient import AsyncHTTPClient

from realchat.settings import Settings

DROP = """(element, names) => {
  const dataTransfer = new DataTransfer();
  for (const name of names) dataTransfer.items.add(new File([name], name));
  for (const type of ["dragenter", "dragover", "drop"])
    element.dispatchEvent(new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true}));
}"""
# The longest that a page that is asked every few milliseconds did not answer.
STALLS = """() => {
  window.stall = 0;
  let last = performance.now();
  setInterval(() => {
    stall = Math.max(stall, performance.now() - last);
    last = performance.now();
  }, 20);
}"""


class TestLarge:
    """200 MB, where that just fits."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Have room for one such file and a little more: what is cancelled must not count."""
        return structs.replace(settings, upload_quota_bytes=LARGE + 1_000_000)

    @in_a_browser
    @pytest.mark.gen_test(timeout=300)
    async def test_a_large_file_is_cancelled_then_sent_to_its_end_and_comes_as_it_was(
        self, http_client: AsyncHTTPClient, base_url: str, tmp_path: Path
    ) -> None:
        path = made(tmp_path, "film.bin", LARGE)
        with path.open("r+b") as file:
            for at in range(0, LARGE, 1_000_000):
                file.seek(at)
                file.write(at.to_bytes(8, "big"))
        async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
            ana, ben = both
            page = await open_as(ana, direct(ana, ben), browser, complaints)
            await write(ben, ana, "Have you got the film?")
            await slow_down(page, SLOW)
            await choose(page, path)
            progress = page.get_by_role("progressbar", name="Upload of film.bin")
            await expect(progress).to_be_visible()
            assert len(await watch(page, 2)) == 2
            await page.get_by_role("button", name="Cancel the upload of film.bin").click()
            await expect(files(page)).to_have_count(0)

            await choose(page, path)
            await page.evaluate(STALLS)
            await require_living(page)
            seen = await watch(page, 4)
            assert seen == sorted(seen)
            assert len(seen) == 4
            await slow_down(page, -1)
            await expect(progress).to_have_count(0, timeout=120_000)
            stall = await page.evaluate("stall")
            await say(page, "Here it is")
            shown = await open_as(ben, direct(ana, ben), browser, complaints)
            async with shown.expect_download(timeout=120_000) as coming:
                await shown.get_by_role("link", name="film.bin").click()
            came = await (await coming.value).path()
            assert await digest(came) == await digest(path)
            # A page that reads the file itself would have stood still for seconds.
            assert stall < 5_000


async def watch(page: Page, count: int) -> list[float]:
    """Return so many different values of the upload's progress, in the order that they came."""
    progress = page.get_by_role("progressbar")
    seen: list[float] = []
    while len(seen) < count and await progress.count():
        now = float(await progress.get_attribute("value") or 0)
        if now not in seen[-1:]:
            seen.append(now)
    return seen


async def require_living(page: Page) -> None:
    """Write, open a dialog and react while a file goes."""
    await field(page).press_sequentially("Still typing")
    await expect(field(page)).to_have_value("Still typing")
    await page.get_by_role("button", name="Settings").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    asked = message(page, "Have you got")
    await asked.hover()
    await asked.get_by_role("button", name="Actions").click()
    await page.get_by_role("menuitem", name="React with 👍").click()
    await expect(asked.get_by_role("button", name="👍 1: You")).to_be_visible()
    await expect(page.get_by_role("progressbar")).to_have_count(1)
    await field(page).fill("")


async def digest(path: Path) -> str:
    """Return a file's SHA-256."""

    def read() -> str:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    return await asyncio.to_thread(read)


def picture(folder: Path, name: str) -> Path:
    """Make a picture."""
    path = folder / name
    Image.new("RGB", (40, 30), "teal").save(path)
    return path


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_several_files_of_several_kinds_come_as_pictures_and_cards(
    http_client: AsyncHTTPClient, base_url: str, tmp_path: Path
) -> None:
    page_of_text = tmp_path / "page.html"
    page_of_text.write_text("<script>alert(1)</script>")
    drawing = tmp_path / "drawing.svg"
    drawing.write_text("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    lie = tmp_path / "lie.png"
    lie.write_text("<script>alert(1)</script>")
    async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
        talk = direct(*both)
        ana = await open_as(both[0], talk, browser, complaints)
        ben = await open_as(both[1], talk, browser, complaints, viewport=PHONE)
        await choose(ana, picture(tmp_path, "one.png"), picture(tmp_path, "two.webp"), page_of_text)
        await ana.get_by_role("log").evaluate(DROP, ["first.txt", "second.txt"])
        await choose(ana, drawing, lie)
        await expect(files(ana)).to_have_count(7)
        await say(ana, "All of it")
        shown = ben.get_by_role("log")
        for name in ("one.png", "two.webp"):
            image = shown.get_by_role("img", name=name)
            await image.scroll_into_view_if_needed()
            await expect(image).to_have_js_property("naturalWidth", 40)
        names = ["page.html", "drawing.svg", "lie.png", "first.txt", "second.txt"]
        for name in names:
            await expect(shown.get_by_role("link", name=name)).to_have_attribute("download", name)
        await expect(shown.get_by_role("img", name="lie.png")).to_have_count(0)
        await expect(shown.get_by_role("img", name="drawing.svg")).to_have_count(0)
        await require_accessible(ben)
        assert await ben.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await ben.get_by_role("button", name="Back to the list").click()
        await expect(conversation(ben, "Ana")).to_contain_text("All of it")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_an_upload_that_breaks_off_is_tried_again_by_itself_or_by_hand(
    http_client: AsyncHTTPClient, base_url: str, tmp_path: Path
) -> None:
    async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
        page = await open_as(both[0], direct(*both), browser, complaints)
        await page.route("**/upload", lambda route: route.abort("connectionreset"))
        await choose(page, made(tmp_path, "notes.txt", 10), made(tmp_path, "more.txt", 10))
        trouble = page.get_by_role("alert").filter(has_text="The server cannot be reached.")
        await expect(trouble).to_have_count(2)
        await require_accessible(page)
        await page.unroute("**/upload")
        await page.get_by_role("button", name="Try notes.txt again").click()
        await expect(trouble).to_have_count(1)
        # Once the browser says that it is online, what was lost goes by itself.
        await page.evaluate("dispatchEvent(new Event('online'))")
        await expect(trouble).to_have_count(0)
        await say(page, "At last")
        await expect(message(page, "At last")).to_contain_text("more.txt")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_no_more_than_three_files_go_at_a_time_and_the_others_wait(
    http_client: AsyncHTTPClient, base_url: str, tmp_path: Path
) -> None:
    async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
        page = await open_as(both[0], direct(*both), browser, complaints)
        began: list[Route] = []
        gate = asyncio.Event()

        async def hold(route: Route) -> None:
            began.append(route)
            await gate.wait()
            await route.continue_()

        await page.route("**/upload", hold)
        await choose(page, *(made(tmp_path, f"{number}.bin", 1000) for number in range(8)))
        await expect(page.get_by_role("progressbar")).to_have_count(8)
        await say(page, "Eight")
        await expect(page.get_by_text("Goes out when the files are there.")).to_be_visible()
        await until(lambda: len(began) >= 3)
        assert len(began) == 3
        gate.set()
        for number in range(8):
            await expect(message(page, "Eight")).to_contain_text(f"{number}.bin")
        assert len(began) == 8
