"""Tokens: which are good, for how long, and what ends them."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from msgspec import structs
from people import Client, Person, register
from tornado.httpclient import AsyncHTTPClient

from realchat.credentials import Session
from realchat.errors import ChatError, Code
from realchat.events import SessionsEnded
from realchat.ids import new_id, now
from realchat.models import Principal
from realchat.services import Services
from realchat.settings import Settings
from realchat.signing import Kind, Signer
from realchat.store.sessions import Sessions
from realchat.tokens import Tokens

SOMEBODY = Principal(user_id="a" * 24, session_id="b" * 24)
SECRETS = ("s" * 32, "t" * 32)


@pytest.fixture
def signer(settings: Settings) -> Signer:
    """What signs the tokens of the server under test."""
    return Signer(settings.jwt_access_secret, settings.jwt_refresh_secret)


def refusal(token: str, kind: Kind = "access") -> Code:
    """Return the error with which a token is refused."""
    with pytest.raises(ChatError) as caught:
        Signer(*SECRETS).read(token, kind)
    return caught.value.code


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good access token, changed; None leaves one out."""
    token = Signer(*SECRETS).sign("access", SOMEBODY, 900, new_id())
    good = jwt.decode(token, options={"verify_signature": False})
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def encode(part: object) -> str:
    """Write one part of a token by hand."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("kind", ["access", "refresh", "cookie", "files"])
def test_a_token_says_whose_it_is(kind: Kind) -> None:
    signer = Signer(*SECRETS)
    read = signer.read(signer.sign(kind, SOMEBODY, 900, "c" * 24), kind)
    assert (read.sub, read.sid, read.jti) == (SOMEBODY.user_id, SOMEBODY.session_id, "c" * 24)


@pytest.mark.parametrize("kind", ["access", "refresh", "cookie", "files"])
@pytest.mark.parametrize("wanted", ["access", "refresh", "cookie", "files"])
def test_a_token_of_another_kind_is_refused(kind: Kind, wanted: Kind) -> None:
    if kind != wanted:
        token = Signer(*SECRETS).sign(kind, SOMEBODY, 900, new_id())
        assert refusal(token, wanted) is Code.NOT_AUTHENTICATED


def test_the_claims_that_the_other_tests_change_are_good() -> None:
    token = jwt.encode(claims(), SECRETS[0], "HS256")
    assert Signer(*SECRETS).read(token, "access").sub == SOMEBODY.user_id


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "type"])
def test_every_claim_is_required(name: str) -> None:
    token = jwt.encode(claims(**{name: None}), SECRETS[0], "HS256")
    assert refusal(token) is Code.NOT_AUTHENTICATED


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "another"},
        {"aud": "another"},
        {"aud": ["realchat-clients"]},
        {"sub": 1},
        {"sid": {"$ne": ""}},
        {"type": "refresh"},
        {"exp": "never"},
        {"iat": 10**11},
        {"nbf": 10**11},
    ],
)
def test_a_claim_with_another_value_is_refused(change: dict[str, Any]) -> None:
    token = jwt.encode(claims(**change), SECRETS[0], "HS256")
    assert refusal(token) is Code.NOT_AUTHENTICATED


def test_an_expired_token_is_told_apart() -> None:
    token = Signer(*SECRETS).sign("access", SOMEBODY, -60, new_id())
    assert refusal(token) is Code.TOKEN_EXPIRED


def test_a_token_signed_with_another_secret_is_refused() -> None:
    assert refusal(jwt.encode(claims(), "u" * 32, "HS256")) is Code.NOT_AUTHENTICATED


def test_an_expired_token_of_another_secret_is_not_called_expired() -> None:
    token = jwt.encode(claims(exp=1), "u" * 32, "HS256")
    assert refusal(token) is Code.NOT_AUTHENTICATED


def test_another_algorithm_is_refused() -> None:
    token = jwt.encode(claims(), SECRETS[0] * 2, "HS512")
    with pytest.raises(ChatError):
        Signer(SECRETS[0] * 2, SECRETS[1]).read(token, "access")


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_a_token_without_a_signature_is_refused(algorithm: str) -> None:
    token = f"{encode({'alg': algorithm, 'typ': 'JWT'})}.{encode(claims())}."
    assert refusal(token) is Code.NOT_AUTHENTICATED


def test_other_spellings_of_a_good_token_are_refused() -> None:
    good = Signer(*SECRETS).sign("access", SOMEBODY, 900, new_id())
    # 32 bytes leave the last of 43 characters with 2 bits that say nothing.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = good[:-1] + alphabet[alphabet.index(good[-1]) + 1]
    for token in (good + "=", good + "==", twin, good + "\n", " " + good, good + ".", good[:-1]):
        assert refusal(token) is Code.NOT_AUTHENTICATED


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "\ud800",
        "é.é.é",
        "x" * 5000,
        encode([]) + "." + encode([]) + ".AAAA",
        base64.urlsafe_b64encode(b"[" * 9000).decode() + "." + encode({}) + ".AAAA",
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refusal(token) is Code.NOT_AUTHENTICATED


def test_a_short_secret_signs_nothing() -> None:
    with pytest.raises(jwt.InvalidKeyError):
        Signer("short", "secrets").sign("access", SOMEBODY, 900, new_id())


async def refresh(person: Person, token: str) -> Person:
    """Spend a refresh token."""
    reply = await Client(person.http, person.base_url).post(
        "/auth/refresh", {"refresh_token": token}
    )
    assert reply.status == 200, reply
    return Person(person.http, person.base_url, reply.json)


@pytest.mark.gen_test
async def test_a_refresh_token_buys_a_new_pair_for_the_same_session(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    fresh = await refresh(ana, ana.refresh_token)
    assert fresh.refresh_token != ana.refresh_token
    assert len((await fresh.get("/auth/sessions")).json) == 1
    assert (await refresh(ana, fresh.refresh_token)).id == ana.id


@pytest.mark.gen_test
async def test_a_spent_refresh_token_ends_its_session_and_no_other(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    phone = await ana.login()
    fresh = await refresh(ana, ana.refresh_token)
    assert (await fresh.get("/auth/me")).status == 200
    stolen = await ana.post("/auth/refresh", {"refresh_token": ana.refresh_token})
    assert (stolen.status, stolen.error) == (401, "token_reused")
    assert (await fresh.get("/auth/me")).error == "not_authenticated"
    last = await ana.post("/auth/refresh", {"refresh_token": fresh.refresh_token})
    assert last.error == "not_authenticated"
    assert (await phone.get("/auth/me")).status == 200


@pytest.mark.gen_test
async def test_of_many_who_spend_a_refresh_token_at_once_one_gets_a_pair(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    body = {"refresh_token": ana.refresh_token}
    replies = await asyncio.gather(*(ana.post("/auth/refresh", body) for _ in range(5)))
    assert [reply.status for reply in replies].count(200) == 1
    assert (await ana.get("/auth/me")).status == 401


@pytest.mark.parametrize("kind", ["refresh", "cookie", "files"])
@pytest.mark.gen_test
async def test_only_an_access_token_opens_the_interface(
    http_client: AsyncHTTPClient, base_url: str, signer: Signer, kind: Kind
) -> None:
    ana = await register(http_client, base_url)
    [device] = (await ana.get("/auth/sessions")).json
    principal = Principal(user_id=ana.id, session_id=device["id"])
    ana.token = signer.sign("access", principal, 900, new_id())
    assert (await ana.get("/auth/me")).status == 200
    ana.token = signer.sign(kind, principal, 900, new_id())
    assert (await ana.get("/auth/me")).error == "not_authenticated"


@pytest.mark.gen_test
async def test_an_access_token_does_not_refresh(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    reply = await ana.post("/auth/refresh", {"refresh_token": ana.token})
    assert reply.error == "not_authenticated"


@pytest.mark.gen_test
async def test_an_expired_token_is_answered_with_its_own_code(
    http_client: AsyncHTTPClient, base_url: str, signer: Signer
) -> None:
    ana = await register(http_client, base_url)
    ana.token = signer.sign("access", SOMEBODY, -60, new_id())
    reply = await ana.get("/auth/me")
    assert (reply.status, reply.error) == (401, "token_expired")


@pytest.mark.gen_test
async def test_a_token_of_another_persons_session_is_refused(
    http_client: AsyncHTTPClient, base_url: str, signer: Signer
) -> None:
    ana, eva = [await register(http_client, base_url) for _ in range(2)]
    [device] = (await eva.get("/auth/sessions")).json
    ana.token = signer.sign(
        "access", Principal(user_id=ana.id, session_id=device["id"]), 900, new_id()
    )
    assert (await ana.get("/auth/me")).error == "not_authenticated"


@pytest.mark.gen_test
async def test_the_token_comes_as_a_bearers(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana = await register(http_client, base_url)
    for scheme in ("Basic {}", "{}", "Bearer", "Bearer {} {}", "Token {}"):
        header = {"Authorization": scheme.replace("{}", ana.token)}
        reply = await ana.call("GET", "/auth/me", headers=header)
        assert (reply.status, reply.error) == (401, "not_authenticated"), scheme
        assert reply.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.gen_test
async def test_the_token_is_not_taken_from_the_query(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana = await register(http_client, base_url)
    nobody = Client(http_client, base_url)
    assert (await nobody.get("/auth/me", token=ana.token)).status == 401
    assert (await nobody.get("/auth/me", access_token=ana.token)).status == 401


@pytest.mark.gen_test
async def test_a_session_believed_to_live_costs_no_database_call(services: Services) -> None:
    grant = await services.tokens.open_session("a" * 24, "")
    await services.tokens.authenticate(grant.access_token)
    await Sessions(services.database).end([grant.session_id])
    assert (await services.tokens.authenticate(grant.access_token)).user_id == "a" * 24


@pytest.mark.gen_test
async def test_an_ending_told_by_another_process_counts_at_once(services: Services) -> None:
    grant = await services.tokens.open_session("a" * 24, "")
    await services.tokens.authenticate(grant.access_token)
    await Sessions(services.database).end([grant.session_id])
    services.bus.publish(SessionsEnded(user_id="a" * 24, session_ids=(grant.session_id,)))
    with pytest.raises(ChatError):
        await services.tokens.authenticate(grant.access_token)


@pytest.mark.gen_test
async def test_a_session_that_lives_is_confirmed_without_a_database_call(
    services: Services,
) -> None:
    grant = await services.tokens.open_session("a" * 24, "")
    principal = await services.tokens.authenticate(grant.access_token)
    await Sessions(services.database).end([grant.session_id])
    await services.tokens.confirm(principal)


@pytest.mark.gen_test
async def test_a_session_that_has_ended_since_its_token_was_read_is_not_confirmed(
    services: Services,
) -> None:
    grant = await services.tokens.open_session("a" * 24, "")
    principal = await services.tokens.authenticate(grant.access_token)
    await services.tokens.end("a" * 24, [grant.session_id])
    with pytest.raises(ChatError) as caught:
        await services.tokens.confirm(principal)
    assert caught.value.code is Code.NOT_AUTHENTICATED


@pytest.mark.gen_test
async def test_a_session_that_is_not_believed_to_live_is_asked_for_when_it_is_confirmed(
    services: Services,
) -> None:
    grant = await services.tokens.open_session("a" * 24, "")
    principal = Principal(user_id="a" * 24, session_id=grant.session_id)
    await services.tokens.confirm(principal)
    with pytest.raises(ChatError):
        await services.tokens.confirm(structs.replace(principal, session_id="b" * 24))
    with pytest.raises(ChatError):
        await services.tokens.confirm(structs.replace(principal, user_id="b" * 24))


class EndedMeanwhile(Sessions):
    """Sessions of which one ends between the database's answer and its arrival."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.database)
        self._bus = services.bus

    async def find(self, session_id: str) -> Session | None:
        """Return a session as it was, and end it."""
        found = await super().find(session_id)
        await self.end([session_id])
        self._bus.publish(SessionsEnded(user_id="a" * 24, session_ids=(session_id,)))
        return found


