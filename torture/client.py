"""A device that never gives up: it reconnects, catches up, and notes all that comes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tornado.httpclient import HTTPError, HTTPRequest
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError

from torture.record import CaughtUp, Record, Sight, digest
from torture.rest import Address, fetch_changes
from torture.sockets import open_socket

Frame = dict[str, Any]

# Seconds: between tries to connect, at first and at most; for a handshake; for an answer,
# which the contract promises within 6 even when the database is away.
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
HANDSHAKE_PATIENCE = 10
ANSWER_PATIENCE = 15
# Seconds for all that was missed to come, which the answer of a `resume` waits for.
RESUME_PATIENCE = 60
# Seconds between two signs of life, and for each, so that a half-open connection is found.
HEARTBEAT = 4.0
_BROKEN = (OSError, HTTPError, StreamClosedError, WebSocketClosedError, TimeoutError)
_LOST: Frame = {"type": "lost"}
_CAUGHT_UP = "caught-up"


class Device:
    """One device of a user: `live` keeps it connected."""

    def __init__(
        self,
        name: str,
        address: Address,
        conversations: Mapping[str, Mapping[str, str]],
        record: Record,
        rng: random.Random,
        *,
        resumes: bool = True,
        heartbeat: float | None = HEARTBEAT,
    ) -> None:
        """Take the conversations with what names each as the target of a message.

        Without `resumes` it catches up over REST alone. One that is to hang must
        not have a heartbeat, for it would close by itself.
        """
        self.name = name
        self.address = address
        self.rng = rng
        # The last rev of each conversation up to which all has been seen.
        self.cursors = dict.fromkeys(conversations, 0)
        self.newest = dict.fromkeys(conversations, 0)
        self.connections = 0
        # The close code of each connection that ended; None where it broke off.
        self.endings: list[int | None] = []
        self.is_ready = asyncio.Event()
        # Cleared, it reads no more, as a program that hangs.
        self.is_reading = asyncio.Event()
        self.is_reading.set()
        self.targets = conversations
        self._resumes = resumes
        self._heartbeat = heartbeat
        self._record = record
        self._socket: WebSocketClientConnection | None = None
        self._waiting: dict[str, asyncio.Future[Frame]] = {}
        self._numbers = itertools.count(1)
        self._pause = FIRST_PAUSE
        record.add_device(name, tuple(conversations))

    async def live(self) -> None:
        """Stay connected until cancelled."""
        try:
            while True:
                with contextlib.suppress(*_BROKEN):
                    await self._connect()
                self._drop()
                await asyncio.sleep(self._pause * self.rng.uniform(0.5, 1.5))
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
        finally:
            self._drop()

    async def command(self, kind: str, **fields: Any) -> Frame:
        """Send a command and return its answer, or `lost` when the connection broke first.

        One that reads no more does not hang up because an answer does not come.
        """
        ref = f"r{next(self._numbers)}"
        patience = RESUME_PATIENCE if kind == "resume" else ANSWER_PATIENCE
        future: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waiting[ref] = future
        try:
            async with asyncio.timeout(patience):
                await self._write({"type": kind, "ref": ref, **fields})
                return await future
        except _BROKEN:
            if self.is_reading.is_set():
                self._hang_up()
            return _LOST
        finally:
            self._waiting.pop(ref, None)

    def has(self, last: Mapping[str, int]) -> bool:
        """Tell whether it has seen these last revs of its conversations."""
        return all(self.newest[one] >= last.get(one, 0) for one in self.newest)

    async def _connect(self) -> None:
        """Connect, catch up while reading, and read until the end."""
        request = HTTPRequest(
            self.address.url.replace("http", "ws", 1) + "/ws",
            headers=self.address.headers,
            connect_timeout=HANDSHAKE_PATIENCE,
            request_timeout=HANDSHAKE_PATIENCE,
        )
        socket = await open_socket(request, self._heartbeat)
        self._socket, self.connections = socket, self.connections + 1
        async with asyncio.timeout(HANDSHAKE_PATIENCE):
            hello = await self._read(socket)
        if hello is None or hello["type"] != "hello":
            return
        catching_up = asyncio.create_task(self._catch_up(hello["epoch"]))
        try:
            while (frame := await self._read(socket)) is not None:
                self._take(frame)
        finally:
            catching_up.cancel()

    async def _read(self, socket: WebSocketClientConnection) -> Frame | None:
        await self.is_reading.wait()
        raw = await socket.read_message()
        return None if raw is None else json.loads(raw)

    def _take(self, frame: Frame) -> None:
        kind = frame["type"]
        if kind in ("message", "message_updated"):
            self._see(frame, self.connections, is_new=kind == "message")
        elif kind == "going_away":
            self._pause = frame["retry_after_ms"] / 1000
        elif kind == "resumed":
            # Noted here, in the order of the frames: a task would come too late.
            if not frame["reset"]:
                self._catch_end(frame["cursors"])
            self._answer(frame)
        elif frame.get("ref") == _CAUGHT_UP:
            self._catch_end({})
        elif "ref" in frame:
            self._answer(frame)

    def _answer(self, frame: Frame) -> None:
        future = self._waiting.get(frame.get("ref", ""))
        if future is not None and not future.done():
            future.set_result(frame)

    def _see(self, message: Frame, connection: int, *, is_new: bool) -> None:
        conversation = sys.intern(message["conversation"])
        rev = message["rev"]
        sight = Sight(
            connection=connection,
            is_new=is_new,
            id=sys.intern(message["id"]),
            conversation=conversation,
            seq=message["seq"],
            rev=rev,
            digest=digest(message["content"]),
            client_id=message.get("client_id", ""),
        )
        self._record.seen[self.name].append(sight)
        if conversation in self.newest:
            self.newest[conversation] = max(self.newest[conversation], rev)
            if self.is_ready.is_set():
                self.cursors[conversation] = self.newest[conversation]

    async def _catch_up(self, epoch: str) -> None:
        """Resume; read what the server does not replay over REST."""
        try:
            missing: Sequence[str] = tuple(self.cursors)
            if self._resumes:
                answer = await self.command("resume", epoch=epoch, cursors=self.cursors)
                if answer["type"] != "resumed":
                    self._record.refuse(self.name, answer)
                    # The next try comes after a pause, as after any lost connection.
                    raise ConnectionError
                missing = answer["reset"]
            if missing:
                await self._fetch(missing)
                # All that was told before the reading has come when this is answered.
                await self._write({"type": "ping", "ref": _CAUGHT_UP})
        except _BROKEN:
            self._hang_up()

    def _catch_end(self, cursors: Mapping[str, int]) -> None:
        """All is seen up to here; what comes from now on comes once and in order."""
        for conversation in self.cursors:
            self.cursors[conversation] = max(
                cursors.get(conversation, 0), self.newest[conversation]
            )
        if not self.is_ready.is_set():
            self._record.seen[self.name].append(CaughtUp(self.connections))
        self._pause = FIRST_PAUSE
        self.is_ready.set()

    async def _fetch(self, conversations: Sequence[str]) -> None:
        """Read over REST what changed in conversations since their cursors."""
        for conversation in conversations:
            since, target = self.cursors[conversation], self.targets[conversation]
            while page := await fetch_changes(self.address, target, since, ANSWER_PATIENCE):
                for message in page:
                    self._see(message, 0, is_new=False)
                since = page[-1]["rev"]

    async def _write(self, frame: Frame) -> None:
        if self._socket is None:
            raise ConnectionError
        await self._socket.write_message(json.dumps(frame, ensure_ascii=False))

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _drop(self) -> None:
        """Forget the connection, and let everyone who waits for an answer know."""
        self.is_ready.clear()
        self._hang_up()
        if self._socket is not None:
            self.endings.append(self._socket.close_code)
        self._socket = None
        for future in self._waiting.values():
            if not future.done():
                future.set_result(_LOST)
