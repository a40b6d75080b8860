"""The glossary of a group: what it makes of a text, who may change it, and that readers see it."""

from __future__ import annotations

from typing import Any

import pytest
from engine import Engine
from hostile_texts import NAMES
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from people import Person
from sockets import device
from test_groups import make_group, people
from test_masking import draw_terms, fragments
from test_translation import meet
from tornado.httpclient import AsyncHTTPClient

from realchat.events import GlossaryChanged
from realchat.glossary import Glossary
from realchat.ids import direct_conversation, group_conversation
from realchat.kept import Vocabulary, find_kept, find_terms, kept_texts
from realchat.services import Services
from realchat.settings import Settings
from realchat.terms import Term

LLAR = Term(term="casa", translations={"ca": "llar", "en-GB": "house", "zh": "房子"})
CASA: dict[str, Any] = structs.asdict(LLAR)


def glossary(*kept: str, **translated: str) -> Glossary:
    """Return a glossary of terms that stay, and of others with their English."""
    others = [Term(term=one, translations={"en": to}) for one, to in translated.items()]
    return Glossary([*(Term(term=one) for one in kept), *others])


class TestApplying:
    """`Glossary.apply`."""

    @pytest.mark.parametrize(
        ("text", "result", "kept"),
        [
            ("La casa es roja", "La house es roja", ("house",)),
            ("CASA Casa casas casa", "house house casas house", ("house",)),
            ("realchat, casa y RealChat", "realchat, house y RealChat", ("RealChat", "house")),
            ("casa: `casa` #casa :casa:", "house: `casa` #casa :casa:", ("house",)),
            ("https://a.es/casa @casa a@casa.es", "https://a.es/casa @casa a@casa.es", ()),
            ("Hola @Ana María y María", "Hola @Ana María y Mary", ("Mary",)),
            ("La casa  blanca", "White House", ("White House",)),
            ("_casa_ y (casa).", "_house_ y (house).", ("house",)),
            ("La mesa es roja", "La mesa es roja", ()),
            ("", "", ()),
        ],
    )
    def test_terms_are_put_into_a_text_in_the_language_of_its_reader(
        self, text: str, result: str, kept: tuple[str, ...]
    ) -> None:
        terms = glossary(
            "RealChat",
            "Apertium",
            **{"casa": "house", "María": "Mary", "la casa blanca": "White House"},
        )
        assert terms.apply(text, "en", NAMES) == (result, kept)

    @pytest.mark.parametrize(
        ("target", "result"),
        [
            ("en", "La house"),
            ("en-US", "La house"),
            ("ca", "La llar"),
            ("zh-Hans", "La 房子"),
            ("zh-Hant", "La casa"),
            ("fr", "La casa"),
        ],
    )
    def test_a_term_without_a_translation_into_a_language_is_the_engines(
        self, target: str, result: str
    ) -> None:
        applied, kept = Glossary([LLAR]).apply("La casa", target)
        assert applied == result
        assert kept == (() if applied == "La casa" else (applied.removeprefix("La "),))

    @pytest.mark.parametrize(
        ("text", "result"),
        [
            ("我用微软的软件", "我用Microsoft的软件"),
            ("微软Office和2微软", "Microsoft Office和2 Microsoft"),
            ("微软谷歌", "Microsoft Google"),
            ("微软GPT", "Microsoft GPT"),
        ],
    )
    def test_what_needed_no_space_gets_one_where_it_is_needed(self, text: str, result: str) -> None:
        terms = glossary("GPT", 微软="Microsoft", 谷歌="Google")
        applied, kept = terms.apply(text, "en")
        assert applied == result
        assert all(phrase in kept for phrase in ("Microsoft", "Google") if phrase in result)

    def test_an_empty_glossary_changes_nothing(self) -> None:
        assert Glossary().apply("La casa", "en") == ("La casa", ())

    def test_a_term_that_is_put_in_is_not_looked_up_again(self) -> None:
        terms = glossary(casa="mesa", mesa="casa grande")
        assert terms.apply("casa mesa", "en")[0] == "mesa casa grande"


