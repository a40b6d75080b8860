"""Accounts over the contract: register, sign in, oneself, one's devices."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from forms import png, upload
from msgspec import structs
from outages import fail
from people import PASSWORD, Client, Person, Reply, login, register
from tornado.httpclient import AsyncHTTPClient

from realchat.events import AnyHappening, SessionsEnded, UserChanged
from realchat.services import Services
from realchat.settings import Settings
from realchat.store.sessions import Sessions

OTHER_PASSWORD = "a wholly different one"


class TestRegistering:
    """POST /auth/register."""

    @pytest.mark.gen_test
    async def test_who_registers_is_signed_in(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url, "Ana", email="A@Example.org", language="pt-br")
        reply = await ana.get("/auth/me")
        assert reply.status == 200
        assert reply.json["user"].pop("created_at").endswith("Z")
        assert reply.json["user"] == {
            "id": ana.id,
            "name": "Ana",
            "language": "pt-BR",
            "avatar_url": None,
            "email": "A@Example.org",
            "reads": [],
            "blocked": [],
            "is_verified": False,
        }

    @pytest.mark.gen_test
    async def test_the_reply_has_what_the_contract_says(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        body = {"email": "ana@example.org", "name": "Ana", "password": PASSWORD}
        reply = await Client(http_client, base_url).post("/auth/register", body)
        assert set(reply.json) == {
            "user",
            "user_id",
            "access_token",
            "refresh_token",
            "token_type",
            "expires_in",
        }
        assert (reply.json["token_type"], reply.json["expires_in"]) == ("Bearer", 900)
        assert reply.json["user"]["language"] == "en"

    @pytest.mark.gen_test
    async def test_an_address_has_one_account_however_it_is_spelled(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        await register(http_client, base_url, email="ana@example.org")
        body = {"email": "Ana@EXAMPLE.org", "name": "Eva", "password": PASSWORD}
        reply = await Client(http_client, base_url).post("/auth/register", body)
        assert (reply.status, reply.error) == (409, "email_taken")

    @pytest.mark.gen_test
    async def test_of_two_who_register_an_address_at_once_one_gets_it(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        client = Client(http_client, base_url)
        body = {"email": "ana@example.org", "name": "Ana", "password": PASSWORD}
        attempts = [client.post("/auth/register", body) for _ in range(5)]
        statuses = sorted([(await attempt).status for attempt in attempts])
        assert statuses == [201, 409, 409, 409, 409]

    @pytest.mark.gen_test
    async def test_a_name_is_kept_composed_and_without_space_around_it(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ines = await register(http_client, base_url, "  Ine\u0301s ")
        assert ines.user["name"] == "In\u00e9s"

    @pytest.mark.parametrize("password", ["x" * 8, "\U0001f980" * 128, "a\0b\0c\0d\0"])
    @pytest.mark.gen_test
    async def test_every_password_within_the_bounds_opens_its_account(
        self, http_client: AsyncHTTPClient, base_url: str, password: str
    ) -> None:
        ana = await register(http_client, base_url, password=password)
        assert (await ana.login(password)).id == ana.id


class TestSigningIn:
    """POST /auth/login."""

    @pytest.mark.gen_test
    async def test_the_case_of_the_address_does_not_matter(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url, email="ana@example.org")
        assert (await login(http_client, base_url, "ANA@EXAMPLE.ORG")).id == ana.id

    @pytest.mark.gen_test
    async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        client = Client(http_client, base_url)
        wrong = await client.post("/auth/login", {"email": ana.email, "password": "x"})
        unknown = await client.post("/auth/login", {"email": "no@example.org", "password": "x"})
        assert (wrong.status, wrong.error) == (401, "invalid_credentials")
        assert wrong.json == unknown.json

    @pytest.mark.gen_test
    async def test_a_long_password_counts_to_its_last_character(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url, password="x" * 127 + "y")
        body = {"email": ana.email, "password": "x" * 127 + "z"}
        assert (await ana.post("/auth/login", body)).error == "invalid_credentials"

    @pytest.mark.gen_test
    async def test_it_sets_a_cookie_for_downloads_only(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana = await register(http_client, base_url)
        reply = await ana.post("/auth/login", {"email": ana.email, "password": PASSWORD})
        cookie = SimpleCookie(reply.headers["Set-Cookie"])["realchat_files"]
        assert (cookie["path"], cookie["samesite"]) == ("/uploads", "Strict")
        assert cookie["httponly"]
        assert not cookie["secure"]
        assert (await services.tokens.authenticate_files(cookie.value)).user_id == ana.id


class TestOverTls:
    """What changes when people come by https."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return structs.replace(settings, base_url="https://chat.example.org")

    @pytest.mark.gen_test
    async def test_the_cookie_goes_over_https_only(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        reply = await ana.post("/auth/login", {"email": ana.email, "password": PASSWORD})
        assert SimpleCookie(reply.headers["Set-Cookie"])["realchat_files"]["secure"]


class TestOneself:
    """GET and PATCH /auth/me."""

    @pytest.mark.gen_test
    async def test_name_and_languages_can_be_changed(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        change = {"name": "Anna ", "language": "PT-br", "reads": ["EN", "en", "zh-hant"]}
        reply = await ana.patch("/auth/me", change)
        assert reply.status == 200
        user = reply.json["user"]
        assert (user["name"], user["language"]) == ("Anna", "pt-BR")
        assert user["reads"] == ["en", "zh-Hant"]
        assert (await ana.get("/auth/me")).json["user"] == user

    @pytest.mark.gen_test
    async def test_what_is_not_named_stays(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        assert (await ana.patch("/auth/me", {})).json["user"] == ana.user

    @pytest.mark.gen_test
    async def test_a_change_is_told_to_all_processes(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana = await register(http_client, base_url)
        heard: list[AnyHappening] = []
        services.bus.subscribe(heard.append)
        await ana.patch("/auth/me", {"name": "Anna"})
        assert heard == [UserChanged(user_id=ana.id)]

    @pytest.mark.gen_test
    async def test_a_new_name_is_found_under_it(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        await ana.patch("/auth/me", {"name": "Zoë"})
        assert [user["id"] for user in (await ana.get("/users/search", q="ZOË")).json] == [ana.id]

    @pytest.mark.gen_test
    async def test_an_uploaded_image_is_shown_to_everybody_until_it_is_taken_away(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, eva = [await register(http_client, base_url) for _ in range(2)]
        url = (await upload(ana, png(4, 4), "me.png"))["url"]
        assert (await eva.get(url)).status == 404
        assert (await ana.patch("/auth/me", {"avatar": url})).json["user"]["avatar_url"] == url
        assert (await eva.get(f"/users/{ana.id}")).json["avatar_url"] == url
        assert (await eva.get(url)).status == 200
        await ana.patch("/auth/me", {"avatar": None})
        assert (await eva.get(f"/users/{ana.id}")).json["avatar_url"] is None
        assert (await eva.get(url)).status == 404

    @pytest.mark.gen_test
    async def test_the_cookie_of_a_sign_in_opens_ones_files_and_nothing_else(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        url = (await upload(ana, png(4, 4), "me.png"))["url"]
        reply = await ana.post("/auth/login", {"email": ana.email, "password": PASSWORD})
        cookie = {"Cookie": reply.headers["Set-Cookie"].partition(";")[0]}
        browser = Client(http_client, base_url)
        assert (await browser.call("GET", url, headers=cookie)).status == 200
        assert (await browser.call("GET", "/auth/me", headers=cookie)).status == 401

    @pytest.mark.gen_test
    async def test_an_avatar_can_be_taken_away(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        reply = await ana.patch("/auth/me", {"avatar": None})
        assert (reply.status, reply.json["user"]["avatar_url"]) == (200, None)

    @pytest.mark.gen_test
    async def test_what_is_nobodys_file_is_no_avatar(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        reply = await ana.patch("/auth/me", {"avatar": "https://example.org/a.png"})
        assert (reply.status, list(reply.fields)) == (400, ["avatar"])


class TestChangingThePassword:
    """PATCH /auth/me with a password."""

    @pytest.mark.gen_test
    async def test_the_new_one_opens_the_account_and_the_old_one_no_longer(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        assert (await change_password(ana)).status == 200
        assert (await ana.login(OTHER_PASSWORD)).id == ana.id
        old = await ana.post("/auth/login", {"email": ana.email, "password": PASSWORD})
        assert old.error == "invalid_credentials"

    @pytest.mark.gen_test
    async def test_it_ends_all_other_sessions_but_not_this_one(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        phone = await ana.login()
        await change_password(ana)
        assert (await phone.get("/auth/me")).status == 401
        assert (await ana.get("/auth/me")).status == 200

    @pytest.mark.parametrize(
        ("given", "why"), [({}, "is required"), ({"current_password": "x"}, "is wrong")]
    )
    @pytest.mark.gen_test
    async def test_it_takes_the_current_one(
        self, http_client: AsyncHTTPClient, base_url: str, given: dict[str, str], why: str
    ) -> None:
        ana = await register(http_client, base_url)
        reply = await ana.patch("/auth/me", {"password": OTHER_PASSWORD, **given})
        assert (reply.status, reply.fields) == (400, {"current_password": why})
        assert (await ana.login()).id == ana.id

    @pytest.mark.gen_test
    async def test_one_that_fails_half_way_can_be_tried_again(
        self, http_client: AsyncHTTPClient, base_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ana = await register(http_client, base_url)
        phone = await ana.login()
        with monkeypatch.context() as outage:
            outage.setattr(Sessions, "end", fail)
            assert (await change_password(ana)).error == "unavailable"
        assert (await change_password(ana)).status == 200
        assert (await phone.get("/auth/me")).status == 401


class TestDevices:
    """GET and DELETE /auth/sessions, POST /auth/logout."""

    @pytest.mark.gen_test
    async def test_they_are_listed_latest_first(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        body = {"email": ana.email, "password": PASSWORD}
        await ana.call("POST", "/auth/login", body, headers={"User-Agent": "A phone"})
        latest, first = (await ana.get("/auth/sessions")).json
        assert set(latest) == {"id", "created_at", "last_seen", "user_agent", "current"}
        assert (latest["user_agent"], latest["current"]) == ("A phone", False)
        assert first["current"]

    @pytest.mark.gen_test
    async def test_a_device_can_be_signed_out_from_another(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        phone = await ana.login()
        assert (await phone.get("/auth/me")).status == 200
        [lost] = [one for one in (await ana.get("/auth/sessions")).json if not one["current"]]
        assert (await ana.delete(f"/auth/sessions/{lost['id']}")).status == 204
        assert (await phone.get("/auth/me")).error == "not_authenticated"

    @pytest.mark.gen_test
    async def test_another_persons_device_does_not_exist(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, eva = [await register(http_client, base_url) for _ in range(2)]
        [device] = (await eva.get("/auth/sessions")).json
        assert (await ana.delete(f"/auth/sessions/{device['id']}")).error == "not_found"
        assert (await eva.get("/auth/me")).status == 200

    @pytest.mark.gen_test
    async def test_logging_out_voids_all_tokens_of_the_session_at_once(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        assert (await ana.get("/auth/me")).status == 200
        reply = await ana.post("/auth/logout")
        assert (reply.status, reply.json) == (204, None)
        assert (await ana.get("/auth/me")).error == "not_authenticated"
        refresh = await ana.post("/auth/refresh", {"refresh_token": ana.refresh_token})
        assert refresh.error == "not_authenticated"

    @pytest.mark.gen_test
    async def test_logging_out_takes_the_cookie_back(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        reply = await ana.post("/auth/logout")
        cookie = SimpleCookie(reply.headers["Set-Cookie"])["realchat_files"]
        assert (cookie.value, cookie["path"]) == ("", "/uploads")

    @pytest.mark.gen_test
    async def test_logging_out_here_leaves_other_devices_signed_in(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana = await register(http_client, base_url)
        phone = await ana.login()
        await ana.post("/auth/logout", {})
        assert (await phone.get("/auth/me")).status == 200

    @pytest.mark.gen_test
    async def test_logging_out_everywhere_ends_all_sessions_and_nobody_elses(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana, eva = [await register(http_client, base_url) for _ in range(2)]
        phone = await ana.login()
        heard: list[AnyHappening] = []
        services.bus.subscribe(heard.append)
        assert (await ana.post("/auth/logout", {"everywhere": True})).status == 204
        assert (await ana.get("/auth/me")).status == 401
        assert (await phone.get("/auth/me")).status == 401
        assert (await eva.get("/auth/me")).status == 200
        [ended] = heard
        assert isinstance(ended, SessionsEnded)
        assert (ended.user_id, len(ended.session_ids)) == (ana.id, 2)


class TestLimits:
    """How often a password may be guessed."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return structs.replace(settings, rate_limits=True)

    @pytest.mark.gen_test
    async def test_an_account_takes_ten_guesses_at_a_time(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, eva = [await register(http_client, base_url) for _ in range(2)]
        guess = {"email": ana.email, "password": "x"}
        replies = [await ana.post("/auth/login", guess) for _ in range(11)]
        assert [reply.status for reply in replies] == [401] * 10 + [429]
        assert int(replies[-1].headers["Retry-After"]) > 0
        assert (await eva.login()).id == eva.id


async def change_password(person: Person) -> Reply:
    """Change a person's password to OTHER_PASSWORD."""
    body = {"password": OTHER_PASSWORD, "current_password": PASSWORD}
    return await person.patch("/auth/me", body)
