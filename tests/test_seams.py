"""What stands where words meet what is kept, and where lines begin: neither lost nor doubled."""

# ruff: noqa: RUF001 - of several scripts

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

import pytest
import regex
from engine import Engine
from hypothesis import given
from hypothesis import strategies as st
from test_masking import MARK, Translate, double, fragments, outcome, rendered, squeeze

from realchat import phrases
from realchat.kept import Vocabulary
from realchat.masking import mask
from realchat.phrases import Phrase
from realchat.proof import restore
from realchat.rendering import render
from realchat.seams import join, lead, trail, trim

KEPT = ("@Ana", "https://a.es/x", "😀", "`x`")
SEPARATORS = (
    *(", ", ". ", ": ", "; ", " - ", " – ", " — ", "! ", "? ", "… ", "... ", " ... ", "?! "),
    *("، ", "؛ ", "؟ ", "। ", "，", "、", "。", "：", "！", "？", ") ", " (", '" ', ' "'),
)
AROUND = ("()", "[]", "«»", "“”", "「」", "（）", '""', "''", ("**", "**"), ("((", "))"))
PLACES = (
    "{one}{sign}Hola amigo",
    "Hola amigo{sign}{one}",
    "Hola{sign}{one} amigo",
    "Hola {one}{sign}amigo, ven.",
    "{one}{sign}{two}{sign}ven aquí",
    "ven{sign}{one}{sign}{two} aquí",
    "{one} y {two}{sign}ven aquí",
    "你好{one}{sign}你好吗",
)
SEAMS = [
    place.format(one=one, two=two, sign=sign)
    for place, sign, (one, two) in product(
        PLACES, SEPARATORS, zip(KEPT, (*KEPT[1:], KEPT[0]), strict=True)
    )
] + [
    f"{before}{pair[0]}{one}{pair[1]}{behind}"
    for pair, one, (before, behind) in product(
        AROUND,
        KEPT,
        (("Hola ", " amigo"), ("Hola ", ", ven"), ("", " ven aquí"), ("ven aquí ", "")),
    )
]


def line_by_line(change: Callable[[str], str]) -> Translate:
    """Return an engine that does to each of its lines the same, and doubles its letters."""
    return lambda text: "\n\n".join(change(double(line)) for line in text.split("\n\n"))


# Engines that bring no mark back: so all is translated in pieces.
BLUNT = line_by_line(lambda line: regex.sub(r"^[^\p{L}]+|[^\p{L}]+$", "", MARK.sub(" ", line)))
EAGER = line_by_line(lambda line: f"{MARK.sub(' ', line).strip(' ,.!?…؟।。！？')}.")
# An engine that brings back the marks, and nothing of what stands beside them.
CARELESS = line_by_line(lambda line: re.sub(r"[^\w\[\]]*(\[X\d+X\])[^\w\[\]]*", r" \1 ", line))


def find_wrong(engine: Translate, level: Callable[[str], str] = squeeze) -> dict[str, str]:
    """Return the texts that come back with anything but their letters doubled."""
    results = {text: outcome(text, engine) for text in SEAMS}
    return {text: got for text, got in results.items() if level(got) != level(text)}


@pytest.mark.parametrize("engine", [BLUNT, CARELESS], ids=["no marks", "nothing beside them"])
def test_the_signs_beside_what_is_kept_are_as_they_were(engine: Translate) -> None:
    assert len(SEAMS) >= 1_000
    assert find_wrong(engine) == {}


