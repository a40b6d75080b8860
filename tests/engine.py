"""A real translation engine for tests: Debian's Apertium behind LibreTranslate's interface."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

from parts import require
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from realchat.translators import PROBE

_MODES = {("es", "ca"): "spa-cat", ("ca", "es"): "cat-spa"}
_MODE_FILE = Path("/usr/share/apertium/modes/spa-cat.mode")
_PARTS = ("apertium", "cg-proc", "lrx-proc")
_MISSING = "needs Apertium: apt-get install apertium apertium-spa-cat apertium-lex-tools cg3"


def skip_without_apertium() -> None:
    """Skip the test where Apertium's Spanish and Catalan are not installed."""
    require(all(map(shutil.which, _PARTS)) and _MODE_FILE.exists(), _MISSING)


class Engine:
    """The engine's HTTP server on a free port of this machine; `asked` keeps the texts it got.

    What it is asked only so that its model can be told from another is not among them.
    """

    def __init__(self) -> None:
        skip_without_apertium()
        self.asked: list[str] = []
        self.answer: Any = None  # what it answers instead of a translation, for a fault
        self.gate = asyncio.Event()
        self.gate.set()
        self.modes = dict(_MODES)  # those of the pairs that it has
        socket, port = bind_unused_port()
        self.url = f"http://127.0.0.1:{port}"
        routes: list[Any] = [
            ("/translate", _Translate, {"engine": self}),
            ("/languages", _Languages, {"engine": self}),
        ]
        self._under_way: set[asyncio.Task[str]] = set()
        self._server = HTTPServer(web.Application(routes))
        self._server.add_socket(socket)

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.stop()

    async def finish(self) -> None:
        """Let what is under way end, also what nobody waits for: a program must not outlive it."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def translate(self, text: str, source: str, target: str) -> str:
        """Have Apertium translate a text. Raises `KeyError` for a pair it does not have."""
        task = asyncio.create_task(self._run(text, self.modes[source, target]))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def _run(self, text: str, mode: str) -> str:
        process = await asyncio.create_subprocess_exec(
            "apertium",
            "-u",
            mode,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        translated, _ = await process.communicate(text.encode())
        return translated.decode()


class _Languages(web.RequestHandler):
    def initialize(self, engine: Engine) -> None:
        self.engine = engine

    def get(self) -> None:
        targets: dict[str, set[str]] = {}
        for source, target in self.engine.modes:
            targets.setdefault(source, {source}).add(target)
        listed = [
            {"code": code, "name": code, "targets": sorted(found)}
            for code, found in sorted(targets.items())
        ]
        self.finish(json.dumps(listed))


class _Translate(web.RequestHandler):
    def initialize(self, engine: Engine) -> None:
        self.engine = engine

    async def post(self) -> None:
        text = self.get_body_argument("q", strip=False)
        if text != PROBE:
            self.engine.asked.append(text)
        await self.engine.gate.wait()
        source, target = self.get_body_argument("source"), self.get_body_argument("target")
        answer: dict[str, Any]
        try:
            answer = {"translatedText": await self.engine.translate(text, source, target)}
        except KeyError:
            self.set_status(400)
            answer = {"error": f"{target} is not available as a target language from {source}"}
        self.finish(json.dumps(answer if self.engine.answer is None else self.engine.answer))
