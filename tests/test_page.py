"""The page at `/`: people talking through it in a real browser."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import people
import pytest
from browser import PATIENCE, chromium, in_a_browser
from engine import Engine
from msgspec import structs
from PIL import Image
from playwright.async_api import Browser, Locator, Page, expect
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import Application

from handlers.application import make_server
from handlers.socket import ChatSocket
from realchat.errors import ChatError, Close, Code
from realchat.limits import SEND, Rate
from realchat.services import Services
from realchat.settings import Settings

SPOIL_TOKEN = """() => {
    const kept = JSON.parse(localStorage.getItem("realchat.session"));
    localStorage.setItem("realchat.session", JSON.stringify({...kept, access_token: "old"}));
}"""


@pytest.fixture
def port(http_server: HTTPServer, http_port: int) -> int:
    """Where the server listens."""
    return http_port


async def arrive(browser: Browser, url: str, complaints: list[str]) -> Page:
    """Open the page as somebody with a browser of their own."""
    context = await browser.new_context(locale="en-GB")
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda line: complaints.append(line.text) if "Content Security" in line.text else None,
    )
    page.on("dialog", lambda dialog: dialog.accept())
    await page.goto(url)
    return page


async def register(page: Page, name: str, language: str = "en") -> None:
    """Make an account through the form."""
    await page.get_by_role("button", name="Create account").click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("E-mail").fill(f"{name.lower()}@example.org")
    await page.get_by_label("Password").fill(people.PASSWORD)
    await page.get_by_label("Language").select_option(language)
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_label("Search people")).to_be_visible()


async def say(page: Page, text: str) -> None:
    """Write a message into the open conversation."""
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.get_by_role("button", name="Send", exact=True).click()


def message(page: Page, text: str) -> Locator:
    """Return the message with a text, in the open conversation."""
    said = page.locator(".text").filter(has_text=text)
    return page.get_by_role("log").get_by_role("listitem").filter(has=said)


async def act(page: Page, text: str, action: str) -> None:
    """Choose something from a message's menu."""
    one = message(page, text)
    await one.locator("summary").click()
    await one.get_by_role("button", name=action).click()


async def talk_to(page: Page, name: str) -> None:
    """Find somebody and open the conversation with them."""
    await page.get_by_label("Search people").fill(name)
    await page.get_by_label("People found").get_by_role("button", name=name).click()
    await expect(page.get_by_role("heading", name=name)).to_be_visible()


def conversation(page: Page, name: str) -> Locator:
    """Return a conversation in the list."""
    title = page.locator("strong").filter(has_text=name)
    return page.get_by_label("Your conversations").get_by_role("link").filter(has=title)


