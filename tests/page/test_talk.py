"""The open conversation: its messages, what is done with them, and how far they have come."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import people
import pytest
from browser import (
    PHONE,
    Complaints,
    arrive,
    chromium,
    conversation,
    in_a_browser,
    message,
    require_accessible,
    sign_in,
)
from people import Person
from PIL import Image
from playwright.async_api import Browser, FilePayload, Locator, Page, Route, expect
from tornado.httpclient import AsyncHTTPClient

HEARD = """() => {
  const voice = document.querySelector("p.unseen[aria-live]");
  window.heard = [];
  new MutationObserver(() => heard.push(voice.textContent))
    .observe(voice, {childList: true, characterData: true, subtree: true});
}"""


@asynccontextmanager
async def two(
    http: AsyncHTTPClient, base_url: str
) -> AsyncIterator[tuple[Person, Person, Browser, Complaints]]:
    """Have Ana and Ben, and a browser that nobody complains of."""
    ana, ben = [await people.register(http, base_url, name) for name in ("Ana", "Ben")]
    complaints = Complaints()
    async with chromium() as browser:
        yield ana, ben, browser, complaints
    assert complaints == []


async def open_with(
    person: Person, other: str, browser: Browser, complaints: Complaints, **options: Any
) -> Page:
    """Open the page as somebody, at a conversation that there is."""
    page = await arrive(browser, person.base_url, complaints, **options)
    await sign_in(page, person.email)
    await conversation(page, other).click()
    await expect(page.get_by_role("heading", name=other)).to_be_visible()
    return page


async def write(sender: Person, to: Person, content: str, **fields: Any) -> dict[str, Any]:
    """Send somebody a message; return it."""
    reply = await sender.post("/messages", {"recipient_id": to.id, "content": content, **fields})
    assert reply.status == 201
    written: dict[str, Any] = reply.json
    return written


async def choose(page: Page, of: Locator, deed: str) -> None:
    """Choose something from a message's menu."""
    await of.hover()
    await of.get_by_role("button", name="Actions").click()
    await page.get_by_role("menuitem", name=deed, exact=True).click()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_message_is_reacted_to_answered_changed_and_deleted(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with two(http_client, base_url) as (ana, ben, browser, complaints):
        await write(ana, ben, "Shall we meet at noon?")
        await write(ben, ana, "Yess")
        page = await open_with(ben, "Ana", browser, complaints)
        question, answer = page.locator("[data-seq='1']"), page.locator("[data-seq='2']")
        await choose(page, question, "React with 👍")
        chip = question.get_by_role("button", name="👍 1: You")
        await expect(chip).to_have_attribute("aria-pressed", "true")
        await chip.click()
        await expect(chip).to_have_count(0)
        await choose(page, answer, "Edit")
        await page.get_by_role("textbox", name="Message").fill("Yes, gladly")
        await page.keyboard.press("Enter")
        await expect(message(page, "gladly")).to_contain_text("edited")
        await choose(page, question, "Reply")
        await page.get_by_role("textbox", name="Message").fill("Where?")
        await page.keyboard.press("Enter")
        reply = message(page, "Where?")
        await reply.get_by_role("button", name="Shall we meet").click()
        await expect(question).to_be_focused()
        await choose(page, reply, "Delete")
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(page.get_by_role("log")).to_contain_text("This message was deleted.")
        await expect(reply).to_have_count(0)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_messages_are_reached_and_used_by_keyboard_alone(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with two(http_client, base_url) as (ana, ben, browser, complaints):
        for text in ("First", "Second https://example.org/", "Third"):
            await write(ana, ben, text)
        page = await open_with(ben, "Ana", browser, complaints)
        await expect(message(page, "Third")).to_be_visible()
        await page.get_by_role("log", name="Messages").focus()
        press = page.keyboard.press
        await press("ArrowUp")
        await expect(message(page, "Third")).to_be_focused()
        await press("ArrowUp")
        await press("Tab")
        await expect(page.get_by_role("link", name="https://example.org/")).to_be_focused()
        await press("Home")
        await expect(message(page, "First")).to_be_focused()
        await press("Enter")
        await expect(page.get_by_role("menuitem", name="React with 👍")).to_be_focused()
        await press("Enter")
        await expect(message(page, "First")).to_be_focused()
        await expect(message(page, "First").get_by_role("button", name="👍 1")).to_be_visible()
        await press("End")
        await press("r")
        await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
        await page.keyboard.type("Fourth")
        await press("Enter")
        fourth = message(page, "Fourth")
        await expect(fourth.get_by_role("button", name="Third")).to_be_visible()
        await fourth.focus()
        await press("Delete")
        await expect(page.get_by_role("dialog", name="Delete this message?")).to_be_visible()
        await press("Escape")
        await expect(fourth).to_be_focused()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_who_has_read_a_message_shows_on_it(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with two(http_client, base_url) as (ana, ben, browser, complaints):
        await write(ana, ben, "Seen by one")
        page = await open_with(ana, "Ben", browser, complaints)
        await expect(message(page, "Seen by one")).to_contain_text("Sent")
        read = await ben.post(
            f"/conversations/dm:{min(ana.id, ben.id)}:{max(ana.id, ben.id)}/read", {"seq": 1}
        )
        assert read.status == 200
        await expect(message(page, "Seen by one").get_by_text("Seen", exact=True)).to_have_count(1)
        group = (await ana.post("/groups", {"name": "Club", "members": [ben.id]})).json["id"]
        await ana.post("/messages", {"group_id": group, "content": "Hello, club"})
        await ben.post(f"/conversations/group:{group}/read", {"seq": 1})
        await conversation(page, "Club").click()
        await message(page, "Hello, club").get_by_role("button", name="Seen by 1 person").click()
        await expect(page.get_by_role("dialog")).to_contain_text("Ben")
        await require_accessible(page)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_who_reads_a_message_before_the_marks_are_here_has_read_it(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with two(http_client, base_url) as (ana, ben, browser, complaints):
        await write(ana, ben, "Seen by one")
        talk = f"dm:{min(ana.id, ben.id)}:{max(ana.id, ben.id)}"
        page = await arrive(browser, ana.base_url, complaints)
        asked, read = asyncio.Event(), asyncio.Event()

        async def be_older(route: Route) -> None:
            answer = await route.fetch()
            asked.set()
            await read.wait()
            await route.fulfill(response=answer)

        await page.route("**/reads", be_older)
        await sign_in(page, ana.email)
        await conversation(page, "Ben").click()
        await asked.wait()
        await ben.post(f"/conversations/{talk}/read", {"seq": 1})
        # What is told after it is there, so it is, too.
        await write(ben, ana, "Hello")
        await expect(message(page, "Hello")).to_be_visible()
        read.set()
        seen = message(page, "Seen by one").get_by_text("Seen", exact=True)
        await expect(seen).to_have_count(1)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_others_say_is_announced_once_with_who_says_it(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with two(http_client, base_url) as (ana, ben, browser, complaints):
        await write(ana, ben, "Said before")
        page = await open_with(ben, "Ana", browser, complaints)
        await expect(message(page, "Said before")).to_be_visible()
        await page.evaluate(HEARD)
        told = await write(ana, ben, "Good news")
        await page.wait_for_function("() => heard.length > 0")
        await ana.patch(f"/messages/{told['id']}", {"content": "Better news"})
        await expect(message(page, "Better news")).to_be_visible()
        await write(ben, ana, "My own")
        await expect(message(page, "My own")).to_be_visible()
        await write(ana, ben, "The end")
        await page.wait_for_function("() => heard.length > 1")
        assert await page.evaluate("heard") == ["Ana: Good news", "Ana: The end"]


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_texts_are_shown_as_texts_with_links_and_names(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with two(http_client, base_url) as (ana, ben, browser, complaints):
        group = (await ana.post("/groups", {"name": "Club", "members": [ben.id]})).json["id"]
        text = "<b>@Ben</b> see (https://example.org/a_(b)), javascript:alert(1) and\nnext line"
        await ana.post("/messages", {"group_id": group, "content": text})
        await ana.post("/messages", {"group_id": group, "content": "🎉"})
        page = await open_with(ben, "Club", browser, complaints)
        shown = message(page, "see")
        await expect(shown.locator(".text")).to_have_text(text, use_inner_text=True)
        links = shown.get_by_role("link")
        await expect(links).to_have_count(1)
        await expect(links).to_have_attribute("href", "https://example.org/a_(b)")
        await expect(links).to_have_attribute("rel", "noopener noreferrer")
        await expect(shown.locator(".mention.me")).to_have_text("@Ben")
        await expect(message(page, "🎉").locator(".emoji-only")).to_be_visible()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_pictures_are_shown_and_enlarged_and_other_files_are_cards(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with two(http_client, base_url) as (ana, ben, browser, complaints):
        picture = io.BytesIO()
        Image.new("RGB", (300, 200), "teal").save(picture, "PNG")
        files = [("one.png", picture.getvalue()), ("two.png", picture.getvalue())]
        page = await open_with_files(
            ana, ben, [*files, ("notes.txt", b"x" * 2000)], browser, complaints
        )
        await expect(page.get_by_role("link", name="notes.txt")).to_contain_text("2 kB")
        await page.get_by_role("button", name="Show one.png larger").click()
        viewer = page.get_by_role("dialog", name="one.png")
        await expect(viewer.get_by_role("img", name="one.png")).to_be_visible()
        await page.keyboard.press("ArrowRight")
        await expect(page.get_by_role("dialog", name="two.png")).to_contain_text("2 of 2")
        await require_accessible(page)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="Show one.png larger")).to_be_focused()


async def open_with_files(
    sender: Person,
    reader: Person,
    files: list[tuple[str, bytes]],
    browser: Browser,
    complaints: Complaints,
) -> Page:
    """Send files as people do, then open the conversation as the one who gets them."""
    await write(sender, reader, "Files")
    page = await open_with(sender, reader.user["name"], browser, complaints)
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Attach").click()
    chosen = await chooser.value
    await chosen.set_files(
        [
            FilePayload(name=name, mimeType="application/octet-stream", buffer=data)
            for name, data in files
        ]
    )
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_role("link", name=files[-1][0])).to_be_visible()
    return await open_with(reader, sender.user["name"], browser, complaints)


@in_a_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.gen_test(timeout=300)
async def test_a_conversation_is_accessible_on_a_phone_and_wide(
    http_client: AsyncHTTPClient, base_url: str, scheme: str
) -> None:
    async with two(http_client, base_url) as (ana, ben, browser, complaints):
        first = await write(ana, ben, "A question?")
        await write(ben, ana, "An answer", reply_to=first["id"])
        await ben.put(f"/messages/{first['id']}/reactions/%F0%9F%91%8D")
        for options in ({}, {"viewport": PHONE, "has_touch": True, "is_mobile": True}):
            page = await open_with(ben, "Ana", browser, complaints, color_scheme=scheme, **options)
            await expect(message(page, "An answer")).to_be_visible()
            await require_accessible(page)
            await message(page, "An answer").get_by_role("button", name="Actions").click()
            await expect(page.get_by_role("menu")).to_be_visible()
            await require_accessible(page)
            width = "document.documentElement.scrollWidth <= innerWidth"
            assert await page.evaluate(width)
