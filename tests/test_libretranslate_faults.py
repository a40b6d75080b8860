"""The real LibreTranslate away, frozen, limited, and behind a proxy that spoils its answers.

Whatever happens, a reader has the original and is told why there is no more.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterator
from functools import partial

import pytest
from bilingual import ENGLISH, SPANISH, ask_again, hear, meet, say
from libretranslate_server import LibreTranslateServer
from msgspec import structs
from raw_http import exchange, request
from sockets import device
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop
from unruly_proxy import Spoil, UnrulyProxy, as_it_is

from realchat.engine import Engine, Patience
from realchat.errors import TranslationFailedError
from realchat.logs import configure_logs
from realchat.settings import Settings
from realchat.translators import LibreTranslate

# Requests a minute from one address, and the refusals after which it is banned.
REQUESTS, OFFENCES = 8, 3
# As patient as in service in all but time; the server answers within some hundredths of it.
QUICK = Patience(deadline=10, pause=0.05, first_brake=0.1)


class Faults:
    """What all tests of faults share: less patience, and eyes on the log."""

    @pytest.fixture(autouse=True)
    def patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have the engine made with less patience, for which there is no setting."""
        monkeypatch.setattr("realchat.outside.Engine", partial(Engine, patience=QUICK))

    @pytest.fixture(autouse=True)
    def silence(self, keep_logging: None) -> Iterator[None]:
        """See to it that no log quotes what people wrote, whatever goes wrong."""
        log = io.StringIO()
        configure_logs("DEBUG", log)
        yield
        assert not re.search("the key|la llave", log.getvalue())


@pytest.fixture
def settings(settings: Settings, libretranslate: LibreTranslateServer) -> Settings:
    return structs.replace(settings, libretranslate_url=libretranslate.url)


