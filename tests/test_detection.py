"""The language of a message: the sender's word, else what is detected, else the sender's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from confusion import (
    CONVERSATION,
    SENDER,
    Case,
    Circle,
    Text,
    detect,
    identify,
    knowing,
    mingling,
    rate,
    rate_wrong,
    reaching_out,
    read_texts,
    surprising,
)
from hypothesis import given
from hypothesis import strategies as st
from people import Person, register
from sockets import device
from tornado.httpclient import AsyncHTTPClient

from realchat import identifiers
from realchat.detection import Found, LanguageDetector
from realchat.fields import MAX_CONTENT
from realchat.identifiers import Py3Langid
from realchat.scripts import prose, says_something

SPANISH = "no puedo ir esta tarde, tengo que trabajar"
PORTUGUESE = "Olá, sou novo aqui e ainda não falo bem a língua de vocês"

# What has no letters, or none of a language: emoji, digits, marks, spaces.
unspoken = st.text(
    st.characters(categories=["Nd", "Nl", "No", "P", "S", "Z", "Cf"])
    | st.sampled_from("👍🏽🙈❤️1 "),
    max_size=200,
)


def find(text: str, sender: str = "en", *others: str, reads: Iterable[str] = ()) -> Found:
    """Detect the language of a text as the first message of its conversation."""
    circle = Circle(sender, others, reads)
    detector = LanguageDetector(Py3Langid(), circle)
    return asyncio.run(detector.detect(SENDER, CONVERSATION, circle.members, text))


def test_there_are_chat_texts_enough() -> None:
    texts = read_texts("measured")
    assert len(texts) >= 120
    assert len({text.lang[:2] for text in texts}) == 12
    assert len({text.content for text in [*texts, *read_texts("tuning")]}) == len(texts) + 216


def test_chat_texts_are_told_apart_by_nothing_but_the_text() -> None:
    assert asyncio.run(identify(read_texts("measured"))) >= 0.95


@pytest.mark.parametrize("setting", [knowing, reaching_out, mingling])
def test_the_language_of_chat_texts_is_found_where_somebody_uses_it(
    setting: Callable[[list[Text]], Iterator[Case]],
) -> None:
    results = asyncio.run(detect(setting(read_texts("measured"))))
    assert rate(results) >= 0.95
    assert rate_wrong(results) == 0


def test_a_language_that_nobody_uses_is_seldom_taken_for_another_one() -> None:
    results = asyncio.run(detect(surprising(read_texts("measured"))))
    assert rate(results) >= 0.8
    assert rate_wrong(results) <= 0.01


@given(unspoken, st.sampled_from(["en", "pt-br", "zh-TW", "xx"]))
def test_a_text_without_letters_is_in_the_senders_language_without_a_claim(
    text: str, lang: str
) -> None:
    found = find(text, lang, "es")
    assert (found.lang.lower(), found.detected) == (lang.lower(), False)


@given(st.text(max_size=MAX_CONTENT))
def test_every_text_has_a_language(text: str) -> None:
    assert find(text, "es", "en").lang


@pytest.mark.parametrize(
    "text",
    [
        "ok",
        "lol",
        "hahaha",
        "hmmm",
        "xD",
        "https://es.wikipedia.org/wiki/Lengua_espa%C3%B1ola_que_no_se_lee",
        "www.example.org/la-casa-es-grande",
        "@Lucia @Miguel_Gonzalez",
        "ana.gonzalez@correo.example.org",
        "#buenosdias",
        "la_casa_grande.pdf",
        "`la casa es muy grande y no puedo ir`",
        "```\nla casa es muy grande y no puedo ir\n```",
        "def casa(x): return x + 1",
        "if (casa == 1) { return grande; }",
        "",
    ],
)
def test_what_is_no_language_makes_no_claim(text: str) -> None:
    assert find(text, "en", "es") == Found("en", False)


@pytest.mark.parametrize(
    "left_out",
    [
        "https://example.org/the-best-words?a=1#b",
        "www.example.org",
        "example.org/words",
        "@Peter",
        "peter.smith@example.org",
        "#goodmorning",
        "my_file.pdf",
        "`the code`",
        "```\nthe code\n```",
        "print(words)",
        "",
    ],
)
def test_only_what_is_prose_is_looked_at(left_out: str) -> None:
    assert prose(f"nos vemos {left_out} mañana, creo") == "nos vemos mañana, creo"


@pytest.mark.parametrize("text", ["ok", "lol", "hahaha jaja", "hmmm xD", "ooooh wow", "👍 123 !?"])
def test_a_laugh_or_a_sigh_is_no_word(text: str) -> None:
    assert not says_something(text, latin=True)


@pytest.mark.parametrize("text", ["hola", "да", "好的", "ok gracias", "हाँ"])
def test_a_word_is_one(text: str) -> None:
    assert says_something(text, latin=text.isascii())


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        (f"{SPANISH} 😭 https://example.org/the-best-english-words-of-the-year", "es"),
        (f"@Peter_the_Great {SPANISH}", "es"),
        ("non posso venire stasera, devo lavorare", "it"),
        ("да", "ru"),
        ("привіт, як твої справи?", "uk"),
        ("ありがとうございます", "ja"),
        ("안녕하세요", "ko"),
        ("καλημέρα", "el"),
        ("שלום", "he"),
        ("สวัสดีครับ", "th"),
    ],
)
def test_what_is_clear_is_claimed_whoever_is_there(text: str, lang: str) -> None:
    assert find(text, "en", "es", "it") == Found(lang, True)


def test_a_newcomers_language_is_claimed_where_the_text_is_clear() -> None:
    assert find(PORTUGUESE, "es", "en") == Found("pt", True)


def test_a_language_that_cannot_be_looked_for_is_taken_for_no_other_one() -> None:
    assert find("Kei te pēhea koe i tēnei rā, e hoa?", "mi", "en") == Found("mi", False)


def test_hindi_in_latin_letters_is_taken_for_no_other_language() -> None:
    assert find("kya kar rahe ho aaj yaar", "hi", "en") == Found("hi", False)


@pytest.mark.parametrize(
    ("sender", "reads", "text", "lang"),
    [
        ("pt-br", (), PORTUGUESE, "pt-BR"),
        ("en", ("pt-BR",), PORTUGUESE, "pt-BR"),
        ("en-GB", (), PORTUGUESE, "pt"),
        ("nb", (), "jeg kommer ikke i kveld, jeg må jobbe", "nb"),
        ("zh-TW", (), "這個真的很好吃", "zh-TW"),
        ("zh-TW", (), "这个真的很好吃", "zh-Hans"),
        ("zh-CN", (), "這個真的很好吃", "zh-Hant"),
        ("zh", (), "这个真的很好吃", "zh-Hans"),
        ("zh-HK", (), "你好", "zh-HK"),
        ("en", (), "你好", "zh-Hans"),
    ],
)
def test_the_sender_decides_what_their_language_is_called_and_the_text_its_script(
    sender: str, reads: tuple[str, ...], text: str, lang: str
) -> None:
    assert find(text, sender, "en", reads=reads) == Found(lang, True)


def test_what_was_said_before_counts() -> None:
    circle = Circle("en", ["de"])
    detector = LanguageDetector(Py3Langid(), circle)

    async def hear(text: str) -> Found:
        return await detector.detect(SENDER, CONVERSATION, circle.members, text)

    async def talk() -> tuple[Found, Found]:
        before = await hear("compra leche de camino, porfa")
        for _ in range(5):
            detector.believe(SENDER, CONVERSATION, "es")
        return before, await hear("compra leche de camino, porfa")

    assert asyncio.run(talk()) == (Found("en", False), Found("es", True))


def test_without_its_model_nothing_is_claimed_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(identifiers, "MODEL_FILE", "missing")
    monkeypatch.setattr(identifiers, "_read_in_thread", identifiers._read_in_thread.__wrapped__)
    assert find(SPANISH, "en", "es") == Found("en", False)
    assert "languages are not detected" in caplog.text


async def meet(http: AsyncHTTPClient, base_url: str) -> tuple[Person, Person]:
    """Register Ana, whose language is English, and Ben, whose is Spanish."""
    return (
        await register(http, base_url, "Ana", language="en"),
        await register(http, base_url, "Ben", language="es"),
    )


def language_of(message: dict[str, Any]) -> tuple[str, bool]:
    """Return what a message says of its language."""
    return message["content_lang"], message["detected"]


@pytest.mark.gen_test
async def test_readers_are_told_that_a_language_was_detected(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await meet(http_client, base_url)
    async with device(ben) as phone, device(ana) as writer:
        sent = await ana.post("/messages", {"recipient_id": ben.id, "content": SPANISH})
        await writer.command("send_message", recipient_id=ben.id, content="see you tomorrow then")
        first, second = await phone.expect("message"), await phone.expect("message")
    assert language_of(sent.json) == language_of(first) == ("es", True)
    assert "translation" not in first
    assert language_of(second) == ("en", True)
    assert second["translation"]["lang"] == "es"


@pytest.mark.gen_test
async def test_history_lists_and_search_have_the_detected_language(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await meet(http_client, base_url)
    await ana.post("/messages", {"recipient_id": ben.id, "content": SPANISH})
    (read,) = (await ben.get("/messages/dm", user_id=ana.id)).json
    (listed,) = (await ben.get("/conversations")).json
    (hit,) = (await ben.get("/messages/search", q="trabajar", lang="es")).json
    assert language_of(read) == ("es", True)
    assert language_of(listed["last_message"]) == language_of(hit["message"]) == ("es", True)


@pytest.mark.gen_test
async def test_a_stated_language_is_never_overruled(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await meet(http_client, base_url)
    body = {"recipient_id": ben.id, "content": SPANISH, "content_lang": "fr-ca"}
    async with device(ben) as phone, device(ana) as writer:
        sent = await ana.post("/messages", body)
        await writer.command("send_message", **body)
        heard = [await phone.expect("message") for _ in range(2)]
    read = (await ben.get("/messages/dm", user_id=ana.id)).json
    assert {language_of(one) for one in [sent.json, *heard, *read]} == {("fr-CA", False)}


@pytest.mark.gen_test
async def test_a_message_that_says_nothing_is_in_its_senders_language(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await meet(http_client, base_url)
    for content in ("👍", "123", "ok", "https://example.org/hola"):
        sent = await ana.post("/messages", {"recipient_id": ben.id, "content": content})
        assert language_of(sent.json) == ("en", False)


@pytest.mark.gen_test
async def test_an_edited_text_is_detected_anew(http_client: AsyncHTTPClient, base_url: str) -> None:
    ana, ben = await meet(http_client, base_url)
    sent = await ana.post("/messages", {"recipient_id": ben.id, "content": SPANISH})
    async with device(ben) as phone:
        await ana.patch(f"/messages/{sent.json['id']}", {"content": PORTUGUESE})
        assert language_of(await phone.expect("message_updated")) == ("pt", True)
    (read,) = (await ben.get("/messages/dm", user_id=ana.id)).json
    assert language_of(read) == ("pt", True)


@pytest.mark.gen_test
async def test_an_edit_that_says_nothing_leaves_the_language(
    http_client: AsyncHTTPClient, base_url: str
) -> None:
    ana, ben = await meet(http_client, base_url)
    sent = await ana.post("/messages", {"recipient_id": ben.id, "content": SPANISH})
    edited = await ana.patch(f"/messages/{sent.json['id']}", {"content": "👍"})
    assert language_of(edited.json) == ("es", True)


@pytest.mark.gen_test
@pytest.mark.parametrize(("content", "lang"), [(SPANISH, "fr"), (SPANISH, "es"), ("ok", "fr")])
async def test_a_stated_language_outlasts_an_edit(
    http_client: AsyncHTTPClient, base_url: str, content: str, lang: str
) -> None:
    ana, ben = await meet(http_client, base_url)
    body = {"recipient_id": ben.id, "content": content, "content_lang": lang}
    sent = await ana.post("/messages", body)
    edited = await ana.patch(f"/messages/{sent.json['id']}", {"content": PORTUGUESE})
    assert language_of(edited.json) == (lang, False)
