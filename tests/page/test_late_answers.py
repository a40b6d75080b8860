"""An answer that comes late undoes nothing, and one that never comes is asked for again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import people
import pytest
from browser import be_connected, conversation, in_a_browser, message, sign_in
from engine import Engine
from msgspec import structs
from playwright.async_api import Locator, Page, Route, WebSocketRoute, expect
from test_account import open_settings
from test_composer import direct, field, open_talk, writing
from test_notifications import WATCH, note, told, until, watch, write
from tornado.httpclient import AsyncHTTPClient

from realchat.settings import Settings

SPANISH = "Mañana llego tarde a casa"
# Milliseconds after which what should not happen would have happened.
A_WHILE = 1_500
# Another tab that signs out.
PART = "new BroadcastChannel('realchat').postMessage({account: null})"
# Somebody's database is busy, with a message that is still to be sent, until `isHeld` is false.
HOLD = """([user, kept]) => new Promise((done) => {
    indexedDB.open(`realchat-${user}`).onsuccess = ({target: {result: database}}) => {
        const change = database.transaction([...database.objectStoreNames], "readwrite");
        change.objectStore("outbox").put(kept, kept.client_id);
        window.isHeld = true;
        const hold = () => {
            if (window.isHeld) change.objectStore("meta").get("-").onsuccess = hold;
        };
        hold();
        done();
    };
})"""


class Line:
    """The WebSocket of a page, of which frames can be kept back, on the way there or back."""

    def __init__(self) -> None:
        self.keeps: Callable[[dict[str, Any]], bool] = lambda _: False
        self.kept: list[dict[str, Any]] = []
        self._routes: list[tuple[WebSocketRoute, WebSocketRoute]] = []

    async def serve(self, page: Page) -> None:
        """Be between a page and its server from the next connection on."""
        await page.route_web_socket("**/ws*", self._connect)

    def let_go(self) -> None:
        """Hand over what came for the page and was kept back, and keep nothing any more."""
        self.keeps = lambda _: False
        for frame in self.kept:
            self._routes[-1][0].send(json.dumps(frame))

    async def cut(self) -> None:
        """Break the connection."""
        for end in self._routes[-1]:
            await end.close(code=4000)

    def _connect(self, page: WebSocketRoute) -> None:
        server = page.connect_to_server()
        self._routes.append((page, server))
        page.on_message(lambda frame: self._pass(frame, server))
        server.on_message(lambda frame: self._pass(frame, page))

    def _pass(self, frame: str | bytes, other: WebSocketRoute) -> None:
        read = json.loads(frame)
        if self.keeps(read):
            self.kept.append(read)
        else:
            other.send(frame)


class Held:
    """An answer of the server that is not given to the page until it may come."""

    def __init__(self) -> None:
        self._was_made = asyncio.Event()
        self.may_come = asyncio.Event()

    async def hold(self, route: Route) -> None:
        """Have the server answer now, and the page hear of it later."""
        answer = await route.fetch()
        self._was_made.set()
        await self.may_come.wait()
        await route.fulfill(response=answer)

    async def was_made(self) -> None:
        """Wait until the server has answered."""
        async with asyncio.timeout(60):
            await self._was_made.wait()


def row_of(page: Page, name: str) -> Locator:
    """Return the row of a conversation in the list, with its menu."""
    return page.get_by_label("Your conversations").get_by_role("listitem").filter(has_text=name)


async def choose(page: Page, name: str, item: str) -> None:
    """Choose from a conversation's menu, by keys: what is under the pointer may move."""
    await row_of(page, name).get_by_role("button", name=f"More about {name}").press("Enter")
    await page.get_by_role("menuitem", name=item).press("Enter")


