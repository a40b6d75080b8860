"""Devices as the contract describes them: what comes makes their view; the highest rev wins."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

from model import Answer, Deed
from people import Person, Reply
from sockets import Device, Frame, device
from talk import Said, group_of, peer_of

MESSAGES = ("message", "message_updated")

_refs = itertools.count(1)


class Wire:
    """What lies between the server and those who look; tests put broken ones in its place."""

    def frames(self, viewer: Viewer, frame: Frame) -> Iterator[Frame]:
        """Yield what a device gets in place of a frame."""
        yield frame

    def reply(self, path: str, value: Any) -> Any:
        """Return what a caller gets in place of a reply's value."""
        return value


class Return:
    """How a device came back, and what it had before."""

    def __init__(self, how: str, cursors: dict[str, int], *, quiet: bool) -> None:
        """Note it; `quiet`: nothing was done meanwhile."""
        self.how = how
        self.cursors = cursors
        self.quiet = quiet
        self.resumed: Frame = {"cursors": {}, "reset": []}


class Viewer:
    """One device of a person, connected or away, with all that it keeps."""

    def __init__(self, name: str, person: Person, wire: Wire) -> None:
        self.name = name
        self.person = person
        self.phone: Device | None = None
        self.view: dict[str, dict[str, Said]] = {}
        self.cursors: dict[str, int] = {}
        self.groups: dict[str, Frame] = {}
        # Since they were last taken: messages (before and after `resumed`), marks.
        self.before: list[tuple[str, Said]] = []
        self.came: list[tuple[str, Said]] = []
        self.reads: list[tuple[str, str, int]] = []
        self.returned: Return | None = None
        self._wire = wire
        self._entered: set[str] = set()
        self._stack = AsyncExitStack()

    async def go(self) -> None:
        """Disconnect."""
        self.phone = None
        await self._stack.aclose()

    async def come(self, how: str, *, quiet: bool, pause: float = 0) -> None:
        """Connect, and get what was missed.

        By `resume`, with new messages `held` until then or not (`plain`), with
        nothing kept (`blank`), with the epoch of another history (`stale`); or
        by `rest`. `pause`: seconds in between.
        """
        if how == "blank":
            self.cursors, self.view, self.groups = {}, {}, {}
        self.returned = Return(how, dict(self.cursors), quiet=quiet)
        query = "" if how in {"plain", "rest"} else "?resume=true"
        self.phone = await self._stack.enter_async_context(device(self.person, query))
        await asyncio.sleep(pause)
        if how == "rest":
            await self._catch_up()
        else:
            await self._resume(self.phone, self.returned)

    async def obey(self, deeds: Sequence[Deed]) -> list[Answer]:
        """Send commands, all at once, and return their answers."""
        assert self.phone is not None
        refs = [await self._send(deed) for deed in deeds]
        answers: dict[str, Answer] = {}
        while len(answers) < len(refs):
            frame = await self._receive()
            if frame.get("ref") in refs:
                answers[frame["ref"]] = read_answer(frame)
        return [answers[ref] for ref in refs]

    async def hang_up(self, deeds: Sequence[Deed]) -> None:
        """Send commands and disconnect without waiting for their answers."""
        for deed in deeds:
            await self._send(deed)
        await self.go()

    async def settle(self) -> None:
        """Take all that has arrived; read what a new member has not had."""
        if self.phone is None:
            return
        ref = f"p{next(_refs)}"
        await self.phone.send_json({"type": "ping", "ref": ref})
        while (await self._receive()).get("ref") != ref:
            pass
        for conversation in self._entered:
            await self._fetch(conversation, 0)
        self._entered.clear()

    async def get(self, path: str, **query: object) -> tuple[Reply, Any]:
        """GET an address; return the reply, and its value as it came through the wire."""
        reply = await self.person.get(path, **query)
        return reply, self._wire.reply(path, reply.json)

    async def history(self, conversation: str, **query: object) -> tuple[list[list[Said]], str]:
        """Read a conversation, page after page; return the pages and the error, if any."""
        group, peer = group_of(conversation), peer_of(conversation, self.person.id)
        path, address = ("group", {"group_id": group}) if group else ("dm", {"user_id": peer})
        pages: list[list[Said]] = []
        reply, value = await self.get(f"/messages/{path}", **address, **query)
        while not reply.error:
            pages.append([read_message(one) for one in value])
            if "Link" not in reply.headers:
                break
            link = reply.headers["Link"].partition(">")[0].lstrip("<")
            reply, value = await self.get(link[link.index("/messages/") :])
        return pages, reply.error

    async def _send(self, deed: Deed) -> str:
        assert self.phone is not None
        ref = f"r{next(_refs)}"
        await self.phone.send_json({"type": deed.kind, "ref": ref, **deed.fields})
        return ref

    async def _receive(self) -> Frame:
        """Receive a frame, and keep what it says."""
        assert self.phone is not None
        received = await self.phone.receive()
        assert received is not None, f"closed with {self.phone.connection.close_code}"
        for frame in self._wire.frames(self, received):
            self._keep(frame)
        return received

    def _keep(self, frame: Frame) -> None:
        match frame["type"]:
            case "message" | "message_updated":
                self.came.append((frame["type"], read_message(frame)))
                self._merge([read_message(frame)])
            case "group_created" | "group_updated":
                self._keep_group(frame["group"])
            case "group_left":
                self._forget(frame["group_id"])
            case "read":
                self.reads.append((frame["conversation"], frame["user_id"], frame["seq"]))
            case "resumed":
                self._keep_resumed(frame)
            case "ack" if "created_at" in frame and frame["conversation"] in self.view:
                assert frame["id"] in self.view[frame["conversation"]], "acked before it was shown"

    def _keep_group(self, group: Frame) -> None:
        known = self.groups.get(group["id"])
        assert known is None or known["version"] < group["version"], f"twice: {group}"
        self.groups[group["id"]] = group
        if known is None:
            self._entered.add(f"group:{group['id']}")

    def _keep_resumed(self, frame: Frame) -> None:
        assert self.returned is not None
        self.returned.resumed = frame
        self.before, self.came = self.came, []
        self._entered.clear()
        for conversation in frame["reset"]:
            self.view.pop(conversation, None)
            self.cursors.pop(conversation, None)

    def _forget(self, group_id: str) -> None:
        self.groups.pop(group_id, None)
        self.view.pop(f"group:{group_id}", None)
        self.cursors.pop(f"group:{group_id}", None)

    def _merge(self, messages: Sequence[Said]) -> None:
        for said in messages:
            known = self.view.setdefault(said.conversation, {})
            if said.id not in known or known[said.id].rev < said.rev:
                known[said.id] = said
            self.cursors[said.conversation] = max(self.cursors.get(said.conversation, 0), said.rev)

    async def _resume(self, phone: Device, returned: Return) -> None:
        known = {one: group["version"] for one, group in self.groups.items()}
        if is_stale := returned.how == "stale":
            self.groups = {}
        epoch = "another" if is_stale else phone.hello["epoch"]
        command = {"epoch": epoch, "cursors": returned.cursors, "groups": known}
        await phone.send_json({"type": "resume", **command})
        while (await self._receive())["type"] != "resumed":
            pass
        for conversation in returned.resumed["reset"]:
            await self._fetch(conversation, 0)

    async def _catch_up(self) -> None:
        """Get what was missed as who cannot resume does."""
        since = dict(self.cursors)
        _, groups = await self.get("/groups")
        for one in self.groups.keys() - {group["id"] for group in groups}:
            self._forget(one)
        self.groups = {group["id"]: group for group in groups}
        _, conversations = await self.get("/conversations")
        for one in conversations:
            if one["last_rev"] > since.get(one["id"], 0):
                await self._fetch(one["id"], since.get(one["id"], 0))

    async def _fetch(self, conversation: str, since: int) -> None:
        pages, error = await self.history(conversation, changed_since=since, limit=7)
        assert not error, error
        for page in pages:
            self._merge(page)


def read_message(value: Frame) -> Said:
    """Return a message of the contract as the model's."""
    return Said(
        id=value["id"],
        conversation=value["conversation"],
        seq=value["seq"],
        rev=value["rev"],
        sender=value["sender_id"],
        client_id=value.get("client_id"),
        content=value["content"],
        edited="edited_at" in value,
        deleted=value.get("deleted", False),
        reactions=frozenset((e, user) for e, users in value["reactions"].items() for user in users),
    )


def read_answer(value: Frame) -> Answer:
    """Return a command's answer, or a message that REST answered with."""
    if value.get("type") == "error":
        return Answer(code=value["code"])
    return Answer("", value["id"], value["conversation"], value["seq"], value["rev"])
