"""Readers put translations right, and senders see what will arrive; with a real engine."""

from __future__ import annotations

import asyncio

import pytest
from engine import Engine
from msgspec import structs
from people import Person, register
from sockets import Device, device
from test_translation import CATALAN, READY, SPANISH, meet, say
from tornado.httpclient import AsyncHTTPClient

from realchat.services import Services
from realchat.settings import Settings

BETTER = "Bon dia! La casa és ben gran."


@pytest.fixture
def settings(settings: Settings, engine: Engine) -> Settings:
    """A server with that engine."""
    return structs.replace(settings, libretranslate_url=engine.url)


async def correct(person: Person, message_id: str, content: str = BETTER, lang: str = "ca") -> str:
    """Put a translation right; return what came of it: an error's code, or nothing."""
    body = {"lang": lang, "content": content}
    return (await person.put(f"/messages/{message_id}/translation", body)).error


async def translations(phone: Device) -> list[str]:
    """Return the translations that have come, with their messages and after them."""
    told = [one.get("translation", one) for one in await phone.settle()]
    return [one["content"] for one in told if "content" in one]


async def edit(services: Services, person: Person, message_id: str, content: str) -> None:
    """Give a message another text; return when what follows of it is done."""
    await person.patch(f"/messages/{message_id}", {"content": content})
    await services.tasks.drain()


