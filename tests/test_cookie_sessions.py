"""Sessions of pages: the refresh token is in a cookie, which no script reads and no page forges."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec import structs
from outages import fail
from pages import COOKIE, IN_COOKIE, Page, cookie_of, open_page
from people import PASSWORD, Client, register
from tornado.httpclient import AsyncHTTPClient

from handlers.application import ROUTES
from handlers.openapi import describe_routes
from realchat.credentials import Session
from realchat.errors import ChatError, Code
from realchat.ids import new_id, now
from realchat.models import Principal
from realchat.services import Services
from realchat.settings import Settings
from realchat.signing import Signer
from realchat.store.sessions import Sessions

NEWCOMER = {"email": "new@example.org", "name": "Ana", "password": PASSWORD}
CLIENT = "https://chat.example.org"
# A page on another port of the same host is of the same site, so it has the cookie sent.
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:1"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]
SIGN_INS = [
    "/auth/register",
    "/auth/login",
    "/auth/refresh",
    "/auth/verify-otp",
    "/auth/reset-password",
]


async def change_sessions(services: Services, **values: Any) -> None:
    """Change what the database keeps of every session; None takes a field away."""
    change = {
        "$set": {name: value for name, value in values.items() if value is not None},
        "$unset": {name: "" for name, value in values.items() if value is None},
    }
    kept = services.database.collection("sessions")
    await kept.update_many({}, {name: fields for name, fields in change.items() if fields})


def over(seconds: int) -> datetime:
    """Return the moment that many seconds ago."""
    return now() - timedelta(seconds=seconds)


async def is_signed_in(client: Client) -> bool:
    """Tell whether the server takes a client's access token."""
    return (await client.get("/auth/me")).status == 200