def test_where_an_engine_ends_its_sentences_in_its_own_way_no_sign_is_doubled_or_lost() -> None:
    def level(text: str) -> str:
        ends: str = regex.sub(r"[.!?…؟।。！？]++ ?", ". ", squeeze(text))
        return ends.rstrip(". ")

    assert find_wrong(EAGER, level) == {}


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("Hello @Ana, how are you?", "Hola [X0X] ¿cómo estás?", "Hola @Ana, ¿cómo estás?"),
        ("Hello @Ana, how are you?", "Hola [X0X]¿cómo estás?", "Hola @Ana, ¿cómo estás?"),
        ("Hello @Ana, how are you?", "Hola, [X0X] ¿cómo estás?", "Hola, @Ana ¿cómo estás?"),
        ("Hello @Ana, how are you?", "Hola, [X0X]¿cómo estás?", "Hola, @Ana ¿cómo estás?"),
        ("Hello @Ana, how are you?", "Hola [X0X] , ¿cómo estás?", "Hola @Ana, ¿cómo estás?"),
        ("Hello @Ana, how are you?", "Hola [X0X]: ¿cómo estás?", "Hola @Ana: ¿cómo estás?"),
        ("Hello @Ana, how are you?", "你好[X0X]，你好吗？", "你好 @Ana，你好吗？"),
        ("你好@Ana，你好吗？", "Hello [X0X], how are you?", "Hello @Ana, how are you?"),
        ("你好@Ana，你好吗？", "Hello [X0X] how are you?", "Hello @Ana，how are you?"),
        ("好。`x`你好吗？", "Good. [X0X] how are you?", "Good. `x` how are you?"),
        ("好。`x`你好吗？", "Good.[X0X]how are you?", "Good. `x` how are you?"),
        ("هل أنت هنا؟ @Ana، نعم", "Are you here? [X0X] yes", "Are you here? @Ana، yes"),
        ("घर बड़ा है। @Ana, हाँ", "The house is big. [X0X] yes", "The house is big. @Ana, yes"),
        ("La casa de @Ana, roja", "[X0X]'s house, red", "@Ana's house, red"),
        ("@Ana's house is red", "La casa de [X0X] es roja", "La casa de @Ana es roja"),
        ("La casa (https://a.es) roja", "The house [X0X] red", "The house (https://a.es) red"),
        ("La casa (@Ana)", "The house [X0X]", "The house (@Ana)"),
        ("@Ana, @Bru y Eva", "[X0X] [X1X] and Eva", "@Ana, @Bru and Eva"),
        ("@Ana, @Bru y Eva", "[X0X]、[X1X]和Eva", "@Ana、@Bru 和Eva"),
        ("@Ana, @Bru: ven", "[X0X] and [X1X]: come", "@Ana and @Bru: come"),
        ("¿@Ana viene?", "[X0X] is coming?", "@Ana is coming?"),
        ("Son $ `x` o % `y` más", "[X0X] $ or [X1X] % more", "`x` $ or `y` % more"),
    ],
)
def test_signs_beside_a_mark_are_the_engines_unless_it_dropped_them(
    text: str, answer: str, expected: str
) -> None:
    (unit,) = mask(text).units
    assert restore(unit, answer) == expected


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Hello @Ana, how are you?", ["Hello", "how are you?"]),
        ("Is it here? Yes. @Ana: no", ["Is it here? Yes.", "no"]),
        ("The file (@Ana, Bru) is red", ["The file", "Bru) is red"]),
        ("@Ana (my boss) @Bru", ["(my boss)"]),
        ('@Ana said "yes" @Bru', ['said "yes"']),
        ('He is "@Ana" to us', ["He is", "to us"]),
        ("«@Ana» dice «hola» a `x`", ["dice «hola» a"]),
        ("@Ana's house", ["'s house"]),
        ("l'`x` que", ["l'", "que"]),
        ("@Ana ¿vienes? ¡Sí! `x`", ["¿vienes? ¡Sí!"]),
        ("@Ana - `x` -- (`y`)", []),
        ("你好@Ana，你好吗？`x`。", ["你好", "你好吗？"]),
    ],
)
def test_a_stretch_by_itself_goes_without_what_stands_beside_it(text: str, sent: list[str]) -> None:
    gaps = [gap for unit in mask(text).units for gap in unit.apart()]
    assert [unit.sent for gap in gaps for unit in gap.units] == sent


@pytest.mark.parametrize(
    ("source", "answer", "trimmed"),
    [
        ("Hello", "Hola.", "Hola"),
        ("Hello", "¡Hola!", "Hola"),
        ("how are you", "¿Cómo estás?", "Cómo estás"),
        ("Hello", "Hola,", "Hola"),
        ("Hello.", "Hola", "Hola."),
        ("Hello.", "¡Hola!", "¡Hola!"),
        ("你好。", "Hello.", "Hello."),
        ("look here:", "mira aquí", "mira aquí:"),
        ("(see here)", "(mira aquí)", "(mira aquí)"),
        ("(see here)", "(mira aquí).", "(mira aquí)"),
        ('say "yes"', 'di "sí"', 'di "sí"'),
    ],
)
def test_a_fragment_ends_as_it_did(source: str, answer: str, trimmed: str) -> None:
    assert trim(source, answer) == trimmed


