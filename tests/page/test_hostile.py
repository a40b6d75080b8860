"""What people write is shown as text, whatever it is: nothing runs, nothing is fetched."""

from __future__ import annotations

import asyncio
import json
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import forms
import people
import pytest
from browser import PHONE, Complaints, arrive, chromium, conversation, in_a_browser, sign_in
from hostile_markup import CORPUS, NAMES
from people import Person
from playwright.async_api import Page, Route, expect
from tornado.httpclient import AsyncHTTPClient

# Each text is in some element of the page as it is, and none of it has become an element.
SHOWN = """([where, texts]) => {
  const shown = new Set([...document.querySelectorAll(where)].map((one) => one.textContent));
  return texts.filter((text) => !shown.has(text));
}"""
FOREIGN = """(where) => [...document.querySelectorAll(where)]
  .flatMap((one) => [...one.querySelectorAll("*")])
  .filter((one) => !one.matches("a[href], bdi, mark, span.mention"))
  .map((one) => one.outerHTML)"""
LINKS = """() => [...document.querySelectorAll("[role=log] a[href]")].map((one) => ({
  href: one.href, rel: one.rel, target: one.target, text: one.textContent }))"""
# What is wider than the page, or than what it is in.
WIDE = """() => ["html", "[role=log]", ".side-body", "dialog"]
  .flatMap((name) => [...document.querySelectorAll(name)])
  .filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.className || one.tagName)"""
FROM_FIRST_TO_LAST = """async () => {
  const box = document.querySelector("[role=log]");
  while (!box.querySelector("[data-seq='1']")) {
    box.scrollTop = 0;
    await new Promise((done) => setTimeout(done, 50));
  }
  // Where the page had heard too late that all of it is read, it began at the first.
  do {
    box.scrollTop = box.scrollHeight;
    await new Promise((done) => setTimeout(done, 50));
  } while (document.querySelector(".jump"));
}"""


class Attacked(NamedTuple):
    """Ana's page, which nothing may run in, and those who try."""

    page: Page
    ana: Person
    eve: Person
    asked: list[str]  # the addresses that the page asked for


async def require_shown(page: Page, where: str, texts: list[str]) -> None:
    """Fail unless each text is in some element as it is; one may have to be drawn yet."""
    for _ in range(100):
        missing = await page.evaluate(SHOWN, [where, texts])
        if not missing:
            break
        await asyncio.sleep(0.2)
    assert missing == []


@asynccontextmanager
async def attacked(http: AsyncHTTPClient, base_url: str) -> AsyncIterator[Attacked]:
    """Have Ana's page on a phone; afterwards nothing ran, and nobody else was asked."""
    ana, eve = [await people.register(http, base_url, name) for name in ("Ana", "Eve")]
    complaints = Complaints()
    asked: list[str] = []
    async with chromium() as browser:
        page = await arrive(browser, "about:blank", complaints, viewport=PHONE)
        await page.add_init_script("window.ran = () => { throw new Error('It ran') };")
        page.context.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url))
        page.on("popup", lambda popup: complaints.append(f"opened {popup.url}"))
        page.on("dialog", lambda dialog: complaints.append(f"said {dialog.message}"))
        await page.goto(base_url)
        await sign_in(page, ana.email)
        yield Attacked(page, ana, eve, asked)
        assert await page.evaluate("Object.keys(Object.prototype)") == []
    assert complaints == []
    hosts = {urlsplit(url).netloc for url in asked if urlsplit(url).scheme not in ("blob", "data")}
    assert hosts <= {urlsplit(base_url).netloc}


async def make_group(owner: Person, name: str, *members: Person) -> str:
    """Make a group; return its id, or nothing where the name is refused."""
    reply = await owner.post("/groups", {"name": name, "members": [one.id for one in members]})
    return reply.json["id"] if reply.status == 201 else ""


async def write_all(writer: Person, reader: Person, group: str) -> list[str]:
    """Have the whole corpus said, and read; return what of it the server took, as it keeps it."""
    kept: list[str] = []
    for text in CORPUS:
        reply = await writer.post("/messages", {"group_id": group, "content": text})
        if reply.status == 201:
            kept.append(reply.json["content"])
    await reader.post(f"/conversations/group:{group}/read", {"seq": len(kept)})
    return kept