def is_of(kind: str) -> Callable[[dict[str, Any]], bool]:
    """Tell which frames are of a type."""
    return lambda frame: frame["type"] == kind


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_news_of_a_conversation_that_is_not_in_the_list_under_way_are_told_by_the_next(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        cleo = await people.register(http_client, base_url, "Cleo")
        come: set[str] = set()
        page.on("websocket", lambda line: line.on("framereceived", lambda one: note(one, come)))
        await watch(page, notifications=True)
        held = Held()
        await page.route("**/conversations", held.hold, times=1)
        await ben.post("/groups", {"name": "Trip", "members": [ana.id]})
        await held.was_made()
        await write(cleo, "There I do not look", recipient_id=ana.id)
        await until(lambda: "message" in come)
        held.may_come.set()
        [notification] = await told(page, 1)
        assert notification["body"] == "There I do not look"


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_news_are_told_although_the_list_had_them_first(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        cleo = await people.register(http_client, base_url, "Cleo")
        await write(cleo, "Hello", recipient_id=ana.id)
        await expect(conversation(page, "Cleo")).to_be_visible()
        line = Line()
        await line.serve(page)
        await watch(page, notifications=True)
        line.keeps = is_of("message")
        await write(cleo, "Are you there?", recipient_id=ana.id)
        await ben.post("/groups", {"name": "Trip", "members": [ana.id]})
        await expect(conversation(page, "Cleo")).to_contain_text("Are you there?")
        line.let_go()
        [notification] = await told(page, 1)
        assert notification["body"] == "Are you there?"


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_mark_of_reading_that_got_lost_is_set_again(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        line = Line()
        await line.serve(page)
        await page.reload()
        await be_connected(page)
        line.keeps = is_of("read")
        await write(ben, "Did you see it?", recipient_id=ana.id)
        await until(lambda: bool(line.kept))
        line.keeps = lambda _: False
        await line.cut()
        for _ in range(300):
            marks = (await ben.get(f"/conversations/{direct(ana, ben)}/reads")).json
            if {"user_id": ana.id, "seq": 1} in marks:
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError(marks)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_server_that_is_too_slow_to_greet_ends_no_session(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, _, _):
        tries = 0

        async def be_slow(way: WebSocketRoute) -> None:
            nonlocal tries
            tries += 1
            if tries > 2:
                way.connect_to_server()
            else:
                await way.close(code=4401)

        await page.route_web_socket("**/ws*", be_slow)
        await page.reload()
        await be_connected(page)
        assert tries == 3


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_stranger_who_says_much_is_listed_before_they_are_silent(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        is_listed = asyncio.Event()

        async def go_on() -> None:
            number = 0
            while not is_listed.is_set():
                number += 1
                await write(ben, f"Number {number}", recipient_id=ana.id)
                await asyncio.sleep(0.02)
                assert number < 2_000

        talking = asyncio.create_task(go_on())
        try:
            await expect(conversation(page, "Ben")).to_contain_text("Number")
        finally:
            is_listed.set()
            await talking


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_mute_outlasts_an_older_list(http_client: AsyncHTTPClient, base_url: str) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        await write(ben, "Hello", recipient_id=ana.id)
        await expect(conversation(page, "Ben")).to_contain_text("Hello")
        held = Held()
        await page.route("**/conversations", held.hold, times=1)
        await ben.post("/groups", {"name": "Trip", "members": [ana.id]})
        await held.was_made()
        row = row_of(page, "Ben")
        await choose(page, "Ben", "Mute")
        await expect(row).to_contain_text("muted")
        async with page.expect_request_finished(lambda one: one.url.endswith("/conversations")):
            held.may_come.set()
        await page.wait_for_timeout(A_WHILE)
        await expect(row).to_contain_text("muted")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_conversation_that_comes_back_while_it_is_hidden_is_shown(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        await write(ben, "Away with it", recipient_id=ana.id)
        await expect(conversation(page, "Ben")).to_contain_text("Away with it")
        held = Held()
        await page.route("**/conversations/dm:*", held.hold, times=1)
        await choose(page, "Ben", "Hide")
        await held.was_made()
        await write(ben, "Here again", recipient_id=ana.id)
        await expect(conversation(page, "Ben")).to_contain_text("Here again")
        held.may_come.set()
        await page.wait_for_timeout(A_WHILE)
        await expect(conversation(page, "Ben")).to_contain_text("Here again")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_far_message_that_cannot_be_read_is_not_asked_for_without_end(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        sent = {"recipient_id": ana.id}
        first = (await ben.post("/messages", {"content": "A question?", **sent})).json
        for number in range(120):
            await write(ben, f"Number {number}", **sent)
        await write(ben, "An answer", reply_to=first["id"], **sent)
        await expect(conversation(page, "Ben")).to_contain_text("An answer")
        await expect(page).to_have_title("RealChat")  # all of it is read
        await page.reload()
        await expect(message(page, "An answer")).to_contain_text("A question?")
        asked: list[str] = []

        async def fail(route: Route) -> None:
            asked.append(route.request.url)
            await route.abort()

        await page.route("**/messages/dm?*", fail)
        await message(page, "An answer").get_by_role("button", name="A question?").click()
        await expect(page.get_by_role("button", name="Try again")).to_be_visible()
        await page.wait_for_timeout(A_WHILE)
        assert 1 <= len(asked) <= 3  # the message, and what the talk itself reads ahead
        await page.unroute("**/messages/dm?*")
        await page.get_by_role("button", name="Try again").click()
        await expect(page.get_by_text("Number 3", exact=True)).to_be_visible()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_list_that_was_asked_for_by_another_one_is_nobody_s(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        await write(ana, "One", recipient_id=ben.id)
        await page.context.add_init_script(WATCH)
        await page.evaluate(
            "localStorage.setItem('realchat.settings', '{\"notifications\": true}')"
        )
        held = Held()
        await page.route("**/conversations", held.hold, times=1)
        await page.reload()
        await held.was_made()
        await page.evaluate(PART)
        await expect(page.get_by_label("Password", exact=True)).to_be_visible()
        held.may_come.set()
        await sign_in(page, ben.email)
        await expect(conversation(page, "Ana")).to_contain_text("One")
        await page.wait_for_timeout(A_WHILE)
        assert await page.evaluate("told") == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_was_still_being_recalled_is_not_the_next_one_s(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        cleo = await people.register(http_client, base_url, "Cleo")
        frame = {"recipient_id": cleo.id, "content": "From Ana", "files": []}
        unsent = {
            "client_id": "a" * 24,
            "conversation": direct(ben, cleo),
            "frame": frame,
            "attachments": [],
            "created_at": 1,
            "status": "pending",
        }
        other = await page.context.new_page()
        await other.goto(f"{base_url}/healthz")
        await other.evaluate(HOLD, [ana.id, unsent])
        await page.reload()
        await expect(page.get_by_label("Search people")).to_be_visible()
        await page.evaluate(PART)
        await expect(page.get_by_label("Password", exact=True)).to_be_visible()
        await other.evaluate("window.isHeld = false")
        lines: list[str] = []
        page.on("websocket", lambda one: lines.append(one.url))
        await sign_in(page, ben.email)
        await open_talk(page, direct(ben, cleo))
        await field(page).fill("From Ben")
        await field(page).press("Enter")
        await expect(message(page, "From Ben")).to_contain_text("Sent")
        heard = (await cleo.get("/messages/dm", user_id=ben.id)).json
        assert [one["content"] for one in heard] == ["From Ben"]
        assert len(lines) == 1


class TestTranslated:
    """With a real engine."""

    @pytest.fixture
    def settings(self, settings: Settings, engine: Engine) -> Settings:
        """Translate by the engine, into one more language."""
        engine.modes["es", "pt"] = "es-pt"
        return structs.replace(settings, libretranslate_url=engine.url)

    @in_a_browser
    @pytest.mark.gen_test(timeout=300)
    async def test_another_language_takes_the_place_of_the_one_before_however_late_it_comes(
        self, http_client: AsyncHTTPClient, base_url: str, engine: Engine
    ) -> None:
        async with writing(http_client, base_url) as (page, ana, ben):
            await page.evaluate("localStorage.setItem('realchat.words', 'en')")
            await ana.patch("/auth/me", {"language": "ca"})
            await page.reload()
            await be_connected(page)
            await write(ben, SPANISH, recipient_id=ana.id, content_lang="es")
            await expect(message(page, "demà")).to_be_visible()
            engine.gate.clear()
            await open_settings(page, "Languages")
            async with page.expect_response("**/messages/dm?*"):
                await page.get_by_label("My language").select_option("pt")
            engine.gate.set()
            await expect(message(page, "amanhã")).to_have_count(1)

    @in_a_browser
    @pytest.mark.gen_test(timeout=300)
    async def test_a_translation_that_could_not_be_asked_for_is_still_to_come(
        self, http_client: AsyncHTTPClient, base_url: str, engine: Engine
    ) -> None:
        async with writing(http_client, base_url) as (page, ana, ben):
            await page.evaluate("localStorage.setItem('realchat.words', 'en')")
            await ana.patch("/auth/me", {"language": "ca"})
            await page.clock.install()
            await page.reload()
            await be_connected(page)
            line = Line()
            await line.serve(page)
            engine.gate.clear()
            await write(ben, SPANISH, recipient_id=ana.id, content_lang="es")
            await page.reload()
            await be_connected(page)
            await expect(message(page, SPANISH)).to_be_visible()
            asked: list[str] = []

            async def fail(route: Route) -> None:
                asked.append(route.request.url)
                await route.abort()

            await page.route("**/messages/*/translation*", fail)
            line.keeps = is_of("translation")
            engine.gate.set()
            await until(lambda: bool(line.kept))
            await page.clock.fast_forward(16_000)
            await until(lambda: bool(asked))
            await page.unroute("**/messages/*/translation*")
            line.keeps = lambda _: False
            await line.cut()
            await page.clock.fast_forward(1_000)
            await be_connected(page)
            await page.wait_for_timeout(A_WHILE)
            await page.clock.fast_forward(16_000)
            await expect(message(page, "demà")).to_be_visible()