class TestCorrections:
    """`PUT /messages/{id}/translation`."""

    @pytest.mark.gen_test
    async def test_a_correction_is_marked_and_comes_to_all_who_read_that_language(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        async with device(bru) as phone, device(await bru.login()) as other, device(ana) as writer:
            sent = await say(ana, bru, SPANISH)
            assert (await phone.expect("translation"))["content"] == CATALAN
            await other.expect("translation")
            body = {"lang": "ca", "content": BETTER}
            answer = (await bru.put(f"/messages/{sent['id']}/translation", body)).json
            expected = {"status": "ready", "reviewed_by": bru.id, **body}
            assert answer == expected
            for one in (phone, other):
                told = await one.expect("translation")
                assert {name: told[name] for name in expected} == expected
                assert (told["id"], "engine" in told) == (sent["id"], False)
            assert [one for one in await writer.settle() if one["type"] == "translation"] == []
        (read,) = (await bru.get("/messages/dm", user_id=ana.id)).json
        assert (read["content"], read["translation"]) == (SPANISH, expected)

    @pytest.mark.gen_test
    async def test_a_correction_holds_for_the_same_text_in_its_conversation_only(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services, engine: Engine
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        pau = await register(http_client, base_url, "Pau", language="ca")
        before, sent = [await say(ana, bru, SPANISH) for _ in range(2)]
        await bru.get(f"/messages/{before['id']}/translation")
        await correct(bru, sent["id"])
        async with device(bru) as phone, device(pau) as elsewhere:
            await say(ana, bru, SPANISH)
            assert (await phone.expect("translation"))["reviewed_by"] == bru.id
            await say(ana, pau, SPANISH)
            assert (await elsewhere.expect("translation"))["content"] == CATALAN
        history = (await bru.get("/messages/dm", user_id=ana.id)).json
        assert [one["translation"]["content"] for one in history] == [BETTER] * 3
        assert engine.asked == [SPANISH]

    @pytest.mark.gen_test
    async def test_a_correction_made_while_the_engine_works_wins(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services, engine: Engine
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        pau = await register(http_client, base_url, "Pau", language="ca")
        engine.gate.clear()
        async with device(bru) as phone, device(pau) as elsewhere:
            sent = await say(ana, bru, SPANISH)
            await say(ana, pau, SPANISH)
            await correct(bru, sent["id"])
            assert (await phone.expect("translation"))["reviewed_by"] == bru.id
            engine.gate.set()
            told = await elsewhere.expect("translation")
            assert (told["content"], "reviewed_by" in told) == (CATALAN, False)
            await services.tasks.drain()
            later = [one for one in await phone.settle() if one["type"] == "translation"]
            assert [one for one in later if one["content"] != BETTER] == []
        for one, content in ((bru, BETTER), (pau, CATALAN)):
            (read,) = (await one.get("/messages/dm", user_id=ana.id)).json
            assert read["translation"]["content"] == content

    @pytest.mark.gen_test
    async def test_of_two_corrections_the_later_one_counts(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        sent = await say(ana, bru, SPANISH)
        await correct(bru, sent["id"], "La primera.")
        again = await say(ana, bru, SPANISH)
        await services.tasks.drain()
        await correct(bru, again["id"])
        history = (await bru.get("/messages/dm", user_id=ana.id)).json
        assert [one["translation"]["content"] for one in history] == [BETTER, BETTER]

    @pytest.mark.gen_test
    async def test_a_correction_outlives_its_message_where_others_have_it(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        sent = await say(ana, bru, SPANISH)
        await correct(bru, sent["id"])
        async with device(bru) as phone:
            await say(ana, bru, SPANISH)
            assert (await phone.expect("translation"))["content"] == BETTER
            await ana.delete(f"/messages/{sent['id']}")
            await services.tasks.drain()
            await say(ana, bru, SPANISH)
            assert (await phone.expect("translation"))["content"] == BETTER

    @pytest.mark.gen_test
    async def test_a_correction_is_told_to_nobody_once_its_message_is_deleted(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        sent = await say(ana, bru, SPANISH)
        await correct(bru, sent["id"])
        await ana.delete(f"/messages/{sent['id']}")
        await services.tasks.drain()
        async with device(bru) as phone:
            await say(ana, bru, SPANISH)
            await services.tasks.drain()
            assert await translations(phone) == [CATALAN]

    @pytest.mark.gen_test
    async def test_a_text_that_came_back_is_the_engines_again(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        sent = await say(ana, bru, SPANISH)
        await correct(bru, sent["id"])
        await edit(services, ana, sent["id"], "La casa es roja.")
        async with device(bru) as phone:
            await edit(services, ana, sent["id"], SPANISH)
            assert await translations(phone) == [CATALAN]

    @pytest.mark.gen_test
    async def test_an_edited_message_has_no_correction(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        sent = await say(ana, bru, SPANISH)
        await correct(bru, sent["id"])
        await edit(services, ana, sent["id"], "La casa es roja.")
        made = (await bru.get(f"/messages/{sent['id']}/translation")).json
        assert made["content"] == "La casa és vermella."
        assert (await bru.get("/messages/search", q="ben gran")).json == []

    @pytest.mark.gen_test
    async def test_a_correction_of_a_pair_without_an_engine_is_shown_and_found(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        await bru.patch("/auth/me", {"language": "zh-Hans"})
        sent = await say(ana, bru, SPANISH)
        await correct(bru, sent["id"], "早上好,房子很大。", "zh-Hans")
        (hit,) = (await bru.get("/messages/search", q="房子", lang="zh")).json
        assert (hit["matched"], hit["lang"]) == ("translation", "zh-Hans")
        assert hit["message"]["translation"]["reviewed_by"] == bru.id
        assert (await bru.get("/messages/search", q="房子", lang="ca")).json == []

    @pytest.mark.gen_test
    async def test_who_may_not_see_it_or_was_blocked_cannot_put_it_right(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        eve = await register(http_client, base_url, "Eve")
        sent = await say(ana, bru, SPANISH)
        assert await correct(eve, sent["id"]) == "not_found"
        assert await correct(bru, sent["id"], lang="es-MX") == "validation_error"
        assert await correct(bru, sent["id"], " \n") == "validation_error"
        assert await correct(bru, sent["id"], "x" * 10_001) == "validation_error"
        await ana.post(f"/users/{bru.id}/block")
        assert await correct(bru, sent["id"]) == "blocked"
        await ana.delete(f"/messages/{sent['id']}")
        assert await correct(bru, sent["id"]) == "message_deleted"


class TestPreviews:
    """`POST /translate/preview`."""

    @pytest.mark.gen_test
    async def test_a_sender_sees_what_will_arrive_and_what_comes_back(
        self, http_client: AsyncHTTPClient, base_url: str, services: Services, engine: Engine
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        body = {"content": SPANISH, "to": "ca", "content_lang": "es"}
        back = READY | {"lang": "es", "content": "Buenos días, la casa es grande."}
        assert (await ana.post("/translate/preview", body)).json == {
            "content_lang": "es",
            "detected": False,
            "translation": READY | {"lang": "ca"},
            "back": back,
        }
        assert await services.database.collection("translations").count({}) == 0
        await say(ana, bru, SPANISH)
        await bru.get("/messages/dm", user_id=ana.id)
        await services.tasks.drain()
        assert engine.asked == [SPANISH, CATALAN]  # what was seen before it was sent, once

    @pytest.mark.gen_test
    async def test_the_language_of_a_preview_is_detected_and_its_groups_terms_count(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        group = (await ana.post("/groups", {"name": "Casa", "members": [bru.id]})).json
        terms = [{"term": "casa grande", "translations": {"ca": "Can Gran"}}]
        await ana.put(f"/groups/{group['id']}/glossary", {"terms": terms})
        body = {"content": "Mañana voy a la casa grande, @Bru, porque no tengo las llaves."}
        body |= {"to": "ca", "conversation": f"group:{group['id']}"}
        seen = (await ana.post("/translate/preview", body)).json
        assert (seen["content_lang"], seen["detected"]) == ("es", True)
        assert "Can Gran, @Bru" in seen["translation"]["content"]

    @pytest.mark.gen_test
    async def test_a_preview_has_what_was_put_right_and_is_asked_for_once(
        self, http_client: AsyncHTTPClient, base_url: str, engine: Engine
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        body = {"content": SPANISH, "to": "ca", "content_lang": "es"}
        seen = await asyncio.gather(*(ana.post("/translate/preview", body) for _ in range(4)))
        assert {one.json["translation"]["content"] for one in seen} == {CATALAN}
        assert engine.asked == [SPANISH, CATALAN]
        sent = await say(ana, bru, SPANISH)
        await correct(bru, sent["id"])
        seen_there = await ana.post(
            "/translate/preview", body | {"conversation": sent["conversation"]}
        )
        assert seen_there.json["translation"]["reviewed_by"] == bru.id

    @pytest.mark.gen_test
    async def test_where_there_is_no_translation_there_is_no_way_back(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, _ = await meet(http_client, base_url)
        for to, reason in (("fi", "unsupported_pair"), ("es", "same_language")):
            body = {"content": SPANISH, "to": to, "content_lang": "es"}
            seen = (await ana.post("/translate/preview", body)).json
            assert (seen["translation"]["reason"], "back" in seen) == (reason, False)
        emoji = {"content": "👍", "to": "ca", "content_lang": "es"}
        seen = (await ana.post("/translate/preview", emoji)).json
        assert seen["translation"]["reason"] == "nothing_to_translate"

    @pytest.mark.gen_test
    async def test_a_preview_in_a_conversation_of_others_is_refused(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        eve = await register(http_client, base_url, "Eve")
        group = (await ana.post("/groups", {"name": "Casa", "members": [bru.id]})).json
        body = {"content": SPANISH, "to": "ca", "conversation": f"group:{group['id']}"}
        assert (await eve.post("/translate/preview", body)).status in (403, 404)
