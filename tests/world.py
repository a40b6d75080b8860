"""The server and its model, side by side: everything is done to both, and compared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from comparison import compare
from deeds import Intent, Lane, carry_out, check_order, find_deed, pick
from model import Model
from people import Person, register
from talk import Said, Talk
from tornado.httpclient import AsyncHTTPClient
from viewers import Viewer, Wire

from realchat.services import Services

DEVICES = ("ana phone", "ana laptop", "ben phone", "ben laptop", "cem phone", "eve phone")
NAMES = ("ana", "ben", "cem", "eve")


class World:
    """A few people on the server, all of their devices, and the model."""

    def __init__(
        self, http: AsyncHTTPClient, base_url: str, services: Services, wire: Wire
    ) -> None:
        self.groups: list[str] = []
        self.people: dict[str, Person] = {}
        self.viewers: dict[str, Viewer] = {}
        self.model = Model([])
        self._server = http, base_url
        self._services = services
        self._wire = wire
        self._seen: dict[str, int] = {}
        self._reads: list[tuple[set[str], tuple[str, str, int]]] = []

    async def begin(self) -> None:
        """Register everybody and connect all of their devices."""
        people = await asyncio.gather(*(register(*self._server, name) for name in NAMES))
        self.people = dict(zip(NAMES, people, strict=True))
        self.model = Model([person.id for person in people])
        for device in DEVICES:
            self.viewers[device] = Viewer(device, self.people[device.split()[0]], self._wire)
        await asyncio.gather(*(one.come("plain", quiet=True) for one in self.viewers.values()))

    async def end(self) -> None:
        """Have all come back and look at everything; what was acked is acked again."""
        away = [one for one in self.viewers.values() if one.phone is None]
        await asyncio.gather(*(one.come("held", quiet=True) for one in away))
        await self.check()
        parts = (("before", 1_000), ("after", 0), ("changed_since", 0))
        for number, name in enumerate(NAMES):
            await self.check_list(name)
            for place in range(len(self._spoken(name))):
                part, start = pick(parts, place + number)
                await self.look(name, place, part, start, 3)
        for deed, message_id in self.model.sent.values():
            reply = await self._person(deed.who).post("/messages", dict(deed.fields))
            value = self._wire.reply("/messages", reply.json)
            assert (reply.status, value["id"]) == (200, message_id), "a repeated client_id"

    async def close(self) -> None:
        """Disconnect everybody."""
        await asyncio.gather(*(one.go() for one in self.viewers.values()))

    async def check(self) -> None:
        """Compare what every device got with the model."""
        await asyncio.gather(*(one.settle() for one in self.viewers.values()))
        for viewer in self.viewers.values():
            if viewer.phone is not None:
                limit = self._services.settings.resume_limit
                compare(viewer, self.model, self._seen, limit)
                told = [mark for readers, mark in self._reads if viewer.person.id in readers]
                assert viewer.returned or viewer.reads == told, f"marks told to {viewer.name}"
            viewer.before, viewer.came, viewer.reads, viewer.returned = [], [], [], None
        self._seen = {one: talk.rev for one, talk in self.model.talks.items()}
        self._reads = []

    def spots(self, name: str) -> list[str]:
        """Return where somebody may try to be: every group, and their direct conversations."""
        me, people = self.people[name].id, self.people.values()
        return [*self.groups, *(f"dm:{':'.join(sorted((me, one.id)))}" for one in people)]

    async def perform(self, intents: Sequence[Intent], *, hang_up: bool = False) -> None:
        """Do some things at once; `hang_up`: disconnect, and send them again over REST."""
        lanes = self._lanes(intents)
        deeds = [deed for lane in lanes for deed in lane.deeds]
        before = [self.model.refusal(deed) for deed in deeds]
        given = await asyncio.gather(
            *(carry_out(one, self.model, hang_up=hang_up) for one in lanes)
        )
        if not hang_up:
            check_order(lanes, given, self.model)
        answers = [answer for answers in given for answer in answers]
        self.model.take(zip(deeds, answers, strict=True))
        for deed, answer, refusal in zip(deeds, answers, before, strict=True):
            allowed = {refusal} if len(deeds) == 1 else {refusal, self.model.refusal(deed)}
            assert answer.code in allowed, f"{deed} was answered with {answer}, not {allowed}"

    async def come_back(
        self, device: str, how: str, meanwhile: Sequence[Intent], pause: float
    ) -> None:
        """Have a device return, while others do something."""
        await self.viewers[device].go()
        others = [
            one._replace(over_rest=one.over_rest or one.device == device) for one in meanwhile
        ]
        returning = self.viewers[device].come(how, quiet=not meanwhile, pause=pause)
        await asyncio.gather(returning, self.perform(others))

    async def read(self, name: str, where: int, seq: int) -> None:
        """Have somebody mark a conversation as read up to a message."""
        me, conversation = self.people[name], pick(self._spoken(name), where)
        reply = await me.post(f"/conversations/{conversation}/read", {"seq": seq})
        assert reply.status == 200 or reply.error == self.model.absence(me.id, conversation)
        if reply.error:
            return
        mark = self.model.read(me.id, conversation, seq)
        unread = self.model.unread(me.id, conversation)
        assert reply.json == {"conversation": conversation, "read_seq": mark, "unread": unread}
        talk = self.model.talks[conversation]
        if talk.rev:
            readers = {one for one in talk.members if not self.model.blocked(me.id, one)}
            self._reads.append((readers, (conversation, me.id, mark)))

    async def look(self, name: str, where: int, part: str, at: int, limit: int) -> None:
        """Have somebody read a conversation page by page, and compare it."""
        viewer, conversation = self.viewers[f"{name} phone"], pick(self._spoken(name), where)
        pages, error = await viewer.history(conversation, **{part: at, "limit": limit})
        assert error == self.model.absence(viewer.person.id, conversation)
        if error:
            return
        expected = [one.seen_by(viewer.person.id) for one in self._part(conversation, part, at)]
        # Pages on the way to newer messages are newest first, too.
        told = [one for page in pages for one in (page if part != "after" else reversed(page))]
        assert told == expected, f"{conversation} {part} {at} as {name} reads it"
        assert all(len(page) == limit for page in pages[:-1])
        assert all(page == sorted(page, key=_place(part)) for page in pages)

    async def check_list(self, name: str) -> None:
        """Compare somebody's list of conversations."""
        me = self.people[name].id
        _, listed = await self.viewers[f"{name} phone"].get("/conversations")
        numbers = {one["id"]: (one["last_rev"], one["read_seq"], one["unread"]) for one in listed}
        assert numbers == {
            one: (talk.rev, self.model.marks[me, one], self.model.unread(me, one))
            for one, talk in self.model.of(me).items()
            if talk.is_group or talk.rev
        }, f"the list of {name}"

    async def start_group(self, name: str, others: Sequence[str], *, private: bool) -> None:
        """Have somebody make a group with others."""
        me, ids = self.people[name], [self.people[one].id for one in others]
        body = {"name": "Group", "members": ids, "private": private}
        reply = await me.post("/groups", body)
        is_blocked = any(self.model.blocked(me.id, one) for one in ids)
        assert (reply.status, reply.error) in {(403, "blocked") if is_blocked else (201, "")}
        if not is_blocked:
            self.groups.append(f"group:{reply.json['id']}")
            self.model.talks[self.groups[-1]] = Talk((me.id, *ids), private=private)

    async def change_group(self, name: str, what: str, other: str, where: int) -> None:
        """Have somebody `join` or `leave` a group, or `add` or `remove` another one."""
        if not self.groups:
            return
        me, them = self.people[name].id, self.people[other].id
        mine = [one for one in self.groups if not self.model.absence(me, one)]
        group = pick((what in {"leave", "remove"} and mine) or self.groups, where)
        if me == them:
            what = {"remove": "leave", "add": "join"}.get(what, what)
        group_id = group.removeprefix("group:")
        method, path, body = {
            "join": ("POST", "/groups/join", {"group_id": group_id}),
            "leave": ("POST", f"/groups/{group_id}/leave", None),
            "add": ("PUT", f"/groups/{group_id}/members/{them}", {}),
            "remove": ("DELETE", f"/groups/{group_id}/members/{them}", None),
        }[what]
        refusal = self.model.group_refusal(me, what, them, group)
        reply = await self.people[name].call(method, path, body)
        assert reply.error == refusal, f"{what}: {reply}"
        if not refusal and what in {"join", "add"}:
            self.model.enter(group, me if what == "join" else them)
        elif not refusal:
            self.model.leave(group, me if what == "leave" else them)
        if group not in self.model.talks:
            # An ended group's messages go after the answer, and their `client_id`s with them.
            await self._services.tasks.drain()

    async def block(self, name: str, other: str, *, on: bool) -> None:
        """Have somebody block somebody, or take it back."""
        me, them = self.people[name], self.people[other].id
        reply = await me.call("POST" if on else "DELETE", f"/users/{them}/block")
        assert reply.error == ("forbidden" if on and me.id == them else "")
        if on and me.id != them:
            self.model.blocks.add((me.id, them))
        elif not on:
            self.model.blocks.discard((me.id, them))

    def _lanes(self, intents: Sequence[Intent]) -> list[Lane]:
        """Return what is to be done: a lane a connected device, and one each over REST."""
        lanes: dict[object, Lane] = {}
        for number, intent in enumerate(intents):
            viewer = self.viewers[intent.device]
            person, name = viewer.person, intent.device.split()[0]
            deed = find_deed(intent, person, self.spots(name), self.model)
            by_socket = viewer if viewer.phone is not None and not intent.over_rest else None
            # REST does not tell a deletion's rev, so it is not to be one of several.
            is_vague = not by_socket and intent.kind == "delete" and len(intents) > 1
            if deed is not None and not is_vague:
                key = intent.device if by_socket else number
                lanes.setdefault(key, Lane(by_socket, person, [])).deeds.append(deed)
        return list(lanes.values())

    def _spoken(self, name: str) -> list[str]:
        """Return where somebody may look: where something was said, else anywhere."""
        spots, talks = self.spots(name), self.model.talks
        return [one for one in spots if one in talks and talks[one].rev] or spots

    def _part(self, conversation: str, part: str, at: int) -> list[Said]:
        """Return what a part of a history consists of, in the order in which it is read."""
        said = list(self.model.talks[conversation].state().values())
        if part == "changed_since":
            return sorted((one for one in said if one.rev > at), key=lambda one: one.rev)
        if part == "after":
            return [one for one in said if one.seq > at]
        return [one for one in reversed(said) if one.seq < at]

    def _person(self, user: str) -> Person:
        return next(person for person in self.people.values() if person.id == user)


def _place(part: str) -> Callable[[Said], int]:
    """Return what the messages of a page are sorted by."""
    return (lambda one: one.rev) if part == "changed_since" else (lambda one: -one.seq)
