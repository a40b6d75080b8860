"""Five thousand messages: what is read keeps its very place, and everything is one step away."""

from __future__ import annotations

from typing import Any

import people
import pytest
from browser import PHONE, WIDE, Complaints, chromium, in_a_browser
from playwright.async_api import Page, Route, expect
from test_talk import open_with, write
from test_talk_history import HELD, MANY, fill
from tornado.httpclient import AsyncHTTPClient

# Messages of some pages.
FEW = 320
# Pixels that are rounded away.
LITTLE = 2
# Scrolls a little until other messages are held, and says how far what was at the top of the view
# is then from where it should be. Where it now begins what its sender said, so does its upper half.
TURN = """async (step) => {
  const box = document.querySelector("[role=log]");
  const frames = async (count) => {
    for (let each = 0; each < count; each++) await new Promise(requestAnimationFrame);
  };
  const nodes = () => [...box.querySelectorAll("[data-seq]")];
  const edges = () => nodes().at(0).dataset.seq + "-" + nodes().at(-1).dataset.seq;
  const placeOf = (node) => node.getBoundingClientRect().bottom;
  const top = box.getBoundingClientRect().top;
  const found = [];
  const before = edges();
  for (let turn = 0; turn < 400 && edges() === before; turn++) {
    const held = nodes();
    const node = held.find((one) => one.getBoundingClientRect().top > top + 30);
    const [place, at] = [placeOf(node), box.scrollTop];
    box.scrollTop += step;
    const moved = box.scrollTop - at;
    await frames(2);
    const now = box.querySelector(`[data-seq="${node.dataset.seq}"]`);
    found.push({off: Math.abs(placeOf(now) - (place - moved)), held: held.length});
  }
  return {turned: edges() !== before, found};
}"""
AT_TOP = "() => document.querySelector('[role=log]').scrollTop === 0"
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# Where the message in the middle of the view is, over a while in which others come.
WATCH = """() => {
  const box = document.querySelector("[role=log]");
  const { top, height } = box.getBoundingClientRect();
  const node = [...box.querySelectorAll("[data-seq]")]
    .find((one) => one.getBoundingClientRect().bottom > top + height / 2);
  window.places = new Set();
  const look = () => {
    places.add(Math.round(node.getBoundingClientRect().top));
    requestAnimationFrame(look);
  };
  look();
}"""


async def turn(page: Page, step: int, times: int) -> list[dict[str, Any]]:
    """Scroll until pages were added or dropped so many times."""
    found: list[dict[str, Any]] = []
    for _ in range(times):
        seen = await page.evaluate(TURN, step)
        assert seen["turned"]
        found += seen["found"]
    return found


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_is_at_the_top_stays_there_when_a_page_is_added_or_dropped(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    await fill(ana, ben)
    talk = f"dm:{min(ana.id, ben.id)}:{max(ana.id, ben.id)}"
    assert (await ben.post(f"/conversations/{talk}/read", {"seq": MANY - 1})).status == 200
    complaints = Complaints()
    async with chromium() as browser:
        # Far enough for the newest to be let go of, and back to them; a little way on a phone.
        for viewport, ways_up, ways_down in ((WIDE, 8, 2), (PHONE, 2, 0)):
            page = await open_with(ben, "Ana", browser, complaints, viewport=viewport)
            # With one unread message at most it opens at the end.
            await expect(page.locator(f"[data-seq='{MANY}']")).to_be_in_viewport()
            up = await turn(page, -300, ways_up)
            down = await turn(page, 300, ways_down)
            assert max(one["off"] for one in (*up, *down)) <= LITTLE
            assert max(one["held"] for one in (*up, *down)) <= HELD
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_is_at_the_top_stays_there_when_one_was_faster_than_the_page_that_is_added(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    await fill(ana, ben, FEW)
    talk = f"dm:{min(ana.id, ben.id)}:{max(ana.id, ben.id)}"
    assert (await ben.post(f"/conversations/{talk}/read", {"seq": FEW - 1})).status == 200
    complaints = Complaints()
    async with chromium() as browser:
        page = await open_with(ben, "Ana", browser, complaints)
        await expect(page.locator(f"[data-seq='{FEW}']")).to_be_in_viewport()

        async def be_late(route: Route) -> None:
            await page.wait_for_function(AT_TOP)
            await route.continue_()

        await page.route("**/messages/dm?*", be_late)
        found = await turn(page, -300, 5)
        assert max(one["off"] for one in found) <= LITTLE
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_quoted_message_far_back_is_one_step_away_and_so_is_the_end(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    first = await write(ana, ben, "The very first")
    await fill(ana, ben)
    await write(ben, ana, "Do you remember?", reply_to=first["id"])
    complaints = Complaints()
    async with chromium() as browser:
        page = await open_with(ben, "Ana", browser, complaints)
        answer, origin = page.locator(f"[data-seq='{MANY + 2}']"), page.locator("[data-seq='1']")
        await expect(answer).to_be_in_viewport()
        await expect(origin).to_have_count(0)
        await answer.get_by_role("button", name="The very first").click()
        await expect(origin).to_be_in_viewport()
        await expect(origin).to_be_focused()
        assert await page.locator("[role=log] [data-seq]").count() <= HELD
        # What comes while one reads far back moves nothing, once what is in view is drawn.
        await page.evaluate(DRAWN)
        await page.evaluate(WATCH)
        for number in range(5):
            await write(ana, ben, f"Meanwhile {number}")
        jump = page.get_by_role("button", name="Jump to the newest, 5 new messages")
        await expect(jump).to_be_visible()
        assert await page.evaluate("places.size") == 1
        await jump.click()
        await expect(page.locator(f"[data-seq='{MANY + 7}']")).to_be_in_viewport()
        await expect(page.get_by_role("button", name="Jump to the newest")).to_have_count(0)
        assert await page.locator("[role=log] [data-seq]").count() <= HELD
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_line_says_where_what_is_new_begins_until_one_answers(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    complaints = Complaints()
    async with chromium() as browser:
        for number in range(30):
            await write(ana, ben, f"Old {number}")
        talk = f"dm:{min(ana.id, ben.id)}:{max(ana.id, ben.id)}"
        await ben.post(f"/conversations/{talk}/read", {"seq": 30})
        for number in range(35):
            await write(ana, ben, f"New {number}")
        page = await open_with(ben, "Ana", browser, complaints)
        line = page.get_by_role("log").get_by_text("New messages")
        await expect(line).to_be_in_viewport()
        below = "li:has(> span:text('New messages')) + li"
        await expect(page.get_by_role("log").locator(below)).to_have_attribute("data-seq", "31")
        # It stays while one reads on, though all is read by then.
        await page.get_by_role("button", name="Jump to the newest").click()
        await expect(page.locator("[data-seq='65']")).to_be_in_viewport()
        await expect(line).to_have_count(1)
        await page.get_by_role("textbox", name="Message").fill("Thank you")
        await page.keyboard.press("Enter")
        await expect(line).to_have_count(0)
    assert complaints == []
