"""A page for tests: it talks to the server as a browser's scripts do that keep no refresh token."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import Morsel, SimpleCookie
from typing import Any

from people import PASSWORD, Client, Person, Reply, register
from tornado.httpclient import AsyncHTTPClient

COOKIE = "realchat_refresh"
IN_COOKIE = {"X-Session": "cookie"}


def cookie_of(reply: Reply, name: str = COOKIE) -> Morsel[str] | None:
    """Return a cookie as a reply sets it, or takes it back (with no value)."""
    given: SimpleCookie = SimpleCookie()
    for header in reply.headers.get_list("Set-Cookie"):
        given.load(header)
    return given.get(name)


class Page(Client):
    """A page of the server's own in a browser; tabs of one browser share its `jar`."""

    def __init__(
        self, http: AsyncHTTPClient, base_url: str, jar: dict[str, str] | None = None
    ) -> None:
        super().__init__(http, base_url)
        self.jar = {} if jar is None else jar

    @property
    def cookie(self) -> str:
        """The refresh token, which only a browser knows."""
        return self.jar[COOKIE]

    def open_tab(self) -> Page:
        """Open the page once more in the same browser; it knows no access token."""
        return Page(self.http, self.base_url, self.jar)

    async def enter(self, path: str, body: Any) -> Reply:
        """Sign in by one of the calls that do."""
        return self._keep(await self.call("POST", path, body))

    async def refresh(self, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """Renew the access token."""
        return self._keep(await self.call("POST", "/auth/refresh", body, headers=headers))

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request as the page does: with the browser's cookie, and its origin."""
        sent = {"Origin": self.base_url, **IN_COOKIE, **(headers or {})}
        if self.jar and path.startswith("/auth"):
            sent["Cookie"] = f"{COOKIE}={self.cookie}"
        reply = await super().call(method, path, body, raw=raw, headers=sent)
        self._heed(cookie_of(reply))
        return reply

    def _heed(self, cookie: Morsel[str] | None) -> None:
        if cookie is None:
            return
        self.jar.clear()
        if cookie.value:
            self.jar[COOKIE] = cookie.value

    def _keep(self, reply: Reply) -> Reply:
        if reply.status < 400:
            self.token = reply.json["access_token"]
        return reply


async def open_page(http: AsyncHTTPClient, base_url: str) -> tuple[Page, Person]:
    """Return a page that somebody is signed in on, and the same person on a device of theirs."""
    person = await register(http, base_url)
    page = Page(http, base_url)
    reply = await page.enter("/auth/login", {"email": person.email, "password": PASSWORD})
    assert reply.status == 200, reply
    return page, person
