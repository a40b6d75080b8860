"""The Apertium engine: Debian's own programs, and what becomes of them when they fail."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine import skip_without_apertium
from hypothesis import given
from hypothesis import strategies as st
from parts import require
from tornado.ioloop import IOLoop

from realchat.apertium import Apertium, decode, encode, read_mode
from realchat.engine import Engine
from realchat.errors import TranslationFailedError
from realchat.pairs import Pair

SPANISH, CATALAN = "Buenos días, la casa es grande.", "Bon dia, la casa és gran."
PROGRAM = "lrx-proc"


def programs(name: str) -> list[int]:
    """Return the ids of this process's children of that name."""
    ids = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(each) for each in ids if Path(f"/proc/{each}/comm").read_text().strip() == name]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back_from_the_stream_format(text: str) -> None:
    assert decode(encode(text)) == text.replace("\0", " ")


@given(st.text("ab.\\[]{}^$/@<>~*#+&\n\0😀 "))
def test_every_special_character_comes_back_too(text: str) -> None:
    assert decode(encode(text)) == text.replace("\0", " ")


def test_a_mode_file_is_taken_apart_without_a_shell() -> None:
    mode = "lt-proc -w '/a b/x.bin' | tagger -g $2 y.prob | lt-proc $1 $(reboot) > z; ls `w` && q\n"
    assert read_mode(mode) == [
        ["lt-proc", "-w", "/a b/x.bin"],
        ["tagger", "-g", "y.prob"],
        ["lt-proc", "-n", "$(reboot)", ">", "z;", "ls", "`w`", "&&", "q"],
    ]


@pytest.mark.parametrize("mode", ["", "a | | b", "a |", "a 'b"])
def test_a_mode_file_that_is_no_pipeline_is_none(mode: str) -> None:
    with pytest.raises(ValueError, match=r"gap|quotation"):
        read_mode(mode)


