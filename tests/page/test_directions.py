"""Other ways to read: from right to left, in large letters, in forced colours, without motion."""

from __future__ import annotations

from typing import Any

import pytest
from browser import PHONE, WIDE, Complaints, arrive, chromium, in_a_browser, sign_in
from engine import Engine
from everything import make_everything
from msgspec import structs
from playwright.async_api import Browser, Page, expect
from tornado.httpclient import AsyncHTTPClient

from realchat.settings import Settings

TOUCH: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
FITS = "document.documentElement.scrollWidth <= innerWidth"
# Controls and texts that are cut off by the window's sides, or whose own text does not fit; what
# ends with dots does so on purpose, and what is for screen readers only has no size.
CUT_OFF = """() => {
  const all = document.querySelectorAll("button, a, input, textarea, h2, p, label, .bubble, .meta");
  const isHidden = (one) =>
    one.closest(".unseen, [hidden]") || !one.checkVisibility({opacityProperty: true});
  return [...all].filter((one) => {
    const {left, right, width, height} = one.getBoundingClientRect();
    if (isHidden(one) || width <= 1 || height <= 1) return false;
    const {textOverflow, overflowX} = getComputedStyle(one);
    const isCut = overflowX !== "visible" && textOverflow !== "ellipsis"
      && one.scrollWidth > one.clientWidth + 1;
    return left < -1 || right > innerWidth + 1 || isCut;
  }).map((one) => `${one.className} ${one.textContent.trim().slice(0, 40)}`);
}"""
# Buttons of the composer or of a head that lie over each other.
OVERLAPS = """() => {
  const groups = [".composer .tools", ".talk > .head", ".side-head", ".self"];
  const found = [];
  for (const group of groups) {
    const parts = [...document.querySelectorAll(`${group} > *`)].filter(
      (one) => one.checkVisibility() && !one.matches(".unseen"));
    const boxes = parts.map((one) => one.getBoundingClientRect());
    boxes.forEach((one, at) => boxes.slice(at + 1).forEach((other, next) => {
      const isApart = one.right <= other.left + 1 || other.right <= one.left + 1
        || one.bottom <= other.top + 1 || other.bottom <= one.top + 1;
      if (!isApart) found.push([group, parts[at].className, parts[at + 1 + next].className]);
    }));
  }
  return found;
}"""
MOVING = """() => document.getAnimations().filter(
  ({playState}) => playState === "running").map(({animationName}) => animationName ?? "transition")
"""
LARGE = "document.documentElement.style.fontSize = '200%'"


@pytest.fixture
def settings(settings: Settings, engine: Engine, patient: None) -> Settings:
    """Settings with a real engine for Spanish and Catalan."""
    return structs.replace(settings, libretranslate_url=engine.url)


async def open_group(
    browser: Browser, url: str, email: str, group: str, complaints: Complaints, **options: Any
) -> Page:
    """Open a group with everything in it, whatever language the page is in."""
    page = await arrive(browser, url, complaints, **options)
    await page.locator("input[type=email]").fill(email)
    await page.locator("input[type=password]").fill("correct horse battery")
    await page.locator("form button.primary").click()
    await expect(page.locator(".thread").first).to_be_visible()
    await page.evaluate("(id) => { location.hash = id; }", f"group:{group}")
    await expect(page.locator(".message").last).to_be_in_viewport()
    return page


async def require_room(page: Page) -> None:
    """Fail where something does not fit, or lies over something else."""
    assert await page.evaluate(FITS)
    assert await page.evaluate(CUT_OFF) == []
    assert await page.evaluate(OVERLAPS) == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_arabic_is_from_right_to_left_with_each_text_in_its_own_direction(
    http_client: AsyncHTTPClient, base_url: str, engine: Engine
) -> None:
    made = await make_everything(http_client, base_url, engine)
    engine.gate.set()
    complaints = Complaints()
    async with chromium() as browser:
        for options in (TOUCH, {"viewport": WIDE}):
            page = await open_group(
                browser, base_url, made.ana.email, made.group, complaints, locale="ar", **options
            )
            await expect(page.locator("html")).to_have_attribute("dir", "rtl")
            await expect(page.locator("html")).to_have_attribute("lang", "ar")
            await require_room(page)
            await require_sides(page)
            await page.context.close()
    assert complaints == []


