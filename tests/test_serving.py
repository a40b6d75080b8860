"""How the web client's files are served: for how long, how small, to whom, and without a server."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urljoin

import pytest
from browser import chromium, in_a_browser, open_tab
from PIL import Image
from playwright.async_api import Page, expect
from raw_http import Answer, exchange, request
from small_client import make_small_client
from tornado.httpserver import HTTPServer
from tornado.web import Application

from handlers.application import make_application, make_server
from handlers.assets import TYPES
from handlers.web_client import STATIC, TEMPLATES, WebClient, modules_of, read_client, styles_of
from realchat.services import Services

# Bytes that the first load of the page may take.
FIRST_LOAD = 150_000
SOURCES = [
    path
    for folder in (STATIC, TEMPLATES)
    for path in sorted(folder.rglob("*"))
    if path.suffix in (".html", ".css", ".js", ".svg", ".webmanifest")
]
OURS = [path for path in SOURCES if path.parent.name != "vendor"]
NAMESPACES = {
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1998/Math/MathML",
    "http://www.w3.org/1999/xhtml",
    "http://www.w3.org/1999/xlink",
}
REFERENCE = re.compile(r'\b(?:src|href)="([^"#]+)"')
IMPORT = re.compile(r"""(?:\bfrom|\bimport|\bimport\()\s*["'](\.[^"']+)["']""")


@pytest.fixture
def client() -> WebClient:
    """The web client that is served."""
    return read_client()


@pytest.fixture
def app(services: Services, client: WebClient) -> Application:
    """The application, with the web client at hand."""
    return make_application(services, client)


@pytest.fixture
def port(http_server: HTTPServer, http_port: int) -> int:
    """Where the server listens."""
    return http_port


async def get(port: int, address: str, *headers: str) -> Answer:
    return await exchange(port, request(f"GET {address}", *headers))


async def get_packed(port: int, address: str) -> Answer:
    return await get(port, address, "Accept-Encoding: gzip, deflate, br, zstd")


class TestTheDocument:
    """`/`."""

    @pytest.mark.gen_test
    async def test_it_may_run_and_reach_nothing_but_its_own(self, port: int) -> None:
        page = await get(port, "/")
        assert page.headers["Content-Type"] == "text/html; charset=UTF-8"
        policy = page.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert {part.strip() for part in policy.split(";")} == {
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src 'self' blob: data:",
            "media-src 'self'",
            "font-src 'none'",
            "worker-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types realchat-worker",
        }

    @pytest.mark.gen_test
    async def test_it_may_use_no_device_and_no_other_site_may_use_it(self, port: int) -> None:
        headers = (await get(port, "/")).headers
        for feature in ("camera", "microphone", "geolocation", "payment", "usb"):
            assert f"{feature}=()" in headers["Permissions-Policy"]
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"

    @pytest.mark.gen_test
    async def test_it_has_no_script_and_no_style_of_its_own(self, port: int) -> None:
        page = (await get(port, "/")).body.decode()
        assert re.findall(r"<style|<script(?![^>]* src=)[^>]*>|\son\w+=|\sstyle=", page) == []
        assert '<div id="app"></div>' in page

    def test_its_window_has_the_colours_of_its_ground(self, client: WebClient) -> None:
        styles = client.files["style/base.css"].body.decode()
        ground = re.search(r"--ground: light-dark\((#\w+), (#\w+)\)", styles)
        assert ground is not None
        page = client.document.body.decode()
        assert re.findall(r'"theme-color" content="(#\w+)"', page) == list(ground.groups())
        assert json.loads(client.manifest.body)["background_color"] == ground[1]

    @in_a_browser
    @pytest.mark.gen_test(timeout=120)
    async def test_a_browser_has_nothing_to_complain_of(self, port: int) -> None:
        async with chromium() as browser:
            page, complaints = await open_tab(browser)
            await page.goto(f"http://127.0.0.1:{port}/")
            await expect(page.get_by_role("button").first).to_be_visible()
        assert complaints == []

    @in_a_browser
    @pytest.mark.gen_test(timeout=120)
    async def test_the_web_client_opens_without_a_server(
        self, port: int, http_server: HTTPServer, client: WebClient
    ) -> None:
        async with chromium() as browser:
            page, _ = await open_tab(browser)
            await page.goto(f"http://127.0.0.1:{port}/")
            await expect(page.get_by_label("E-mail")).to_be_visible()
            await page.evaluate(START, f"/static/{client.version}/app/net/worker.js")
            await page.evaluate(KEPT)
            await stop(http_server)
            await page.reload()
            await expect(page.get_by_label("E-mail")).to_be_visible()

    @pytest.mark.gen_test
    @pytest.mark.parametrize("address", ["/", "/service-worker.js", "/manifest.webmanifest"])
    async def test_who_has_it_is_not_sent_it_again(self, port: int, address: str) -> None:
        first = await get(port, address)
        assert first.headers["Cache-Control"] == "no-cache"
        again = await get(port, address, f"If-None-Match: {first.headers['Etag']}")
        assert (again.status, again.body) == (304, b"")

    @pytest.mark.gen_test
    async def test_all_that_it_refers_to_is_there_for_ever(
        self, port: int, client: WebClient
    ) -> None:
        page = (await get(port, "/")).body.decode()
        addresses = [name for name in REFERENCE.findall(page) if name.startswith("/static/")]
        assert len(addresses) > 5
        for address in addresses:
            answer = await get(port, address)
            assert answer.status == 200, address
            assert answer.headers["Content-Type"] == TYPES[Path(address).suffix]
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert {address.split("/")[2] for address in addresses} == {client.version}

    @pytest.mark.gen_test
    async def test_no_module_is_learned_of_only_from_another(self, port: int) -> None:
        page = (await get(port, "/")).body.decode()
        at_once = set(REFERENCE.findall(page))
        for address in (name for name in at_once if name.endswith(".js")):
            text = (await get(port, address)).body.decode()
            needed = {urljoin(address, name) for name in IMPORT.findall(text) if "(" not in name}
            later = {urljoin(address, name) for name in re.findall(r'import\("([^"]+)"', text)}
            assert needed - later <= at_once

    @pytest.mark.gen_test
    async def test_the_first_load_is_small(self, port: int, client: WebClient) -> None:
        page = await get_packed(port, "/")
        named = REFERENCE.findall(gzip.decompress(page.body).decode())
        words = max(
            (name for name in client.files if name.startswith("strings/")),
            key=lambda name: len(client.files[name].packed),
            default="icons/icon.svg",
        )
        loads = {*named, f"/static/{client.version}/{words}"} - {"/docs"}
        # Which is fetched by those who put the page among their programs.
        loads = {name for name in loads if "apple-touch" not in name}
        sizes = {name: len((await get_packed(port, name)).body) for name in loads}
        assert len(page.body) + sum(sizes.values()) <= FIRST_LOAD, sizes


class TestFiles:
    """`/static/…`."""

    @pytest.mark.gen_test
    async def test_those_of_another_version_are_the_current_ones_but_not_for_ever(
        self, port: int, client: WebClient
    ) -> None:
        now = await get(port, f"/static/{client.version}/app/main.js")
        before = await get(port, "/static/0123456789ab/app/main.js")
        assert (before.status, before.body) == (200, now.body)
        assert before.headers["Cache-Control"] == "no-cache"
        tag = f"If-None-Match: {before.headers['Etag']}"
        again = await get(port, "/static/0123456789ab/app/main.js", tag)
        assert (again.status, again.body) == (304, b"")

    @pytest.mark.gen_test
    async def test_a_path_may_be_escaped(self, port: int, client: WebClient) -> None:
        answer = await get(port, f"/static/{client.version}/app%2Fmain.js")
        assert answer.body == client.files["app/main.js"].body

    @pytest.mark.gen_test
    @pytest.mark.parametrize(
        "path",
        [
            "/static/0123456789ab/nope.js",
            "/static/0123456789ab/app",
            "/static/0123456789ab/app/",
            "/static/0123456789ab//app/main.js",
            "/static/0123456789ab/app/../app/main.js",
            "/static/0123456789ab/../../server.py",
            "/static/0123456789ab/..%2f..%2fserver.py",
            "/static/0123456789ab/%2e%2e/%2e%2e/server.py",
            "/static/0123456789ab/..\\..\\server.py",
            "/static/0123456789ab//etc/passwd",
            "/static/0123456789ab/app/main.js%00.css",
            "/static/0123456789ab/docs/docs.html",
            "/static/0123456789ab/vendor/README.md",
            "/static/0123456789AB/app/main.js",
            "/static/0123456789a/app/main.js",
            "/static/app/main.js",
            "/static/",
        ],
    )
    async def test_no_other_file_is_served(self, port: int, path: str) -> None:
        answer = await get(port, path)
        assert (answer.status, answer.code) == (404, "not_found")
        assert "no-store" in answer.headers["Cache-Control"]

    @pytest.mark.gen_test
    async def test_every_kind_goes_out_with_its_type(self, port: int, client: WebClient) -> None:
        for name in client.files:
            answer = await get(port, f"/static/{client.version}/{name}")
            assert answer.headers["Content-Type"] == TYPES[Path(name).suffix]

    @pytest.mark.gen_test
    @pytest.mark.parametrize(
        ("accepted", "packed"),
        [
            ("gzip, deflate, br, zstd", True),
            ("GZIP", True),
            ("*", True),
            ("br;q=1.0, gzip;q=0.5", True),
            ("identity, *;q=0, gzip", True),
            ("", False),
            ("br", False),
            ("gzip;q=0", False),
            ("*, gzip;q=0.000", False),
            ("gzip;q=1.2.3", False),
            ("gzip" * 400, False),
        ],
    )
    async def test_those_who_take_gzip_get_it(
        self, port: int, client: WebClient, accepted: str, packed: bool
    ) -> None:
        answer = await get(port, "/", f"Accept-Encoding: {accepted}")
        body = gzip.decompress(answer.body) if packed else answer.body
        assert body == client.document.body
        assert answer.headers.get("Content-Encoding") == ("gzip" if packed else None)
        assert "Accept-Encoding" in answer.headers["Vary"]

    @pytest.mark.gen_test
    async def test_packed_or_not_a_file_has_tags_of_its_own(self, port: int) -> None:
        plain = await get(port, "/")
        packed = await get_packed(port, "/")
        assert plain.headers["Etag"] != packed.headers["Etag"]
        known = f"If-None-Match: {packed.headers['Etag']}"
        again = await get(port, "/", known, "Accept-Encoding: gzip")
        assert (again.status, again.body) == (304, b"")
        assert "Accept-Encoding" in again.headers["Vary"]
        assert (await get(port, "/", known)).status == 200

    @pytest.mark.gen_test
    async def test_the_head_of_a_file_is_small(self, port: int, client: WebClient) -> None:
        answer = await get_packed(port, f"/static/{client.version}/app/main.js")
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        head = sum(len(f"{name}: {value}\r\n") for name, value in answer.headers.get_all())
        assert head <= 700

    @pytest.mark.gen_test
    async def test_the_documents_page_is_packed_too(self, port: int) -> None:
        answer = await get_packed(port, "/docs/docs.css")
        assert gzip.decompress(answer.body) == (STATIC / "docs/docs.css").read_bytes()

    @pytest.mark.gen_test
    @pytest.mark.parametrize(
        "address",
        [
            *("/", "/service-worker.js", "/manifest.webmanifest", "/favicon.ico"),
            *("/docs", "/docs/docs.js", "/static/0123456789ab/app/main.js"),
            *("/static/0123456789ab/icons/icon.svg", "/static/0123456789ab/nope.js", "/nope"),
            *("/healthz", "/openapi.json", "/auth/me", "/uploads/0/0", "/ws"),
        ],
    )
    async def test_no_answer_is_without_a_policy(self, port: int, address: str) -> None:
        for headers in ((), ("If-None-Match: *",)):
            answer = await get(port, address, *headers)
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


class TestSmallFiles:
    """Those of a client of a few lines."""

    @pytest.fixture
    def client(self, tmp_path: Path) -> WebClient:
        """A client of a few lines."""
        return make_small_client(tmp_path / "small")

    @pytest.mark.gen_test
    async def test_what_gzip_does_not_make_smaller_goes_out_as_it_is(
        self, port: int, client: WebClient
    ) -> None:
        answer = await get_packed(port, f"/static/{client.version}/style/again.css")
        assert "Content-Encoding" not in answer.headers
        assert answer.body == client.files["style/again.css"].body


class TestTheManifest:
    """`/manifest.webmanifest`."""

    @pytest.mark.gen_test
    async def test_it_names_icons_that_are_what_it_says(self, port: int) -> None:
        manifest = (await get(port, "/manifest.webmanifest")).json()
        sizes = []
        for icon in manifest["icons"]:
            answer = await get(port, icon["src"])
            assert answer.headers["Content-Type"] == icon["type"]
            if icon["type"] == "image/png":
                width, height = Image.open(io.BytesIO(answer.body)).size
                assert icon["sizes"] == f"{width}x{height}"
            sizes.append((icon["sizes"], icon.get("purpose", "any")))
        assert {("any", "any"), ("192x192", "any"), ("512x512", "any")} <= set(sizes)
        assert ("512x512", "maskable") in sizes

    @pytest.mark.gen_test
    async def test_it_opens_the_page_as_a_program(self, port: int) -> None:
        answer = await get(port, "/manifest.webmanifest")
        assert answer.headers["Content-Type"] == "application/manifest+json"
        manifest = answer.json()
        assert manifest["display"] == "standalone"
        assert (await get(port, manifest["start_url"])).status == 200

    @pytest.mark.gen_test
    async def test_browsers_that_ask_for_a_favicon_get_one(self, port: int) -> None:
        answer = await get(port, "/favicon.ico")
        assert Image.open(io.BytesIO(answer.body)).size == (48, 48)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_file_names_an_address_elsewhere(source: Path) -> None:
    found = re.findall(r"(?:https?|wss?):?//[^\s\"'`]+|[\"'(]//\w[^\s\"')]+", source.read_text())
    assert {address for address in found if not address.startswith("//")} <= NAMESPACES


@pytest.mark.parametrize("source", OURS, ids=lambda path: path.name)
def test_no_file_makes_markup_of_text(source: Path) -> None:
    sinks = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|srcdoc"
    assert re.findall(sinks, source.read_text()) == []


class TestTheVersion:
    """It stands for all that browsers keep."""

    def test_it_is_the_same_for_the_same_files(self, tmp_path: Path) -> None:
        one = make_small_client(tmp_path / "one")
        assert one.version == make_small_client(tmp_path / "other").version

    @pytest.mark.parametrize("name", ["strings/en.json", "app/views/show.js", "icons/icon.svg"])
    def test_it_is_another_one_when_any_file_is(self, tmp_path: Path, name: str) -> None:
        before = make_small_client(tmp_path)
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b" ")
        after = read_client(tmp_path)
        assert after.version != before.version
        assert after.document.tag != before.document.tag
        assert after.worker.tag != before.worker.tag

    @pytest.mark.parametrize("name", ["page.html", "service-worker.js", "manifest.webmanifest"])
    def test_it_is_another_one_when_a_template_is(self, tmp_path: Path, name: str) -> None:
        static, templates = tmp_path / "static", tmp_path / "templates"
        shutil.copytree(TEMPLATES, templates)
        before = make_small_client(static)
        (templates / name).write_bytes((templates / name).read_bytes() + b"\n")
        assert read_client(static, templates).version != before.version

    def test_the_icons_of_the_manifest_stay_where_they_are(self, tmp_path: Path) -> None:
        one = make_small_client(tmp_path / "one", "one")
        other = make_small_client(tmp_path / "other", "other")
        assert one.manifest == other.manifest


def test_the_base_is_the_first_style_sheet(tmp_path: Path) -> None:
    client = make_small_client(tmp_path)
    assert styles_of(client.files) == ["style/base.css", "style/again.css"]


def test_modules_are_found_through_those_that_import_them(tmp_path: Path) -> None:
    client = make_small_client(tmp_path)
    assert modules_of(client.files, "app/main.js") == [
        "app/main.js",
        "app/net/worker.js",
        "app/views/show.js",
        "vendor/library.js",
    ]


def test_the_worker_keeps_all_but_the_words(tmp_path: Path) -> None:
    worker = make_small_client(tmp_path).worker.body.decode()
    found = re.search(r"^const FILES = (.*);$", worker, re.MULTILINE)
    assert found is not None
    kept = set(json.loads(found[1]))
    assert {"app/main.js", "app/views/later.js", "vendor/library.js", "style/base.css"} <= kept
    assert "icons/icon.svg" in kept
    assert not any(name.startswith(("strings/", "docs/")) or name.endswith(".md") for name in kept)


START = "(address) => import(address).then(({ startWorker }) => startWorker(() => {}))"
# Waits until the worker has kept the page, the words that it shows among it.
KEPT = """async () => {
    const { active } = await navigator.serviceWorker.ready;
    const words = performance.getEntriesByType("resource").find(({ name }) => /strings/.test(name));
    while (!(await caches.match(words.name)) || !(await caches.match("/")))
        await new Promise((done) => setTimeout(done, 20));
    return active.state;
}"""
IS_KEPT = """async () => {
    const found = [];
    for (const name of await caches.keys())
        for (const { url } of await (await caches.open(name)).keys())
            found.push(`${name} ${new URL(url).pathname}`);
    return found;
}"""
ALONE = """async (cache) => {
    while ((await caches.keys()).some((name) => name !== cache))
        await new Promise((done) => setTimeout(done, 20));
}"""
LOOK = "() => document.dispatchEvent(new Event('visibilitychange'))"
NEW = "Use the new version"


@in_a_browser
class TestTheWorker:
    """A real browser, and a client of a few lines."""

    @pytest.fixture
    def client(self, tmp_path: Path) -> WebClient:
        """A client of a few lines."""
        return make_small_client(tmp_path / "small")

    @pytest.mark.gen_test(timeout=120)
    async def test_the_page_opens_without_a_server(
        self, port: int, http_server: HTTPServer
    ) -> None:
        async with chromium() as browser:
            page, _ = await open_tab(browser)
            await arrive(page, port)
            await stop(http_server)
            await page.reload()
            await expect(page.locator("#app")).to_have_text("Hello")
            await page.goto(f"http://127.0.0.1:{port}/#somewhere")
            await expect(page.locator("#app")).to_have_text("Hello")

    @pytest.mark.gen_test(timeout=120)
    async def test_the_page_breaks_none_of_its_policies(self, port: int) -> None:
        async with chromium() as browser:
            page, complaints = await open_tab(browser)
            await arrive(page, port)
        assert complaints == []

    @pytest.mark.gen_test(timeout=120)
    async def test_the_page_can_be_installed(self, port: int) -> None:
        async with chromium() as browser:
            page, _ = await open_tab(browser)
            await arrive(page, port)
            tools = await page.context.new_cdp_session(page)
            found = await tools.send("Page.getInstallabilityErrors")
            manifest = await tools.send("Page.getAppManifest")
        # Tests' windows are private ones, from which nothing is installed.
        hindrances = {error["errorId"] for error in found["installabilityErrors"]}
        assert hindrances <= {"in-incognito"}
        assert manifest["errors"] == []

    @pytest.mark.gen_test(timeout=120)
    async def test_nothing_that_is_anybody_s_is_kept(self, port: int, client: WebClient) -> None:
        async with chromium() as browser:
            page, _ = await open_tab(browser)
            await arrive(page, port)
            await page.reload()
            for address in ("/healthz", "/docs", "/docs/docs.css", "/auth/me", "/uploads/0/0"):
                await page.evaluate("(address) => fetch(address)", address)
            kept = await page.evaluate(IS_KEPT)
        cache = f"realchat-page-{client.version}"
        places = {line.removeprefix(f"{cache} ") for line in kept}
        assert all(name == "/" or name.startswith("/static/") for name in places)
        assert f"/static/{client.version}/strings/en.json" in places

    @pytest.mark.gen_test(timeout=120)
    @pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n"])
    async def test_the_page_opens_when_the_server_is_silent_or_broken(
        self, port: int, http_server: HTTPServer, answer: bytes
    ) -> None:
        async with chromium() as browser:
            page, _ = await open_tab(browser)
            await arrive(page, port)
            await stop(http_server)
            async with answering(port, answer):
                await page.reload()
                await expect(page.locator("#app")).to_have_text("Hello")
                await browser.close()

    @pytest.mark.gen_test(timeout=120)
    async def test_a_new_version_is_offered_and_taken(
        self, port: int, http_server: HTTPServer, services: Services, tmp_path: Path
    ) -> None:
        async with chromium() as browser:
            page, _ = await open_tab(browser)
            await arrive(page, port)
            newer = make_small_client(tmp_path / "newer", "Good day")
            async with serving_instead(http_server, services, newer, port):
                await expect(page.get_by_role("button", name=NEW)).to_have_count(0)
                await page.evaluate(LOOK)
                await page.get_by_role("button", name=NEW).click()
                await expect(page.locator("#app")).to_have_text("Good day")
                await page.evaluate(KEPT)
                kept = await page.evaluate(IS_KEPT)
                await browser.close()
        assert {line.split()[0] for line in kept} == {f"realchat-page-{newer.version}"}

    @pytest.mark.gen_test(timeout=120)
    async def test_all_tabs_are_told_of_a_new_version_that_one_takes(
        self, port: int, http_server: HTTPServer, services: Services, tmp_path: Path
    ) -> None:
        async with chromium() as browser:
            page, _ = await open_tab(browser)
            await arrive(page, port)
            other = await page.context.new_page()
            await arrive(other, port)
            newer = make_small_client(tmp_path / "newer", "Good day")
            async with serving_instead(http_server, services, newer, port):
                await page.evaluate(LOOK)
                await page.get_by_role("button", name=NEW).click()
                await expect(page.locator("#app")).to_have_text("Good day")
                await expect(other.locator("#app")).to_have_text("Hello")
                await other.get_by_role("button", name=NEW).click()
                await expect(other.locator("#app")).to_have_text("Good day")
                await browser.close()

    @pytest.mark.gen_test(timeout=120)
    async def test_who_loads_the_new_version_anyway_is_not_asked(
        self, port: int, http_server: HTTPServer, services: Services, tmp_path: Path
    ) -> None:
        async with chromium() as browser:
            page, _ = await open_tab(browser)
            await arrive(page, port)
            newer = make_small_client(tmp_path / "newer", "Good day")
            async with serving_instead(http_server, services, newer, port):
                await page.reload()
                await expect(page.locator("#app")).to_have_text("Good day")
                await until_kept(page, newer)
                await expect(page.get_by_role("button", name=NEW)).to_have_count(0)
                await page.evaluate(KEPT)
            await page.reload()
            await expect(page.locator("#app")).to_have_text("Good day")

    @pytest.mark.gen_test(timeout=120)
    async def test_a_notification_shows_what_it_is_about(self, port: int) -> None:
        async with chromium() as browser:
            page, _ = await open_tab(browser)
            await page.context.grant_permissions(["notifications"])
            await arrive(page, port)
            await notify_and_click(page, "/#group:1")
            await page.wait_for_url("**/#group:1")
            await notify_and_click(page, "https://elsewhere.example/")
            await notify_and_click(page, "/#group:2")
            await page.wait_for_url("**/#group:2")


async def arrive(page: Page, port: int) -> None:
    """Open the page, and wait until it could do without the server."""
    await page.goto(f"http://127.0.0.1:{port}/")
    await expect(page.locator("#app")).to_have_text("Hello")
    await page.evaluate(KEPT)


async def until_kept(page: Page, client: WebClient) -> None:
    """Wait until a version is the one that is kept."""
    await page.evaluate(ALONE, f"realchat-page-{client.version}")


async def stop(server: HTTPServer) -> None:
    """Stop to listen, and end all connections."""
    server.stop()
    await server.close_all_connections()


@asynccontextmanager
async def serving_instead(
    server: HTTPServer, services: Services, client: WebClient, port: int
) -> AsyncIterator[None]:
    """Exchange the server for one with another client, at the same address."""
    await stop(server)
    other = make_server(make_application(services, client))
    other.listen(port, "127.0.0.1")
    yield
    await stop(other)


@asynccontextmanager
async def answering(port: int, answer: bytes) -> AsyncIterator[None]:
    """Answer everybody the same, or, with nothing, never."""
    writers: list[asyncio.StreamWriter] = []

    async def answer_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    server = await asyncio.start_server(answer_one, "127.0.0.1", port)
    yield
    server.close()
    for writer in writers:
        writer.close()


async def notify_and_click(page: Page, url: str) -> None:
    """Let the worker be told that somebody clicked a notification."""
    worker = page.context.service_workers[0]
    await worker.evaluate(
        """async (url) => {
            await registration.showNotification("New", { data: { url } });
            const [notification] = await registration.getNotifications();
            dispatchEvent(new NotificationEvent("notificationclick", { notification }));
        }""",
        url,
    )
