"""Everybody reads in their own language: with a real engine, without one, and when it fails."""

from __future__ import annotations

from typing import Any

import pytest
from engine import Engine
from msgspec import structs
from people import Person, register
from sockets import PATIENCE, device
from tornado.httpclient import AsyncHTTPClient

from realchat import translation
from realchat.services import Services
from realchat.settings import Settings

SPANISH, CATALAN = "Buenos días, la casa es grande.", "Bon dia, la casa és gran."
READY = {"status": "ready", "content": CATALAN, "engine": "LibreTranslate"}


async def meet(http: AsyncHTTPClient, base_url: str) -> tuple[Person, Person]:
    """Register Ana, who writes Spanish, and Bru, who reads Catalan."""
    return (
        await register(http, base_url, "Ana", language="es"),
        await register(http, base_url, "Bru", language="ca"),
    )


async def say(sender: Person, recipient: Person, text: str) -> dict[str, Any]:
    """Send a message."""
    sent = await sender.post("/messages", {"recipient_id": recipient.id, "content": text})
    assert sent.status == 201
    message: dict[str, Any] = sent.json
    return message


@pytest.mark.gen_test
async def test_without_an_engine_the_reader_is_told_why_there_is_no_translation(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, bru = await meet(http_client, base_url)
    expected = {"lang": "ca", "status": "unavailable", "reason": "not_configured"}
    async with device(bru) as phone:
        sent = await say(ana, bru, SPANISH)
        message = await phone.expect("message")
        assert (message["content"], message["translation"]) == (SPANISH, expected)
    (read,) = (await bru.get("/messages/dm", user_id=ana.id)).json
    assert read["translation"] == expected
    assert (await bru.get(f"/messages/{sent['id']}/translation")).json == expected


@pytest.mark.gen_test
async def test_a_reader_of_the_language_gets_the_original_alone(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, bru = await meet(http_client, base_url)
    await bru.patch("/auth/me", {"reads": ["es-MX"]})
    async with device(bru) as phone:
        await say(ana, bru, SPANISH)
        assert "translation" not in await phone.expect("message")


@pytest.mark.gen_test
async def test_a_change_of_language_counts_for_open_connections(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, bru = await meet(http_client, base_url)
    async with device(bru) as phone:
        await bru.patch("/auth/me", {"language": "es"})
        await services.tasks.drain(PATIENCE)
        await say(ana, bru, SPANISH)
        assert "translation" not in await phone.expect("message")


class TestWithAnEngine:
    """LibreTranslate's interface, a real engine behind it."""

    @pytest.fixture
    def settings(self, settings: Settings, engine: Engine) -> Settings:
        return structs.replace(settings, libretranslate_url=engine.url)

    @pytest.mark.gen_test
    async def test_the_translation_follows_the_message(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        async with device(ana) as writer, device(bru) as phone:
            sent = await say(ana, bru, SPANISH)
            message = await phone.expect("message")
            assert message["translation"] == {"lang": "ca", "status": "pending"}
            assert await phone.expect("translation") == {
                "type": "translation",
                "id": sent["id"],
                "conversation": sent["conversation"],
                "rev": 1,
                "lang": "ca",
                "status": "ready",
                "content": CATALAN,
                "engine": "LibreTranslate",
            }
            assert "translation" not in await writer.expect("message")
            assert [one for one in await writer.settle() if one["type"] == "translation"] == []

    @pytest.mark.gen_test
    async def test_the_message_does_not_wait_for_the_engine(
        self, http_client: AsyncHTTPClient, base_url: str, engine: Engine
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        engine.gate.clear()
        async with device(ana) as writer, device(bru) as phone:
            ack = await writer.command("send_message", recipient_id=bru.id, content=SPANISH)
            assert ack["type"] == "ack"
            assert (await phone.expect("message"))["translation"]["status"] == "pending"
            engine.gate.set()
            assert (await phone.expect("translation"))["status"] == "ready"

    @pytest.mark.gen_test
    async def test_a_language_in_the_query_overrides_the_profiles(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        async with device(ana, "?lang=ca") as phone:
            await say(ana, bru, SPANISH)
            assert (await phone.expect("translation"))["content"] == CATALAN

    @pytest.mark.gen_test
    async def test_one_job_serves_all_readers_of_a_language_and_all_repetitions(
        self, http_client: AsyncHTTPClient, base_url: str, engine: Engine
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        pau = await register(http_client, base_url, "Pau", language="ca")
        members = [bru.id, pau.id]
        group = (await ana.post("/groups", {"name": "Equip", "members": members})).json
        async with device(bru) as one, device(await bru.login()) as other, device(pau) as third:
            await ana.post("/messages", {"group_id": group["id"], "content": SPANISH})
            for socket in (one, other, third):
                assert (await socket.expect("translation"))["content"] == CATALAN
            await say(ana, bru, SPANISH)
            for socket in (one, other):
                assert (await socket.expect("translation"))["content"] == CATALAN
        assert engine.asked == [SPANISH]

    @pytest.mark.gen_test
    async def test_what_was_said_before_comes_with_its_translation(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        async with device(bru) as phone:
            sent = await say(ana, bru, SPANISH)
            await phone.expect("translation")
            await say(ana, bru, SPANISH)
            await ana.put(f"/messages/{sent['id']}/reactions/%F0%9F%91%8D")
            first, again = await phone.expect("message"), await phone.expect("message")
            reacted = await phone.expect("message_updated")
            assert first["translation"]["status"] == "pending"
            ready = READY | {"lang": "ca"}
            assert (again["translation"], reacted["translation"]) == (ready, ready)
            assert [one for one in await phone.settle() if one["type"] == "translation"] == []

    @pytest.mark.gen_test
    async def test_history_that_is_read_often_while_it_is_translated_is_told_once(
        self, http_client: AsyncHTTPClient, base_url: str, engine: Engine
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        await say(ana, bru, SPANISH)
        engine.gate.clear()
        # A device in another language hears of it, too, since its owner asked.
        async with device(bru) as phone, device(await bru.login(), "?lang=fr") as other:
            for _ in range(5):
                (read,) = (await bru.get("/messages/dm", user_id=ana.id)).json
                assert read["translation"] == {"lang": "ca", "status": "pending"}
            engine.gate.set()
            for one in (phone, other):
                assert (await one.expect("translation"))["content"] == CATALAN
                assert [each for each in await one.settle() if each["type"] == "translation"] == []

    @pytest.mark.gen_test
    async def test_one_reader_does_not_take_the_engine_from_the_others(
        self,
        http_client: AsyncHTTPClient,
        base_url: str,
        engine: Engine,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(translation, "_MOST_ASKED", 2)
        ana, bru = await meet(http_client, base_url)
        for number in range(3):
            await say(ana, bru, f"{SPANISH} {number}")
        engine.gate.clear()
        history = (await bru.get("/messages/dm", user_id=ana.id)).json
        refused = {"lang": "ca", "status": "unavailable", "reason": "rate_limited"}
        assert [one["translation"] == refused for one in history] == [False, False, True]
        engine.gate.set()
        made = await bru.get(f"/messages/{history[2]['id']}/translation")
        assert made.json["status"] == "ready"

    @pytest.mark.gen_test
    async def test_half_a_character_is_no_translation(
        self, http_client: AsyncHTTPClient, base_url: str, engine: Engine
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        async with device(bru) as phone:
            engine.answer = {"translatedText": f"{CATALAN} \ud800"}
            await say(ana, bru, SPANISH)
            assert (await phone.expect("translation"))["reason"] == "engine_failed"

    @pytest.mark.gen_test
    async def test_chinese_is_found_by_any_of_its_tags(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        for tag in ("zh", "zh-CN", "zh-TW", "zh-Hant-HK"):
            body = {"recipient_id": bru.id, "content": f"房子 {tag}", "content_lang": tag}
            await ana.post("/messages", body)
        for lang, number in (("zh", 4), ("zh-Hans", 2), ("zh-CN", 2), ("zh-HK", 2), ("es", 0)):
            found = (await ana.get("/messages/search", q="房子", lang=lang)).json
            assert (lang, len(found)) == (lang, number)

    @pytest.mark.gen_test
    async def test_a_quoted_message_is_read_by_itself_in_ones_language(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        eve = await register(http_client, base_url, "Eve")
        sent = await say(ana, bru, SPANISH)
        await bru.get(f"/messages/{sent['id']}/translation")
        quoted = (await bru.get(f"/messages/{sent['id']}")).json
        assert (quoted["content"], quoted["translation"]) == (SPANISH, READY | {"lang": "ca"})
        assert "translation" not in (await ana.get(f"/messages/{sent['id']}")).json
        assert (await eve.get(f"/messages/{sent['id']}")).error == "not_found"

    @pytest.mark.gen_test
    async def test_a_message_deleted_during_its_translation_takes_none_from_the_same_text(
        self, http_client: AsyncHTTPClient, base_url: str, engine: Engine, services: Services
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        engine.gate.clear()
        async with device(bru) as phone:
            gone, stays = [await say(ana, bru, SPANISH) for _ in range(2)]
            await ana.delete(f"/messages/{gone['id']}")
            engine.gate.set()
            followed = await phone.expect("translation")
            assert (followed["id"], followed["content"]) == (stays["id"], CATALAN)
            assert [one for one in await phone.settle() if one["type"] == "translation"] == []
        await services.tasks.drain(PATIENCE)
        assert await services.database.collection("translations").count({}) == 1

    @pytest.mark.gen_test
    async def test_history_and_the_list_carry_the_translation(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        await say(ana, bru, SPANISH)
        ready = {"lang": "ca", "status": "ready", "content": CATALAN, "engine": "LibreTranslate"}
        (read,) = (await bru.get("/messages/dm", user_id=ana.id)).json
        assert read["translation"] == {"lang": "ca", "status": "pending"}
        await services.tasks.drain(PATIENCE)
        (read,) = (await bru.get("/messages/dm", user_id=ana.id)).json
        assert read["translation"] == ready
        (listed,) = (await bru.get("/conversations")).json
        assert listed["last_message"]["translation"] == ready

    @pytest.mark.gen_test
    async def test_a_translation_is_made_on_request(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        sent = await say(ana, bru, SPANISH)
        made = await bru.get(f"/messages/{sent['id']}/translation")
        assert (made.status, made.json["content"]) == (200, CATALAN)
        other = await bru.get(f"/messages/{sent['id']}/translation", lang="fi")
        assert other.json == {"lang": "fi", "status": "unavailable", "reason": "unsupported_pair"}

    @pytest.mark.gen_test
    async def test_an_edit_is_translated_anew(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        async with device(bru) as phone:
            sent = await say(ana, bru, SPANISH)
            await phone.expect("translation")
            await ana.patch(f"/messages/{sent['id']}", {"content": "La casa es roja."})
            assert (await phone.expect("message_updated"))["translation"]["status"] == "pending"
            again = await phone.expect("translation")
            assert (again["rev"], again["content"]) == (2, "La casa és vermella.")

    @pytest.mark.gen_test
    async def test_deleting_a_message_removes_its_translations(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        sent = await say(ana, bru, SPANISH)
        await bru.get(f"/messages/{sent['id']}/translation")
        await ana.delete(f"/messages/{sent['id']}")
        await services.tasks.drain(PATIENCE)
        assert await services.database.collection("translations").count({}) == 0
        assert (await bru.get("/messages/search", q="gran")).json == []

    @pytest.mark.gen_test
    async def test_what_is_not_to_be_translated_arrives_as_it_was(
        self, http_client: AsyncHTTPClient, base_url: str, engine: Engine
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        await bru.patch("/auth/me", {"name": "Casa Roja"})
        text = (
            "Hola @Casa Roja 😀, la puerta cuesta 1.000,50 euros:\n\n"
            "  mira https://casa.es/roja?la=casa ahora\r\n"
            "```\nla puerta = 1\n```\nUsa `la puerta` y escribe a la.casa@casa.es 👩\u200d👧"
        )
        async with device(bru) as phone:
            await say(ana, bru, text)
            assert (await phone.expect("translation"))["content"] == (
                "Hola @Casa Roja 😀, la porta costa 1.000,50 euros:\n\n"
                "  mira https://casa.es/roja?la=casa ara\r\n"
                "```\nla puerta = 1\n```\nUsa `la puerta` i escriu a la.casa@casa.es 👩\u200d👧"
            )
        asked = "\n".join(engine.asked)
        assert not any(kept in asked for kept in ("Roja", "😀", "https", "`", "@", "puerta ="))

    @pytest.mark.gen_test
    @pytest.mark.parametrize(
        "text", ["😀 👍🏽", "https://casa.es/roja", "@Bru", "`x`", "12:30", "?!"]
    )
    async def test_what_has_no_words_is_in_nobodys_language(
        self, http_client: AsyncHTTPClient, base_url: str, engine: Engine, text: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        async with device(bru) as phone:
            sent = await say(ana, bru, text)
            assert "translation" not in await phone.expect("message")
        (read,) = (await bru.get("/messages/dm", user_id=ana.id)).json
        assert "translation" not in read
        asked = await bru.get(f"/messages/{sent['id']}/translation")
        assert (asked.json["status"], asked.json["reason"]) == (
            "unavailable",
            "nothing_to_translate",
        )
        assert engine.asked == []

    @pytest.mark.gen_test
    async def test_what_an_engine_spoils_is_not_shown(
        self, http_client: AsyncHTTPClient, base_url: str, engine: Engine
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        async with device(bru) as phone:
            for spoiled in (
                "",
                SPANISH,
                f"{CATALAN} https://evil.example",
                f"{CATALAN} 5",
                "Bon\0",
            ):
                engine.answer = {"translatedText": spoiled}
                sent = await say(ana, bru, SPANISH)
                failed = await phone.expect("translation")
                assert (failed["status"], failed["reason"]) == ("unavailable", "not_trusted")
                assert "content" not in failed
            engine.answer = None
            made = await bru.get(f"/messages/{sent['id']}/translation")
            assert made.json["content"] == CATALAN

    @pytest.mark.gen_test
    async def test_an_engine_that_is_away_is_named_as_the_reason(
        self, http_client: AsyncHTTPClient, base_url: str, engine: Engine
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        engine.stop()
        async with device(bru) as phone:
            await say(ana, bru, SPANISH)
            failed = await phone.expect("translation")
            assert (failed["status"], failed["reason"]) == ("unavailable", "engine_unreachable")

    @pytest.mark.gen_test
    async def test_an_engine_that_answers_nonsense_has_failed(
        self, http_client: AsyncHTTPClient, base_url: str, engine: Engine
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        async with device(bru) as phone:
            answers: list[Any] = [{"translatedText": 5}, {}, [], "text", {"translatedText": None}]
            for engine.answer in answers:
                await say(ana, bru, f"{SPANISH} {len(engine.asked)}")
                failed = await phone.expect("translation")
                assert (failed["status"], failed["reason"]) == ("unavailable", "engine_failed")

    @pytest.mark.gen_test
    async def test_search_finds_originals_and_translations(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        eve = await register(http_client, base_url, "Eve")
        sent = await say(ana, bru, SPANISH)
        await bru.get(f"/messages/{sent['id']}/translation")
        (hit,) = (await bru.get("/messages/search", q="CASA ES")).json
        assert (hit["matched"], hit["lang"], hit["message"]["id"]) == ("original", "es", sent["id"])
        (hit,) = (await bru.get("/messages/search", q="casa és")).json
        assert (hit["matched"], hit["lang"]) == ("translation", "ca")
        assert hit["message"]["translation"]["content"] == CATALAN
        assert (await bru.get("/messages/search", q="casa", lang="fr")).json == []
        assert (await eve.get("/messages/search", q="casa")).json == []


@pytest.mark.gen_test
async def test_search_is_paged_and_takes_words_as_they_are(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, bru = await meet(http_client, base_url)
    for number in range(5):
        await say(ana, bru, f"número {number} (.*)")
    first = await bru.get("/messages/search", q="(.*)", limit=2)
    contents = [hit["message"]["content"] for hit in first.json]
    assert contents == ["número 4 (.*)", "número 3 (.*)"]
    link = first.headers["Link"]
    second = await bru.get(link[1 : link.index(">")])
    assert [hit["message"]["content"][7] for hit in second.json] == ["2", "1"]
    assert (await bru.get("/messages/search", q="n.mero")).json == []
    nul = await bru.get("/messages/search", q="a\0b")
    assert (nul.error, list(nul.fields)) == ("validation_error", ["q"])
