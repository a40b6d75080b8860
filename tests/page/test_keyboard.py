"""The keyboard alone: it reaches everything, and where one is can always be seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import people
import pytest
from browser import (
    Complaints,
    arrive,
    be_connected,
    chromium,
    conversation,
    in_a_browser,
    message,
    sign_in,
)
from engine import Engine
from msgspec import structs
from people import Person
from playwright.async_api import Locator, Page, Route, expect
from tornado.httpclient import AsyncHTTPClient

from realchat.settings import Settings

# Where the focus is, and whether it shows: by an outline, its own or that of the box it fills.
FOCUS = """() => {
  const at = document.activeElement;
  const place = at.getBoundingClientRect();
  const isOutlined = (one) => {
    const {outlineStyle, outlineWidth} = getComputedStyle(one);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  };
  return {
    name: at.getAttribute("aria-label") || at.id || at.textContent.trim().slice(0, 40),
    lost: at === document.body,
    outlined: isOutlined(at) || isOutlined(at.closest(".writing, label") ?? at),
    seen: place.width > 0 && place.bottom > 0 && place.top < innerHeight,
  };
}"""


@pytest.fixture
def settings(settings: Settings, engine: Engine) -> Settings:
    """Settings with a real engine for Spanish and Catalan."""
    return structs.replace(settings, libretranslate_url=engine.url)


async def require_focus(page: Page, where: Locator | None = None) -> None:
    """Fail unless the focus is there, and shows."""
    if where is not None:
        await expect(where).to_be_focused()
    found = await page.evaluate(FOCUS)
    assert not found["lost"]
    assert found["outlined"], found
    assert found["seen"], found


async def tab_to(page: Page, where: Locator, key: str = "Tab") -> None:
    """Go on by Tab until the focus is somewhere; it shows wherever it comes by."""
    for _ in range(40):
        await page.keyboard.press(key)
        await require_focus(page)
        if await where.count() and await where.evaluate("(one) => one === document.activeElement"):
            return
    raise AssertionError(f"never came to {where}")


async def enter(page: Page) -> None:
    """Register as Ana, who reads Catalan, from the way in."""
    await expect(page.get_by_label("E-mail", exact=True)).to_be_focused()
    await tab_to(page, page.get_by_role("button", name="Create account"))
    await page.keyboard.press("Enter")
    await require_focus(page, page.get_by_label("Name", exact=True))
    await page.keyboard.type("Ana")
    await tab_to(page, page.get_by_label("E-mail", exact=True))
    await page.keyboard.type("ana@example.org")
    await tab_to(page, page.get_by_label("Password", exact=True))
    await page.keyboard.type(people.PASSWORD)
    await tab_to(page, page.get_by_label("Language"))
    await page.keyboard.type("Catalan")
    await tab_to(page, page.get_by_role("button", name="Create account"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="RealChat")).to_be_focused()


async def find_and_write(page: Page) -> None:
    """Find Ben and say hello to him."""
    await page.keyboard.press("Control+k")
    await require_focus(page, page.get_by_label("Search people"))
    await page.keyboard.type("Ben")
    found = page.get_by_label("People found").get_by_role("button")
    await expect(found).to_contain_text("Ben")
    await page.keyboard.press("ArrowDown")
    await require_focus(page, found)
    await page.keyboard.press("Enter")
    await require_focus(page, page.get_by_role("textbox", name="Message"))
    await page.keyboard.type("Bon dia")
    await page.keyboard.press("Enter")
    await expect(message(page, "Bon dia")).to_contain_text("Sent")
    await require_focus(page, page.get_by_role("textbox", name="Message"))


async def read_and_react(page: Page) -> None:
    """Read the answer, react to it, look at how it was written, and reply."""
    field, answer = page.get_by_role("textbox", name="Message"), page.locator("[data-seq='2']")
    await expect(answer).to_contain_text("Translated from Spanish")
    await tab_to(page, page.get_by_role("log"), "Shift+Tab")
    await page.keyboard.press("ArrowUp")
    await require_focus(page, answer)
    await page.keyboard.press("o")
    await expect(answer).to_contain_text("Mañana voy a la biblioteca.")
    await require_focus(page, answer)
    await page.keyboard.press("+")
    picker = page.get_by_role("dialog", name="React").get_by_role("button")
    await require_focus(page, picker.first)
    await page.keyboard.press("ArrowRight")
    await require_focus(page, picker.nth(1))
    await page.keyboard.press("Enter")
    await require_focus(page, answer)
    await expect(answer.get_by_role("group", name="Reactions")).to_be_visible()
    await tab_to(page, answer.get_by_role("button", name="Show translation"))
    await page.keyboard.press("Enter")
    await expect(answer.get_by_role("button", name="Show original")).to_be_focused()
    await page.keyboard.press("r")
    await require_focus(page, field)
    await page.keyboard.type("Jo també")
    await page.keyboard.press("Enter")
    await expect(message(page, "Jo també").get_by_text("In reply to")).to_have_count(1)
    await require_focus(page, field)


async def delete_one(page: Page) -> None:
    """Delete what was said last, after having thought better of it once."""
    own = page.locator("[data-seq='3']")
    await tab_to(page, page.get_by_role("log"), "Shift+Tab")
    await page.keyboard.press("End")
    await require_focus(page, own)
    await page.keyboard.press("Enter")
    await require_focus(page, page.get_by_role("menuitem").first)
    await page.keyboard.press("Escape")
    await require_focus(page, own)
    await page.keyboard.press("Delete")
    dialog = page.get_by_role("dialog", name="Delete this message?")
    await expect(dialog).to_be_visible()
    await tab_to(page, dialog.get_by_role("button", name="Cancel"))
    await page.keyboard.press("Enter")
    await require_focus(page, own)
    await page.keyboard.press("Delete")
    await expect(dialog).to_be_visible()
    await tab_to(page, dialog.get_by_role("button", name="Delete", exact=True))
    await page.keyboard.press("Enter")
    await expect(own).to_contain_text("This message was deleted.")
    await require_focus(page, own)


async def leave(page: Page) -> None:
    """Open the settings and sign out there."""
    await tab_to(page, page.get_by_role("button", name="Settings"))
    await page.keyboard.press("Enter")
    await require_focus(page, page.get_by_role("tab", name="Profile"))
    await page.keyboard.press("Escape")
    await require_focus(page, page.get_by_role("button", name="Settings"))
    await page.keyboard.press("Enter")
    await require_focus(page, page.get_by_role("tab", name="Profile"))
    for _ in range(3):
        await page.keyboard.press("ArrowRight")
        await require_focus(page)
    await tab_to(page, page.get_by_role("button", name="Sign out", exact=True))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    await require_focus(page, page.get_by_label("E-mail", exact=True))


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_one_comes_in_talks_and_leaves_without_a_mouse(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ben, cleo = [
        await people.register(http_client, base_url, name, language="es")
        for name in ("Ben", "Cleo")
    ]
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, base_url, complaints, reduced_motion="reduce")
        await enter(page)
        await find_and_write(page)
        ana = (await ben.get("/users/search", q="Ana")).json[0]["id"]
        spanish = {"recipient_id": ana, "content_lang": "es"}
        await ben.post("/messages", {**spanish, "content": "Mañana voy a la biblioteca."})
        await read_and_react(page)
        await delete_one(page)
        await cleo.post("/messages", {**spanish, "content": "Hola"})
        await expect(conversation(page, "Cleo")).to_be_visible()
        await page.keyboard.press("Alt+ArrowUp")
        await expect(page.get_by_role("heading", name="Cleo")).to_be_visible()
        await require_focus(page, page.get_by_role("textbox", name="Message"))
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("heading", name="Cleo")).to_have_count(0)
        await require_focus(page, conversation(page, "Cleo"))
        await leave(page)
    assert complaints == []


async def open_help(page: Page) -> Locator:
    """Show the sheet of keys; return it."""
    await page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(sheet).to_be_visible()
    return sheet


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_the_sheet_of_keys_tells_of_all_and_they_work(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, cleo = [
        await people.register(http_client, base_url, name) for name in ("Ana", "Ben", "Cleo")
    ]
    for one in (ben, cleo):
        await one.post("/messages", {"recipient_id": ana.id, "content": f"From {one.id}"})
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, base_url, complaints)
        await sign_in(page, ana.email)
        sheet = await open_help(page)
        await expect(sheet.locator("dt")).to_have_count(19)
        await expect(sheet.locator("dd kbd kbd").first).to_have_text("?")
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog")).to_have_count(0)
        await require_everywhere(page)
        await require_on_a_message(page, ana)
        # Those who speak to their computer switch the single keys off, and need no key for it.
        await page.get_by_role("log").focus()
        sheet = await open_help(page)
        await sheet.get_by_label("Shortcuts of a single key").uncheck()
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog")).to_have_count(0)
        await page.keyboard.press("n")
        await page.keyboard.press("Control+k")
        await expect(page.get_by_label("Search people")).to_be_focused()
        await expect(page.get_by_role("dialog")).to_have_count(0)
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_escape_gives_up_a_dialog_that_is_still_being_fetched(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await people.register(http_client, base_url, "Ana")
    complaints = Complaints()
    fetched = asyncio.Event()
    async with chromium() as browser:
        page = await arrive(browser, base_url, complaints, service_workers="block")
        await sign_in(page, ana.email)

        async def hold(route: Route) -> None:
            await fetched.wait()
            await route.continue_()

        await page.route("**/account.js", hold)
        async with page.expect_response("**/account.js") as late:
            async with page.expect_request("**/account.js"):
                await page.get_by_role("button", name="Settings").click()
            await page.keyboard.press("Escape")
            fetched.set()
        await (await late.value).finished()
        await page.keyboard.press("n")
        await expect(page.get_by_role("dialog", name="New group")).to_be_visible()
        await expect(page.locator("dialog")).to_have_count(1)
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Settings").click()
        await expect(page.get_by_role("dialog", name="Settings")).to_be_visible()
    assert complaints == []


# A browser that is long in drawing: what waits for a frame is late, and a dialog that closes, too.
LATE = """(() => {
  const { requestAnimationFrame: frame, setTimeout: own } = window;
  window.requestAnimationFrame = (run) => own(() => frame(run), 1000);
  window.setTimeout = (run, wait, ...given) => own(run, wait === 35 ? 1000 : wait, ...given);
  addEventListener("close", (event) => {
    if (!event.isTrusted) return;
    event.stopImmediatePropagation();
    own(() => event.target.dispatchEvent(new Event("close")), 1000);
  }, true);
})()"""


@asynccontextmanager
async def late(http: AsyncHTTPClient, base_url: str) -> AsyncIterator[Page]:
    """Have Ana's page with what Ben said, in a browser that is long in drawing."""
    ana, ben = [await people.register(http, base_url, name) for name in ("Ana", "Ben")]
    await ben.post("/messages", {"recipient_id": ana.id, "content": "Hello"})
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, base_url, complaints)
        await sign_in(page, ana.email)
        await conversation(page, "Ben").click()
        await page.context.add_init_script(LATE)
        await page.reload()
        await be_connected(page)
        await expect(message(page, "Hello")).to_be_visible()
        yield page
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_keys_go_where_the_one_before_led_however_long_drawing_takes(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with late(http_client, base_url) as page:
        field, said = page.get_by_role("textbox", name="Message"), message(page, "Hello")
        await said.focus()
        await page.keyboard.type("rcoe")
        await expect(field).to_have_value("coe")
        await page.keyboard.press("Escape")
        for key in ("+", "Enter"):
            await said.focus()
            await page.keyboard.press(key)
            await page.keyboard.press("Escape")
            await expect(page.locator(".popover")).to_have_count(0)
            await expect(said).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("heading", name="Ben")).to_have_count(0)
        await expect(conversation(page, "Ben")).to_be_focused()
        await page.keyboard.press("n")
        await expect(page.get_by_role("dialog", name="New group")).to_be_visible()
        await page.keyboard.type("Club")
        await expect(page.get_by_label("Group name")).to_have_value("Club")


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_a_dialog_that_was_left_is_gone_at_once_and_opens_again(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with late(http_client, base_url) as page:
        await page.get_by_role("log").focus()
        group = page.get_by_role("dialog", name="New group")
        await page.keyboard.press("n")
        await expect(group).to_be_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press("n")
        await expect(group).to_be_visible()
        await page.wait_for_timeout(2_000)
        await expect(group).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("log")).to_be_focused()


