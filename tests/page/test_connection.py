"""What the page does when the connection, the server or the network goes: nothing gets lost."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import people
import pytest
from browser import (
    Complaints,
    arrive,
    chromium,
    conversation,
    in_a_browser,
    message,
    register,
    say,
    sign_in,
    talk_to,
)
from playwright.async_api import Browser, Page, Route, expect
from processes import ServerProcess, free_port
from test_composer import direct, open_talk
from tornado.httpclient import AsyncHTTPClient

from realchat.mongod import EmbeddedMongod
from torture.proxy import Proxy

OUTAGE = 30  # seconds


class Network(Proxy):
    """The way of one person to the server, which can go and come back."""

    def __init__(self, target: int) -> None:
        super().__init__(target, random.Random(0))
        self._port = free_port()

    @property
    def url(self) -> str:
        """Where the page is to be opened."""
        return f"http://127.0.0.1:{self._port}/"

    async def come(self) -> None:
        """Be there."""
        await self.open(self._port)

    async def go(self) -> None:
        """Be gone: what there is breaks, and nothing new is let through."""
        await self.close()


@asynccontextmanager
async def network(port: int) -> AsyncIterator[Network]:
    """Have a network of one's own before the server."""
    made = Network(port)
    await made.come()
    try:
        yield made
    finally:
        await made.go()
        # What was cut is let go of a turn of the loop later.
        await asyncio.sleep(0.1)


async def has_worker(page: Page) -> None:
    """Wait until the page would open without a server."""
    await page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    await page.wait_for_function("caches.keys().then((keys) => keys.length > 0)")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_message_that_is_pending_outlasts_a_reload_without_a_server(
    http_port: int, http_client: AsyncHTTPClient, base_url: str
) -> None:
    ben = await people.register(http_client, base_url, "Ben")
    complaints = Complaints()
    async with network(http_port) as way, chromium() as browser:
        ana = await arrive(browser, way.url, complaints)
        await register(ana, "Ana")
        await talk_to(ana, "Ben")
        await say(ana, "First")
        await expect(message(ana, "First")).to_be_visible()
        await has_worker(ana)
        await way.go()
        await say(ana, "Second")
        await say(ana, "Third")
        await ana.reload()
        await expect(message(ana, "Third")).to_be_visible()
        await expect(message(ana, "First")).to_be_visible()
        await way.come()
        await expect_said(ben, ana, ["First", "Second", "Third"])
        await expect(message(ana, "Second")).to_have_count(1)
        await expect(message(ana, "Third")).to_have_count(1)
    assert complaints == []


# Timers that wait longer than the list does to be read do not come: a browser that is too busy.
BUSY = """const { setTimeout: own } = window;
window.setTimeout = (run, wait, ...given) => own(run, wait > 100 ? 3_600_000 : wait, ...given);
"""
# How many messages are kept as on their way and as said, whenever it is others, until one is said.
PLACES = """async (id) => {
  const request = (asked) => new Promise((done, fail) => {
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  const database = await request(indexedDB.open(`realchat-${id}`));
  const seen = [];
  for (let look = 0; look < 20_000 && !seen.at(-1)?.endsWith("1"); look++) {
    const stores = database.transaction(["outbox", "timelines"]);
    const [sent, said] = await Promise.all([
      request(stores.objectStore("outbox").getAll()),
      request(stores.objectStore("timelines").getAll()),
    ]);
    const places = [sent.length, said.flat().length].join();
    if (places !== seen.at(-1)) seen.push(places);
    window.isLooking = true;
  }
  database.close();
  return seen;
}"""


