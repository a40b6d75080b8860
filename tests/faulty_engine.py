"""A server that speaks LibreTranslate's interface and has all the faults one asks it for.

It translates by naming the target before the text. What a real engine can be made
to show is shown with one, in `engine.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qs

Languages = list[dict[str, object]]


class Fault(NamedTuple):
    """What comes instead of a translation; `raw` instead of any HTTP at all."""

    status: int = 200
    said: str = ""
    headers: Mapping[str, str] = {}
    raw: bytes | None = None


CLOSED = Fault(raw=b"")
GARBAGE = Fault(said="<html>It works!</html>")
CUT = Fault(raw=b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"translatedTe')


def languages(**targets: list[str]) -> Languages:
    """Write what LibreTranslate says of its languages."""
    return [{"code": code, "name": code, "targets": targets[code]} for code in targets]


class FaultyEngine:
    """Answers with the next of its `faults`, and properly when there is none."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.languages: object = languages(en=["en", "es"], es=["en"], de=["en"])
        self.asked: list[tuple[str, str, str]] = []
        self.looked_at = 0
        self.at_once = self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._visits: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    @property
    def url(self) -> str:
        """Where it listens, or did."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen, after a stop where it listened before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, and cut whoever is there."""
        if self._server is not None:
            self._server.close()
            for _ in range(10):
                await asyncio.sleep(0)  # the turns in which one that was accepted is served
            visits = dict(self._visits)
            for writer, visit in visits.items():
                writer.transport.abort()
                if visit is not None:
                    visit.cancel()
            await asyncio.gather(*filter(None, visits.values()), return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._visits[writer] = asyncio.current_task()
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                (int(line[15:]) for line in head.lower().splitlines() if "content-length" in line),
                0,
            )
            writer.write(await self._answer(head, (await reader.readexactly(length)).decode()))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            del self._visits[writer]

    async def _answer(self, head: str, body: str) -> bytes:
        if head.startswith("GET /languages "):
            self.looked_at += 1
            return _write(Fault(said=json.dumps(self.languages)))
        form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        self.asked.append((form["q"], form["source"], form["target"]))
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            await self.gate.wait()
        finally:
            self.at_once -= 1
        translated = {"translatedText": f"{form['target']}:{form['q']}"}
        return _write(self.faults.pop(0) if self.faults else Fault(said=json.dumps(translated)))


def _write(fault: Fault) -> bytes:
    if fault.raw is not None:
        return fault.raw
    body = fault.said.encode()
    headers = {"Content-Length": str(len(body)), "Connection": "close", **fault.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return (
        f"HTTP/1.1 {fault.status} {HTTPStatus(fault.status).phrase}\r\n{head}\r\n".encode() + body
    )
