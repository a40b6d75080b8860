"""What must survive translation: kept from the engine, put back, and missed where it is lost."""

# ruff: noqa: RUF001 - of several scripts

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest
import regex
from engine import Engine
from hostile_texts import HOSTILE, LONG, NAMES, WORDLESS, Hostile
from hypothesis import example, given
from hypothesis import strategies as st

from realchat.errors import TranslationFailedError
from realchat.kept import Vocabulary, find_kept, find_terms, kept_texts, says_anything
from realchat.masking import Unit, mask
from realchat.proof import find_numbers, is_true, restore
from realchat.rendering import render

KNOWN = Vocabulary(names=NAMES)
TERMS = ("casa", "la puerta", "la casa blanca", "房子", "大きい", "дом", "es roja")
GLOSSED = Vocabulary(NAMES, TERMS)

MARK = re.compile(r"(\[X\d+X\])")
LINE_BREAKS = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")

Translate = Callable[[str], str]

each_text = pytest.mark.parametrize("hostile", HOSTILE, ids=[ascii(h.text)[:40] for h in HOSTILE])


def double(text: str) -> str:
    """Translate into a language in which every letter stands twice, and nothing else changes."""
    parts = MARK.split(text)
    parts[::2] = [regex.sub(r"(\p{L})", r"\1\1", part) for part in parts[::2]]
    return "".join(parts)


def squeeze(text: str) -> str:
    """Return a text without doubled letters, as which it and its translation are the same."""
    squeezed: str = regex.sub(r"(\p{L})\1+", r"\1", text)
    return squeezed


def asking(translate: Translate) -> Callable[[str], Awaitable[str]]:
    async def ask(text: str) -> str:
        return translate(text)

    return ask


def rendered(text: str, translate: Translate = double, vocabulary: Vocabulary = KNOWN) -> str:
    return asyncio.run(render(text, vocabulary, asking(translate)))


def outcome(text: str, translate: Translate, vocabulary: Vocabulary = KNOWN) -> str:
    """Return the translation, or the reason why there is none."""
    try:
        return rendered(text, translate, vocabulary)
    except TranslationFailedError as error:
        return f"! {error.reason}"


def assert_sound(hostile: Hostile, result: str) -> None:
    """Compare with the source by other means than those of the code under test."""
    place = 0
    for thing in hostile.kept:
        place = result.find(thing, place)
        assert place >= 0, f"lost or moved: {thing!r}"
        place += len(thing)
        assert result.count(thing) == hostile.text.count(thing)
    assert LINE_BREAKS.findall(result) == LINE_BREAKS.findall(hostile.text)
    assert re.findall(r"\d", result) == re.findall(r"\d", hostile.text)
    edges = [text[: len(text) - len(text.lstrip())] for text in (result, hostile.text)]
    assert edges[0] == edges[1]


def count_terms(text: str) -> int:
    """Count the terms in a text, by other means than those of the code under test."""
    spaced = r"(?<!\w)(?:casa|la puerta|дом|es roja)(?![\w\u0300-\u0302])|房子|大きい"
    return len(re.findall(spaced, text, re.IGNORECASE))


def test_the_table_has_at_least_150_texts() -> None:
    assert len({hostile.text for hostile in HOSTILE}) >= 150
    assert all(len(hostile.text) <= 10_000 for hostile in HOSTILE)


@each_text
def test_an_echo_put_back_is_the_text_itself(hostile: Hostile) -> None:
    for finely in (False, True):
        template = mask(hostile.text, KNOWN, finely=finely)
        whole, apart = [], []
        for unit in template.units:
            pieces = unit.pieces(unit.sent)
            assert pieces is not None
            whole.append(unit.put_back(pieces))
            gaps = [gap.fill(one.source for one in gap.units) for gap in unit.apart()]
            apart.append(unit.put_back(gaps))
        assert template.fill(whole) == template.fill(apart) == hostile.text


@each_text
def test_a_true_translation_changes_the_words_and_nothing_else(hostile: Hostile) -> None:
    result = outcome(hostile.text, double)
    if hostile in WORDLESS or not says_anything(hostile.text):
        assert result == "! nothing_to_translate"
    else:
        assert result != hostile.text
        assert squeeze(result) == squeeze(hostile.text)
        for thing in hostile.kept:
            assert result.count(thing) == hostile.text.count(thing)