async def arrive_busy(browser: Browser, url: str, complaints: Complaints) -> Page:
    """Open the page in a browser that does not get to what can wait."""
    page = await arrive(browser, url, complaints)
    await page.context.add_init_script(BUSY)
    await page.reload()
    return page


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_was_read_last_is_kept_however_soon_the_page_is_left(
    http_port: int, http_client: AsyncHTTPClient, base_url: str
) -> None:
    both = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    complaints = Complaints()
    async with network(http_port) as way, chromium() as browser:
        ana = await arrive_busy(browser, way.url, complaints)
        await sign_in(ana, both[0].email)
        await has_worker(ana)
        await open_talk(ana, direct(*both))
        await say(ana, "First")
        await expect(message(ana, "First")).to_contain_text("Sent")
        await expect(conversation(ana, "Ben")).to_contain_text("First")
        await way.go()
        await ana.reload()
        await expect(message(ana, "First")).to_contain_text("Sent")
        await expect(conversation(ana, "Ben")).to_contain_text("First")
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_message_is_kept_as_said_in_the_moment_it_is_no_longer_on_its_way(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    both = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    complaints = Complaints()
    async with chromium() as browser:
        ana = await arrive_busy(browser, base_url, complaints)
        await sign_in(ana, both[0].email)
        await open_talk(ana, direct(*both))
        looking = asyncio.ensure_future(ana.evaluate(PLACES, both[0].id))
        await ana.wait_for_function("() => window.isLooking")
        await say(ana, "First")
        assert await looking == ["0,0", "1,0", "0,1"]
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_one_says_while_the_conversation_is_being_read_stays_in_sight(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    both = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    complaints = Complaints()
    read = asyncio.Event()

    async def be_late(route: Route) -> None:
        await read.wait()
        await route.continue_()

    async with chromium() as browser:
        ana = await arrive(browser, base_url, complaints)
        await sign_in(ana, both[0].email)
        await ana.route("**/messages/dm?*", be_late)
        await open_talk(ana, direct(*both))
        for text in ("First", "Second"):
            await say(ana, text)
            await expect(conversation(ana, "Ben")).to_contain_text(text)
        for text in ("First", "Second"):
            await expect(message(ana, text)).to_have_count(1)
        read.set()
        for text in ("First", "Second"):
            await expect(message(ana, text)).to_contain_text("Sent")
            await expect(message(ana, text)).to_have_count(1)
    assert complaints == []


async def expect_said(reader: people.Person, page: Page, texts: list[str]) -> None:
    """Wait until a conversation has these messages and no other."""
    peer = (await reader.get("/users/search", q="Ana")).json[0]["id"]
    for _ in range(300):
        found = (await reader.get("/messages/dm", user_id=peer)).json
        if len(found) >= len(texts):
            break
        await asyncio.sleep(0.2)
    assert [one["content"] for one in reversed(found)] == texts


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_server_that_is_killed_while_one_writes_costs_nothing(
    tmp_path: Path, mongod: EmbeddedMongod
) -> None:
    database = f"test_{secrets.token_hex(6)}"
    secret = {f"JWT_{kind}_SECRET": secrets.token_hex(32) for kind in ("ACCESS", "REFRESH")}
    environ = {"MONGODB_URI": mongod.uri, "MONGODB_DB": database, "PORT": str(free_port())}
    http = AsyncHTTPClient(force_instance=True)
    complaints = Complaints()

    def start() -> ServerProcess:
        return ServerProcess(tmp_path, **environ, **secret)

    async with chromium() as browser:
        with start() as server:
            ben = await people.register(http, server.url, "Ben")
            ana = await arrive(browser, server.url, complaints)
            await register(ana, "Ana")
            await talk_to(ana, "Ben")
            await say(ana, "Before")
            await expect_said(ben, ana, ["Before"])
            field = ana.get_by_role("textbox", name="Message")
            await field.press_sequentially("While it was")
            server.kill()
            await field.press_sequentially(" away")
            await expect(ana.get_by_role("button", name="Try now")).to_be_visible()
            await field.press("Enter")
            await expect(message(ana, "While it was away")).to_have_count(1)
        with start():
            await expect_said(ben, ana, ["Before", "While it was away"])
            await expect(ana.get_by_role("button", name="Try now")).to_have_count(0)
            await expect(message(ana, "While it was away")).to_have_count(1)
    http.close()
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_thirty_seconds_without_a_network_are_made_up_for_on_both_sides(
    http_port: int, http_client: AsyncHTTPClient, base_url: str
) -> None:
    ben = await people.register(http_client, base_url, "Ben")
    complaints = Complaints()
    async with network(http_port) as way, chromium() as browser:
        ana = await arrive(browser, way.url, complaints)
        await register(ana, "Ana")
        await talk_to(ana, "Ben")
        await say(ana, "Hello")
        me = (await ben.get("/users/search", q="Ana")).json[0]["id"]
        await expect(message(ana, "Hello")).to_be_visible()
        await way.go()
        await expect(ana.get_by_role("button", name="Try now")).to_be_visible()
        for number in range(3):
            await say(ana, f"From Ana {number}")
            await ben.post("/messages", {"recipient_id": me, "content": f"From Ben {number}"})
        await asyncio.sleep(OUTAGE)
        await expect(message(ana, "From Ben")).to_have_count(0)
        await way.come()
        await expect(message(ana, "From Ben")).to_have_count(3)
        await expect(message(ana, "From Ana").filter(has_text="Sent")).to_have_count(3)
        said = (await ben.get("/messages/dm", user_id=me)).json
        assert sorted(one["content"] for one in said) == sorted(
            ["Hello", *(f"From {who} {number}" for who in ("Ana", "Ben") for number in range(3))]
        )
        mine = [one["content"] for one in reversed(said) if one["sender_id"] == me]
        assert mine == ["Hello", "From Ana 0", "From Ana 1", "From Ana 2"]
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_after_a_sleep_everything_is_there(
    http_port: int, http_client: AsyncHTTPClient, base_url: str
) -> None:
    """The lid is closed for an hour, and all connections die without anybody being told."""
    ben = await people.register(http_client, base_url, "Ben")
    async with network(http_port) as way, chromium() as browser:
        ana = await arrive(browser, way.url, Complaints())
        await ana.clock.install()
        await register(ana, "Ana")
        await talk_to(ana, "Ben")
        me = (await ben.get("/users/search", q="Ana")).json[0]["id"]
        await say(ana, "Good night")
        await expect(message(ana, "Good night")).to_contain_text("Sent")
        way.mute(1.0)
        for number in range(60):
            await ben.post("/messages", {"recipient_id": me, "content": f"News {number}"})
        await expect(message(ana, "News")).to_have_count(0)
        await ana.clock.fast_forward("01:00:00")
        await expect(message(ana, "News 59")).to_be_visible(timeout=120_000)
        await expect(conversation(ana, "Ben")).to_contain_text("News 59")
        await expect(message(ana, "News")).to_have_count(60)