@given(fragments, st.data())
def test_any_term_is_put_in_and_kept_and_nothing_else_is_lost(
    text: str, data: st.DataObject
) -> None:
    # Behind the letters of a translation, `#casa` is no hashtag as it is behind `C++`.
    drawn = dict.fromkeys(draw_terms(text, data))
    terms = tuple(term for term in drawn if term[0].isalnum() and term[-1].isalnum())
    split = data.draw(st.integers(0, len(terms)))
    # No letters that addresses end with.
    translated = {term: f"Wört{number}ö" for number, term in enumerate(terms[split:])}
    result, kept = glossary(*terms[:split], **translated).apply(text, "en", NAMES)
    stretches = kept_texts(result, Vocabulary(NAMES, kept))
    for one in find_kept(text, Vocabulary(NAMES, terms)):
        thing = translated.get(one.term, text[one.start : one.end])
        assert any(thing in stretch for stretch in stretches)
    assert {one.term for one in find_terms(result, Vocabulary(NAMES, kept))} == set(kept)


async def set_terms(person: Person, group_id: str, *terms: dict[str, Any]) -> str:
    """Give a group a glossary; return the error's code, or nothing."""
    return (await person.put(f"/groups/{group_id}/glossary", {"terms": list(terms)})).error


@pytest.mark.gen_test
async def test_members_read_what_admins_have_set(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await people(http_client, base_url, "Ana", "Ben")
    address = f"/groups/{(await make_group(ana, ben))['id']}/glossary"
    assert (await ben.get(address)).json == []
    messy = {"term": "  Real   Chat\u00a0", "translations": {"pt-br": " bate-papo "}}
    cleaned = {"term": "Real Chat", "translations": {"pt-BR": "bate-papo"}}
    answer = await ana.put(address, {"terms": [messy, CASA]})
    assert (answer.status, answer.json) == (200, [cleaned, CASA])
    assert (await ben.get(address)).json == [cleaned, CASA]
    assert (await ana.put(address, {"terms": []})).json == []
    assert (await ben.get(address)).json == []


@pytest.mark.gen_test
async def test_a_glossary_is_read_by_members_and_set_by_admins(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben, eve = await people(http_client, base_url, "Ana", "Ben", "Eve")
    group = await make_group(ana, ben)
    address, body = f"/groups/{group['id']}/glossary", {"terms": [CASA]}
    assert (await ben.put(address, body)).error == "forbidden"
    assert (await eve.put(address, body)).error == "forbidden"
    assert (await eve.get(address)).error == "forbidden"
    await ana.put(f"/groups/{group['id']}/members/{ben.id}", {"role": "admin"})
    assert (await ben.put(address, body)).status == 200


@pytest.mark.gen_test
async def test_the_glossary_of_a_private_group_does_not_exist_for_others(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, eve = await people(http_client, base_url, "Ana", "Eve")
    group = await make_group(ana, private=True)
    for address in (f"/groups/{group['id']}/glossary", f"/groups/{'a' * 24}/glossary"):
        assert (await eve.get(address)).error == "not_found"
        assert (await eve.put(address, {"terms": []})).error == "not_found"
    assert (await ana.get("/groups/nonsense/glossary")).error == "not_found"


def many(number: int) -> list[dict[str, Any]]:
    """Return so many terms."""
    return [{"term": f"term {one}"} for one in range(number)]


def into(number: int) -> dict[str, str]:
    """Return translations into so many languages."""
    return {f"{one}{other}": "x" for one in "abcdef" for other in "uvwxyz"[:number]}


@pytest.mark.gen_test
async def test_a_glossary_has_up_to_two_hundred_terms_of_twenty_translations(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    (ana,) = await people(http_client, base_url, "Ana")
    address = f"/groups/{(await make_group(ana))['id']}/glossary"
    largest = [{"term": "a" * 100, "translations": dict(list(into(6).items())[:20])}]
    for terms in (many(200), largest):
        assert (await ana.put(address, {"terms": terms})).status == 200
        assert len((await ana.get(address)).json) == len(terms)


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        (many(201), "must be at most 200 terms"),
        ([{"term": "x", "translations": into(4)}], "must be at most 200 terms"),
        ([{"term": ""}], "must be at most 200 terms"),
        ([{"term": "  \t "}], "must be at most 200 terms"),
        ([{"term": "a" * 101}], "must be at most 200 terms"),
        ([{"term": "two\nlines"}], "must be at most 200 terms"),
        ([{"term": "over\u202eridden"}], "must be at most 200 terms"),
        ([{"term": "x", "translations": {"en": ""}}], "must be at most 200 terms"),
        ([{"term": "x", "translations": {"English": "x"}}], "must be at most 200 terms"),
        ([{"term": 1}], "must be at most 200 terms"),
        ("casa", "must be at most 200 terms"),
        ([{"term": "..."}], "must have letters or digits"),
        ([{"term": "x", "translations": {"en": "!"}}], "must have letters or digits"),
        ([{"term": "casa"}, {"term": " CASA"}], "must have each term once"),
        ([{"term": "Straße"}, {"term": "strasse"}], "must have each term once"),
        ([{"term": "x", "translations": {"en": "a", "en-GB": "b"}}], "must have one translation"),
        ([{"term": "x", "translations": {"pt": "a", "PT": "b"}}], "must have one translation"),
    ],
)
@pytest.mark.gen_test
async def test_a_glossary_that_is_none_is_refused(
    http_client: AsyncHTTPClient, base_url: str, terms: object, told: str
) -> None:
    (ana,) = await people(http_client, base_url, "Ana")
    address = f"/groups/{(await make_group(ana))['id']}/glossary"
    answer = await ana.put(address, {"terms": terms})
    assert (answer.status, answer.error) == (400, "validation_error")
    assert answer.fields["terms"].startswith(told)
    assert (await ana.get(address)).json == []


@pytest.mark.gen_test
async def test_what_a_term_does_not_have_is_refused(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    (ana,) = await people(http_client, base_url, "Ana")
    group_id = (await make_group(ana))["id"]
    assert await set_terms(ana, group_id, {"term": "casa", "case": True}) == "unknown_field"
    assert await set_terms(ana, group_id, {"translations": {}}) == "validation_error"
    assert await set_terms(ana, group_id, {"term": "x" * 300_000}) == "body_too_large"


@pytest.mark.gen_test
async def test_a_glossary_ends_with_its_group(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben = await people(http_client, base_url, "Ana", "Ben")
    gone, other = [(await make_group(ana, ben))["id"] for _ in range(2)]
    for group_id in (gone, other):
        assert await set_terms(ana, group_id, CASA) == ""
        assert (await services.glossaries.of(group_conversation(group_id))).terms == (LLAR,)
    await ana.delete(f"/groups/{gone}")
    await services.tasks.drain()
    kept = services.collections.glossaries
    assert (await kept.find(gone), len(await kept.find(other))) == ([], 1)
    assert (await services.glossaries.of(group_conversation(gone))).terms == ()


@pytest.mark.gen_test
async def test_a_direct_conversation_has_no_glossary(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    ana, ben = await people(http_client, base_url, "Ana", "Ben")
    assert (await services.glossaries.of(direct_conversation(ana.id, ben.id))).terms == ()


@pytest.mark.gen_test
async def test_a_change_by_another_process_is_heard_of(
    http_client: AsyncHTTPClient, base_url: str, services: Services
) -> None:
    (ana,) = await people(http_client, base_url, "Ana")
    group_id = (await make_group(ana))["id"]
    conversation = group_conversation(group_id)
    assert (await services.glossaries.of(conversation)).terms == ()
    await services.collections.glossaries.keep(group_id, [LLAR])
    assert (await services.glossaries.of(conversation)).terms == ()
    services.bus.publish(GlossaryChanged(group_id=group_id))
    assert (await services.glossaries.of(conversation)).terms == (LLAR,)


class TestWithAnEngine:
    """LibreTranslate's interface, a real engine behind it."""

    @pytest.fixture
    def settings(self, settings: Settings, engine: Engine) -> Settings:
        return structs.replace(settings, libretranslate_url=engine.url)

    @pytest.mark.gen_test
    async def test_readers_get_the_terms_of_their_group(
        self, http_client: AsyncHTTPClient, base_url: str, engine: Engine
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        group_id = (await make_group(ana, bru))["id"]
        assert (
            await set_terms(ana, group_id, CASA, {"term": "Calle Mayor"}, {"term": "RealChat"})
            == ""
        )
        text = "La casa de la calle Mayor es grande,\ny en realchat la mesa es roja 😀"
        async with device(bru) as phone:
            await ana.post("/messages", {"group_id": group_id, "content": text})
            assert (await phone.expect("message"))["content"] == text
            assert (await phone.expect("translation"))["content"] == (
                "La llar de la calle Mayor és gran,\ni en realchat la taula és vermella 😀"
            )
        assert "llar" not in "".join(engine.asked)

    @pytest.mark.gen_test
    async def test_a_term_is_translated_where_there_is_nothing_else(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        group_id = (await make_group(ana, bru))["id"]
        assert await set_terms(ana, group_id, CASA, {"term": "RealChat"}) == ""
        outcomes = []
        for text in ("casa", "La casa", "¡Hola casa! 😀", "RealChat"):
            sent = (await ana.post("/messages", {"group_id": group_id, "content": text})).json
            found = (await bru.get(f"/messages/{sent['id']}/translation")).json
            outcomes.append(found.get("content") or found["reason"])
        assert outcomes == ["llar", "La llar", "Hola llar! 😀", "nothing_to_translate"]

    @pytest.mark.gen_test
    async def test_terms_count_in_their_group_alone(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        group_id, other = [(await make_group(ana, bru))["id"] for _ in range(2)]
        assert await set_terms(ana, group_id, CASA) == ""
        async with device(bru) as phone:
            for to, expected in (
                ({"group_id": group_id}, "La llar és gran"),
                ({"recipient_id": bru.id}, "La casa és gran"),
                ({"group_id": other}, "La casa és gran"),
                ({"group_id": group_id}, "La llar és gran"),
            ):
                sent = (await ana.post("/messages", {**to, "content": "La casa es grande"})).json
                address = f"/messages/{sent['id']}/translation"
                assert (await bru.get(address)).json["content"] == expected
                frames = await phone.settle()
                told = [one for one in frames if one["type"] == "translation"]
                assert {one["content"] for one in told if one["id"] == sent["id"]} <= {expected}

    @pytest.mark.gen_test
    async def test_a_changed_glossary_counts_for_what_was_said_before(
        self, http_client: AsyncHTTPClient, base_url: str
    ) -> None:
        ana, bru = await meet(http_client, base_url)
        group_id = (await make_group(ana, bru))["id"]
        body = {"group_id": group_id, "content": "La casa es grande"}
        sent = (await ana.post("/messages", body)).json
        address = f"/messages/{sent['id']}/translation"
        shown = []
        for terms in ([], [CASA], [{"term": "la casa"}], []):
            assert await set_terms(ana, group_id, *terms) == ""
            shown.append((await bru.get(address)).json["content"])
        assert shown == ["La casa és gran", "La llar és gran", "La casa és gran", "La casa és gran"]
        (read,) = (await bru.get("/messages/group", group_id=group_id)).json
        assert read["translation"]["content"] == "La casa és gran"