@each_text
def test_the_engine_gets_nothing_that_is_to_be_kept(hostile: Hostile) -> None:
    for unit in mask(hostile.text, KNOWN).units:
        words = " ".join(unit.gaps)
        assert not any(thing in words for thing in hostile.kept)
        assert not LINE_BREAKS.search(unit.sent)


def saying(source: str, answer: str) -> Translate:
    """Return an engine that knows the lines of one text."""
    sent = [unit.sent for unit in mask(source).units]
    answers = dict(zip(sent, answer.splitlines(), strict=True))
    return lambda text: "\n\n".join(answers.get(line, line) for line in text.split("\n\n"))


def drop_last_sentence(text: str) -> str:
    """Leave out the last sentence of each line that has more than one."""
    return re.sub(r"(?m)(?<=[.!?。]) ?[^.!?。\n]+[.!?。]*$", "", text)


def swap(text: str) -> str:
    parts = MARK.split(text)
    parts[1::2] = parts[1::2][::-1]
    return "".join(parts)


# What engines do to a text, each in its own way.
SPOILERS: dict[str, Translate] = {
    "nothing": lambda text: "",
    "blanks": lambda text: " \n ",
    "echo": lambda text: text,
    "capitals": str.upper,
    "mark lost": lambda text: MARK.sub("", double(text)),
    "first mark lost": lambda text: MARK.sub("", double(text), count=1),
    "mark doubled": lambda text: MARK.sub(r"\1 \1", double(text)),
    "marks swapped": lambda text: swap(double(text)),
    "mark misspelled": lambda text: double(text).replace("X]", "]"),
    "mark spread": lambda text: MARK.sub(lambda m: " ".join(m[0].lower()), double(text)),
    "mark invented": lambda text: f"{double(text)} [X0X]",
    "spaces lost": lambda text: double(text).replace(" ", ""),
    "digits lost": lambda text: re.sub(r"(?<!X)\d(?!X)", "", double(text)),
    "digits changed": lambda text: re.sub(r"(?<!X)\d(?!X)", "8", double(text)),
    "only ASCII": lambda text: double(text).encode("ascii", "replace").decode(),
    "lines joined": lambda text: " ".join(double(text).split()),
    "lines reversed": lambda text: "\n\n".join(double(text).split("\n\n")[::-1]),
    "sentence lost": lambda text: drop_last_sentence(double(text)),
    "cut off": lambda text: double(text)[: len(text) // 3],
    "address invented": lambda text: f"{double(text)} https://evil.example",
    "emoji invented": lambda text: f"{double(text)} 😀",
    "number invented": lambda text: f"{double(text)} 77",
    "line invented": lambda text: double(text).replace(" ", "\n"),
    "babble": lambda text: double(text) + " blablabla" * 500,
    "controls": lambda text: "\0".join(double(text)),
    "unknown signs": lambda text: double(text).replace("a", "\u2047"),
}


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_whatever_an_engine_does_a_text_comes_through_sound_or_not_at_all(spoiler: str) -> None:
    for hostile in HOSTILE:
        result = outcome(hostile.text, SPOILERS[spoiler])
        if result not in ("! not_trusted", "! nothing_to_translate"):
            assert_sound(hostile, result)
            assert result != hostile.text


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_whatever_an_engine_does_all_terms_come_through_or_nothing_does(spoiler: str) -> None:
    for hostile in HOSTILE:
        result = outcome(hostile.text, SPOILERS[spoiler], GLOSSED)
        if result not in ("! not_trusted", "! nothing_to_translate"):
            assert_sound(hostile, result)
            assert count_terms(result) >= count_terms(hostile.text)
            assert result != hostile.text


@each_text
def test_with_terms_a_true_translation_changes_the_words_and_nothing_else(hostile: Hostile) -> None:
    result = outcome(hostile.text, double, GLOSSED)
    if result != "! nothing_to_translate":
        assert squeeze(result) == squeeze(hostile.text)
        assert count_terms(result) == count_terms(hostile.text)


NEVER_TRUSTED = [
    "nothing",
    "blanks",
    "echo",
    "mark invented",
    "address invented",
    "emoji invented",
    "number invented",
    "line invented",
    "babble",
    "controls",
    "unknown signs",
]


@pytest.mark.parametrize("spoiler", NEVER_TRUSTED)
def test_what_cannot_be_mended_is_not_trusted(spoiler: str) -> None:
    assert outcome("La casa es roja, ven a casa 😀", SPOILERS[spoiler]) == "! not_trusted"


@pytest.mark.parametrize(
    "spoiler",
    ["mark lost", "first mark lost", "mark doubled", "marks swapped", "mark misspelled"],
)
def test_what_an_engine_does_not_bring_back_is_translated_around(spoiler: str) -> None:
    text = "Hola @Ana María, mira https://a.es/x?y=1 con @Bru. La casa cuesta 1.000 euros!"
    expected = "HHoollaa @Ana María, mmiirraa https://a.es/x?y=1 ccoonn @Bru. "
    expected += "LLaa ccaassaa ccuueessttaa 1.000 eeuurrooss!"
    assert rendered(text, SPOILERS[spoiler]) == expected


def test_a_number_that_an_engine_changes_is_kept_from_it() -> None:
    text = "La casa cuesta 1.000,50 euros. La puerta es roja."
    result = rendered(text, SPOILERS["digits changed"])
    assert squeeze(result) == squeeze(text)


def test_marks_that_an_engine_spreads_are_known_again() -> None:
    asked = []

    def spread(text: str) -> str:
        asked.append(text)
        return SPOILERS["mark spread"](text)

    assert rendered("Hola @Ana ven", spread) == "HHoollaa @Ana vveenn"
    assert asked == ["Hola [X0X] ven"]


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("La casa es roja. La puerta es grande.", "La casa és vermella."),
        ("¿Vienes mañana? La casa es grande.", "La casa és gran, i la porta també ho és."),
        (
            "家は大きいです。ドアは赤いです。",
            "The house is big and that is all there is to say of it",
        ),
        ("La casa cuesta 1.5 euros", "La casa costa 15 euros"),
        ("La casa cuesta 1.000,50 euros", "La casa costa 1.000 euros"),
        ("La casa cuesta 5 o 10 euros", "La casa costa 10 o 5 euros"),
        ("Estamos a -5 grados", "Som a 5 graus"),
        ("La casa es roja", "La casa és vermella \u202e"),
        ("La casa de Ana es roja", "La casa d'Ana és vermella ana@casa.es"),
        ("La casa es roja", "La <b>casa</b> és vermella"),
        ("La casa es roja", "..."),
        ("La casa es roja y grande, y tiene muchas ventanas y puertas por todas partes", "Si"),
    ],
)
def test_an_answer_that_lost_or_added_something_is_not_taken(source: str, answer: str) -> None:
    (unit,) = mask(source).units
    assert restore(unit, answer) is None


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("La casa es roja.", "La casa es roja."),
        ("La casa es roja.", "la  CASA es roja!"),
        ("房子很大，门是红色的", "房子很大，门是红色的。"),
        ("Primera frase larga de todas\nBuenos días", "Primera frase larga de todas\nBon dia"),
        ("La casa es roja. 😀 Sí", "La casa es roja. [X0X] Yes"),
    ],
)
def test_the_source_is_never_shown_as_its_translation(source: str, answer: str) -> None:
    assert outcome(source, saying(source, answer)) == "! not_trusted"