@in_a_browser
@pytest.mark.gen_test(timeout=180)
async def test_two_people_talk_through_the_page(port: int, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    Image.new("RGB", (40, 30), "teal").save(picture)
    complaints: list[str] = []
    async with chromium() as browser:
        ana = await arrive(browser, f"http://127.0.0.1:{port}/", complaints)
        ben = await arrive(browser, f"http://127.0.0.1:{port}/", complaints)
        await register(ana, "Ana")
        await register(ben, "Ben", "es")
        await talk_directly(ana, ben)
        await change_what_was_said(ana, ben)
        await share_a_picture(ana, ben, picture)
        await talk_in_a_group(ana, ben)
        await come_and_go(ana, ben)
    assert complaints == []


async def talk_directly(ana: Page, ben: Page) -> None:
    await talk_to(ana, "Ben")
    await expect(ana.locator("#subtitle")).to_have_text("reads español")
    await say(ana, "Hello <b>Ben</b>")
    await expect(conversation(ben, "Ana")).to_contain_text("Hello <b>Ben</b>")
    await expect(conversation(ben, "Ana").get_by_label("1 unread")).to_be_visible()
    await conversation(ben, "Ana").click()
    await expect(message(ben, "Hello <b>Ben</b>")).to_be_visible()
    await expect(message(ben, "Hello")).to_contain_text("no translation service")
    await expect(conversation(ben, "Ana").get_by_label("1 unread")).to_have_count(0)
    await expect(ana.locator("#subtitle")).to_contain_text("online")
    await ben.get_by_role("textbox", name="Message").press_sequentially("Hola")
    await expect(ana.locator("#typing")).to_contain_text("Ben is writing")
    await ben.get_by_role("button", name="Send", exact=True).click()
    await expect(message(ana, "Hola").locator("[lang=es]")).to_have_text("Hola")


async def change_what_was_said(ana: Page, ben: Page) -> None:
    await act(ana, "Hello", "Edit")
    await ana.get_by_role("textbox", name="Message").fill("Good day, Ben")
    await ana.get_by_role("button", name="Save").click()
    await expect(message(ben, "Good day, Ben")).to_contain_text("edited")
    await act(ben, "Good day, Ben", "React with ❤️")
    await expect(message(ana, "Good day").get_by_role("button", name="❤️ 1: Ben")).to_be_visible()
    await act(ben, "Good day, Ben", "Reply")
    await say(ben, "Buenos días")
    await expect(message(ana, "Buenos días")).to_contain_text("You: Good day, Ben")
    await act(ana, "Good day, Ben", "Delete")
    await expect(ben.get_by_role("log").get_by_text("This message was deleted.")).to_be_visible()


async def share_a_picture(ana: Page, ben: Page, picture: Path) -> None:
    await ana.get_by_label("Attach files").set_input_files(picture)
    await expect(ana.get_by_label("Files to send")).to_contain_text("picture.png")
    await say(ana, "")
    shown = ben.get_by_role("log").get_by_role("img", name="picture.png")
    await expect(shown).to_be_visible()
    await expect(shown).to_have_js_property("naturalWidth", 40)


async def talk_in_a_group(ana: Page, ben: Page) -> None:
    await ana.get_by_text("New group").click()
    await ana.get_by_label("Title").fill("Garden")
    await ana.get_by_label("Only with an invite").check()
    await ana.get_by_role("button", name="Create group").click()
    await expect(ana.get_by_role("heading", name="Garden")).to_be_visible()
    await ana.get_by_role("button", name="Group", exact=True).click()
    await ana.get_by_role("button", name="Make an invite").click()
    invite = ana.locator("#details output")
    await expect(invite).to_contain_text("Invite")
    await ben.get_by_text("Join a group").click()
    await ben.get_by_label("Invite or group id").fill((await invite.inner_text()).split()[-1])
    await ben.get_by_role("button", name="Join", exact=True).click()
    await expect(ana.locator("#subtitle")).to_have_text("2 members, 2 online")
    await say(ben, "¿Quién riega?")
    await expect(message(ana, "¿Quién riega?")).to_contain_text("Ben")
    await ben.get_by_role("button", name="Group", exact=True).click()
    await ben.get_by_role("button", name="Leave group").click()
    await expect(conversation(ben, "Garden")).to_have_count(0)
    await expect(ana.locator("#subtitle")).to_have_text("1 member, 1 online")


async def come_and_go(ana: Page, ben: Page) -> None:
    await ana.reload()
    await expect(ana.get_by_role("heading", name="Garden")).to_be_visible()
    await conversation(ana, "Ben").click()
    await ben.get_by_role("button", name="Sign out").click()
    await expect(ben.get_by_role("button", name="Sign in")).to_be_visible()
    await expect(ana.locator("#subtitle")).to_contain_text("offline")
    await ben.get_by_label("E-mail").fill("ben@example.org")
    await ben.get_by_label("Password").fill(people.PASSWORD)
    await ben.get_by_role("button", name="Sign in").click()
    await expect(conversation(ben, "Ana")).to_be_visible()
    await expect(ana.locator("#subtitle")).not_to_contain_text("offline")


@in_a_browser
@pytest.mark.gen_test(timeout=180)
async def test_what_was_missed_or_held_up_without_a_connection_is_made_up_for(
    port: int, app: Application, http_server: HTTPServer, services: Services
) -> None:
    async with chromium() as browser:
        ana = await arrive(browser, f"http://127.0.0.1:{port}/", [])
        ben = await arrive(browser, f"http://127.0.0.1:{port}/", [])
        await register(ana, "Ana")
        await register(ben, "Ben")
        await talk_to(ana, "Ben")
        await say(ana, "Hello")
        await conversation(ben, "Ana").click()
        await say(ben, "Good day")
        said = await message(ana, "Good day").get_attribute("id")
        await cut(http_server)
        await expect(ana.get_by_text("Not connected.")).to_be_visible()
        await say(ana, "Are you there?")
        await expect(message(ana, "Are you there?")).to_contain_text("Sending")
        sender = (await services.people.search("Ben"))[0]
        await services.chat.edit(sender.id, str(said).removeprefix("m-"), "Good evening")
        again = make_server(app)
        again.listen(port, "127.0.0.1")
        await expect(message(ana, "Good evening")).to_contain_text("edited")
        await expect(message(ben, "Are you there?")).to_have_count(1)
        await expect(message(ana, "Are you there?")).not_to_contain_text("Sending")
        await expect(ana.get_by_text("Not connected.")).to_have_count(0)
        await browser.close()
        await cut(again)


async def cut(server: HTTPServer) -> None:
    """Stop to listen, and end all connections."""
    server.stop()
    for each in list(ChatSocket.registry):
        each.close(Close.RESTART)
    await server.close_all_connections()


@in_a_browser
@pytest.mark.gen_test(timeout=180)
async def test_who_is_signed_out_elsewhere_is_asked_to_sign_in_again(port: int) -> None:
    async with chromium() as browser:
        ana = await arrive(browser, f"http://127.0.0.1:{port}/", [])
        await register(ana, "Ana")
        other = await ana.context.new_page()
        await other.goto(ana.url)
        await other.get_by_role("button", name="Sign out").click()
        await expect(ana.get_by_role("button", name="Sign in")).to_be_visible()
        await ana.reload()
        await expect(ana.get_by_role("button", name="Sign in")).to_be_visible()


@in_a_browser
@pytest.mark.gen_test(timeout=180)
async def test_who_is_signed_out_everywhere_is_asked_to_sign_in_again(
    port: int, http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with chromium() as browser:
        ana = await arrive(browser, f"http://127.0.0.1:{port}/", [])
        await register(ana, "Ana")
        elsewhere = await people.login(http_client, base_url, "ana@example.org")
        await elsewhere.post("/auth/logout", {"everywhere": True})
        await expect(ana.get_by_role("button", name="Sign in")).to_be_visible()


@in_a_browser
@pytest.mark.gen_test(timeout=180)
async def test_an_access_token_that_is_no_longer_good_is_replaced_unnoticed(
    port: int, http_client: AsyncHTTPClient, base_url: str
) -> None:
    await people.register(http_client, base_url, "Ben")
    async with chromium() as browser:
        ana = await arrive(browser, f"http://127.0.0.1:{port}/", [])
        await register(ana, "Ana")
        await ana.evaluate(SPOIL_TOKEN)
        await talk_to(ana, "Ben")
        await ana.evaluate(SPOIL_TOKEN)
        await ana.reload()
        await say(ana, "Hello")
        await expect(message(ana, "Hello").locator("time")).to_be_visible()


@in_a_browser
@pytest.mark.gen_test(timeout=180)
async def test_a_message_that_was_refused_can_be_sent_again(
    port: int, http_client: AsyncHTTPClient, base_url: str
) -> None:
    ben = await people.register(http_client, base_url, "Ben")
    async with chromium() as browser:
        ana = await arrive(browser, f"http://127.0.0.1:{port}/", [])
        await register(ana, "Ana")
        await talk_to(ana, "Ben")
        me = (await ben.get("/users/search", q="Ana")).json[0]["id"]
        await ben.post(f"/users/{me}/block")
        await say(ana, "Hello")
        await expect(message(ana, "Hello")).to_contain_text("Not sent. One of you has blocked")
        await ben.delete(f"/users/{me}/block")
        await message(ana, "Hello").get_by_role("button", name="Try again").click()
        await expect(message(ana, "Hello")).not_to_contain_text("Sending")
        await expect(message(ana, "Hello").locator("time")).to_be_visible()
        assert len((await ben.get("/messages/dm", user_id=me)).json) == 1


@in_a_browser
@pytest.mark.gen_test(timeout=180)
async def test_a_message_that_came_too_fast_goes_out_a_little_later(
    port: int,
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ben = await people.register(http_client, base_url, "Ben")
    take = services.limits.take
    refused = asyncio.Event()

    async def refuse_once(rate: Rate, key: str) -> None:
        if rate is SEND and not refused.is_set():
            refused.set()
            raise ChatError(Code.RATE_LIMITED, retry_after=0.2)
        await take(rate, key)

    monkeypatch.setattr(services.limits, "take", refuse_once)
    async with chromium() as browser:
        ana = await arrive(browser, f"http://127.0.0.1:{port}/", [])
        await register(ana, "Ana")
        await talk_to(ana, "Ben")
        await say(ana, "Hello")
        await expect(message(ana, "Hello").locator("time")).to_be_visible()
        assert refused.is_set()
        me = (await ben.get("/users/search", q="Ana")).json[0]["id"]
        assert len((await ben.get("/messages/dm", user_id=me)).json) == 1


class TestWithAnEngine:
    """LibreTranslate's interface, a real engine behind it."""

    @pytest.fixture
    def engine(self, io_loop: IOLoop) -> Iterator[Engine]:
        """The engine, which can be made to wait."""
        started = Engine()
        yield started
        started.stop()

    @pytest.fixture
    def settings(self, settings: Settings, engine: Engine) -> Settings:
        return structs.replace(settings, libretranslate_url=engine.url)

    @in_a_browser
    @pytest.mark.gen_test(timeout=180)
    async def test_a_translation_stands_under_its_original_once_it_is_there(
        self, port: int, http_client: AsyncHTTPClient, base_url: str, engine: Engine
    ) -> None:
        ana = await people.register(http_client, base_url, "Ana", language="es")
        async with chromium() as browser:
            pau = await arrive(browser, f"http://127.0.0.1:{port}/", [])
            await register(pau, "Pau", "ca")
            await talk_to(pau, "Ana")
            me = (await ana.get("/users/search", q="Pau")).json[0]["id"]
            engine.gate.clear()
            for text in ("La casa es grande.", "Mañana trabajo."):
                await ana.post("/messages", {"recipient_id": me, "content": text})
            await expect(message(pau, "La casa")).to_contain_text("Translating from es")
            await pau.reload()
            await expect(message(pau, "Mañana")).to_contain_text("Translating from es")
            engine.gate.set()
            for text in ("La casa és gran.", "Demà treball"):
                shown = message(pau, text)
                await expect(shown).to_contain_text("Translated from es · LibreTranslate")
                await expect(shown.locator(".translation .text")).to_have_attribute("lang", "ca")