@given(fragments)
def test_what_leads_and_trails_has_no_word_in_it(text: str) -> None:
    assert text.startswith(lead(text))
    assert text.endswith(trail(text))
    assert not regex.search(r"[\p{L}\p{N}]", lead(text) + trail(text))


@given(st.lists(fragments, min_size=1, max_size=4))
def test_what_is_joined_of_the_gaps_themselves_is_the_gaps(gaps: list[str]) -> None:
    assert join(gaps, gaps) == gaps


@given(fragments)
def test_any_text_set_apart_is_the_same(text: str) -> None:
    for unit in mask(text, finely=True).units:
        gaps = [gap.fill(one.source for one in gap.units) for gap in unit.apart()]
        assert unit.put_back(gaps) == unit.source


LISTS = """
- La casa es roja
* La puerta es grande
  - La mesa es roja
+ La calle
• El coche
– La ventana
> La casa es roja
>> La mesa
> - La puerta
>La calle
1. La casa
2) La puerta
10. La mesa
(3) La calle
a) La casa
B) La mesa
iv) La puerta
# La casa
### La puerta
- [ ] La mesa
- [x] La calle
\t* La casa
- 😀 La puerta
- @Ana la mesa es roja
1. `x` es roja
3、La casa
""".strip("\n").split("\n")  # fmt: skip


def test_what_a_line_of_a_list_begins_with_never_reaches_an_engine() -> None:
    sent = [unit.sent for line in LISTS for unit in mask(line).units]
    assert len(sent) == len(LISTS)
    assert [one for one in sent if not re.match(r"(El|La) |\[X0X\] (la|es) ", one)] == []


@pytest.mark.parametrize("between", ["\n", "\n\n", "\r\n", "\u2028"])
def test_a_list_stays_a_list_whatever_becomes_of_its_words(between: str) -> None:
    text = between.join(LISTS)
    assert squeeze(rendered(text, BLUNT)) == squeeze(text)


@pytest.mark.parametrize(
    "text",
    [
        *("-5 grados hoy", "*La casa* roja", "#casa roja", "1.5 litros", "1.000 euros", ">:( no"),
        *(
            "1000. La casa",
            "ab) La casa",
            "A. La casa",
            "**La casa** roja",
            "3G y 4G",
            "(a la casa)",
        ),
    ],
)
def test_what_only_looks_like_a_list_is_a_part_of_its_sentence(text: str) -> None:
    assert [unit.source for unit in mask(text).units] == [text]


def test_a_term_at_the_start_of_a_line_is_no_number_of_a_list() -> None:
    (unit,) = mask("1. FC juega hoy", Vocabulary(terms=("1. FC",))).units
    assert unit.sent == "[X0X] juega hoy"


SIGNS = [f"La casa es roja {sign} la puerta es grande" for sign in ("&", "+", "|", "=", "/", "→")]


@pytest.mark.parametrize("text", SIGNS)
def test_what_an_engine_leaves_out_behind_a_sign_is_asked_for_by_itself(text: str) -> None:
    sign = text.split("roja ")[1][0]
    half = line_by_line(lambda line: re.split(rf" (?:\{sign}|\[X0X\]) ", line)[0])
    assert rendered(text, half) == double(text)


def test_a_sign_that_comes_back_stays_in_its_sentence() -> None:
    asked: list[str] = []

    def translate(text: str) -> str:
        asked.append(text)
        return double(text)

    assert rendered(SIGNS[0], translate) == double(SIGNS[0])
    assert asked == [SIGNS[0]]


def test_what_was_made_in_another_manner_is_another_phrase(monkeypatch: pytest.MonkeyPatch) -> None:
    now = Phrase("Hola", "es", "ca").key("Apertium")
    monkeypatch.setattr(phrases, "_MANNER", "1")
    assert Phrase("Hola", "es", "ca").key("Apertium") != now


@pytest.mark.gen_test(timeout=60)
async def test_a_real_engine_keeps_lists_and_what_stands_beside_mentions() -> None:
    engine = Engine()
    engine.stop()  # its translations are asked for without HTTP

    async def ask(text: str) -> str:
        return await engine.translate(text, "es", "ca")

    text = "- La casa (@Ana), la puerta: https://a.es\n1. ¿Vienes, @Bru? Sí.\n> @Ana, la mesa roja"
    expected = (
        "- La casa (@Ana), la porta: https://a.es\n1. Véns, @Bru? Sí.\n> @Ana, la taula vermella"
    )
    assert await render(text, Vocabulary(), ask) == expected
