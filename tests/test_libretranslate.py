"""The real LibreTranslate behind the whole server: what readers get of it.

Its models know the sentences of `argos` and no others. So what is shown here is that
translations arrive, and that nothing is lost on the way; not how good they are.
"""

from __future__ import annotations

from functools import partial

import pytest
from argos.corpus import read_texts
from bilingual import ENGLISH, SPANISH, hear, measures, meet, say
from libretranslate_server import LIMIT, LibreTranslateServer
from msgspec import structs
from people import register
from raw_http import exchange, request
from sockets import device
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer

from realchat.engine import Engine, Patience
from realchat.errors import TranslationFailedError
from realchat.kept import find_kept
from realchat.services import Services
from realchat.settings import Settings
from realchat.startup import describe
from realchat.translators import LibreTranslate

# Some of the sentences that the models were not trained with, of which they get one in 300 wrong.
UNSEEN = read_texts().unseen[1::12]


@pytest.fixture
def settings(settings: Settings, libretranslate: LibreTranslateServer) -> Settings:
    return structs.replace(settings, libretranslate_url=libretranslate.url)


class TestConversation:
    """Two people, each in their own language."""

    @pytest.fixture(autouse=True)
    def patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have time enough for many texts at once, whose deadlines include the wait for a turn."""
        patience = Patience(deadline=60)
        monkeypatch.setattr("realchat.outside.Engine", partial(Engine, patience=patience))

    @pytest.mark.gen_test
    async def test_each_reads_the_other_in_the_own_language(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        group = (await ana.post("/groups", {"name": "Trip", "members": [luis.id]})).json
        async with device(ana) as hers, device(luis) as his:
            for writer, phone, text, translated in (
                (ana, his, ENGLISH, SPANISH),
                (luis, hers, SPANISH, ENGLISH),
            ):
                await writer.post("/messages", {"group_id": group["id"], "content": text})
                while (message := await phone.expect("message"))["sender_id"] != writer.id:
                    pass
                assert message["content"] == text
                assert message["content_lang"] == writer.user["language"]
                assert message["translation"]["status"] == "pending"
                translation = await phone.expect("translation")
                assert (translation["id"], translation["rev"]) == (message["id"], message["rev"])
                assert (translation["status"], translation["content"]) == ("ready", translated)
                assert translation["engine"] == "LibreTranslate"

    @pytest.mark.gen_test(timeout=120)
    async def test_what_the_models_never_saw_is_translated_both_ways(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        async with device(ana) as hers, device(luis) as his:
            english = {(await say(ana, luis, pair.english))["id"]: pair for pair in UNSEEN}
            spanish = {(await say(luis, ana, pair.spanish))["id"]: pair for pair in UNSEEN}
            heard = {
                frame["id"]: frame for frame in [await his.expect("translation") for _ in english]
            }
            for message, pair in english.items():
                assert heard[message]["content"] == pair.spanish
            heard = {
                frame["id"]: frame for frame in [await hers.expect("translation") for _ in spanish]
            }
            for message, pair in spanish.items():
                assert heard[message]["content"] == pair.english

    @pytest.mark.gen_test
    async def test_history_has_the_original_and_the_translation(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        async with device(luis) as phone:
            await hear(phone, ana, luis, ENGLISH)
        await services.tasks.drain()
        (read,) = (await luis.get("/messages/dm", user_id=ana.id)).json
        assert (read["content"], read["translation"]["content"]) == (ENGLISH, SPANISH)

    @pytest.mark.gen_test
    async def test_a_phrase_that_is_known_is_not_asked_for_again(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services, http_port: int
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        jobs = 'realchat_translation_jobs_total{engine="LibreTranslate",source="en",target="es"}'
        async with device(luis) as phone:
            await hear(phone, ana, luis, ENGLISH)
            await services.tasks.drain()
            before = (await measures(http_port))[jobs]
            await say(ana, luis, ENGLISH)
            assert (await phone.expect("message"))["translation"]["content"] == SPANISH
        assert (await measures(http_port))[jobs] == before


# What must survive, in texts whose words the models know. The engine loses all marks
# and digits, so that these come back by the finer attempts only.
SURVIVING = {
    "emoji": ("😀 Good morning! 👩\u200d👧", "😀 ¡Buenos días! 👩\u200d👧"),
    "emoji between": (
        "Thank you very much. 🇪🇸 See you tomorrow!",
        "Muchas gracias. 🇪🇸 ¡Hasta mañana!",
    ),
    "address": (
        "Where is the file? https://example.org/file?the=file&is=here#file",
        "¿Dónde está el archivo? https://example.org/file?the=file&is=here#file",
    ),
    "mail address": ("I am ready. ana@example.org", "Estoy listo. ana@example.org"),
    "mention": ("@Luis where is the file?", "@Luis ¿dónde está el archivo?"),
    "code": ("`the file` I am ready.", "`the file` Estoy listo."),
    "fenced block": (
        "```\nthe file = 1\n```\nThe file is broken.",
        "```\nthe file = 1\n```\nEl archivo está roto.",
    ),
    "line breaks": (
        "The meeting is on Monday at ten.\r\n\r\n\tSee you tomorrow!  \nThanks!",
        "La reunión es el lunes a las diez.\r\n\r\n\t¡Hasta mañana!  \n¡Gracias!",
    ),
    "smileys": ("No problem. :) It works! <3", "No hay problema. :) ¡Funciona! <3"),
    "hashtag": ("I am ready. #project", "Estoy listo. #project"),
    "comma behind a mention": (
        "Hello @Luis, where is the file?",
        "Hola @Luis, ¿dónde está el archivo?",
    ),
    "full stop behind a mention": (
        "Good morning, @Luis. See you tomorrow!",
        "Buenos días, @Luis. ¡Hasta mañana!",
    ),
    "colon behind a mention": (
        "Where is the file? @Luis: I am ready.",
        "¿Dónde está el archivo? @Luis: Estoy listo.",
    ),
    "brackets": ("Thank you very much (@Luis)", "Muchas gracias (@Luis)"),
    "dashes": (
        "I am ready - https://example.org/x - see you tomorrow!",
        "Estoy listo - https://example.org/x - ¡Hasta mañana!",
    ),
    "comma before an emoji": ("Good morning, 😀", "Buenos días, 😀"),
    "lists": (
        "- I am ready.\n1. Thanks!\n> Where is the file?\n# Good morning\n  a) Thanks!",
        "- Estoy listo.\n1. ¡Gracias!\n> ¿Dónde está el archivo?\n# Buenos días\n  a) ¡Gracias!",
    ),
    "what stands behind a sign": (
        "I am ready & the file is broken.",
        "Estoy listo & el archivo está roto.",
    ),
}


class TestTexts:
    """What becomes of a text on its way through the engine and back."""

    @pytest.mark.gen_test
    @pytest.mark.parametrize(("text", "translated"), SURVIVING.values(), ids=SURVIVING)
    async def test_what_is_not_words_survives(
        self, http_client: AsyncHTTPClient, base_url: str, text: str, translated: str
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        async with device(luis) as phone:
            assert (await hear(phone, ana, luis, text))["content"] == translated

    @pytest.mark.gen_test
    @pytest.mark.parametrize(
        "text",
        [
            "I have 12 messages.",
            "The meeting is at 10:30. I will be 5 minutes late.",
            "Where is 😀 the `file`, @Luis? https://example.org/x?y=1,000.50 I need 3 files.",
        ],
    )
    async def test_what_stands_amid_the_words_survives_whatever_becomes_of_these(
        self, http_client: AsyncHTTPClient, base_url: str, text: str
    ) -> None:
        def kept(text: str) -> list[str]:
            return [text[one.start : one.end] for one in find_kept(text, numbers=True)]

        ana, luis = await meet(http_client, base_url)
        async with device(luis) as phone:
            translation = await hear(phone, ana, luis, text)
        assert translation["status"] == "ready"
        assert kept(translation["content"]) == kept(text) != []

    @pytest.mark.gen_test
    async def test_a_line_beyond_the_server_s_limit_is_too_long(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        async with device(luis) as phone:
            translation = await hear(phone, ana, luis, "I am ready. " * (LIMIT // 12 + 1))
        assert (translation["status"], translation["reason"]) == ("unavailable", "too_long")
        assert "content" not in translation

    @pytest.mark.gen_test(timeout=60)
    async def test_lines_that_are_beyond_it_together_are_translated(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        lines = LIMIT // 12 + 1
        async with device(luis) as phone:
            translation = await hear(phone, ana, luis, "\n".join(["I am ready."] * lines))
        assert translation["content"] == "\n".join(["Estoy listo."] * lines)

    @pytest.mark.gen_test
    async def test_what_comes_back_as_it_was_is_no_translation(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, luis = await meet(http_client, base_url)
        async with device(luis) as phone:
            translation = await hear(phone, ana, luis, "No")
        assert (translation["status"], translation["reason"]) == ("unavailable", "not_trusted")

    @pytest.mark.gen_test
    async def test_a_language_that_it_does_not_have_is_no_pair(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, _ = await meet(http_client, base_url)
        aino = await register(http_client, base_url, "Aino", language="fi")
        async with device(aino) as phone:
            translation = await hear(phone, ana, aino, ENGLISH)
        assert (translation["status"], translation["reason"]) == ("unavailable", "unsupported_pair")


class TestAdapter:
    """The adapter and libretranslatepy, without all that stands before them."""

    @pytest.fixture
    def adapter(self, libretranslate: LibreTranslateServer) -> LibreTranslate:
        """The adapter for the server."""
        return LibreTranslate(libretranslate.url)

    @pytest.mark.gen_test
    async def test_the_pairs_are_those_of_the_models(self, adapter: LibreTranslate) -> None:
        pairs = {
            (source, target) for source, target in await adapter.read_pairs() if source != target
        }
        assert pairs == {("en", "es"), ("es", "en")}

    @pytest.mark.gen_test
    @pytest.mark.parametrize(
        ("text", "target", "reason"),
        [
            ("Hello!", "fi", "unsupported_pair"),
            ("a" * (LIMIT + 1), "es", "too_long"),
            ("", "es", "engine_failed"),
            ("Hello \ud800", "es", "engine_failed"),
        ],
        ids=["language", "length", "nothing", "lone surrogate"],
    )
    async def test_what_the_server_refuses_has_its_reason(
        self, adapter: LibreTranslate, text: str, target: str, reason: str
    ) -> None:
        with pytest.raises(TranslationFailedError) as refused:
            await adapter.translate(text, "en", target)
        assert (refused.value.reason, refused.value.passing) == (reason, False)


class TestOperation:
    """What those who run RealChat see of the engine."""

    @pytest.mark.gen_test
    async def test_the_engine_and_its_pairs_are_told(
        self, http_server: HTTPServer, http_port: int, services: Services, settings: Settings
    ) -> None:
        ready = (await exchange(http_port, request("GET /readyz"))).json()
        assert ready["parts"]["translation"] == "on"
        assert ready["details"]["translation"] == {
            "engine": "LibreTranslate",
            "where": f"at {settings.libretranslate_url}",
            "answers": True,
            "pairs": {"en": ["es"], "es": ["en"]},
        }
        engine = services.readiness.details.translation
        block = describe(settings, "MongoDB", "Redis", engine, given_secrets=True)
        assert f"by LibreTranslate at {settings.libretranslate_url}: en-es, es-en" in block
        measured = await measures(http_port)
        assert measured['realchat_translation_engine_up{engine="LibreTranslate"}'] == 1
        for source in ("en", "es"):
            name = "realchat_translation_targets"
            assert measured[f'{name}{{engine="LibreTranslate",source="{source}"}}'] == 1

    @pytest.mark.gen_test
    async def test_jobs_and_refusals_are_counted(
        self, http_client: AsyncHTTPClient, base_url: str, http_port: int
    ) -> None:
        jobs = 'realchat_translation_jobs_total{engine="LibreTranslate",source="en",target="es"}'
        refusals = 'realchat_translation_refusals_total{reason="not_trusted"}'
        before = await measures(http_port)
        ana, luis = await meet(http_client, base_url)
        async with device(luis) as phone:
            await hear(phone, ana, luis, ENGLISH)
            await hear(phone, ana, luis, "No")
        after = await measures(http_port)
        assert after[jobs] > before.get(jobs, 0)
        assert after[refusals] == before.get(refusals, 0) + 1