async def open_group(page: Page, group: str) -> None:
    """Open a group, with all that was said in it."""
    await page.evaluate("(id) => { location.hash = id; }", f"group:{group}")
    await expect(page.get_by_role("log").locator("[data-seq]").first).to_be_attached()
    await page.evaluate(FROM_FIRST_TO_LAST)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_messages_are_shown_as_they_were_written(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with attacked(http_client, base_url) as (page, ana, eve, _):
        group = await make_group(eve, "Trap", ana)
        kept = await write_all(eve, ana, group)
        assert len(kept) > 90
        await open_group(page, group)
        assert await page.evaluate(SHOWN, ["[role=log] .text", kept]) == []
        assert await page.evaluate(FOREIGN, "[role=log] .text") == []
        assert await page.evaluate(WIDE) == []
        # Only what leads out of the page, and nothing that could come back through it.
        links = await page.evaluate(LINKS)
        assert {urlsplit(one["href"]).scheme for one in links} == {"http", "https", "mailto"}
        assert all(one["rel"] == "noopener noreferrer" for one in links)
        assert all(one["target"] == "_blank" for one in links)
        assert not any(one["text"].lower().startswith("javascript") for one in links)


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_translations_and_their_preview_are_shown_as_they_are(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with attacked(http_client, base_url) as (page, ana, eve, _):
        group = await make_group(eve, "Trap", ana)
        texts = [text for text in CORPUS if text.strip()]
        put: list[str] = []
        for number, text in enumerate(texts):
            body = {"group_id": group, "content": f"Hola {number}", "content_lang": "es"}
            written = (await eve.post("/messages", body)).json
            body = {"lang": "en", "content": text}
            reply = await eve.put(f"/messages/{written['id']}/translation", body)
            put += [reply.json["content"]] if reply.status == 200 else []
        assert len(put) > 90
        await ana.post(f"/conversations/group:{group}/read", {"seq": len(texts)})
        await open_group(page, group)
        assert await page.evaluate(SHOWN, ["[role=log] .text", put]) == []
        assert await page.evaluate(FOREIGN, "[role=log] .text") == []
        assert await page.evaluate(WIDE) == []

        text = CORPUS[0]
        found = {"lang": "es", "status": "ready", "content": text, "engine": text}
        answer = {"content_lang": "en", "detected": True, "translation": found, "back": found}

        async def translate(route: Route) -> None:
            await route.fulfill(content_type="application/json", body=json.dumps(answer))

        await page.route("**/translate/preview", translate)
        await eve.patch("/auth/me", {"language": "es"})
        await page.get_by_role("button", name="Preview the translation").click()
        await page.get_by_role("textbox", name="Message").fill(text)
        preview = page.get_by_role("region", name="How it will arrive")
        await expect(preview.locator(".text")).to_have_text([text, text])


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_names_of_people_and_groups_are_shown_as_they_are(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with attacked(http_client, base_url) as (page, ana, eve, _):
        named: list[Person] = []
        groups: dict[str, str] = {}
        for name in NAMES:
            body = {"email": f"p{len(named)}@example.org", "name": name, "password": "x" * 12}
            reply = await people.Client(http_client, base_url).post("/auth/register", body)
            if reply.status == 201:
                named.append(Person(http_client, base_url, reply.json))
            if group := await make_group(eve, name, ana):
                groups[group] = unicodedata.normalize("NFC", name)
        assert len(named) > 70
        assert len(groups) > 70
        await expect(page.locator(".thread")).to_have_count(len(groups))
        assert await page.evaluate(SHOWN, [".thread strong", list(groups.values())]) == []
        assert await page.evaluate(FOREIGN, ".thread strong") == []
        assert await page.evaluate(WIDE) == []

        group = await make_group(eve, "All", ana, *named)
        for one in named:
            await one.post("/messages", {"group_id": group, "content": f"@{one.user['name']}"})
        await ana.post(f"/conversations/group:{group}/read", {"seq": len(named)})
        await open_group(page, group)
        names = [one.user["name"] for one in named]
        await require_shown(page, "[role=log] bdi", names)
        said = [f"@{name}" for name in names]
        await require_shown(page, "[role=log] .text", said)
        # An address in a name is an address first.
        plain = [name for name in said if "http" not in name.lower() and "mailto:" not in name]
        await require_shown(page, ".mention", plain)
        assert await page.evaluate(FOREIGN, "[role=log] bdi") == []
        assert await page.evaluate(WIDE) == []
        await page.get_by_role("button", name="About the group").click()
        members = page.get_by_role("list", name="Members")
        await expect(members).to_be_visible()
        if await (all_of_them := page.get_by_role("button", name="Show all")).count():
            await all_of_them.click()
        await expect(members.get_by_role("listitem")).to_have_count(len(named) + 2)
        assert await page.evaluate(SHOWN, [".member .hit-text > *", names]) == []
        assert await page.evaluate(WIDE) == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_files_and_terms_are_named_as_they_are(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with attacked(http_client, base_url) as (page, ana, eve, _):
        group = await make_group(eve, "Trap", ana)
        files: list[dict[str, Any]] = []
        for number, name in enumerate(NAMES):
            # A form's header has these two escaped; a folder is cut off.
            safe = name.replace('"', "%22").replace("\n", "%0A").replace("/", "-")
            reply = await forms.send(eve, forms.form(forms.part(b"x%d" % number, safe)))
            files += reply.json["files"] if reply.status == 201 else []
        assert len(files) > 70
        for at in range(0, len(files), 10):
            urls = [file["url"] for file in files[at : at + 10]]
            await eve.post("/messages", {"group_id": group, "files": urls})
        await open_group(page, group)
        names = [file["name"] for file in files]
        assert await page.evaluate(SHOWN, [".card bdi", names]) == []
        assert await page.evaluate(FOREIGN, ".card bdi") == []
        assert await page.evaluate(WIDE) == []
        for link in await page.locator(".card").all():
            assert str(await link.get_attribute("href")).startswith("/uploads/")

        # Each term as its own translation, too; those that are equal but for case are one.
        terms: dict[str, dict[str, Any]] = {}
        for name in NAMES:
            one = {"term": name, "translations": {"es": name}}
            if (await eve.put(f"/groups/{group}/glossary", {"terms": [one]})).status == 200:
                terms[unicodedata.normalize("NFKC", name).casefold()] = one
        reply = await eve.put(f"/groups/{group}/glossary", {"terms": list(terms.values())})
        assert reply.status == 200, reply
        assert len(terms) > 70
        await page.get_by_role("button", name="About the group").click()
        await page.get_by_role("button", name="Glossary").click()
        await expect(page.locator(".term").first).to_be_visible()
        kept = [one["term"] for one in (await ana.get(f"/groups/{group}/glossary")).json]
        assert await page.evaluate(SHOWN, [".term strong", kept]) == []
        assert await page.evaluate(FOREIGN, ".term strong, .term dd") == []
        assert await page.evaluate(WIDE) == []


@in_a_browser
@pytest.mark.gen_test(timeout=300)
async def test_what_is_searched_for_and_the_address_are_only_words(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    async with attacked(http_client, base_url) as (page, ana, eve, _):
        trap = NAMES[0]
        group = await make_group(eve, trap)
        await eve.post("/messages", {"recipient_id": ana.id, "content": f"Look: {trap}"})
        search = page.get_by_label("Search people")
        for text in CORPUS[::12]:
            await search.fill(text[:100])
        await search.fill(trap)
        await expect(page.locator("mark")).to_have_text(trap)
        await search.fill("")

        invite = (await eve.post(f"/groups/{group}/invite")).json["invite"]
        await page.evaluate("(invite) => { location.hash = `join:${invite}`; }", invite)
        joining = page.get_by_role("dialog")
        await expect(joining.locator("strong")).to_have_text(trap)
        await joining.get_by_role("button", name="Join", exact=True).click()
        await expect(page.get_by_role("heading", name=trap)).to_be_visible()

        for text in CORPUS:
            await page.evaluate("(text) => { location.hash = text; }", text)
            await page.evaluate("(text) => { location.hash = `join:${text}`; }", text[:150])
            if await joining.count():
                await page.keyboard.press("Escape")
        await page.goto(f"{base_url}/#{trap}")
        await page.reload()
        await expect(conversation(page, "Eve")).to_be_visible()
        assert await page.evaluate(WIDE) == []