class TestServerFaults(Faults):
    """LibreTranslate itself is away, or does not go on."""

    @pytest.mark.gen_test(timeout=180)  # it starts with its models
    async def test_what_could_not_be_had_is_had_after_a_restart(
        self,
        http_client: AsyncHTTPClient,
        base_url: str,
        http_port: int,
        libretranslate: LibreTranslateServer,
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        async with device(luis) as phone:
            libretranslate.stop()
            translation = await hear(phone, ana, luis, ENGLISH)
            assert translation["reason"] == "engine_unreachable"
            ready = (await exchange(http_port, request("GET /readyz"))).json()
            assert (ready["status"], ready["parts"]["translation"]) == ("ok", "away")
            libretranslate.start()
            assert (await ask_again(luis, translation))["content"] == SPANISH
            assert (await hear(phone, ana, luis, f"{ENGLISH} 😀"))["content"] == f"{SPANISH} 😀"
        ready = (await exchange(http_port, request("GET /readyz"))).json()
        assert ready["parts"]["translation"] == "on"

    @pytest.mark.gen_test(timeout=60)
    async def test_a_frozen_server_holds_up_the_translation_alone(
        self, http_client: AsyncHTTPClient, base_url: str, libretranslate: LibreTranslateServer
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        async with device(luis) as phone:
            libretranslate.freeze()
            sent = await say(ana, luis, ENGLISH)
            assert (await phone.expect("message"))["id"] == sent["id"]
            assert "translation" not in [frame["type"] for frame in await phone.settle()]
            translation = await phone.expect("translation")
            assert translation["reason"] == "engine_unreachable"
            libretranslate.thaw()
            assert (await ask_again(luis, translation))["content"] == SPANISH


class Behind(Faults):
    """What is shared by tests with a proxy before the server."""

    @pytest.fixture
    def proxy(self, io_loop: IOLoop, libretranslate: LibreTranslateServer) -> Iterator[UnrulyProxy]:
        """A proxy before the server."""
        started = UnrulyProxy(libretranslate.port)
        io_loop.run_sync(started.start)
        yield started
        io_loop.run_sync(started.stop)

    @pytest.fixture
    def settings(self, settings: Settings, proxy: UnrulyProxy) -> Settings:
        return structs.replace(settings, libretranslate_url=proxy.url)


def nothing(answer: bytes) -> bytes:
    return b""


def half_of_the_head(answer: bytes) -> bytes:
    return answer[: answer.index(b"\r\n\r\n") // 2]


def half_of_the_body(answer: bytes) -> bytes:
    head, end, body = answer.partition(b"\r\n\r\n")
    return head + end + body[: len(body) // 2]


def body_of(replacement: bytes) -> Spoil:
    """Put other bytes, as often as they fit, in the place of a body."""

    def spoil(answer: bytes) -> bytes:
        head, end, body = answer.partition(b"\r\n\r\n")
        return head + end + (replacement * len(body))[: len(body)]

    return spoil


def without_text(answer: bytes) -> bytes:
    return answer.replace(b"translatedText", b"translatedTask").replace(b"code", b"mode")


def bad_gateway(answer: bytes) -> bytes:
    return b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"


SPOILED: dict[str, tuple[Spoil, str]] = {
    "closed": (nothing, "engine_unreachable"),
    "cut in its head": (half_of_the_head, "engine_failed"),
    "cut in its body": (half_of_the_body, "engine_unreachable"),
    "no HTTP": (lambda answer: answer[::-1], "engine_unreachable"),
    "bad gateway": (bad_gateway, "engine_unreachable"),
    "no UTF-8": (body_of(b"\xff\xfe"), "engine_failed"),
    "no JSON": (body_of(b"<html>"), "engine_failed"),
    "controls": (body_of(b"\0"), "engine_failed"),
    "other JSON": (without_text, "engine_failed"),
}


class TestProxyFaults(Behind):
    """The way to LibreTranslate delays, cuts and garbles."""

    @pytest.mark.gen_test(timeout=60)
    @pytest.mark.parametrize(("spoil", "reason"), SPOILED.values(), ids=SPOILED)
    async def test_of_a_spoiled_answer_nothing_is_shown_and_the_original_stands(
        self,
        http_client: AsyncHTTPClient,
        base_url: str,
        http_port: int,
        proxy: UnrulyProxy,
        spoil: Spoil,
        reason: str,
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        async with device(luis) as phone:
            proxy.spoil = spoil
            translation = await hear(phone, ana, luis, ENGLISH)
            assert (translation["status"], translation["reason"]) == ("unavailable", reason)
            assert "content" not in translation
            assert (await exchange(http_port, request("GET /healthz"))).status == 200
            proxy.spoil = as_it_is
            assert (await ask_again(luis, translation))["content"] == SPANISH
        (read,) = (await luis.get("/messages/dm", user_id=ana.id)).json
        assert read["content"] == ENGLISH

    @pytest.mark.gen_test(timeout=60)
    async def test_an_answer_after_the_deadline_is_none(
        self, http_client: AsyncHTTPClient, base_url: str, proxy: UnrulyProxy
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        async with device(luis) as phone:
            proxy.gate.clear()
            translation = await hear(phone, ana, luis, ENGLISH)
            assert translation["reason"] == "engine_unreachable"
            proxy.gate.set()
            assert (await ask_again(luis, translation))["content"] == SPANISH

    @pytest.mark.gen_test(timeout=60)
    async def test_an_answer_that_is_late_but_not_too_late_is_taken(
        self, http_client: AsyncHTTPClient, base_url: str, proxy: UnrulyProxy
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        async with device(luis) as phone:
            proxy.gate.clear()
            proxy.asked.clear()
            await say(ana, luis, ENGLISH)
            await proxy.asked.wait()
            proxy.gate.set()
            assert (await phone.expect("translation"))["content"] == SPANISH

    @pytest.mark.gen_test(timeout=180)  # it starts with its models
    async def test_a_server_that_is_killed_while_it_is_asked_is_away(
        self,
        http_client: AsyncHTTPClient,
        base_url: str,
        libretranslate: LibreTranslateServer,
        proxy: UnrulyProxy,
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        async with device(luis) as phone:
            libretranslate.freeze()
            proxy.asked.clear()
            await say(ana, luis, ENGLISH)
            await proxy.asked.wait()
            libretranslate.kill()
            translation = await phone.expect("translation")
            assert translation["reason"] == "engine_unreachable"
            libretranslate.start()
            assert (await ask_again(luis, translation))["content"] == SPANISH

    @pytest.mark.gen_test(timeout=60)
    async def test_a_server_that_says_nothing_keeps_no_thread_for_long(
        self, proxy: UnrulyProxy
    ) -> None:
        proxy.gate.clear()
        with pytest.raises(TranslationFailedError) as refused:
            await LibreTranslate(proxy.url, socket_timeout=0.2).translate(ENGLISH, "en", "es")
        assert (refused.value.reason, refused.value.passing) == ("engine_unreachable", True)

    @pytest.mark.gen_test(timeout=60)
    async def test_garbled_bytes_are_never_taken_for_a_translation(
        self, proxy: UnrulyProxy
    ) -> None:
        chance = random.Random(4)

        def garble(answer: bytes) -> bytes:
            start = chance.randrange(len(answer))
            end = min(len(answer), start + chance.randint(1, 8))
            # Neither is anywhere in UTF-8, nor as it is in JSON.
            noise = chance.choice((b"\xff", b"\0"))
            return answer[:start] + noise * (end - start) + answer[end:]

        adapter = LibreTranslate(proxy.url)
        proxy.spoil = garble
        refused = 0
        for _ in range(100):
            try:
                # What was spoiled may have been a header that nobody reads.
                assert await adapter.translate(ENGLISH, "en", "es") == SPANISH
            except TranslationFailedError:
                refused += 1
        assert refused > 0


class TestLimits(Behind):
    """A LibreTranslate that takes few requests a minute from one address."""

    @pytest.fixture(scope="class")
    @classmethod
    def one_libretranslate(
        cls, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[LibreTranslateServer]:
        """A server with limits, and with keys."""
        limits = ("--req-limit", str(REQUESTS), "--req-flood-threshold", str(OFFENCES))
        folder = tmp_path_factory.mktemp("limited")
        keys = ("--api-keys", "--api-keys-db-path", str(folder / "keys.db"))
        with LibreTranslateServer(folder, *limits, *keys) as started:
            yield started

    @pytest.fixture(autouse=True)
    def address(self, proxy: UnrulyProxy, request: pytest.FixtureRequest) -> None:
        """Come from an address of the test's own, which has sent nothing yet."""
        proxy.client = request.node.name

    async def exhaust(self, proxy: UnrulyProxy) -> None:
        """Send as many requests as are taken."""
        adapter = LibreTranslate(proxy.url)
        for _ in range(REQUESTS):
            await adapter.translate("Hello!", "en", "es")

    @pytest.mark.gen_test(timeout=60)
    async def test_what_is_too_much_is_held_back_and_delivered_later(
        self, http_client: AsyncHTTPClient, base_url: str, proxy: UnrulyProxy
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        await self.exhaust(proxy)

        def let_in(answer: bytes) -> bytes:
            # A minute later, which is too long for a test: another address has no past.
            proxy.client = "another"
            return answer

        async with device(luis) as phone:
            proxy.spoil = let_in
            proxy.statuses.clear()
            assert (await hear(phone, ana, luis, ENGLISH))["content"] == SPANISH
        assert proxy.statuses[0] == 429
        assert set(proxy.statuses[1:]) == {200}

    @pytest.mark.gen_test(timeout=60)
    async def test_what_cannot_wait_is_refused_and_can_be_asked_for_again(
        self, http_client: AsyncHTTPClient, base_url: str, proxy: UnrulyProxy
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        await self.exhaust(proxy)
        async with device(luis) as phone:
            translation = await hear(phone, ana, luis, ENGLISH)
            assert (translation["status"], translation["reason"]) == ("unavailable", "rate_limited")
            proxy.client = "somebody else"
            assert (await ask_again(luis, translation))["content"] == SPANISH

    @pytest.mark.gen_test(timeout=60)
    async def test_who_does_not_heed_the_limit_is_banned_which_counts_as_limited(
        self, proxy: UnrulyProxy
    ) -> None:
        await self.exhaust(proxy)
        proxy.statuses.clear()
        # Who has a key has a limit of its own, but is not less banned.
        for key in [""] * (OFFENCES + 1) + ["any"]:
            with pytest.raises(TranslationFailedError) as refused:
                await LibreTranslate(proxy.url, key).translate("Hello!", "en", "es")
            assert (refused.value.reason, refused.value.passing) == ("rate_limited", True)
        assert proxy.statuses == [429] * (OFFENCES + 1) + [403]

    @pytest.mark.gen_test
    async def test_a_wrong_key_is_refused_and_not_tried_again(self, proxy: UnrulyProxy) -> None:
        engine = Engine(LibreTranslate(proxy.url, "wrong"), QUICK)
        await engine.check()
        proxy.statuses.clear()
        with pytest.raises(TranslationFailedError, match="engine_refused"):
            await engine.translate("Hello!", "en", "es")
        assert proxy.statuses == [403]