class TestSigningIn:
    """What a sign-in with `X-Session: cookie` gives."""

    @pytest.mark.gen_test
    async def test_the_refresh_token_is_in_a_cookie_and_not_in_the_body(
        self, http_client: AsyncHTTPClient, base_url: str, settings: Settings
    ) -> None:
        page = Page(http_client, base_url)
        reply = await page.enter("/auth/register", NEWCOMER)
        cookie = cookie_of(reply)
        assert reply.status == 201
        assert cookie is not None
        assert (cookie["path"], cookie["samesite"]) == ("/auth", "Strict")
        assert int(cookie["max-age"]) == settings.refresh_token_seconds
        assert cookie["httponly"]
        assert not cookie["secure"]
        assert not cookie["domain"]
        assert "refresh_token" not in reply.json
        assert cookie.value not in str(reply.json)
        assert await is_signed_in(page)

    @pytest.mark.gen_test
    async def test_by_a_password_it_is_the_same(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        page = Page(http_client, base_url)
        reply = await page.enter("/auth/login", {"email": ana.email, "password": PASSWORD})
        assert "refresh_token" not in reply.json
        assert (await page.refresh()).status == 200

    @pytest.mark.gen_test
    async def test_the_cookie_for_downloads_comes_too(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        reply = await Page(http_client, base_url).enter("/auth/register", NEWCOMER)
        assert cookie_of(reply, "realchat_files") is not None

    @pytest.mark.parametrize("headers", [{}, {"X-Session": ""}, {"X-Session": "body"}])
    @pytest.mark.gen_test
    async def test_who_does_not_ask_for_the_cookie_gets_a_token_in_the_body(
        self, http_client: AsyncHTTPClient, base_url: str, headers: dict[str, str]
    ) -> None:
        client = Client(http_client, base_url)
        reply = await client.call("POST", "/auth/register", NEWCOMER, headers=headers)
        assert cookie_of(reply) is None
        body = {"refresh_token": reply.json["refresh_token"]}
        assert (await client.post("/auth/refresh", body)).status == 200

    @pytest.mark.gen_test
    async def test_a_wrong_password_sets_no_cookie(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        body = {"email": ana.email, "password": "another password"}
        reply = await Page(http_client, base_url).enter("/auth/login", body)
        assert reply.error == "invalid_credentials"
        assert "Set-Cookie" not in reply.headers


class TestOverTls:
    """What changes when people come by https."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return structs.replace(settings, base_url=CLIENT)

    @pytest.mark.gen_test
    async def test_the_cookie_goes_over_https_only(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        reply = await Page(http_client, base_url).enter("/auth/register", NEWCOMER)
        cookie = cookie_of(reply)
        assert cookie is not None
        assert cookie["secure"]

    @pytest.mark.gen_test
    async def test_a_page_of_the_public_address_has_the_cookie(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        headers = {"Origin": CLIENT, "Sec-Fetch-Site": "same-origin"}
        assert (await page.refresh(headers=headers)).status == 200


class TestRefreshing:
    """What the cookie is good for."""

    @pytest.mark.parametrize("body", [None, {}])
    @pytest.mark.gen_test
    async def test_a_page_that_is_loaded_again_is_signed_in(
        self, http_client: AsyncHTTPClient, base_url: str, body: Any
    ) -> None:
        page, ana = await open_page(http_client, base_url)
        before = page.cookie
        reloaded = page.open_tab()
        reply = await reloaded.refresh(body)
        assert (reply.status, reply.json["user_id"]) == (200, ana.id)
        assert "refresh_token" not in reply.json
        assert reloaded.cookie != before
        assert await is_signed_in(reloaded)
        assert len((await reloaded.get("/auth/sessions")).json) == 2  # ana's, and the page's

    @pytest.mark.gen_test
    async def test_a_page_goes_on_refreshing(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        cookies = {page.cookie}
        for _ in range(3):
            assert (await page.refresh()).status == 200
            cookies.add(page.cookie)
        assert len(cookies) == 4

    @pytest.mark.gen_test
    async def test_a_token_in_the_body_too_is_refused(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        page, ana = await open_page(http_client, base_url)
        reply = await page.refresh({"refresh_token": ana.refresh_token})
        assert (reply.status, list(reply.fields)) == (400, ["refresh_token"])
        assert (await page.refresh()).status == 200

    @pytest.mark.gen_test
    async def test_a_page_without_a_cookie_is_told_so_and_nothing_else(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        reply = await Page(http_client, base_url).refresh()
        assert (reply.status, reply.error) == (401, "not_authenticated")
        assert "Set-Cookie" not in reply.headers

    @pytest.mark.gen_test
    async def test_the_cookie_without_the_header_does_nothing(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        cookie = {"Cookie": f"{COOKIE}={page.cookie}"}
        nobody = Client(http_client, base_url)
        alone = await nobody.call("POST", "/auth/refresh", {}, headers=cookie)
        assert (alone.status, list(alone.fields)) == (400, ["refresh_token"])
        assert (await nobody.call("GET", "/auth/me", headers=cookie)).status == 401
        assert (await nobody.call("POST", "/auth/logout", headers=cookie)).status == 401
        assert (await page.refresh()).status == 200


class TestKinds:
    """A token is good where it was given only."""

    @pytest.mark.gen_test
    async def test_a_cookie_s_token_in_a_body_is_refused(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        page, ana = await open_page(http_client, base_url)
        reply = await ana.post("/auth/refresh", {"refresh_token": page.cookie})
        assert reply.error == "not_authenticated"
        assert (await page.refresh()).status == 200

    @pytest.mark.gen_test
    async def test_a_body_s_token_in_a_cookie_is_refused(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        page = Page(http_client, base_url, {COOKIE: ana.refresh_token})
        assert (await page.refresh()).error == "not_authenticated"
        body = {"refresh_token": ana.refresh_token}
        assert (await ana.post("/auth/refresh", body)).status == 200

    @pytest.mark.gen_test
    async def test_a_body_s_token_is_good_once_as_ever(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        body = {"refresh_token": ana.refresh_token}
        assert (await ana.post("/auth/refresh", body)).status == 200
        assert (await ana.post("/auth/refresh", body)).error == "token_reused"
        assert not await is_signed_in(ana)

    @pytest.mark.gen_test
    async def test_a_body_s_spent_token_is_not_taken_again_as_a_cookie(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        await ana.post("/auth/refresh", {"refresh_token": ana.refresh_token})
        page = Page(http_client, base_url, {COOKIE: ana.refresh_token})
        assert (await page.refresh()).error == "not_authenticated"


class TestForeignPages:
    """Pages that are not the server's own."""

    @pytest.mark.parametrize("headers", FOREIGN)
    @pytest.mark.gen_test
    async def test_they_do_not_refresh(
        self, http_client: AsyncHTTPClient, base_url: str, headers: dict[str, str]
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        before = page.cookie
        reply = await page.refresh({}, headers)
        assert (reply.status, reply.error) == (403, "foreign_origin")
        assert "Set-Cookie" not in reply.headers
        assert await is_signed_in(page)
        assert (page.cookie, (await page.refresh()).status) == (before, 200)

    @pytest.mark.parametrize("path", SIGN_INS)
    @pytest.mark.gen_test
    async def test_they_sign_nobody_in(
        self, http_client: AsyncHTTPClient, base_url: str, path: str
    ) -> None:
        headers = {**IN_COOKIE, "Origin": "https://evil.example"}
        client = Client(http_client, base_url)
        reply = await client.call("POST", path, NEWCOMER, headers=headers)
        assert reply.error == "foreign_origin"
        assert (await client.post("/auth/register", NEWCOMER)).status == 201

    @pytest.mark.parametrize("site", ["same-origin", "none"])
    @pytest.mark.gen_test
    async def test_our_own_are_let_in_by_the_browser_s_word(
        self, http_client: AsyncHTTPClient, base_url: str, site: str
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        assert (await page.refresh(headers={"Sec-Fetch-Site": site})).status == 200

    @pytest.mark.gen_test
    async def test_what_is_no_page_is_let_in(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        reply = await Client(http_client, base_url).call(
            "POST", "/auth/register", NEWCOMER, headers=IN_COOKIE
        )
        assert (reply.status, cookie_of(reply) is None) == (201, False)


class TestClientUrl:
    """Pages of `CLIENT_URL`, which may call the interface, but not with the cookie."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return structs.replace(settings, client_url=CLIENT)

    @pytest.mark.gen_test
    async def test_a_browser_is_not_told_that_they_may_send_the_header(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        headers = {
            "Origin": CLIENT,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,x-session",
        }
        client = Client(http_client, base_url)
        reply = await client.call("OPTIONS", "/auth/refresh", headers=headers)
        allowed = reply.headers["Access-Control-Allow-Headers"].lower()
        assert "content-type" in allowed
        assert "x-session" not in allowed

    @pytest.mark.gen_test
    async def test_they_are_refused_where_the_browser_says_they_are_elsewhere(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        headers = {"Origin": CLIENT, "Sec-Fetch-Site": "same-site"}
        assert (await page.refresh(headers=headers)).error == "foreign_origin"

    @pytest.mark.gen_test
    async def test_they_are_let_in_where_their_server_passes_requests_on(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        headers = {"Origin": CLIENT, "Sec-Fetch-Site": "same-origin"}
        assert (await page.refresh(headers=headers)).status == 200


class TestLostAnswers:
    """The token that was spent last is taken again for a while."""

    @pytest.mark.gen_test
    async def test_two_tabs_at_once_are_both_signed_in(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        tabs = [page.open_tab() for _ in range(5)]
        replies = await asyncio.gather(*(tab.refresh() for tab in tabs))
        assert [reply.status for reply in replies] == [200] * 5
        assert all([await is_signed_in(tab) for tab in tabs])
        assert (await page.refresh()).status == 200

    @pytest.mark.gen_test
    async def test_a_page_loaded_again_before_the_answer_came_is_signed_in(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        again = Page(http_client, base_url, {**page.jar})
        await page.refresh()
        assert (await again.refresh()).status == 200
        assert await is_signed_in(page)
        assert await is_signed_in(again)

    @pytest.mark.gen_test
    async def test_both_have_the_same_token_which_is_not_spent_by_that(
        self, http_client: AsyncHTTPClient, base_url: str, settings: Settings
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        again = Page(http_client, base_url, {**page.jar})
        signer = Signer(settings.jwt_access_secret, settings.jwt_refresh_secret)
        await page.refresh()
        await again.refresh()
        assert signer.read(page.cookie, "cookie").jti == signer.read(again.cookie, "cookie").jti
        assert (await again.refresh()).status == 200

    @pytest.mark.gen_test
    async def test_a_refresh_whose_outcome_nobody_knew_is_repeated(
        self, http_client: AsyncHTTPClient, base_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        rotate = Sessions.rotate

        async def rotate_and_fail(*arguments: Any) -> Session | None:
            await rotate(*arguments)
            raise ChatError(Code.UNAVAILABLE) from ConnectionError()

        monkeypatch.setattr(Sessions, "rotate", rotate_and_fail)
        reply = await page.refresh()
        assert (reply.error, "Set-Cookie" in reply.headers) == ("unavailable", False)
        monkeypatch.undo()
        assert (await page.refresh()).status == 200

    @pytest.mark.gen_test
    async def test_25_seconds_later_it_is_taken_still(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        again = Page(http_client, base_url, {**page.jar})
        await page.refresh()
        await change_sessions(services, rotated_at=over(25))
        assert (await again.refresh()).status == 200

    @pytest.mark.gen_test
    async def test_31_seconds_later_it_ends_the_session(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        page, ana = await open_page(http_client, base_url)
        thief = Page(http_client, base_url, {**page.jar})
        await page.refresh()
        await change_sessions(services, rotated_at=over(31))
        reply = await thief.refresh()
        assert (reply.status, reply.error) == (401, "token_reused")
        assert thief.jar == {}
        assert not await is_signed_in(page)
        assert (await page.refresh()).error == "not_authenticated"
        assert await is_signed_in(ana)

    @pytest.mark.gen_test
    async def test_a_token_spent_before_the_last_one_ends_the_session(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        thief = Page(http_client, base_url, {**page.jar})
        await page.refresh()
        await page.refresh()
        assert (await thief.refresh()).error == "token_reused"
        assert not await is_signed_in(page)

    @pytest.mark.gen_test
    async def test_the_time_begins_anew_with_each_refresh(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        await page.refresh()
        await change_sessions(services, rotated_at=over(3600))
        again = Page(http_client, base_url, {**page.jar})
        await page.refresh()
        assert (await again.refresh()).status == 200

    @pytest.mark.gen_test
    async def test_a_session_of_which_no_moment_is_kept_has_no_such_time(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        before = Page(http_client, base_url, {**page.jar})
        await page.refresh()
        await change_sessions(services, previous_id=None, rotated_at=None)
        assert (await page.refresh()).status == 200
        assert (await before.refresh()).error == "token_reused"


class TestTheEnd:
    """What becomes of the cookie when the session ends."""

    @pytest.mark.gen_test
    async def test_signing_out_takes_it_back(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        kept = page.cookie
        reply = await page.post("/auth/logout")
        cookie = cookie_of(reply)
        assert reply.status == 204
        assert cookie is not None
        assert (cookie.value, cookie["path"], cookie["samesite"]) == ("", "/auth", "Strict")
        again = Page(http_client, base_url, {COOKIE: kept})
        assert (await again.refresh()).error == "not_authenticated"

    @pytest.mark.gen_test
    async def test_signing_out_everywhere_ends_the_page_s_session_too(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        page, ana = await open_page(http_client, base_url)
        await ana.post("/auth/logout", {"everywhere": True})
        assert not await is_signed_in(page)
        reply = await page.refresh()
        assert (reply.status, reply.error) == (401, "not_authenticated")
        assert page.jar == {}

    @pytest.mark.gen_test
    async def test_the_page_signs_all_devices_out(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        page, ana = await open_page(http_client, base_url)
        await page.post("/auth/logout", {"everywhere": True})
        assert page.jar == {}
        assert not await is_signed_in(ana)

    @pytest.mark.gen_test
    async def test_a_program_that_signs_out_is_sent_no_such_cookie(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        assert cookie_of(await ana.post("/auth/logout")) is None

    @pytest.mark.parametrize("token", ["x", "a.b.c", "x" * 5000])
    @pytest.mark.gen_test
    async def test_what_is_no_token_is_taken_back(
        self, http_client: AsyncHTTPClient, base_url: str, token: str
    ) -> None:
        page = Page(http_client, base_url, {COOKIE: token})
        assert (await page.refresh()).error == "not_authenticated"
        assert page.jar == {}

    @pytest.mark.gen_test
    async def test_one_that_has_expired_is_taken_back(
        self, http_client: AsyncHTTPClient, base_url: str, settings: Settings
    ) -> None:
        _, ana = await open_page(http_client, base_url)
        signer = Signer(settings.jwt_access_secret, settings.jwt_refresh_secret)
        principal = Principal(user_id=ana.id, session_id=new_id())
        token = signer.sign("cookie", principal, -60, new_id())
        page = Page(http_client, base_url, {COOKIE: token})
        assert (await page.refresh()).error == "token_expired"
        assert page.jar == {}

    @pytest.mark.gen_test
    async def test_while_the_database_is_away_it_stays(
        self, http_client: AsyncHTTPClient, base_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page, _ = await open_page(http_client, base_url)
        monkeypatch.setattr(Sessions, "rotate", fail)
        assert (await page.refresh()).error == "unavailable"
        monkeypatch.undo()
        assert (await page.refresh()).status == 200


class TestDocument:
    """What `/openapi.json` says of it."""

    REST = describe_routes(ROUTES, CLIENT)

    def names(self, path: str) -> dict[str, str]:
        """Return what a call may bring, by name, and where."""
        parameters = self.REST["paths"][path]["post"]["parameters"]
        return {each["name"]: each["in"] for each in parameters}

    @pytest.mark.parametrize("path", SIGN_INS)
    def test_every_sign_in_names_the_header(self, path: str) -> None:
        assert self.names(path)["X-Session"] == "header"
        answers = self.REST["paths"][path]["post"]["responses"]
        assert "foreign_origin" in answers["403"]["description"]

    def test_nothing_else_heeds_it(self) -> None:
        heeding = {
            path
            for path, methods in self.REST["paths"].items()
            for operation in methods.values()
            if any(each["name"] == "X-Session" for each in operation["parameters"])
        }
        assert heeding == set(SIGN_INS)

    def test_refreshing_takes_the_cookie_instead_of_a_body(self) -> None:
        assert self.names("/auth/refresh")[COOKIE] == "cookie"
        assert not self.REST["paths"]["/auth/refresh"]["post"]["requestBody"]["required"]

    def test_a_reply_need_not_have_a_refresh_token(self) -> None:
        shape = self.REST["components"]["schemas"]["SignedIn"]
        assert "refresh_token" in shape["properties"]
        assert "refresh_token" not in shape["required"]