def test_a_sentence_that_an_engine_drops_is_asked_for_by_itself() -> None:
    text = "La casa es grande. La puerta es roja. ¿Vienes mañana? 家は大きい。そう。"
    assert rendered(text, SPOILERS["sentence lost"]) == double(text)


def test_sentences_that_needed_no_space_get_one() -> None:
    text = "家は大きいです。ドアは赤いです。"
    english = {"家は大きいです。": "The house is big.", "ドアは赤いです。": "The door is red."}

    def translate(text: str) -> str:
        return "\n\n".join(english.get(line, "Nice house") for line in text.split("\n\n"))

    assert rendered(text, translate) == "The house is big. The door is red."


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("Sí", "Yes"),
        ("La casa cuesta 1.000,50 euros", "The house costs 1,000.50 euros"),
        ("La casa cuesta 1000,50 euros", "The house costs 1,000.50 euros"),
        ("Costs 3 euros or ٤ euros", "Cuesta ٣ euros o 4 euros"),
        (
            "El Sr. Pérez vive en EE. UU. desde ayer.",
            "Mr Pérez has lived in the US since yesterday.",
        ),
        ("La casa es grande.", "房子很大"),
        ("三个人来了", "3 people came"),
        ("房子很大。门是红色的！", "The house is big. The door is red!"),
        ("Hola amigos.\nHow are you?", "Hello friends.\nHow are you?"),
        ("Bueno... no sé", "Well, I do not know"),
        ("Hotel Ritz en Madrid", "Ritz Hotel in Madrid"),
    ],
)
def test_what_languages_write_differently_is_trusted(source: str, answer: str) -> None:
    assert rendered(source, saying(source, answer)) == answer


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,000.50 1.000,50 1'000.50", ["1000", "50"] * 3),
        ("12:30 2026-11-22", ["12", "30", "2026", "11", "22"]),
        ("-5 5-6 −7", ["-5", "5", "6", "-7"]),
        ("0.05 H2O ½ 20%", ["0", "05", "2", "½", "20"]),
        ("none", []),
    ],
)
def test_numbers_are_compared_without_their_separators(text: str, numbers: list[str]) -> None:
    assert find_numbers(text) == numbers


