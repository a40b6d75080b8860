"""`python -m bench.page`: what the web client costs to load, and how smoothly it scrolls.

The real server, a real headless Chromium, and a conversation of 5,000 messages.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from bench.contenders import run_ours
from bench.machine import ROOT, MissingToolError, describe
from bench.people import Person, ask, make_people

_PATIENCE = 60_000  # milliseconds
_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_PASSWORD = "correct horse battery"
_MESSAGES = 5_000
_AT_ONCE = 20
_ENTRANCE = "input[type=email]"
_CHAT = ".composer textarea"
# A phone of the middle class on a mobile network: 1.6 Mbit/s, 150 ms.
_SLOWER = 4
_LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 200_000,
    "uploadThroughput": 94_000,
}
_PIXELS = 120  # that are scrolled in a frame
_FRAME = 1000 / 60

# Notes when a field first takes what is typed, in milliseconds since the navigation began.
_ACCEPTS = """(() => {
  const look = () => {
    const field = document.querySelector(%r);
    if (!field || field.disabled) return requestAnimationFrame(look);
    field.focus();
    document.execCommand("insertText", false, "a");
    requestAnimationFrame(() => {
      if (field.isConnected && field.value === "a") window.accepted = performance.now();
      else look();
    });
  };
  requestAnimationFrame(look);
})()"""
# Scrolls to the first message or back to the last one, and gives how long each frame took.
_SCROLL = """([step, until]) => new Promise((done) => {
  const box = document.querySelector("[role=log]");
  const took = [];
  let last = performance.now();
  const draw = (now) => {
    took.push(now - last);
    last = now;
    box.scrollTop += step;
    const isThere = box.querySelector(`[data-seq="${until}"]`) &&
      (step < 0 ? box.scrollTop === 0
        : box.scrollTop >= box.scrollHeight - box.clientHeight - 1);
    if (isThere) done(took.slice(1)); else requestAnimationFrame(draw);
  };
  requestAnimationFrame(draw);
})"""


class Chat(NamedTuple):
    """The server, and a reader with a long conversation on it."""

    url: str
    reader: Person
    email: str
    conversation: str


class Loaded(NamedTuple):
    """What came over the line for a page."""

    requests: int
    size: int
    bodies: int  # of it, without the heads of the answers


async def main(arguments: argparse.Namespace) -> None:
    """Measure, and print the tables."""
    _show(f"{describe()}\n")
    with (
        tempfile.TemporaryDirectory() as folder,
        run_ours(ROOT / "server.py", Path(folder), None, None) as running,
    ):
        chat = await _prepare(running.port, arguments.messages)
        async with _chromium() as browser:
            for name, measure in _PARTS.items():
                if name in arguments.only:
                    _show(await measure(browser, chat, arguments))


async def _prepare(port: int, messages: int) -> Chat:
    writer, reader = await make_people(port, 2, "page")
    numbers = iter(range(messages))

    async def write() -> None:
        for number in numbers:
            body = {
                "recipient_id": reader.id,
                "content": f"Number {number} " + "word " * (number % 7) ** 2,
                "content_lang": "en",
            }
            await ask(port, "POST", "/messages", body, writer.token)

    await asyncio.gather(*[write() for _ in range(_AT_ONCE)])
    conversation = ":".join(["dm", *sorted([writer.id, reader.id])])
    path = f"/conversations/{conversation}/read"
    await ask(port, "POST", path, {"seq": messages}, reader.token)
    return Chat(f"http://127.0.0.1:{port}/", reader, "page1@example.org", conversation)


@asynccontextmanager
async def _chromium() -> AsyncIterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        raise MissingToolError("There is no `chromium` on the PATH.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        await browser.close()


async def _measure_loads(browser: Browser, chat: Chat, _: argparse.Namespace) -> str:
    rows: list[Sequence[object]] = []
    for worker in ("block", "allow"):
        context = await _context(browser, service_workers=worker)
        entrance = await _load(context, chat.url)
        await _sign_in(context, chat)
        address = f"{chat.url}#{chat.conversation}"
        again = await _load(context, address)
        await context.close()
        if worker == "block":
            context = await _context(browser, service_workers=worker)
            whole = await _load_whole(context, chat)
            await context.close()
            rows += [("entrance, first time", *entrance), ("on to the whole chat", *whole)]
        how = {"block": "the browser's cache", "allow": "the service worker"}[worker]
        rows.append((f"whole chat, again, from {how}", *again))
    return _table(("load", "requests", "bytes", "without heads"), rows)


async def _load(context: BrowserContext, url: str) -> Loaded:
    page = await context.new_page()
    count = await _count(page)
    await page.goto(url)
    await page.wait_for_load_state("networkidle")
    await page.close()
    return count()


async def _load_whole(context: BrowserContext, chat: Chat) -> Loaded:
    page = await context.new_page()
    await page.goto(f"{chat.url}#{chat.conversation}")
    await page.wait_for_load_state("networkidle")
    count = await _count(page)
    await _fill_in(page, chat)
    await page.locator("[role=log] [data-seq]").first.wait_for()
    await page.wait_for_load_state("networkidle")
    await asyncio.sleep(1)
    await page.close()
    return count()


async def _count(page: Page) -> Callable[[], Loaded]:
    """Count from now on what comes over the line: heads and bodies, as they are packed."""
    session = await page.context.new_cdp_session(page)
    sizes: dict[str, float] = {}
    bodies: Counter[str] = Counter()
    local: set[str] = set()

    def note_answer(event: dict[str, Any]) -> None:
        answer = event["response"]
        if answer.get("fromDiskCache") or answer.get("fromServiceWorker"):
            local.add(event["requestId"])

    def note_data(event: dict[str, Any]) -> None:
        bodies[event["requestId"]] += event["encodedDataLength"]

    def note_end(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = event["encodedDataLength"]

    session.on("Network.responseReceived", note_answer)
    session.on("Network.requestServedFromCache", lambda event: local.add(event["requestId"]))
    session.on("Network.dataReceived", note_data)
    session.on("Network.loadingFinished", note_end)
    await session.send("Network.enable")

    def counted() -> Loaded:
        own = [request for request in sizes if request not in local]
        size = sum(sizes[request] for request in own)
        return Loaded(len(own), int(size), sum(bodies[request] for request in own))

    return counted


async def _measure_ready(browser: Browser, chat: Chat, arguments: argparse.Namespace) -> str:
    rows = []
    for name, is_slow in (("plain", False), (f"CPU {_SLOWER}x, 1.6 Mbit/s, 150 ms", True)):
        entrance, chats = [], []
        for _ in range(arguments.times):
            context = await _context(browser, service_workers="block")
            entrance.append(await _ready(context, chat.url, _ENTRANCE, is_slow))
            await _sign_in(context, chat)
            address = f"{chat.url}#{chat.conversation}"
            chats.append(await _ready(context, address, _CHAT, is_slow))
            await context.close()
        rows.append((name, _median(entrance), _median(chats)))
    return _table(("ms to the first input", "entrance, first time", "chat, again"), rows)


async def _ready(context: BrowserContext, url: str, field: str, is_slow: bool) -> float:
    page = await context.new_page()
    if is_slow:
        session = await context.new_cdp_session(page)
        await session.send("Network.enable")
        await session.send("Network.emulateNetworkConditions", _LINE)
        await session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
    await page.add_init_script(_ACCEPTS % field)
    await page.goto(url, wait_until="commit")
    await page.wait_for_function("() => window.accepted")
    accepted: float = await page.evaluate("accepted")
    await page.evaluate(
        "(field) => Object.assign(document.querySelector(field), {value: ''}).dispatchEvent("
        "new Event('input', {bubbles: true}))",
        field,
    )
    await asyncio.sleep(1)  # in which the draft is thrown away
    await page.close()
    return accepted


async def _measure_scrolling(browser: Browser, chat: Chat, arguments: argparse.Namespace) -> str:
    context = await _context(browser)
    await _sign_in(context, chat)
    page = await context.new_page()
    await page.goto(f"{chat.url}#{chat.conversation}")
    await page.locator(f"[data-seq='{arguments.messages}']").wait_for()
    rows = []
    for name, step, until in (
        ("up to the first", -_PIXELS, 1),
        ("down to the last", _PIXELS, arguments.messages),
    ):
        took: list[float] = await page.evaluate(_SCROLL, [step, until])
        dropped = sum(max(0, round(each / _FRAME) - 1) for each in took)
        share = f"{100 * dropped / (len(took) + dropped):.1f} %"
        p95 = statistics.quantiles(took, n=20)[-1]
        median = statistics.median(took)
        rows.append((name, len(took), f"{median:.1f}", f"{p95:.1f}", f"{max(took):.0f}", share))
    await context.close()
    head = (
        f"{arguments.messages:,} messages",
        "frames",
        "median ms",
        "p95 ms",
        "longest",
        "dropped",
    )
    return _table(head, rows)


_PARTS = {"load": _measure_loads, "ready": _measure_ready, "scroll": _measure_scrolling}


async def _context(browser: Browser, **options: Any) -> BrowserContext:
    context = await browser.new_context(
        locale="en-GB", viewport={"width": 1280, "height": 800}, **options
    )
    context.set_default_timeout(_PATIENCE)
    return context


async def _sign_in(context: BrowserContext, chat: Chat) -> None:
    page = await context.new_page()
    await page.goto(chat.url)
    await _fill_in(page, chat)
    await page.wait_for_load_state("networkidle")
    await page.close()


async def _fill_in(page: Page, chat: Chat) -> None:
    await page.get_by_label("E-mail", exact=True).fill(chat.email)
    await page.get_by_label("Password", exact=True).fill(_PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_label("Search people").wait_for()


def _show(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _median(values: Sequence[float]) -> str:
    return f"{statistics.median(values):,.0f}"


def _table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    cells = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--messages", type=int, default=_MESSAGES)
    parser.add_argument("--times", type=int, default=5, help="how often each load is timed")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(_PARTS))
    parser.add_argument("--quick", action="store_true", help="in small, to see that it works")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.messages, arguments.times = 300, 1
    return arguments


if __name__ == "__main__":
    asyncio.run(main(_parse()))