async def require_sides(page: Page) -> None:
    """Fail unless what is one's own is at the left, and texts and arrows point their way."""
    middle = "(one) => { const {left, right} = one.getBoundingClientRect(); return left + right }"
    own = await page.locator(".message.own .bubble").last.evaluate(middle)
    other = await page.locator(".message:not(.own) .bubble").last.evaluate(middle)
    assert own < other
    direction = "(one) => getComputedStyle(one).direction"
    texts = page.locator(".message .text")
    assert await texts.filter(has_text="שלום").evaluate(direction) == "rtl"
    assert await texts.filter(has_text="example.org").evaluate(direction) == "ltr"
    for one in await texts.all():
        assert await one.get_attribute("dir") == "auto"
        assert await one.get_attribute("translate") == "no"
        assert await one.get_attribute("lang") in {"ca", "es", "he"}
    assert await page.locator(".composer textarea").evaluate(direction) == "rtl"
    turned = "(one) => new DOMMatrix(getComputedStyle(one).transform).a"
    for name in (
        ".head .back .icon",
        ".composer .send .icon",
        ".lane .tools > :nth-child(2) .icon",
    ):
        pointing = page.locator(name).locator("visible=true")
        for one in await pointing.all():
            assert await one.evaluate(turned) == -1, name


@in_a_browser
@pytest.mark.parametrize(
    ("locale", "words", "lang"),
    [("hi-IN", "अपनी भाषा", "hi"), ("zh-CN", "语言", "zh-Hans")],
)
@pytest.mark.gen_test(timeout=300)
async def test_hindi_and_chinese_are_written_in_their_letters(
    http_client: AsyncHTTPClient, base_url: str, engine: Engine, locale: str, words: str, lang: str
) -> None:
    made = await make_everything(http_client, base_url, engine)
    engine.gate.set()
    complaints = Complaints()
    async with chromium() as browser:
        page = await open_group(
            browser, base_url, made.ana.email, made.group, complaints, locale=locale, **TOUCH
        )
        await expect(page.locator("html")).to_have_attribute("lang", lang)
        placeholder = await page.locator(".composer textarea").get_attribute("placeholder")
        assert words in (placeholder or "")
        await require_room(page)
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_letters_of_twice_the_size_have_room(
    http_client: AsyncHTTPClient, base_url: str, engine: Engine
) -> None:
    made = await make_everything(http_client, base_url, engine)
    engine.gate.set()
    complaints = Complaints()
    async with chromium() as browser:
        for options in (TOUCH, {"viewport": WIDE}):
            page = await open_group(
                browser, base_url, made.ana.email, made.group, complaints, **options
            )
            await page.evaluate(LARGE)
            await require_room(page)
            await page.evaluate("location.hash = ''")
            await expect(page.locator(".thread").first).to_be_visible()
            await require_room(page)
            await page.get_by_role("button", name="Settings").click()
            await expect(page.get_by_role("dialog")).to_be_visible()
            await require_room(page)
            await page.context.close()
        page = await arrive(browser, base_url, complaints, viewport=PHONE)
        await expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        await page.evaluate(LARGE)
        await require_room(page)
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_nothing_moves_for_who_wants_less_motion(
    http_client: AsyncHTTPClient, base_url: str, engine: Engine
) -> None:
    made = await make_everything(http_client, base_url, engine)
    complaints = Complaints()
    async with chromium() as browser:
        page = await arrive(browser, base_url, complaints)
        await sign_in(page, made.ana.email)
        await page.evaluate("(id) => { location.hash = id; }", f"group:{made.group}")
        await expect(page.locator(".translation.pending").last).to_be_visible()
        # What is drawn moves from its next frame on.
        await page.wait_for_function(f"() => ({MOVING})().length > 0")
        await page.emulate_media(reduced_motion="reduce")
        assert await page.evaluate(MOVING) == []
        await page.get_by_role("button", name="Settings").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        assert await page.evaluate(MOVING) == []
        engine.gate.set()
    assert complaints == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_forced_colours_leave_nothing_to_colour_alone(
    http_client: AsyncHTTPClient, base_url: str, engine: Engine
) -> None:
    made = await make_everything(http_client, base_url, engine)
    engine.gate.set()
    complaints = Complaints()
    async with chromium() as browser:
        page = await open_group(
            browser, base_url, made.ana.email, made.group, complaints, forced_colors="active"
        )
        framed = """(one) => {
            const {borderStyle, borderColor, backgroundColor} = getComputedStyle(one);
            return borderStyle !== "none" && borderColor !== backgroundColor;
        }"""
        for name in (".message.own .bubble", ".message:not(.own) .bubble", ".composer .writing"):
            assert await page.locator(name).last.evaluate(framed), name
        outlined = "(one) => getComputedStyle(one).outlineStyle"
        await page.locator(".composer textarea").focus()
        assert await page.locator(".composer .writing").evaluate(outlined) == "solid"
        told = "(one) => getComputedStyle(one).borderInlineStartStyle"
        current, other = [
            await page.locator(name).first.evaluate(told)
            for name in (".thread > a[aria-current]", ".thread > a:not([aria-current])")
        ]
        assert current != other
    assert complaints == []
