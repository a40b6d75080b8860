"""The field for writing: sending, drafts, replies and changes, mentions, emoji, the preview."""

from __future__ import annotations

import asyncio
import re
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
    in_a_browser,
    message,
    require_accessible,
    say,
    sign_in,
)
from engine import Engine
from msgspec import structs
from people import Person
from playwright.async_api import Locator, Page, Route, expect
from tornado.httpclient import AsyncHTTPClient

from realchat.settings import Settings

TOUCH: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
MEMBERS = "Members to name"


def field(page: Page) -> Locator:
    """Return the field for writing."""
    return page.get_by_role("textbox", name="Message")


def direct(one: Person, other: Person) -> str:
    """Return the id of the conversation of two people."""
    return ":".join(["dm", *sorted([one.id, other.id])])


async def open_talk(page: Page, conversation: str) -> None:
    """Open a conversation by its address."""
    await page.evaluate("(id) => { location.hash = id; }", conversation)
    await expect(field(page)).to_be_visible()


@asynccontextmanager
async def writing(
    http: AsyncHTTPClient, base_url: str, **options: Any
) -> AsyncIterator[tuple[Page, Person, Person]]:
    """Have Ana's page with her conversation with Ben open; nobody complains of it."""
    ana = await people.register(http, base_url, "Ana")
    ben = await people.register(http, base_url, "Ben", language="ca")
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, base_url, complaints, **options)
        await sign_in(page, ana.email)
        await open_talk(page, direct(ana, ben))
        yield page, ana, ben
    assert complaints == []


