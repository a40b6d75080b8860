"""What the page shows of a network that is away, and where one is when it comes back."""

from __future__ import annotations

import asyncio

import people
import pytest
from browser import (
    PHONE,
    arrive,
    conversation,
    in_a_browser,
    message,
    require_accessible,
    say,
    sign_in,
)
from playwright.async_api import Page, Route, expect
from test_connection import has_worker, network
from test_talk import open_with, two, write
from tornado.httpclient import AsyncHTTPClient

# The browser says that there is no network, whatever there is.
SAY_OFFLINE = """() => {
  Object.defineProperty(navigator, "onLine", { value: false, configurable: true });
  dispatchEvent(new Event("offline"));
}"""
# Sockets that say what they hear.
HEAR = """window.heard = [];
const { WebSocket: Own } = window;
window.WebSocket = class extends Own {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => heard.push(JSON.parse(data).type));
  }
};
"""
# Longer than the banner waits, which was begun before.
A_SECOND = "() => new Promise((done) => setTimeout(done, 1000))"
# Timers that come again as seldom as the heart beats do not come: a connection that is gone is not
# missed.
NO_HEART = """const { setInterval: own } = window;
window.setInterval = (run, wait) => own(run, wait > 10_000 ? 2 ** 31 - 1 : wait);
"""
# Waits until something is kept of a kind.
KEPT = """async ([id, store]) => {
  const request = (asked) => new Promise((done, fail) => {
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  const database = await request(indexedDB.open(`realchat-${id}`));
  const count = () => request(database.transaction(store).objectStore(store).count());
  while (!(await count())) await new Promise(requestAnimationFrame);
  database.close();
}"""
# A little scroll, as when the browser moves what is at the end because there is less.
NUDGE = """() => new Promise((done) => {
  const box = document.querySelector("[role=log]");
  box.addEventListener("scroll", () => requestAnimationFrame(() => done()), { once: true });
  box.scrollTop -= 2;
})"""
# More comes below after the page went to the end, and before it is told that it did.
GROW = """(height) => new Promise((done) => {
  const list = document.querySelector("[role=log] ol");
  const { style } = list.lastElementChild;
  const grow = (by) => (style.minHeight = `${height + by}px`);
  const sizes = new ResizeObserver(() => {
    if (style.minHeight !== `${height + 200}px`) return;
    sizes.disconnect();
    setTimeout(() => {
      grow(400);
      requestAnimationFrame(() => requestAnimationFrame(() => done()));
    });
  });
  sizes.observe(list);
  grow(200);
})"""
DISTANCE = """() => {
  const { scrollHeight, scrollTop, clientHeight } = document.querySelector("[role=log]");
  return scrollHeight - scrollTop - clientHeight;
}"""