@pytest.mark.gen_test
async def test_an_ending_while_the_database_is_asked_counts(
    services: Services, signer: Signer
) -> None:
    grant = await services.tokens.open_session("a" * 24, "")
    tokens = Tokens(
        signer,
        EndedMeanwhile(services),
        services.bus,
        services.tasks,
        access_seconds=900,
        refresh_seconds=900,
    )
    for _ in range(2):
        with pytest.raises(ChatError):
            await tokens.authenticate(grant.access_token)


@pytest.mark.gen_test
async def test_a_session_lately_seen_is_not_written_again(services: Services) -> None:
    grant = await services.tokens.open_session("a" * 24, "")
    [before] = await services.tokens.sessions_of("a" * 24)
    await services.tokens.authenticate(grant.access_token)
    await services.tasks.drain()
    [after] = await services.tokens.sessions_of("a" * 24)
    assert after.last_seen == before.last_seen


@pytest.mark.gen_test
async def test_a_session_seen_again_after_a_minute_is_noted(services: Services) -> None:
    grant = await services.tokens.open_session("a" * 24, "")
    long_ago = now() - timedelta(minutes=2)
    await services.database.collection("sessions").update({}, {"$set": {"last_seen": long_ago}})
    await services.tokens.authenticate(grant.access_token)
    await services.tasks.drain()
    [session] = await services.tokens.sessions_of("a" * 24)
    assert session.last_seen > long_ago


@pytest.mark.gen_test
async def test_all_sessions_seen_at_once_are_noted(services: Services) -> None:
    grants = [await services.tokens.open_session("a" * 24, "") for _ in range(3)]
    long_ago = now() - timedelta(minutes=2)
    kept = services.database.collection("sessions")
    await kept.update_many({}, {"$set": {"last_seen": long_ago}})
    tokens = [grant.access_token for grant in grants for _ in range(2)]
    await asyncio.gather(*map(services.tokens.authenticate, tokens))
    await services.tasks.drain()
    seen = [session.last_seen for session in await services.tokens.sessions_of("a" * 24)]
    assert len(seen) == 3
    assert min(seen) > long_ago


@pytest.mark.gen_test
async def test_an_expired_session_is_gone_before_it_is_swept(services: Services) -> None:
    grant = await services.tokens.open_session("a" * 24, "")
    await services.database.collection("sessions").update({}, {"$set": {"expires_at": now()}})
    with pytest.raises(ChatError):
        await services.tokens.authenticate(grant.access_token)
    assert await services.tokens.sessions_of("a" * 24) == []