def test_a_text_of_many_lines_is_asked_for_in_few_calls() -> None:
    asked: list[str] = []

    def translate(text: str) -> str:
        asked.append(text)
        return double(text)

    text = "\n".join(f"La casa número {number}" for number in range(400))
    assert squeeze(rendered(text, translate)) == squeeze(text)
    assert len(asked) <= 8


def test_an_engine_that_mixes_up_lines_is_asked_for_each() -> None:
    text = "La casa\nLa puerta\nEl coche"
    assert rendered(text, SPOILERS["lines joined"]) == double(text)


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_no_text_takes_more_than_so_many_calls(spoiler: str) -> None:
    many_lines = Hostile("\n".join(f"La casa número {number}" for number in range(100)))
    for hostile in (*LONG, many_lines):
        asked: list[str] = []

        def translate(text: str, asked: list[str] = asked) -> str:
            asked.append(text)
            return SPOILERS[spoiler](text)

        outcome(hostile.text, translate)
        assert len(asked) <= 40


def test_what_grows_together_with_its_neighbour_is_not_trusted() -> None:
    def translate(text: str) -> str:
        return MARK.sub("", text).replace("看", "Look").replace("（好）", "/good")

    assert outcome("看 https://a.es/b（好）", translate) == "! not_trusted"


def test_why_an_engine_refuses_is_passed_on() -> None:
    def refuse(text: str) -> str:
        raise TranslationFailedError("rate_limited")

    assert outcome("La casa 😀 es roja", refuse) == "! rate_limited"


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("看https://a.es/b谢谢你", "Look [X0X] thank you", "Look https://a.es/b thank you"),
        ("mira https://a.es/b ahora", "mira[X0X]ara", "mira https://a.es/b ara"),
        ("la casa (https://a.es/b) roja", "la casa ( [X0X] ) vermella", None),
        ("la casa de @Ana", "[X0X]'s house", "@Ana's house"),
        ("la casa  😀  roja", "la casa [X0X] vermella", "la casa  😀  vermella"),
        ("la casa😀roja", "la casa [X0X] vermella", "la casa😀vermella"),
    ],
)
def test_white_space_at_what_is_kept_is_as_it_was(
    text: str, answer: str, expected: str | None
) -> None:
    (unit,) = mask(text).units
    restored = restore(unit, answer)
    assert restored == (expected or "la casa (https://a.es/b) vermella")


# Texts of all that matters to the code, in any order.
WORDS = """
casa Hola 你好 بيت EE. @Ana @Ana_María https://a.es/x?y=1 a@b.es `x` `` ` ``` 😀 🇪🇸 1.000,5 -7 . ! ?
。 , ( ) < > <b> &amp; [X0X] [ x1 x ] # #a : :) \u0301 \u200d \ufe0f
"""
fragments = st.lists(
    st.one_of(
        st.sampled_from(WORDS.split()),
        st.sampled_from([" ", "  ", "\n", "\r\n", "\t", "\u2028", "\u00a0", "\x1f", ""]),
        st.text(max_size=4),
    ),
    max_size=30,
).map("".join)


@given(fragments, st.booleans())
@example("casa.#😀", False)
def test_any_text_cut_and_put_back_is_the_same(text: str, finely: bool) -> None:
    template = mask(text, KNOWN, finely=finely)
    assert template.fill(unit.source for unit in template.units) == text
    for unit in template.units:
        pieces = unit.pieces(unit.sent)
        assert pieces is not None
        assert unit.put_back(pieces) == unit.source


@given(fragments)
def test_no_text_comes_back_with_something_else_kept(text: str) -> None:
    result = outcome(text, SPOILERS["marks swapped"])
    if not result.startswith("! "):
        assert kept_texts(result, KNOWN) == kept_texts(text, KNOWN)


