"""A stand-in for a translation engine: LibreTranslate's interface, and a set time for each call.

It turns each word around instead of translating it, counts what it is asked, and
can be stalled: then it takes calls and answers none. So it shows what a chat
server asks of an engine, and nothing of a model's work.

`CALL_SECONDS` and `LANGUAGES` (codes with commas between them) are the environment's.
`PUT /answers` true or false, `GET /count` and `DELETE /count` are the bench's.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections import Counter

import uvloop
from tornado.web import Application, RequestHandler

_WORD = re.compile(r"[^\W\d_]{2,}")


def translate(text: str, target: str) -> str:
    """Turn each word around and put the target's code behind it, so that each language differs."""
    return _WORD.sub(lambda word: word[0][::-1] + target, text)


class Engine:
    """What was asked since the count began, and whether anybody gets an answer."""

    def __init__(self, seconds: float, languages: list[str]) -> None:
        self.seconds = seconds
        self.languages = languages
        self.asked: Counter[tuple[str, str, str]] = Counter()
        self.answering = asyncio.Event()
        self.answering.set()

    def answer(self, *, on: bool) -> None:
        """Answer, also those who wait for it, or stall."""
        if on:
            self.answering.set()
        else:
            self.answering.clear()


class _Handler(RequestHandler):
    def initialize(self, engine: Engine) -> None:
        """Keep the engine."""
        self.engine = engine


class Languages(_Handler):
    """`/languages`: each into each."""

    async def get(self) -> None:
        """Answer once answers are given."""
        await self.engine.answering.wait()
        every = self.engine.languages
        self.finish(json.dumps([{"code": one, "name": one, "targets": every} for one in every]))


class Translate(_Handler):
    """`/translate`."""

    async def post(self) -> None:
        """Count the call, and answer it after its time."""
        text, source, target = map(self.get_body_argument, ("q", "source", "target"))
        self.engine.asked[text, source, target] += 1
        await asyncio.sleep(self.engine.seconds)
        await self.engine.answering.wait()
        self.finish({"translatedText": translate(text, target)})


class Answers(_Handler):
    """`/answers`."""

    def put(self) -> None:
        """Answer from now on, or stall."""
        self.engine.answer(on=json.loads(self.request.body))


class Count(_Handler):
    """`/count`."""

    def get(self) -> None:
        """List what was asked: text, its language, the other, and how often."""
        self.finish(json.dumps([[*what, times] for what, times in self.engine.asked.items()]))

    def delete(self) -> None:
        """Count anew."""
        self.engine.asked.clear()


async def main() -> None:
    """Serve until ended."""
    engine = Engine(float(os.environ["CALL_SECONDS"]), os.environ["LANGUAGES"].split(","))
    handlers = (Languages, Translate, Answers, Count)
    routes = [(f"/{one.__name__.lower()}", one, {"engine": engine}) for one in handlers]
    Application(routes).listen(int(sys.argv[1]), "127.0.0.1", backlog=1024)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
