"""Five thousand messages: read to the first and back to the last, without anything jumping."""

from __future__ import annotations

import asyncio
from typing import Any

import people
import pytest
from browser import Complaints, chromium, conversation, in_a_browser, say
from people import Person
from playwright.async_api import Page, expect
from test_talk import open_with, write
from tornado.httpclient import AsyncHTTPClient

MANY = 5_000
# Requests under way at a time.
WAYS = 25
# Pixels that a message may be off its place: where the one above it turns out to be the first of
# its sender, it loses the name.
SLACK = 60
# The most messages that the page may hold.
HELD = 600
# Scrolls, and says which message is seen and how far it is from where it should have gone.
STEP = """async (step) => {
  const frame = () => new Promise(requestAnimationFrame);
  const box = document.querySelector("[role=log]");
  const top = box.getBoundingClientRect().top;
  const nodes = [...box.querySelectorAll("[data-seq]")];
  const inView = nodes.filter((node) => {
    const place = node.getBoundingClientRect().top - top;
    return place > 60 && place < box.clientHeight - 60;
  });
  const node = step < 0 ? inView[0] : inView.at(-1);
  const [seq, place, at] = [node.dataset.seq, node.getBoundingClientRect().top, box.scrollTop];
  box.scrollTop += step;
  const moved = box.scrollTop - at;
  await frame();
  await frame();
  const now = box.querySelector(`[data-seq="${seq}"]`).getBoundingClientRect().top;
  return {seq: Number(seq), off: Math.abs(now - (place - moved)), held: nodes.length};
}"""


async def fill(sender: Person, to: Person, many: int = MANY) -> None:
    """Have a long history; its texts are of different lengths."""
    numbers = iter(range(1, many + 1))

    async def go_on() -> None:
        for number in numbers:
            await write(sender, to, f"Number {number} " + "word " * (number % 7) ** 2)

    await asyncio.gather(*[go_on() for _ in range(WAYS)])


async def scroll(page: Page, step: int, until: int) -> list[dict[str, Any]]:
    """Scroll until a message is in view; return what was seen on the way."""
    seen: list[dict[str, Any]] = []
    while not seen or (seen[-1]["seq"] - until) * step < 0:
        seen.append(await page.evaluate(STEP, step))
    return seen


@in_a_browser
@pytest.mark.gen_test(timeout=600)
async def test_a_long_history_is_read_in_both_directions_without_a_jump(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    await fill(ana, ben)
    complaints = Complaints()
    async with chromium() as browser:
        # It opens where the new messages begin, which is at the very first one here.
        page = await open_with(ben, "Ana", browser, complaints)
        await expect(page.get_by_text("New messages")).to_be_visible()
        down = await scroll(page, 400, 600)
        await page.get_by_role("button", name="Jump to the newest").click()
        await expect(page.locator(f"[data-seq='{MANY}']")).to_be_in_viewport()
        await expect(conversation(page, "Ana").locator(".badge")).to_have_count(0)
        up = await scroll(page, -400, MANY - 600)
        for seen in (down, up):
            assert max(one["off"] for one in seen) <= SLACK
            assert max(one["held"] for one in seen) <= HELD
        # Whoever reads what was is not torn away by what comes, but is by what they say.
        here = page.locator(f"[data-seq='{up[-1]['seq']}']")
        await write(ana, ben, "And one more")
        await expect(page.get_by_role("button", name="1 new message")).to_be_visible()
        await expect(here).to_be_in_viewport()
        await say(page, "The last word")
        await expect(page.locator(f"[data-seq='{MANY + 2}']")).to_be_in_viewport()
    assert complaints == []
