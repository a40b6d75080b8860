"""The Apertium engine: Debian's packages on this machine, for those without a network.

A pair is a pipeline of a dozen small programs that stay up and pass each text on,
ended by a NUL (https://wiki.apertium.org/wiki/Pipeline). No shell is in between:
the mode file that names the programs is taken apart here.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import re
import shlex
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path

from realchat.errors import TranslationFailedError
from realchat.pairs import Pair

_MODES = Path("/usr/share/apertium/modes")
# The pairs that were read and found good enough to be shown, by the packages
# apertium-spa-cat and apertium-es-pt. Apertium has more, and most are worse.
_REVIEWED = {("es", "ca"): "spa-cat", ("ca", "es"): "cat-spa"} | {
    ("es", "pt"): "es-pt",
    ("pt", "es"): "pt-es",
}
# Seconds for a text; 10,000 characters take a tenth of that.
_DEADLINE = 5
# Bytes of a translation, well above what the longest message grows to.
_LONGEST = 1024 * 1024
# What a mode's placeholders stand for: unknown words without a mark, and nothing.
_PLACEHOLDERS = {"$1": ["-n"], "$2": []}

# What the stream format gives a meaning (https://wiki.apertium.org/wiki/Apertium_stream_format).
_SPECIAL = re.compile(r"[\[\]{}^$/\\@<>]")
_END = b"[]"
_TOKEN = re.compile(r"\\(.)|\.\[\](?!\[\])|\[((?:\\.|[^\]\\])*)\]", re.DOTALL)
_SENTENCE_END = re.compile(r"[.!?…:;]\s*\Z")


class Apertium:
    """The reviewed pairs of those that are installed."""

    name = "Apertium"
    where = "on this machine"

    def __init__(self, modes: Path = _MODES, deadline: float = _DEADLINE) -> None:
        """Use the mode files of a folder; `deadline` is in seconds, for each text."""
        self._modes = modes
        self._deadline = deadline
        self._pipelines: dict[Pair, Pipeline] = {}

    async def read_pairs(self) -> frozenset[Pair]:
        """Return the reviewed pairs whose programs and data are there."""
        return await asyncio.to_thread(self._find_pairs)

    async def translate(self, text: str, source: str, target: str) -> str:
        """Return the text in the target language, or raise `TranslationFailedError`."""
        pair = (source, target)
        if pair not in self._pipelines:
            self._pipelines[pair] = Pipeline(self._stages(pair), self._deadline)
        translated = await self._pipelines[pair].pass_through(encode(text))
        return decode(translated)

    async def read_version(self, source: str, target: str) -> str:
        """Return a digest of the sizes and dates of the programs and data of a pair."""
        return await asyncio.to_thread(self._digest, (source, target))

    async def close(self) -> None:
        """End all pipelines."""
        for pipeline in self._pipelines.values():
            await pipeline.close()

    def _find_pairs(self) -> frozenset[Pair]:
        return frozenset(pair for pair in _REVIEWED if self._is_installed(pair))

    def _is_installed(self, pair: Pair) -> bool:
        try:
            return all(shutil.which(stage[0]) for stage in self._stages(pair))
        except TranslationFailedError:
            return False

    def _digest(self, pair: Pair) -> str:
        words = itertools.chain.from_iterable(self._stages(pair))
        files = [Path(shutil.which(word) or word) for word in words if not word.startswith("-")]
        facts = [(file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.exists()]
        return hashlib.sha256(str(facts).encode()).hexdigest()[:12]

    def _stages(self, pair: Pair) -> list[list[str]]:
        try:
            return read_mode((self._modes / f"{_REVIEWED[pair]}.mode").read_text())
        except (OSError, ValueError, KeyError):
            raise TranslationFailedError("unsupported_pair") from None


class Pipeline:
    """Programs that stay up; they take one text at a time."""

    def __init__(self, stages: list[list[str]], deadline: float) -> None:
        self._stages = stages
        self._deadline = deadline
        self._turn = asyncio.Lock()
        self._processes: list[Process] = []

    async def pass_through(self, text: bytes) -> bytes:
        """Return what comes out for a text without NUL, or raise `TranslationFailedError`.

        A text without an answer, or with half of one, ends the programs: what they
        answer later is no answer to the next text. New ones get it once more, as it
        may be not the text at which they died.
        """
        async with self._turn:
            answer = None
            with suppress(TimeoutError):
                async with asyncio.timeout(self._deadline):
                    answer = await self._ask(text) or await self._ask(text)
        if answer is None:
            raise TranslationFailedError("engine_failed")
        return answer

    async def close(self) -> None:
        """End the programs."""
        async with self._turn:
            await self._end()

    async def _ask(self, text: bytes) -> bytes | None:
        """Return the answer; None when the programs failed, and then they are ended."""
        whole = False
        try:
            answer = await self._exchange(text)
            whole = answer.endswith(_END)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return None
        finally:
            if not whole:
                await self._end()
        return answer if whole else None

    async def _exchange(self, text: bytes) -> bytes:
        if not self._processes:
            await self._start()
        entrance, outlet = self._processes[0].stdin, self._processes[-1].stdout
        assert entrance is not None  # it was asked for as PIPE,
        assert outlet is not None  # and so was this
        entrance.write(text + b"\0")
        return (await outlet.readuntil(b"\0"))[:-1]

    async def _start(self) -> None:
        last = len(self._stages) - 1
        source: int = PIPE
        for number, (program, *options) in enumerate(self._stages):
            outlet, sink = (None, PIPE) if number == last else os.pipe()
            try:
                self._processes.append(await _spawn([program, "-z", *options], source, sink))
            except BaseException:
                _close(outlet)
                raise
            finally:
                _close(source)
                _close(sink)
            source = PIPE if outlet is None else outlet

    async def _end(self) -> None:
        processes, self._processes = self._processes, []
        # The last one first: the others would end by themselves meanwhile.
        for process in reversed(processes):
            if process.returncode is None:
                process.kill()
        for process in processes:
            await process.wait()


async def _spawn(command: list[str], source: int, sink: int) -> Process:
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=source,
        stdout=sink,
        stderr=DEVNULL,
        limit=_LONGEST,
        # Nothing of the server's own, where its secrets may be; and no
        # Ctrl-C of its terminal, before what is under way is finished.
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
        start_new_session=True,
    )


def _close(descriptor: int | None) -> None:
    if descriptor is not None and descriptor >= 0:  # PIPE is negative
        os.close(descriptor)


def read_mode(mode: str) -> list[list[str]]:
    """Return the programs of a mode file, each with its options.

    Raises `ValueError` for what is no plain pipeline.
    """
    stages: list[list[str]] = [[]]
    for word in shlex.split(mode):
        if word == "|":
            stages.append([])
        else:
            stages[-1] += _PLACEHOLDERS.get(word, [word])
    if not all(stages):
        raise ValueError("a pipeline with a gap")
    return stages


def encode(text: str) -> bytes:
    r"""Write a text in Apertium's stream format, so that all of it but the words passes as it is.

    Each line without an end of its sentence is given one, `.[]`, that `decode`
    takes away: otherwise words of two lines would be taken for one sentence. The
    others get `[][]`, since a last word waits for what follows.
    """
    lines = (_encode_line(line) for line in text.replace("\0", " ").split("\n"))
    return "[\n]".join(lines).encode()


def decode(stream: bytes) -> str:
    """Read a text from the stream format."""
    text = stream.decode(errors="replace")
    return _TOKEN.sub(lambda token: token[1] or token[2] or "", text)


def _encode_line(line: str) -> str:
    # A tilde means something to the last program even when it is escaped.
    escaped = _SPECIAL.sub(r"\\\g<0>", line).replace("~", "[~]")
    return escaped + ("[][]" if _SENTENCE_END.search(line) else ".[]")