async def heard(reader: Person, sender: Person, count: int) -> list[str]:
    """Return what a conversation has, the oldest first, once there are as many."""
    for _ in range(600):
        found = (await reader.get("/messages/dm", user_id=sender.id)).json
        if len(found) >= count:
            break
        await asyncio.sleep(0.1)
    return [one["content"] for one in reversed(found)]


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_enter_sends_and_with_shift_begins_a_line(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        await field(page).press_sequentially("One")
        await field(page).press("Shift+Enter")
        await field(page).press_sequentially("Two")
        await field(page).press("Enter")
        await expect(field(page)).to_have_value("")
        assert await heard(ben, ana, 1) == ["One\nTwo"]


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_on_a_touch_screen_enter_begins_a_line(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url, **TOUCH) as (page, ana, ben):
        await field(page).press_sequentially("One")
        await field(page).press("Enter")
        await field(page).press_sequentially("Two")
        await expect(field(page)).to_have_value("One\nTwo")
        await field(page).press("Control+Enter")
        assert await heard(ben, ana, 1) == ["One\nTwo"]


# Says whether anything that is being written comes to be kept.
IS_KEPT = """async (node, id) => {
  const request = (asked) => new Promise((done, fail) => {
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  const database = await request(indexedDB.open(`realchat-${id}`));
  let kept = [];
  for (let look = 0; look < 500 && !kept.length; look++) {
    await new Promise((done) => setTimeout(done, 20));
    kept = await request(database.transaction("drafts").objectStore("drafts").getAll());
  }
  database.close();
  return kept.length > 0;
}"""
# Writes without a pause meanwhile.
KEPT_MEANWHILE = f"""async (node, id) => {{
  const typing = setInterval(() => {{
    node.value += "a";
    node.dispatchEvent(new Event("input", {{ bubbles: true }}));
  }}, 50);
  const isKept = await ({IS_KEPT})(node, id);
  clearInterval(typing);
  return isKept;
}}"""


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_is_written_outlasts_a_reload_that_leaves_no_time_to_keep_it(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, _):
        late = "IDBDatabase.prototype.transaction = () => { throw new Error('too late'); }"
        await page.evaluate(f"void ({late})")
        await field(page).press_sequentially("At eight")
        for _ in range(2):
            await page.reload()
            await expect(field(page)).to_have_value("At eight")
        # Also that there is nothing any more.
        assert await field(page).evaluate(IS_KEPT, ana.id)
        await page.evaluate(f"void ({late})")
        await field(page).fill("")
        await page.reload()
        await expect(field(page)).to_have_value("")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_is_written_outlasts_a_reload_with_what_it_answers(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        await ben.post("/messages", {"recipient_id": ana.id, "content": "Tomorrow?"})
        await expect(message(page, "Tomorrow?")).to_be_visible()
        await message(page, "Tomorrow?").focus()
        await page.keyboard.press("r")
        await field(page).press_sequentially("At eight")
        await page.reload()
        await expect(field(page)).to_have_value("At eight")
        await expect(page.get_by_text("Reply to Ben")).to_be_visible()
        await field(page).press("Enter")
        await expect(page.get_by_text("Reply to Ben")).to_have_count(0)
        assert await heard(ben, ana, 2) == ["Tomorrow?", "At eight"]
        newest = (await ben.get("/messages/dm", user_id=ana.id)).json
        assert newest[0]["reply_to"] == newest[1]["id"]


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_arrow_up_in_the_empty_field_changes_the_last_message(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        await say(page, "A mistace")
        assert await heard(ben, ana, 1) == ["A mistace"]
        # What is still on its way cannot be changed.
        await expect(message(page, "A mistace")).to_contain_text("Sent")
        await field(page).press("ArrowUp")
        await expect(field(page)).to_have_value("A mistace")
        await field(page).press("Escape")
        await expect(field(page)).to_have_value("")
        await field(page).press("ArrowUp")
        await field(page).fill("A mistake")
        await page.get_by_role("button", name="Save").click()
        await expect(message(page, "A mistake")).to_be_visible()
        await expect(field(page)).to_have_value("")
        assert await heard(ben, ana, 1) == ["A mistake"]


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_is_written_while_a_change_is_being_saved_is_not_lost(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        await say(page, "One")
        await expect(message(page, "One")).to_contain_text("Sent")
        answer = asyncio.Event()

        async def be_late(route: Route) -> None:
            await answer.wait()
            await route.continue_()

        await page.route("**/messages/*", be_late)
        await field(page).press("ArrowUp")
        await field(page).press_sequentially(" two")
        async with page.expect_response("**/messages/*"):
            async with page.expect_request("**/messages/*"):
                await field(page).press("Enter")
            await field(page).press_sequentially(" three")
            answer.set()
        await expect(message(page, "One two")).to_contain_text("edited")
        await expect(field(page)).to_have_value("One two three")
        await expect(page.locator("button.send")).to_have_class(re.compile("primary"))  # saved
        # Back to what it was at first is a change, too.
        await field(page).fill("One")
        await field(page).press("Enter")
        await expect(field(page)).to_have_value("")
        assert await heard(ben, ana, 1) == ["One"]


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_text_that_is_too_long_is_told_and_kept(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, _, _):
        await field(page).fill("x" * 8_999)
        await expect(page.get_by_text("8,999 of 10,000")).to_have_count(0)
        await field(page).fill("x" * 9_500)
        await expect(page.get_by_text("9,500 of 10,000")).to_be_visible()
        await field(page).fill("x" * 10_001)
        await field(page).press("Enter")
        await expect(page.get_by_role("alert").get_by_text("10,001 of 10,000")).to_be_visible()
        await require_accessible(page)
        await expect(field(page)).to_have_value("x" * 10_001)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_an_at_sign_in_a_group_offers_its_members(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, ben):
        cleo = await people.register(http_client, base_url, "Cleo")
        body = {"name": "Trip", "members": [ben.id, cleo.id]}
        group = (await ana.post("/groups", body)).json
        await open_talk(page, f"group:{group['id']}")
        await field(page).press_sequentially("For @")
        await expect(page.get_by_role("listbox", name=MEMBERS).get_by_role("option")).to_have_count(
            2
        )
        await require_accessible(page)
        await field(page).press("ArrowDown")
        await field(page).press("Enter")
        await expect(field(page)).to_have_value("For @Cleo ")
        await field(page).press_sequentially("and @be")
        await expect(page.get_by_role("option", name="Ben")).to_be_visible()
        await field(page).press("Escape")
        await expect(page.get_by_role("listbox", name=MEMBERS)).to_have_count(0)
        await field(page).press("Enter")
        await expect(message(page, "For @Cleo and @be")).to_be_visible()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_an_emoji_goes_where_the_caret_is_and_is_offered_first_from_then_on(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, _, _):
        await field(page).fill("ab")
        await field(page).press("ArrowLeft")
        await page.get_by_role("button", name="Insert an emoji").press("Enter")
        await require_accessible(page)
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("Enter")
        await expect(field(page)).to_have_value("a😄b")
        await expect(field(page)).to_be_focused()
        await page.get_by_role("button", name="Insert an emoji").click()
        used = page.get_by_role("group", name="Often used").get_by_role("button")
        await expect(used.first).to_have_text("😄")
        await page.keyboard.press("Escape")
        await expect(used).to_have_count(0)


class TestPreview:
    """With a real engine."""

    @pytest.fixture
    def settings(self, settings: Settings, engine: Engine) -> Settings:
        """Translate by the engine."""
        return structs.replace(settings, libretranslate_url=engine.url)

    @in_a_browser
    @pytest.mark.gen_test(timeout=300)
    async def test_the_preview_shows_what_arrives_and_what_comes_back(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        async with writing(http_client, base_url) as (page, ana, ben):
            toggle = page.get_by_role("button", name="Preview the translation")
            await toggle.click()
            await expect(toggle).to_have_attribute("aria-pressed", "true")
            preview = page.get_by_role("region", name="How it will arrive")
            await expect(preview).to_contain_text("Ben reads this in Catalan")
            await field(page).fill("Buenos días, mañana llego tarde a casa")
            await expect(preview.locator("[lang=ca]")).to_contain_text("demà")
            await expect(preview.locator("[lang=es]")).to_contain_text("mañana")
            await expect(preview).to_contain_text("You write Spanish (detected)")
            await require_accessible(page)
            assert (await ben.get("/messages/dm", user_id=ana.id)).json == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_is_seen_in_the_field_is_what_is_sent_whatever_was_told_of_it(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, _, _):
        await field(page).evaluate(
            "(node) => { node.value = 'By another hand'; node.form.requestSubmit(); }"
        )
        await expect(message(page, "By another hand")).to_contain_text("Sent")
        await expect(field(page)).to_have_value("")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_who_writes_without_a_pause_has_it_kept_meanwhile(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with writing(http_client, base_url) as (page, ana, _):
        assert await field(page).evaluate(KEPT_MEANWHILE, ana.id)
