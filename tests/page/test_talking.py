"""People talking to each other through the page, each in a browser of their own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import outages
import people
import pytest
from browser import (
    PHONE,
    WIDE,
    Complaints,
    arrive,
    chromium,
    conversation,
    in_a_browser,
    message,
    say,
    sign_in,
)
from bson import ObjectId
from msgspec import structs
from people import Person
from playwright.async_api import Browser, Page, Route, expect
from test_account import open_settings
from test_composer import direct, open_talk
from test_groups_page import make_group
from test_talk import choose, write
from tornado.httpclient import AsyncHTTPClient

from realchat.errors import ChatError, Code
from realchat.limits import SEND, Rate
from realchat.services import Services
from realchat.settings import Settings

TOUCH: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}

SPENT = json.dumps({"error": {"code": "token_expired", "message": "It is spent."}})


@asynccontextmanager
async def company(
    http: AsyncHTTPClient, base_url: str, *names: str
) -> AsyncIterator[tuple[Browser, Complaints, list[Person]]]:
    """Have people with accounts, and a browser in which nothing goes wrong."""
    members = [await people.register(http, base_url, name) for name in names]
    complaints = Complaints()
    async with chromium() as browser:
        yield browser, complaints, members
    assert complaints == []


async def open_as(
    person: Person, talk: str, browser: Browser, complaints: Complaints, **options: Any
) -> Page:
    """Open a conversation as somebody, whether anything was said in it or not."""
    page = await arrive(browser, person.base_url, complaints, **options)
    await sign_in(page, person.email)
    await open_talk(page, talk)
    return page


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_two_people_talk_one_on_a_phone_and_see_all_that_the_other_does(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
        talk = direct(*both)
        ana = await open_as(both[0], talk, browser, complaints, viewport=WIDE)
        ben = await open_as(both[1], talk, browser, complaints, **TOUCH)
        await say(ana, "Hello <b>Ben</b>")
        await expect(message(ben, "Hello <b>Ben</b>")).to_be_visible()
        await expect(message(ana, "Hello").get_by_text("Seen", exact=True)).to_have_count(1)
        # Writing shows, in the conversation and in the list, and ends with the message.
        await ben.get_by_role("textbox", name="Message").press_sequentially("Hola")
        # At the same time: it goes by itself.
        await asyncio.gather(
            expect(ana.get_by_text("Ben is writing …")).to_be_visible(),
            expect(conversation(ana, "Ben")).to_contain_text("is writing …"),
        )
        await ben.get_by_role("button", name="Send", exact=True).click()
        await expect(message(ana, "Hola")).to_be_visible()
        await expect(ana.get_by_text("is writing …")).to_have_count(0)

        await choose(ana, message(ana, "Hello"), "Edit")
        await ana.get_by_role("textbox", name="Message").fill("Good day, Ben")
        await ana.keyboard.press("Enter")
        await expect(message(ben, "Good day, Ben")).to_contain_text("edited")
        await choose(ben, message(ben, "Good day"), "React with ❤️")
        await expect(
            message(ana, "Good day").get_by_role("button", name="❤️ 1: Ben")
        ).to_be_visible()
        await choose(ben, message(ben, "Good day"), "Reply")
        await say(ben, "Buenos días")
        answer = message(ana, "Buenos días")
        await expect(answer.get_by_role("button", name="Good day, Ben")).to_be_visible()
        await choose(ana, ana.locator("[data-seq='1']"), "Delete")
        await ana.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(ben.locator("[data-seq='1']")).to_contain_text("This message was deleted.")
        await expect(
            message(ben, "Buenos días").get_by_role("button", name="This message was deleted.")
        ).to_be_visible()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_three_people_talk_in_a_group_and_one_is_named(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with company(http_client, base_url, "Ana", "Ben", "Cleo") as (
        browser,
        complaints,
        members,
    ):
        talk = f"group:{await make_group(members[0], 'Garden', *members[1:])}"
        ana, ben, cleo = [
            await open_as(one, talk, browser, complaints, **options)
            for one, options in zip(members, ({}, TOUCH, {}), strict=True)
        ]
        await expect(ana.get_by_text("3 members")).to_be_visible()
        await say(ana, "@Cleo, who waters?")
        await expect(message(cleo, "who waters?").locator(".mention.me")).to_have_text("@Cleo")
        await expect(message(ben, "who waters?").locator(".mention:not(.me)")).to_have_text("@Cleo")
        await say(cleo, "I do")
        for page in (ana, ben):
            await expect(message(page, "I do")).to_contain_text("Cleo")
        await message(ana, "who waters?").get_by_role("button", name="Seen by 2 people").click()
        readers = ana.get_by_role("dialog").get_by_role("listitem")
        await expect(readers).to_contain_text(["Ben", "Cleo"])
        await ana.keyboard.press("Escape")
        # Who leaves has it in no list any more, and the others see who is left.
        assert (await members[2].post(f"/groups/{talk[6:]}/leave")).status == 204
        await expect(ana.get_by_text("2 members")).to_be_visible()
        await expect(conversation(cleo, "Garden")).to_have_count(0)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_who_comes_and_goes_is_seen_to(http_client: AsyncHTTPClient, base_url: str) -> None:
    async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
        await write(both[0], both[1], "Hello")
        ana = await open_as(both[0], direct(*both), browser, complaints)
        head = ana.get_by_role("main").get_by_role("banner").or_(ana.locator(".talk header")).first
        await expect(head).not_to_contain_text("online")
        ben = await open_as(both[1], direct(*both), browser, complaints)
        await expect(head).to_contain_text("online")
        await ben.reload()
        await expect(message(ben, "Hello")).to_be_visible()
        await expect(head).to_contain_text("online")
        await ben.context.close()
        await expect(head).to_contain_text("last seen")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_nobody_asks_whether_a_stranger_is_there(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
        ana, ben = both
        page = await arrive(browser, base_url, complaints)
        await sign_in(page, ana.email)
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url) if "/presence/" in one.url else None)
        await open_talk(page, direct(ana, ben))
        head = page.locator(".talk header")
        await expect(head.get_by_role("heading", name="Ben")).to_be_visible()
        await expect(head).not_to_contain_text("offline")
        async with page.expect_request("**/presence/*"):
            await say(page, "Hello")
        await expect(head).to_contain_text("offline")
        assert asked == [f"{base_url}/presence/{ben.id}"]


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_text_is_copied_as_it_is_read(http_client: AsyncHTTPClient, base_url: str) -> None:
    async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
        text = "Two lines,\n<b>as they are</b> https://example.org/"
        await write(both[1], both[0], text)
        permissions = ["clipboard-read", "clipboard-write"]
        page = await open_as(both[0], direct(*both), browser, complaints, permissions=permissions)
        await choose(page, message(page, "Two lines"), "Copy")
        await expect(page.get_by_text("Copied.")).to_be_visible()
        assert await page.evaluate("navigator.clipboard.readText()") == text
        await page.locator("[data-seq='1']").focus()
        await page.evaluate("navigator.clipboard.writeText('else')")
        await page.keyboard.press("c")
        await page.wait_for_function(
            "(text) => navigator.clipboard.readText().then((now) => now === text)", arg=text
        )


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_each_day_begins_with_its_name(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
        for days, text in ((400, "Long ago"), (1, "The day before"), (0, "Just now"), (0, "Now")):
            written = await write(both[1], both[0], text)
            at = datetime.fromisoformat(written["created_at"]) - timedelta(days=days)
            query = {"_id": ObjectId(written["id"])}
            await services.collections.messages.collection.update(
                query, {"$set": {"created_at": at}}
            )
        page = await open_as(both[0], direct(*both), browser, complaints)
        separators = page.get_by_role("log").locator(".day")
        year = str((datetime.now().astimezone() - timedelta(days=400)).year)
        await expect(separators).to_have_count(3)
        await expect(separators.first).to_contain_text(year)
        await expect(separators).to_contain_text([year, "yesterday", "today"], ignore_case=True)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_signing_out_in_one_tab_signs_the_others_out(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
        await write(both[1], both[0], "Only for Ana")
        page = await open_as(both[0], direct(*both), browser, complaints)
        tab = await page.context.new_page()
        complaints.listen_to(tab)
        await tab.goto(page.url)
        await expect(message(tab, "Only for Ana")).to_be_visible()
        await open_settings(tab, "Security")
        await tab.get_by_role("button", name="Sign out", exact=True).click()
        for each in (page, tab):
            await expect(each.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
            await expect(each.get_by_text("Only for Ana")).to_have_count(0)
        await page.reload()
        await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        assert "Only for Ana" not in await page.content()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_whose_session_is_ended_elsewhere_is_told_so(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
        page = await open_as(both[0], direct(*both), browser, complaints)
        assert (await both[0].post("/auth/logout", {"everywhere": True})).status == 204
        await expect(page.get_by_text("Your session has ended.")).to_be_visible()
        # Who signs in again finds what they had open.
        await sign_in(page, both[0].email)


class TestShortTokens:
    """Access tokens that are spent within seconds."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Replace access tokens often."""
        return structs.replace(settings, access_token_seconds=2)

    @in_a_browser
    @pytest.mark.gen_test(timeout=300)
    async def test_a_spent_access_token_is_replaced_without_being_noticed(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
            page = await open_as(both[0], direct(*both), browser, complaints)
            for text in ("One", "Two"):
                await asyncio.sleep(2.5)
                await say(page, text)
                await expect(message(page, text)).to_contain_text("Sent")
                await choose(page, message(page, text), "React with 👍")
                await expect(message(page, text).get_by_role("button", name="👍 1")).to_be_visible()
            await page.reload()
            await expect(message(page, "Two")).to_be_visible()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_token_that_the_server_takes_no_longer_is_replaced_without_being_noticed(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
        await write(both[1], both[0], "Hello")
        page = await open_as(both[0], direct(*both), browser, complaints)
        tokens: list[str | None] = []

        async def refuse_first(route: Route) -> None:
            tokens.append(await route.request.header_value("Authorization"))
            if len(tokens) == 1:
                await route.fulfill(status=401, content_type="application/json", body=SPENT)
            else:
                await route.continue_()

        await page.route("**/reactions/**", refuse_first)
        await choose(page, message(page, "Hello"), "React with 👍")
        await expect(message(page, "Hello").get_by_role("button", name="👍 1")).to_be_visible()
        assert len(set(tokens)) == 2


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_message_that_was_refused_is_kept_and_can_be_sent_again(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
        ana, ben = both
        page = await open_as(ana, direct(ana, ben), browser, complaints)
        await ben.post(f"/users/{ana.id}/block")
        await say(page, "Hello")
        await expect(message(page, "Hello")).to_contain_text("one of you has blocked the other")
        await page.reload()
        await expect(message(page, "Hello")).to_contain_text("Not sent.")
        await ben.delete(f"/users/{ana.id}/block")
        await message(page, "Hello").get_by_role("button", name="Try again").click()
        await expect(message(page, "Hello")).to_contain_text("Sent")
        assert len((await ben.get("/messages/dm", user_id=ana.id)).json) == 1


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_message_that_came_too_fast_goes_out_a_little_later(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take = services.limits.take
    refused = asyncio.Event()

    async def refuse_once(rate: Rate, key: str) -> None:
        if rate is SEND and not refused.is_set():
            refused.set()
            raise ChatError(Code.RATE_LIMITED, retry_after=0.2)
        await take(rate, key)

    monkeypatch.setattr(services.limits, "take", refuse_once)
    async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
        page = await open_as(both[0], direct(*both), browser, complaints)
        await say(page, "Hello")
        await expect(message(page, "Hello")).to_contain_text("Sent")
        assert refused.is_set()
        assert len((await both[1].get("/messages/dm", user_id=both[0].id)).json) == 1


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_the_database_could_not_take_goes_out_when_it_is_back(
    http_client: AsyncHTTPClient,
    base_url: str,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with company(http_client, base_url, "Ana", "Ben") as (browser, complaints, both):
        page = await open_as(both[0], direct(*both), browser, complaints)
        refused = asyncio.Event()

        async def fail(*arguments: object) -> None:
            refused.set()
            await outages.fail(*arguments)

        with monkeypatch.context() as away:
            away.setattr(services.collections.message_log, "append", fail)
            await say(page, "Hello")
            await refused.wait()
            await expect(message(page, "Hello")).to_contain_text("Sending …")
        await expect(message(page, "Hello")).to_contain_text("Sent")
        assert len((await both[1].get("/messages/dm", user_id=both[0].id)).json) == 1