class TestInstalled:
    """With Debian's packages."""

    @pytest.fixture
    def apertium(self, io_loop: IOLoop) -> Iterator[Apertium]:
        skip_without_apertium()
        apertium = Apertium(deadline=60)
        yield apertium
        io_loop.run_sync(apertium.close)
        assert programs(PROGRAM) == []

    @pytest.mark.gen_test
    async def test_reviewed_pairs_are_there_and_others_are_not(self, apertium: Apertium) -> None:
        pairs = await apertium.read_pairs()
        assert {("es", "ca"), ("ca", "es")} <= pairs
        assert ("en", "es") not in pairs
        with pytest.raises(TranslationFailedError, match="unsupported_pair"):
            await apertium.translate("the house", "en", "es")

    @pytest.mark.gen_test
    @pytest.mark.parametrize(
        ("pair", "text", "translated"),
        [
            (("es", "ca"), SPANISH, CATALAN),
            (("ca", "es"), CATALAN, SPANISH),
            (("es", "pt"), "La puerta roja es grande.", "A porta vermelha é grande."),
            (("pt", "es"), "A porta vermelha é grande.", "La puerta roja es grande."),
        ],
    )
    async def test_a_text_is_translated(
        self, apertium: Apertium, pair: Pair, text: str, translated: str
    ) -> None:
        installed = pair in await apertium.read_pairs()
        require(installed, "needs Apertium's Spanish-Portuguese: apt-get install apertium-es-pt")
        assert await apertium.translate(text, *pair) == translated

    @pytest.mark.gen_test
    async def test_the_programs_stay_up_from_text_to_text(self, apertium: Apertium) -> None:
        await apertium.translate(SPANISH, "es", "ca")
        first = programs(PROGRAM)
        await apertium.translate("La casa", "es", "ca")
        assert programs(PROGRAM) == first

    @pytest.mark.gen_test
    @pytest.mark.parametrize(
        ("text", "translated"),
        [
            ("la casa", "la casa"),
            ("La casa\n\n  es roja\n", "La casa\n\n  és vermella\n"),
            ("[la casa] {roja} ^a/b<n>$ \\x @Ana", "[la casa] {vermella} ^a/b<n>$ \\x @Ana"),
            ("<b>roja</b> ~roja~ *roja* #roja", "<b>vermella</b> ~vermella~ *vermella* #vermella"),
            ("roja\0roja", "vermella vermella"),
            ("roja 👩\u200d👩\u200d👧 🇪🇸 roja", "vermella 👩\u200d👩\u200d👧 🇪🇸 vermella"),
            (" \t ", " \t "),
            ("", ""),
            ("[]", "[]"),
            ("roja; ^$ ", "vermella; ^$ "),
            (".[]roja.[]", ".[]vermella.[]"),
        ],
    )
    async def test_what_is_no_word_passes_as_it_is(
        self, apertium: Apertium, text: str, translated: str
    ) -> None:
        assert await apertium.translate(text, "es", "ca") == translated

    @pytest.mark.gen_test
    async def test_the_longest_text_is_not_too_long(self, apertium: Apertium) -> None:
        text = "La casa es grande. " * (10_000 // 19)
        translated = await apertium.translate(text, "es", "ca")
        assert translated.count("La casa és gran.") == 10_000 // 19

    @pytest.mark.gen_test
    async def test_programs_that_died_are_started_again(self, apertium: Apertium) -> None:
        engine = Engine(apertium)
        await engine.translate(SPANISH, "es", "ca")
        (program,) = programs(PROGRAM)
        os.kill(program, signal.SIGKILL)
        assert await engine.translate(SPANISH, "es", "ca") == CATALAN


class TestOfOnesOwn:
    """With programs that are not Apertium's."""

    @pytest.fixture
    def modes(self, tmp_path: Path) -> Path:
        return tmp_path

    @staticmethod
    def install(modes: Path, script: str, deadline: float = 0.3) -> Apertium:
        """Make a script the one program of Spanish to Catalan."""
        program = modes / "program"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        (modes / "spa-cat.mode").write_text(str(program))
        return Apertium(modes, deadline=deadline)

    @pytest.mark.gen_test
    async def test_without_mode_files_there_are_no_pairs(self, modes: Path) -> None:
        assert await Apertium(modes).read_pairs() == frozenset()

    @pytest.mark.gen_test
    async def test_a_pair_without_its_programs_is_none(self, modes: Path) -> None:
        (modes / "spa-cat.mode").write_text("no-such-program x | cat")
        assert await Apertium(modes).read_pairs() == frozenset()

    @pytest.mark.gen_test
    @pytest.mark.parametrize(
        "script",
        [
            "exec sleep 60",
            "exit 1",
            "printf 'half\\0'; exec sleep 60",
            "printf '\\0'; exec sleep 60",
            "head -c 2000000 /dev/zero | tr '\\0' x; exec sleep 60",
        ],
    )
    async def test_programs_that_do_not_answer_are_ended(self, modes: Path, script: str) -> None:
        apertium = self.install(modes, script)
        with pytest.raises(TranslationFailedError, match="engine_failed"):
            await apertium.translate(SPANISH, "es", "ca")
        assert programs("sleep") == []

    @pytest.mark.gen_test
    async def test_programs_know_nothing_of_the_server_s_settings(
        self, modes: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JWT_ACCESS_SECRET", "very secret")
        apertium = self.install(modes, "env; printf '[]\\0'; exec sleep 60", deadline=30)
        seen = await apertium.translate(SPANISH, "es", "ca")
        assert "PATH=" in seen
        assert "secret" not in seen
        await apertium.close()


@pytest.mark.gen_test
async def test_other_data_are_another_version(tmp_path: Path) -> None:
    data = tmp_path / "spa-cat.bin"
    data.write_text("old")
    (tmp_path / "spa-cat.mode").write_text(f"cat -u {data} | cat")
    engine = Apertium(tmp_path)
    before = await engine.read_version("es", "ca")
    assert await engine.read_version("es", "ca") == before
    data.write_text("newer")
    assert await engine.read_version("es", "ca") != before
