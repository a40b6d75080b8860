"""The list of conversations: what it shows, that it counts right, and how people are found."""

from __future__ import annotations

import asyncio
import random
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
    say,
    sign_in,
    talk_to,
)
from people import Person
from playwright.async_api import Browser, Page, expect
from processes import free_port
from tornado.httpclient import AsyncHTTPClient

from torture.proxy import Proxy

UNREAD = ".badge"


@asynccontextmanager
async def three(
    http: AsyncHTTPClient, base_url: str
) -> AsyncIterator[tuple[Person, Person, Person, Browser, Complaints]]:
    """Have Ana, Ben and Cleo, who know nobody yet, and a browser that nobody complains of."""
    everybody = [await people.register(http, base_url, name) for name in ("Ana", "Ben", "Cleo")]
    complaints = Complaints()
    async with chromium() as browser:
        ana, ben, cleo = everybody
        yield ana, ben, cleo, browser, complaints
    assert complaints == []


async def open_as(person: Person, browser: Browser, complaints: Complaints, **options: Any) -> Page:
    """Open the page on one more device of somebody."""
    page = await arrive(browser, person.base_url, complaints, **options)
    await sign_in(page, person.email)
    return page


async def write(sender: Person, to: Person, *texts: str) -> None:
    """Send somebody messages."""
    for text in texts:
        reply = await sender.post("/messages", {"recipient_id": to.id, "content": text})
        assert reply.status == 201


