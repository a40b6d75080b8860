"""Where things are on the screen: nothing covers what is to be read, and what fits is not cut."""

from __future__ import annotations

from typing import Any

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
    sign_in,
)
from engine import Engine
from everything import found_group, make_everything
from everything import say as post
from msgspec import structs
from playwright.async_api import Browser, Page, expect
from test_composer import direct, open_talk
from test_connection import has_worker, network
from test_directions import LARGE, TOUCH, open_group
from tornado.httpclient import AsyncHTTPClient

from realchat.settings import Settings

LONG = "Maximiliana Konstantin"
# What was changed is where it will be once it has been on the screen: what comes into view is as
# high as was guessed in its first frame.
DRAWN = """async () => {
  for (let frame = 0; frame < 5; frame++) await new Promise(requestAnimationFrame);
}"""
# The parts that are there do not lie over each other, and reach down to the window's end.
FILLED = """() => {
  const [banner, ...parts] = [...document.querySelectorAll(".banner, .side, .talk")]
    .filter((one) => one.checkVisibility() && getComputedStyle(one).clipPath === "none")
    .map((one) => one.getBoundingClientRect());
  return parts.every(({top, bottom}) => top >= banner.bottom && bottom === innerHeight);
}"""
TOP = "(one) => one.getBoundingClientRect().top"
# Where a text begins, and where the room for it does.
BEGINNING = """(one) => {
  const range = document.createRange();
  const text = document.createTreeWalker(one, NodeFilter.SHOW_TEXT).nextNode();
  range.setStart(text, 0);
  range.setEnd(text, 1);
  return [range.getBoundingClientRect().left, one.getBoundingClientRect().left];
}"""
# How wide the widest message of others is, as a part of the window.
WIDEST = """() => Math.max(...[...document.querySelectorAll(".message:not(.own) .bubble")]
  .map((one) => one.getBoundingClientRect().width)) / innerWidth"""
# Times that lie over what stands before them, or touch it.
TOUCHING = """() => [...document.querySelectorAll(".foot.noted")].filter((one) => {
  const [link, time] = [...one.querySelectorAll(".link, time")]
    .map((part) => part.getBoundingClientRect());
  return time && link.right > time.left - 4 && link.bottom > time.top + 4 && link.top < time.bottom;
}).length"""
# Whether a name's end is under the button, beside which it is.
COVERED = """(row) => {
  const [name, button] = [...row.querySelectorAll("strong, button")]
    .map((one) => one.getBoundingClientRect());
  return name.right > button.left;
}"""
FITS = "(one) => one.scrollWidth <= one.clientWidth"
# Whether a day's line hides what is scrolled under it, as wide as that is.
HIDES = """(day) => {
  const edge = day.closest(".scroll").getBoundingClientRect().top;
  const {top, width} = day.getBoundingClientRect();
  const {backgroundColor, position} = getComputedStyle(day);
  return position === "sticky" && top === edge && width === day.parentElement.clientWidth
    && backgroundColor === getComputedStyle(document.body).backgroundColor;
}"""


@pytest.fixture
def settings(settings: Settings, engine: Engine, patient: None) -> Settings:
    """Settings with a real engine for Spanish and Catalan."""
    return structs.replace(settings, libretranslate_url=engine.url)