def draw_terms(text: str, data: st.DataObject) -> tuple[str, ...]:
    """Return parts of a text and others, as terms."""
    places = st.integers(0, len(text))
    parts = st.tuples(places, places).map(lambda two: text[min(two) : max(two)])
    terms = data.draw(st.lists(st.one_of(parts, st.text(min_size=1, max_size=4)), max_size=8))
    return tuple(" ".join(term.split()) for term in terms if re.search(r"\w", term))


@given(fragments, st.data(), st.booleans())
def test_with_any_terms_a_text_cut_and_put_back_is_the_same(
    text: str, data: st.DataObject, finely: bool
) -> None:
    vocabulary = Vocabulary(NAMES, draw_terms(text, data))
    template = mask(text, vocabulary, finely=finely)
    assert template.fill(unit.source for unit in template.units) == text
    for unit in template.units:
        pieces = unit.pieces(unit.sent)
        assert pieces is not None
        assert unit.put_back(pieces) == unit.source


@given(fragments, st.data(), st.booleans())
def test_terms_and_what_is_kept_besides_never_overlap(
    text: str, data: st.DataObject, numbers: bool
) -> None:
    vocabulary = Vocabulary(NAMES, draw_terms(text, data))
    kept = list(find_kept(text, vocabulary, numbers=numbers))
    ends = [one.end for one in kept]
    assert all(end <= one.start for end, one in zip(ends, kept[1:], strict=False))
    terms = [one for one in kept if one.kind == "term"]
    # What is kept without terms is kept with them: by itself, or as a part of one.
    for other in find_kept(text, KNOWN):
        assert other in kept or any(
            term.start <= other.start and other.end <= term.end for term in terms
        )
    assert numbers or terms == find_terms(text, vocabulary)


@given(fragments, st.data())
def test_no_text_comes_back_with_a_term_less(text: str, data: st.DataObject) -> None:
    vocabulary = Vocabulary(NAMES, draw_terms(text, data))
    result = outcome(text, SPOILERS["marks swapped"], vocabulary)
    if not result.startswith("! "):
        assert len(find_terms(result, vocabulary)) >= len(find_terms(text, vocabulary))


units = st.lists(st.sampled_from(["Hola ", " la casa", " y ", ", ", "房子"]), min_size=2).map(
    lambda gaps: Unit(tuple(gaps), tuple(f"https://a.es/{n}" for n in range(len(gaps) - 1)))
)


@given(units, st.data())
def test_any_mark_that_is_lost_doubled_or_moved_is_missed(unit: Unit, data: st.DataObject) -> None:
    marks = MARK.findall(unit.sent)
    marked = data.draw(st.sampled_from(marks))
    other = data.draw(st.sampled_from([mark for mark in marks if mark != marked] or [""]))
    assert unit.pieces(unit.sent) is not None
    assert unit.pieces(unit.sent.replace(marked, "")) is None
    assert unit.pieces(unit.sent.replace(marked, marked * 2)) is None
    assert unit.pieces(f"{unit.sent} {marked}") is None
    if other:
        moved = unit.sent.replace(marked, "?").replace(other, marked).replace("?", other)
        assert unit.pieces(moved) is None


@given(st.text(alphabet="a .!?`@#<&:[x1()/-\n，。家é\u0301", max_size=400))
def test_no_text_is_too_odd_to_be_cut(text: str) -> None:
    outcome(text, double)