def badge(page: Page, name: str) -> Any:
    """Return the count of unread messages of a conversation."""
    return conversation(page, name).locator(UNREAD)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_unread_counts_are_the_same_on_all_devices(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with three(http_client, base_url) as (ana, ben, cleo, browser, complaints):
        await write(ben, ana, "One")
        first, second = [await open_as(ana, browser, complaints) for _ in range(2)]
        for page in (first, second):
            await expect(badge(page, "Ben")).to_have_text("11 unread")
        await write(ben, ana, "Two", "Three")
        await write(cleo, ana, "Hello")
        for page in (first, second):
            await expect(badge(page, "Ben")).to_contain_text("3 unread")
            await expect(badge(page, "Cleo")).to_contain_text("1 unread")
        # What one reads on one device is read on the other.
        await conversation(first, "Ben").click()
        await expect(message(first, "Three")).to_be_visible()
        for page in (first, second):
            await expect(badge(page, "Ben")).to_have_count(0)
        # What one says has been read, too, and counts nowhere.
        assert (await ana.post("/messages", {"recipient_id": cleo.id, "content": "Hi"})).status
        for page in (first, second):
            await expect(badge(page, "Cleo")).to_have_count(0)
        # A part of it, read elsewhere.
        await write(cleo, ana, "Four", "Five", "Six")
        await expect(badge(second, "Cleo")).to_contain_text("3 unread")
        key = f"dm:{min(ana.id, cleo.id)}:{max(ana.id, cleo.id)}"
        await ana.post(f"/conversations/{key}/read", {"seq": 4})
        for page in (first, second):
            await expect(badge(page, "Cleo")).to_contain_text("1 unread")
        await second.reload()
        await expect(badge(second, "Cleo")).to_contain_text("1 unread")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_unread_counts_are_right_after_being_away(
    http_port: int, http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with three(http_client, base_url) as (ana, ben, cleo, browser, complaints):
        way, port = Proxy(http_port, random.Random(0)), free_port()
        await way.open(port)
        page = await arrive(browser, f"http://127.0.0.1:{port}/", complaints)
        await sign_in(page, ana.email)
        await write(ben, ana, "One")
        await expect(badge(page, "Ben")).to_contain_text("1 unread")
        await way.close()
        await expect(page.get_by_text("Not connected.")).to_be_visible()
        await write(ben, ana, "Two", "Three", "Four")
        await write(cleo, ana, "Who are you?")
        key = f"dm:{min(ana.id, ben.id)}:{max(ana.id, ben.id)}"
        await ana.post(f"/conversations/{key}/read", {"seq": 2})
        await expect(page.get_by_role("button", name="Try now")).to_be_visible()
        await way.open(port)
        # It may have tried by itself by now, and the button be gone.
        await page.evaluate("document.querySelector('.banner button')?.click()")
        await expect(badge(page, "Ben")).to_contain_text("2 unread")
        await expect(badge(page, "Cleo")).to_contain_text("1 unread")
        await expect(page).to_have_title("(3) RealChat")
        await way.close()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_the_newest_conversation_comes_first_and_mute_makes_it_quiet(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with three(http_client, base_url) as (ana, ben, cleo, browser, complaints):
        await write(ben, ana, "Before")
        await write(cleo, ana, "After")
        page = await open_as(ana, browser, complaints)
        rows = page.get_by_label("Your conversations").get_by_role("listitem")
        await expect(rows.first).to_contain_text("Cleo")
        await write(ben, ana, "Now")
        await expect(rows.first).to_contain_text("Ben")
        await expect(rows.first).to_contain_text("Now")
        await expect(page).to_have_title("(3) RealChat")
        await rows.first.hover()
        await page.get_by_role("button", name="More about Ben").click()
        await page.get_by_role("menuitem", name="Mute").click()
        await expect(rows.first).to_contain_text("muted")
        await expect(page).to_have_title("(1) RealChat")
        await expect(badge(page, "Ben")).to_contain_text("2 unread")
        await page.reload()
        await expect(rows.first).to_contain_text("muted")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_hidden_conversation_comes_back_with_its_next_message(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with three(http_client, base_url) as (ana, ben, _cleo, browser, complaints):
        await write(ben, ana, "Away with it")
        page = await open_as(ana, browser, complaints)
        await conversation(page, "Ben").hover()
        await page.get_by_role("button", name="More about Ben").click()
        await page.get_by_role("menuitem", name="Hide").click()
        await expect(page.get_by_text("No conversations yet")).to_be_visible()
        await page.reload()
        await expect(page.get_by_text("No conversations yet")).to_be_visible()
        await write(ben, ana, "Here again")
        await expect(conversation(page, "Ben")).to_contain_text("Here again")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_presence_and_typing_show_in_the_list(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with three(http_client, base_url) as (ana, ben, _cleo, browser, complaints):
        await write(ben, ana, "Hello")
        page = await open_as(ana, browser, complaints)
        row = conversation(page, "Ben")
        await expect(row.get_by_role("img", name="online")).to_have_count(0)
        other = await open_as(ben, browser, complaints)
        await expect(row.get_by_role("img", name="online")).to_be_visible()
        await talk_to(other, "Ana")
        await other.get_by_role("textbox", name="Message").press_sequentially("So")
        await expect(row).to_contain_text("is writing")
        await say(other, "So it is")
        await expect(row).to_contain_text("So it is")
        await other.context.close()
        await expect(row.get_by_role("img", name="online")).to_have_count(0)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_row_tells_of_a_draft_and_of_what_was_not_sent(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with three(http_client, base_url) as (ana, ben, cleo, browser, complaints):
        await write(ben, ana, "Hello")
        await write(cleo, ana, "Good morning")
        page = await open_as(ana, browser, complaints)
        await conversation(page, "Ben").click()
        await page.get_by_role("textbox", name="Message").fill("I am not done")
        await conversation(page, "Cleo").click()
        await expect(conversation(page, "Ben")).to_contain_text("Draft: I am not done")
        await cleo.post(f"/users/{ana.id}/block")
        await say(page, "Are you there?")
        await expect(conversation(page, "Cleo")).to_contain_text("Not sent")
        await page.reload()
        await expect(conversation(page, "Ben")).to_contain_text("Draft: I am not done")
        await expect(conversation(page, "Cleo")).to_contain_text("Not sent")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_people_are_found_and_chosen_by_keyboard(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with three(http_client, base_url) as (ana, ben, cleo, browser, complaints):
        await write(ana, cleo, "A word")
        page = await open_as(ana, browser, complaints)
        search = page.get_by_label("Search people")
        await search.fill("nobody at all")
        await expect(page.get_by_text("Nobody found.")).to_be_visible()
        await search.press("Escape")
        await expect(search).to_have_value("")
        await search.fill(ben.email)
        hit = page.get_by_label("People found").get_by_role("button", name="Ben")
        await expect(hit).to_be_visible()
        await search.press("ArrowDown")
        await expect(hit).to_be_focused()
        await page.keyboard.press("ArrowUp")
        await expect(search).to_be_focused()
        await search.press("Enter")
        await expect(page.get_by_role("heading", name="Ben")).to_be_visible()
        await say(page, "Found you")
        await expect(conversation(page, "Ben")).to_contain_text("Found you")
        # From one conversation to the next, from anywhere.
        await page.keyboard.press("Alt+ArrowDown")
        await expect(page.get_by_role("heading", name="Cleo")).to_be_visible()
        await page.keyboard.press("Alt+ArrowUp")
        await expect(page.get_by_role("heading", name="Ben")).to_be_visible()
        # Within the list.
        await conversation(page, "Ben").focus()
        await page.keyboard.press("ArrowDown")
        await expect(conversation(page, "Cleo")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Cleo")).to_be_visible()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_message_that_was_found_is_shown_where_it_was_said(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with three(http_client, base_url) as (ana, ben, _cleo, browser, complaints):
        await write(ben, ana, "The needle")
        await asyncio.gather(*(write(ben, ana, f"Hay {number}") for number in range(150)))
        page = await open_as(ana, browser, complaints)
        await page.get_by_label("Search people").fill("needle")
        await page.get_by_label("Messages found").get_by_role("button").click()
        await expect(message(page, "The needle")).to_be_in_viewport()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_list_and_the_search_are_accessible(
    http_client: AsyncHTTPClient, base_url: str, scheme: str
) -> None:
    async with three(http_client, base_url) as (ana, ben, _cleo, browser, complaints):
        page = await open_as(ana, browser, complaints, viewport=PHONE, color_scheme=scheme)
        await expect(page.get_by_text("No conversations yet")).to_be_visible()
        await require_accessible(page)
        await write(ben, ana, "Hello")
        await expect(badge(page, "Ben")).to_contain_text("1 unread")
        await require_accessible(page)
        await page.get_by_label("Search people").fill("Hello")
        await expect(page.get_by_label("Messages found").get_by_role("button")).to_be_visible()
        await require_accessible(page)