@in_a_browser
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.gen_test(timeout=300)
async def test_without_a_connection_the_page_fills_the_window_and_nothing_is_covered(
    http_port: int, http_client: AsyncHTTPClient, base_url: str, viewport: Any
) -> None:
    ana, ben, cleo = [
        await people.register(http_client, base_url, name) for name in ("Ana", "Ben", "Cleo")
    ]
    for peer in (ben, cleo):
        await post(ana, "Hello", recipient_id=peer.id)
    complaints = Complaints()
    async with network(http_port) as way, chromium() as browser:
        page = await arrive(browser, way.url, complaints, viewport=viewport)
        await sign_in(page, ana.email)
        await open_talk(page, direct(ana, ben))
        await expect(message(page, "Hello")).to_be_visible()
        await has_worker(page)
        await way.go()
        await page.reload()
        await expect(page.get_by_role("button", name="Try now")).to_be_visible()
        await expect(message(page, "Hello")).to_be_visible()
        assert await page.evaluate(FILLED)
        await page.evaluate("(id) => { location.hash = id; }", direct(ana, cleo))
        await expect(page.locator("main").get_by_role("heading", name="Cleo")).to_be_visible()
        assert await page.evaluate(FILLED)
        await page.evaluate("location.hash = ''")
        await expect(conversation(page, "Ben")).to_be_visible()
        assert await page.evaluate(FILLED)
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_is_read_stays_where_it_is_when_the_connection_goes_and_comes(
    http_port: int, http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    for number in range(40):
        await post(ana, f"Number {number}.", recipient_id=ben.id)
    async with network(http_port) as way, chromium() as browser:
        page = await arrive(browser, way.url, Complaints(), viewport=PHONE)
        await sign_in(page, ana.email)
        await open_talk(page, direct(ana, ben))
        last = message(page, "Number 39.")
        await expect(last).to_be_in_viewport()
        await require_still(page, "Number 39.", way)
        await page.get_by_role("log").evaluate("(box) => box.scrollBy(0, -500)")
        await expect(last).not_to_be_in_viewport()
        await require_still(page, "Number 25.", way)


async def require_still(page: Page, text: str, way: Any) -> None:
    """Fail where a message moves on the screen while the connection goes and comes."""
    await page.evaluate(DRAWN)
    place = await message(page, text).evaluate(TOP)
    button = page.get_by_role("button", name="Try now")
    await way.go()
    await expect(button).to_be_visible()
    await page.evaluate(DRAWN)
    assert await message(page, text).evaluate(TOP) == pytest.approx(place, abs=1)
    await way.come()
    await expect(button).to_have_count(0)
    await page.evaluate(DRAWN)
    assert await message(page, text).evaluate(TOP) == pytest.approx(place, abs=1)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_without_a_connection_the_page_says_what_it_knew_and_not_who_is_there(
    http_port: int, http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    await post(ana, "Hello", recipient_id=ben.id)
    talk = direct(ana, ben)
    async with network(http_port) as way, chromium() as browser:
        page = await arrive(browser, way.url, Complaints())
        await sign_in(page, ana.email)
        await open_talk(page, talk)
        await expect(page.locator(".head .dot")).to_have_count(1)
        await expect(message(page, "Hello")).to_contain_text("Sent")
        await ben.post(f"/conversations/{talk}/read", {"seq": 1})
        await expect(message(page, "Hello")).to_contain_text("Seen")
        await has_worker(page)
        await way.go()
        await expect(page.locator(".dot")).to_have_count(0)
        await page.reload()
        await expect(message(page, "Hello")).to_contain_text("Seen")
        await expect(page.get_by_role("button", name="Try now")).to_be_visible()
        await expect(page.locator(".dot")).to_have_count(0)
        assert await page.locator(".head .who p").inner_text() == ""
        await way.come()
        await expect(page.locator(".head .dot")).to_have_count(1)
        await expect(page.locator(".head .who p")).not_to_be_empty()


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_large_letters_leave_the_width_to_the_messages(
    http_client: AsyncHTTPClient, base_url: str, engine: Engine
) -> None:
    made = await make_everything(http_client, base_url, engine)
    engine.gate.set()
    async with chromium() as browser:
        for options, least in ((TOUCH, 0.8), ({"viewport": WIDE}, 0.25)):
            page = await open_large(browser, base_url, made.ana.email, made.group, **options)
            assert await page.evaluate(WIDEST) > least
            assert await page.evaluate(TOUCHING) == 0
            side = "() => document.querySelector('.side').clientWidth / innerWidth"
            assert await page.evaluate(side) < 0.4
            await page.evaluate("location.hash = ''")
            row = page.locator(".thread").filter(has_text="Announcements")
            await expect(row).to_be_visible()
            await row.hover()
            await expect(row.locator("time")).to_be_hidden()
            assert not await row.evaluate(COVERED)


async def open_large(browser: Browser, url: str, email: str, group: str, **options: Any) -> Page:
    """Open a group in letters of twice the size."""
    page = await open_group(browser, url, email, group, Complaints(), **options)
    await expect(message(page, "Translated from")).not_to_have_count(0)
    await page.evaluate(LARGE)
    await page.evaluate(DRAWN)
    return page


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_names_are_cut_at_their_own_end_and_only_where_there_is_no_room(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, other = [await people.register(http_client, base_url, name) for name in ("Ana", LONG)]
    groups = [await found_group(other, name, ana) for name in ("Short", f"Club of {LONG}")]
    await post(other, "Hi", group_id=groups[0])
    await post(other, "What does not fit into a line, " * 3, group_id=groups[1])
    async with chromium() as browser:
        page = await arrive(browser, base_url, Complaints(), viewport=PHONE)
        await sign_in(page, ana.email)
        short = conversation(page, "Short").locator(".who")
        assert await short.locator(".name").evaluate(FITS)
        long = conversation(page, "Club").locator(".who")
        assert not await long.locator(".name").evaluate(FITS)
        assert await long.evaluate(FITS)
        await page.context.close()
        page = await open_group(
            browser, base_url, ana.email, groups[1], Complaints(), viewport=PHONE, locale="ar"
        )
        text, room = await page.locator(".head h2").evaluate(BEGINNING)
        assert text >= room - 1


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_the_day_does_not_lie_on_the_text_of_a_message(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = [await people.register(http_client, base_url, name) for name in ("Ana", "Ben")]
    for number in range(20):
        await post(ana, f"Number {number}", recipient_id=ben.id)
    async with chromium() as browser:
        page = await arrive(browser, base_url, Complaints(), viewport=PHONE)
        await sign_in(page, ana.email)
        await open_talk(page, direct(ana, ben))
        await expect(message(page, "Number 19")).to_be_in_viewport()
        assert await page.locator(".day").evaluate(HIDES)


@in_a_browser
@pytest.mark.usefixtures("http_server")
@pytest.mark.gen_test(timeout=300)
async def test_every_language_to_choose_stands_by_the_name_that_its_speakers_give_it(
    base_url: str,
) -> None:
    async with chromium() as browser:
        page = await arrive(browser, base_url, Complaints(), locale="fr")
        await page.get_by_role("button", name="Créer un compte").click()
        for code, name in (("sq", "shqip"), ("eu", "euskara"), ("gl", "galego"), ("de", "Deutsch")):
            await expect(page.locator(f"option[value={code}]").last).to_have_text(name)