@pytest.mark.parametrize(
    ("text", "terms", "kept"),
    [
        ("La casa, ¡CASA! y Casa", ["casa"], ["casa", "CASA", "Casa"]),
        ("casas encasado la_casa casa_1 cása casa2 casa\u0301", ["casa"], []),
        ("_casa_ *casa* 'casa' l'casa casa's (casa)", ["casa"], ["casa"] * 6),
        ("我在微软工作，微软Office", ["微软"], ["微软", "微软"]),
        ("か\u3099 か", ["か"], ["か"]),
        ("회의는 팀즈에서", ["팀즈"], ["팀즈"]),
        ("STRASSE straße", ["Straße"], ["STRASSE", "straße"]),
        ("caf\u00e9 cafe\u0301 cafe", ["caf\u00e9"], ["caf\u00e9", "cafe\u0301"]),
        ("la  casa la\u00a0casa la\ncasa", ["la casa"], ["la  casa", "la\u00a0casa"]),
        ("La Casa Blanca es la casa", ["casa", "la casa", "Casa Blanca"], ["La Casa", "la casa"]),
        ("ver la casa blanca", ["la casa azul", "casa"], ["casa"]),
        ("b ab a b a b", ["b a b"], ["b a b"]),
        ("C++ y C# y .NET, no ASP", ["c++", "C#", ".net", "C"], ["C++", "C#", ".NET"]),
        ("I ❤ NY y ❤", ["I ❤ NY"], ["I ❤ NY", "❤"]),
        ("`casa` #casa :casa: https://a.es/casa @casa casa@a.es", ["casa"], None),
        ("ver https://a.es ver", ["ver https", "ver"], ["ver", "https://a.es", "ver"]),
        ("Booking.com Plus", ["booking.com plus"], ["Booking.com Plus"]),
        ("[X0X]", ["X0X", "x"], ["[X0X]"]),
        ("(a+)+ casa", ["(a+)+", "a"], ["(a+)+"]),
        ("hola @Ana María", ["María"], ["@Ana María"]),
    ],
)
def test_a_term_is_kept_where_it_is_a_word_of_its_own(
    text: str, terms: list[str], kept: list[str] | None
) -> None:
    vocabulary = Vocabulary(NAMES, tuple(terms))
    assert kept_texts(text, vocabulary) == (kept_texts(text, KNOWN) if kept is None else kept)


def test_a_term_with_a_number_is_kept_as_a_whole() -> None:
    vocabulary = Vocabulary(terms=("Windows 11",))
    kept = [
        text[one.start : one.end]
        for text in ("Windows 11", "Windows 11.5, 12")
        for one in find_kept(text, vocabulary, numbers=True)
    ]
    assert kept == ["Windows 11", "Windows 11", "12"]


def test_a_term_is_kept_from_the_engine_in_its_place() -> None:
    asked = []

    def translate(text: str) -> str:
        asked.append(text)
        return "[X0X] is nice"

    vocabulary = Vocabulary(terms=("la casa", "Apertium"))
    assert rendered("Apertium LA CASA es bonita", translate, vocabulary) == (
        "Apertium LA CASA is nice"
    )
    assert asked == ["[X0X] es bonita"]


def test_a_term_that_an_engine_finds_by_itself_is_no_fault() -> None:
    (unit,) = mask("La house y la vivienda", Vocabulary(terms=("house",))).units
    vocabulary = Vocabulary(terms=("house",))
    assert restore(unit, "The [X0X] and the house", vocabulary) == "The house and the house"


@pytest.mark.parametrize("text", ["llar", "La llar", "Hola, llar!", "llar 😀"])
def test_a_text_with_nothing_left_to_translate_is_one_if_a_term_was_put_in(text: str) -> None:
    vocabulary = Vocabulary(terms=("llar",))
    assert outcome(text, SPOILERS["echo"], vocabulary).startswith("! ")
    assert outcome(text, SPOILERS["echo"], vocabulary._replace(is_begun=True)) == text


def test_a_sentence_that_comes_back_is_an_echo_with_a_term_put_in_too() -> None:
    vocabulary = Vocabulary(terms=("llar",), is_begun=True)
    text = "La llar es roja y grande"
    assert outcome(text, SPOILERS["echo"], vocabulary) == "! not_trusted"


@pytest.mark.parametrize(
    "translation", ["The home is red", "The houses are red", "flat house", "The house is red"]
)
def test_a_translation_without_one_of_its_terms_is_not_true(translation: str) -> None:
    assert not is_true("La house o flat es roja", translation, Vocabulary(terms=("house", "flat")))


# Apertium takes a part of a second to start, so some of each kind; all were tried.
SAMPLE = HOSTILE[::9]


@pytest.mark.gen_test(timeout=120)
async def test_a_real_engine_brings_texts_through_sound() -> None:
    engine = Engine()
    engine.stop()  # its translations are asked for without HTTP
    turns = asyncio.Semaphore(2)

    async def ask(text: str) -> str:
        async with turns:
            return await engine.translate(text, "es", "ca")

    async def bring(hostile: Hostile) -> str:
        try:
            result = await render(hostile.text, KNOWN, ask)
        except TranslationFailedError as error:
            return error.reason
        assert_sound(hostile, result)
        return "ready"

    reasons = await asyncio.gather(*map(bring, SAMPLE))
    assert reasons.count("ready") >= len(SAMPLE) * 2 // 3
