"""One-time codes: mailed by a real server, good once, for ten minutes and five tries."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from mailbox_server import Mailbox
from msgspec import structs
from outages import fail
from pages import Page
from people import PASSWORD, Client, Person, Reply, login, register
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop

from realchat.ids import now
from realchat.services import Services
from realchat.settings import Settings
from realchat.store.sessions import Sessions

NEW = "new@example.org"
OTHER_PASSWORD = "a wholly different one"


@pytest.fixture
def mailbox(io_loop: IOLoop) -> Iterator[Mailbox]:
    """The mailbox of everybody."""
    mailbox = Mailbox()
    io_loop.run_sync(mailbox.open)
    yield mailbox
    io_loop.run_sync(mailbox.close)


@pytest.fixture
def settings(settings: Settings, mailbox: Mailbox) -> Settings:
    """Settings with which mails go to the mailbox."""
    return structs.replace(
        settings,
        email_host="127.0.0.1",
        email_port=mailbox.port,
        email_from="chat@example.com",
        email_tls="none",
    )


@pytest.fixture
def client(http_client: AsyncHTTPClient, base_url: str) -> Client:
    """Somebody who is not signed in."""
    return Client(http_client, base_url)


async def ask(client: Client, email: str, language: str = "") -> Reply:
    """Ask for a code."""
    headers = {"Accept-Language": language} if language else {}
    return await client.call("POST", "/auth/request-otp", {"email": email}, headers=headers)


async def verify(client: Client, email: str, code: str, **more: Any) -> Reply:
    """Sign in by a code."""
    return await client.post("/auth/verify-otp", {"email": email, "code": code, **more})


def wrong(code: str) -> str:
    """Return another code."""
    return f"{(int(code) + 1) % 10**6:06}"


@pytest.mark.gen_test
async def test_the_answer_does_not_tell_whether_an_address_is_known(client: Client) -> None:
    ana = await register(client.http, client.base_url)
    known, unknown = await ask(client, ana.email), await ask(client, NEW)
    assert (known.status, known.json) == (202, {"expires_in": 600})
    assert (unknown.status, unknown.json) == (known.status, known.json)


@pytest.mark.gen_test
async def test_a_code_signs_in_and_proves_the_address(client: Client, mailbox: Mailbox) -> None:
    ana = await register(client.http, client.base_url)
    await ask(client, ana.email.upper())
    reply = await verify(client, ana.email, await mailbox.next_code())
    assert (reply.status, reply.json["user_id"]) == (200, ana.id)
    assert reply.json["user"]["is_verified"]
    assert mailbox.recipients == [ana.email]
    assert (await Person(client.http, client.base_url, reply.json).get("/auth/me")).status == 200


@pytest.mark.parametrize("path", ["/auth/verify-otp", "/auth/reset-password"])
@pytest.mark.gen_test
async def test_a_page_has_the_refresh_token_in_a_cookie(
    client: Client, mailbox: Mailbox, path: str
) -> None:
    ana = await register(client.http, client.base_url)
    await ask(client, ana.email)
    body = {"email": ana.email, "code": await mailbox.next_code()}
    page = Page(client.http, client.base_url)
    more = {"password": OTHER_PASSWORD} if path == "/auth/reset-password" else {}
    reply = await page.enter(path, {**body, **more})
    assert (reply.status, "refresh_token" in reply.json) == (200, False)
    assert (await page.refresh()).json["user_id"] == ana.id


@pytest.mark.gen_test
async def test_a_code_is_good_once(client: Client, mailbox: Mailbox) -> None:
    ana = await register(client.http, client.base_url)
    await ask(client, ana.email)
    code = await mailbox.next_code()
    assert (await verify(client, ana.email, code)).status == 200
    again = await verify(client, ana.email, code)
    assert (again.status, again.error) == (400, "invalid_otp")


@pytest.mark.gen_test
async def test_of_many_who_use_a_code_at_once_one_gets_in(client: Client, mailbox: Mailbox) -> None:
    ana = await register(client.http, client.base_url)
    await ask(client, ana.email)
    code = await mailbox.next_code()
    replies = await asyncio.gather(*(verify(client, ana.email, code) for _ in range(5)))
    assert sorted(reply.status for reply in replies) == [200, 400, 400, 400, 400]


@pytest.mark.gen_test
async def test_after_five_wrong_codes_the_right_one_is_locked_too(
    client: Client, mailbox: Mailbox
) -> None:
    await ask(client, NEW)
    code = await mailbox.next_code()
    replies = [await verify(client, NEW, wrong(code), name="Ana") for _ in range(5)]
    assert [reply.error for reply in replies] == ["invalid_otp"] * 5
    locked = await verify(client, NEW, code, name="Ana")
    assert (locked.status, locked.error) == (429, "otp_locked")
    assert 0 < int(locked.headers["Retry-After"]) <= 600


@pytest.mark.gen_test
async def test_tries_at_once_are_counted_each(client: Client, mailbox: Mailbox) -> None:
    await ask(client, NEW)
    code = await mailbox.next_code()
    replies = await asyncio.gather(*(verify(client, NEW, wrong(code)) for _ in range(9)))
    assert sorted(reply.status for reply in replies) == [400] * 5 + [429] * 4


@pytest.mark.gen_test
async def test_the_fifth_try_may_be_right(client: Client, mailbox: Mailbox) -> None:
    await ask(client, NEW)
    code = await mailbox.next_code()
    for _ in range(4):
        await verify(client, NEW, wrong(code), name="Ana")
    assert (await verify(client, NEW, code, name="Ana")).status == 200


@pytest.mark.gen_test
async def test_a_lock_is_not_opened_by_asking_again(
    client: Client, mailbox: Mailbox, services: Services
) -> None:
    await ask(client, NEW)
    code = await mailbox.next_code()
    for _ in range(5):
        await verify(client, NEW, wrong(code))
    assert (await ask(client, NEW)).status == 202
    await services.tasks.drain()
    assert mailbox.is_empty
    assert (await verify(client, NEW, code)).error == "otp_locked"


@pytest.mark.gen_test
async def test_a_new_code_takes_the_place_of_the_last(client: Client, mailbox: Mailbox) -> None:
    await ask(client, NEW)
    first = await mailbox.next_code()
    second = first
    while second == first:
        await ask(client, NEW)
        second = await mailbox.next_code()
    assert (await verify(client, NEW, first, name="Ana")).error == "invalid_otp"
    assert (await verify(client, NEW, second, name="Ana")).status == 200


@pytest.mark.gen_test
async def test_a_code_of_another_address_is_wrong(client: Client, mailbox: Mailbox) -> None:
    await ask(client, NEW)
    code = await mailbox.next_code()
    await ask(client, "other@example.org")
    if await mailbox.next_code() != code:
        reply = await verify(client, "other@example.org", code, name="Eva")
        assert reply.error == "invalid_otp"


@pytest.mark.gen_test
async def test_an_expired_code_is_wrong(
    client: Client, mailbox: Mailbox, services: Services
) -> None:
    await ask(client, NEW)
    code = await mailbox.next_code()
    await services.database.collection("otps").update({}, {"$set": {"expires_at": now()}})
    assert (await verify(client, NEW, code, name="Ana")).error == "invalid_otp"


@pytest.mark.gen_test
async def test_a_lock_ends_when_its_code_expires(
    client: Client, mailbox: Mailbox, services: Services
) -> None:
    await ask(client, NEW)
    await mailbox.next_code()
    expired = {"expires_at": now(), "tries": 5}
    await services.database.collection("otps").update({}, {"$set": expired})
    await ask(client, NEW)
    assert (await verify(client, NEW, await mailbox.next_code(), name="Ana")).status == 200


@pytest.mark.gen_test
async def test_the_database_does_not_have_the_code(
    client: Client, mailbox: Mailbox, services: Services
) -> None:
    await ask(client, NEW)
    code = await mailbox.next_code()
    [kept] = await services.database.collection("otps").find({})
    assert code not in str(kept)


@pytest.mark.gen_test
async def test_a_new_address_gets_an_account_without_a_password(
    client: Client, mailbox: Mailbox
) -> None:
    await ask(client, NEW, "fr-CH, de;q=0.9")
    code = await mailbox.next_code()
    body = {"email": NEW, "code": code, "name": " Ana "}
    reply = await client.call(
        "POST", "/auth/verify-otp", body, headers={"Accept-Language": "fr-ch, de;q=0.9"}
    )
    assert reply.status == 200
    user = reply.json["user"]
    assert (user["name"], user["email"], user["language"]) == ("Ana", NEW, "fr-CH")
    assert user["is_verified"]
    for password in ("", "null", PASSWORD):
        body = {"email": NEW, "password": password}
        assert (await client.post("/auth/login", body)).error == "invalid_credentials"


@pytest.mark.gen_test
async def test_an_account_without_a_password_gets_one_by_a_code_only(
    client: Client, mailbox: Mailbox
) -> None:
    await ask(client, NEW)
    reply = await verify(client, NEW, await mailbox.next_code(), name="Ana")
    ana = Person(client.http, client.base_url, reply.json)
    body = {"password": PASSWORD, "current_password": ""}
    assert list((await ana.patch("/auth/me", body)).fields) == ["password"]
    await ask(client, NEW)
    body = {"email": NEW, "code": await mailbox.next_code(), "password": PASSWORD}
    assert (await client.post("/auth/reset-password", body)).status == 200
    assert (await login(client.http, client.base_url, NEW)).id == ana.id


@pytest.mark.gen_test
async def test_a_new_address_needs_a_name_and_keeps_its_code_until_then(
    client: Client, mailbox: Mailbox
) -> None:
    await ask(client, NEW)
    code = await mailbox.next_code()
    nameless = await verify(client, NEW, code)
    assert (nameless.status, nameless.fields) == (400, {"name": "is required"})
    assert (await verify(client, NEW, code, name="Ana")).status == 200


@pytest.mark.gen_test
async def test_a_wrong_code_does_not_tell_that_a_name_is_needed(
    client: Client, mailbox: Mailbox
) -> None:
    await ask(client, NEW)
    code = await mailbox.next_code()
    assert (await verify(client, NEW, wrong(code))).error == "invalid_otp"


@pytest.mark.gen_test
async def test_a_code_goes_to_the_address_that_has_the_account(
    client: Client, mailbox: Mailbox
) -> None:
    # Two mailboxes that may have two owners, and one key.
    ana = await register(client.http, client.base_url, email="strasse@example.org")
    await ask(client, "straße@example.org")
    await mailbox.next_code()
    assert mailbox.recipients == [ana.email]


@pytest.mark.gen_test
async def test_an_account_has_the_address_that_the_code_went_to(
    client: Client, mailbox: Mailbox
) -> None:
    await ask(client, "strasse@example.org")
    reply = await verify(client, "straße@example.org", await mailbox.next_code(), name="Ana")
    assert reply.json["user"]["email"] == "strasse@example.org"


@pytest.mark.parametrize(
    ("account", "header", "subject"),
    [
        ("de", "fr", "Ihr Anmeldecode"),
        (None, "fr;q=0.5, es-AR, *;q=0.1", "Tu código de acceso"),
        (None, "tlh, *", "Your sign-in code"),
        (None, ";;;=,q", "Your sign-in code"),
        (None, "fr;q=nonsense, de;q=1.0.0, es;q=0.2", "Tu código de acceso"),
    ],
)
@pytest.mark.gen_test
async def test_the_mail_is_in_the_accounts_language_or_the_browsers(
    client: Client, mailbox: Mailbox, account: str | None, header: str, subject: str
) -> None:
    if account:
        await register(client.http, client.base_url, email=NEW, language=account)
    await ask(client, NEW, header)
    assert (await mailbox.next())["Subject"] == subject


@pytest.mark.gen_test
async def test_a_reset_password_opens_the_account_and_ends_every_other_session(
    client: Client, mailbox: Mailbox
) -> None:
    ana = await register(client.http, client.base_url)
    await ask(client, ana.email)
    body = {"email": ana.email, "code": await mailbox.next_code(), "password": OTHER_PASSWORD}
    reply = await client.post("/auth/reset-password", body)
    assert reply.status == 200
    assert (await ana.get("/auth/me")).error == "not_authenticated"
    assert len((await (await ana.login(OTHER_PASSWORD)).get("/auth/sessions")).json) == 2
    old = await client.post("/auth/login", {"email": ana.email, "password": PASSWORD})
    assert old.error == "invalid_credentials"
    assert (await client.post("/auth/reset-password", body)).error == "invalid_otp"


@pytest.mark.gen_test
async def test_a_reset_that_fails_half_way_can_be_tried_again(
    client: Client, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await register(client.http, client.base_url)
    await ask(client, ana.email)
    body = {"email": ana.email, "code": await mailbox.next_code(), "password": OTHER_PASSWORD}
    with monkeypatch.context() as outage:
        outage.setattr(Sessions, "end", fail)
        assert (await client.post("/auth/reset-password", body)).error == "unavailable"
    assert (await client.post("/auth/reset-password", body)).status == 200
    assert (await ana.get("/auth/me")).status == 401


@pytest.mark.gen_test
async def test_a_wrong_code_resets_nothing(client: Client, mailbox: Mailbox) -> None:
    ana = await register(client.http, client.base_url)
    await ask(client, ana.email)
    code = wrong(await mailbox.next_code())
    body = {"email": ana.email, "code": code, "password": OTHER_PASSWORD}
    assert (await client.post("/auth/reset-password", body)).error == "invalid_otp"
    assert (await ana.login()).id == ana.id


@pytest.mark.gen_test
async def test_without_an_account_there_is_no_password_to_reset(
    client: Client, mailbox: Mailbox
) -> None:
    await ask(client, NEW)
    code = await mailbox.next_code()
    body = {"email": NEW, "code": code, "password": PASSWORD}
    assert (await client.post("/auth/reset-password", body)).error == "not_found"
    assert (await verify(client, NEW, code, name="Ana")).status == 200


class TestLimits:
    """How often codes may be asked for and tried."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return structs.replace(settings, rate_limits=True)

    @pytest.mark.gen_test
    async def test_an_address_gets_three_codes_at_a_time(
        self, client: Client, mailbox: Mailbox
    ) -> None:
        replies = [await ask(client, NEW) for _ in range(4)]
        assert [reply.status for reply in replies] == [202, 202, 202, 429]
        assert (await ask(client, "other@example.org")).status == 202

    @pytest.mark.gen_test
    async def test_codes_are_tried_ten_at_a_time(self, client: Client) -> None:
        replies = [await verify(client, NEW, "000000") for _ in range(11)]
        assert [reply.status for reply in replies] == [400] * 10 + [429]