async def require_everywhere(page: Page) -> None:
    """Try the keys that work everywhere."""
    press = page.keyboard.press
    await press("n")
    await expect(page.get_by_role("dialog", name="New group")).to_be_visible()
    await press("Escape")
    # Gone, not only hidden: until then the page's own keys are the dialog's.
    await expect(page.locator("dialog")).to_have_count(0)
    await press("/")
    await expect(page.get_by_label("Search people")).to_be_focused()
    await press("Alt+ArrowDown")
    await expect(page.get_by_role("heading", name="Cleo")).to_be_visible()
    await press("Alt+ArrowDown")
    await expect(page.get_by_role("heading", name="Ben")).to_be_visible()
    await press("Alt+ArrowUp")
    await expect(page.get_by_role("heading", name="Cleo")).to_be_visible()
    await require_focus(page, page.get_by_role("textbox", name="Message"))


async def require_on_a_message(page: Page, ana: Person) -> None:
    """Try the keys of the field, and those of a message."""
    press, field = page.keyboard.press, page.get_by_role("textbox", name="Message")
    await page.keyboard.type("Helo")
    await press("Control+Enter")
    own = page.locator("[data-seq='2']")
    await expect(own).to_contain_text("Sent")
    await press("ArrowUp")
    await expect(field).to_have_value("Helo")
    await press("Escape")
    await expect(field).to_have_value("")
    await own.focus()
    await press("c")
    await expect(page.get_by_text("Copied.").or_(page.get_by_text("did not let"))).to_be_visible()
    await press("e")
    await require_focus(page, field)
    await press("Control+a")
    await page.keyboard.type("Hello")
    await press("Enter")
    await expect(own).to_contain_text("edited")
    # Others may hear of it before it is answered, until when one goes on with the same text.
    await expect(field).to_have_value("")
    await press("Shift+Enter")
    await expect(field).to_have_value("\n")
    await field.fill("")