async def prepare(page: Page, script: str, person: people.Person) -> None:
    """Sign in on a page that begins with a script."""
    await page.context.add_init_script(script)
    await page.reload()
    await sign_in(page, person.email)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_whoever_goes_offline_is_told_so_before_the_connection_is_missed(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with two(http_client, base_url) as (ana, _, browser, complaints):
        page = await arrive(browser, base_url, complaints)
        await prepare(page, NO_HEART, ana)
        await page.context.set_offline(True)
        await expect(page.get_by_text("You are offline")).to_be_visible()
        await page.context.set_offline(False)
        await expect(page.get_by_text("You are offline")).to_have_count(0)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_browser_that_is_wrong_about_the_network_is_not_believed(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with two(http_client, base_url) as (ana, _, browser, complaints):
        page = await arrive(browser, base_url, complaints)
        await prepare(page, HEAR, ana)
        await page.evaluate(SAY_OFFLINE)
        await page.wait_for_function("() => heard.includes('pong')")
        await page.evaluate(A_SECOND)
        await expect(page.get_by_text("You are offline")).to_have_count(0)
        assert (await page.evaluate("heard")).count("hello") == 1


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_could_not_be_read_is_read_once_the_network_is_back(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with two(http_client, base_url) as (ana, ben, browser, complaints):
        await write(ben, ana, "Hello")
        page = await arrive(browser, base_url, complaints)
        await page.context.add_init_script(NO_HEART)
        await page.reload()
        await sign_in(page, ana.email)
        await page.context.set_offline(True)
        await conversation(page, "Ben").click()
        await expect(page.get_by_role("button", name="Try again")).to_be_visible()
        await say(page, "Waiting")
        await expect(message(page, "Waiting")).to_be_visible()
        await page.context.set_offline(False)
        await expect(message(page, "Hello")).to_be_visible()
        await expect(message(page, "Waiting")).to_contain_text("Sent")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_who_is_at_the_end_stays_there_while_what_was_missed_is_on_its_way(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    asked, told = asyncio.Event(), asyncio.Event()

    async def be_late(route: Route) -> None:
        asked.set()
        await told.wait()
        await route.continue_()

    async with two(http_client, base_url) as (ana, ben, browser, complaints):
        for number in range(30):
            await write(ana, ben, f"Before {number}")
        page = await open_with(ana, "Ben", browser, complaints)
        await expect(message(page, "Before 29")).to_be_in_viewport()
        await page.evaluate(KEPT, [ana.id, "timelines"])
        await page.goto("about:blank")
        for number in range(5):
            await write(ben, ana, f"Missed {number}")
        await page.route("**/messages/dm?*", be_late)
        await page.go_back()
        await asked.wait()
        # The list knows more than the conversation has.
        await expect(conversation(page, "Ben")).to_contain_text("Missed 4")
        await expect(message(page, "Before 29")).to_be_in_viewport()
        await page.evaluate(NUDGE)
        told.set()
        await expect(message(page, "Missed 4")).to_be_in_viewport()
        await expect(conversation(page, "Ben").locator(".badge")).to_have_count(0)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_who_is_at_the_end_stays_there_when_more_comes_before_the_browser_tells_of_it(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with two(http_client, base_url) as (ana, ben, browser, complaints):
        for number in range(30):
            await write(ana, ben, f"Before {number}")
        page = await open_with(ana, "Ben", browser, complaints)
        await expect(message(page, "Before 29")).to_be_in_viewport()
        for turn in range(5):
            await page.evaluate(GROW, turn * 400)
            assert await page.evaluate(DISTANCE) < 2


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_conversation_that_is_not_kept_here_says_so_without_a_connection(
    http_port: int, http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with (
        two(http_client, base_url) as (ana, ben, browser, complaints),
        network(http_port) as way,
    ):
        await write(ben, ana, "Hello")
        page = await arrive(browser, way.url, complaints, viewport=PHONE)
        await sign_in(page, ana.email)
        await expect(conversation(page, "Ben")).to_contain_text("Hello")
        await has_worker(page)
        await page.evaluate(KEPT, [ana.id, "conversations"])
        await way.go()
        await page.reload()
        await conversation(page, "Ben").click()
        await expect(page.get_by_text("Not kept on this device.")).to_be_visible()
        await require_accessible(page)
        await way.come()
        await expect(message(page, "Hello")).to_be_visible()
        await expect(page.get_by_text("Not kept on this device.")).to_have_count(0)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_the_list_has_what_waits_at_the_time_when_it_was_written(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with two(http_client, base_url) as (ana, ben, browser, complaints):
        cleo = await people.register(http_client, base_url, "Cleo")
        await write(ana, ben, "Earlier")
        await write(ana, cleo, "Later")
        page = await open_with(ana, "Ben", browser, complaints)
        rows = page.get_by_label("Your conversations").get_by_role("link")
        await expect(rows.first).to_contain_text("Cleo")
        said = await conversation(page, "Ben").locator("time").get_attribute("datetime")
        await page.context.set_offline(True)
        await say(page, "Waiting")
        await expect(conversation(page, "Ben")).to_contain_text("Waiting")
        await expect(rows.first).to_contain_text("Ben")
        written = await conversation(page, "Ben").locator("time").get_attribute("datetime")
        assert (said or "") < (written or "")
