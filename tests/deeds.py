"""What people would like to do, as deeds on the server: over their devices' sockets, or REST."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from model import Answer, Deed, Model
from people import Person, Reply
from talk import group_of, peer_of
from viewers import Viewer, read_answer

_EMOJI = "👍"
_FRAMES = {"edit": "edit_message", "delete": "delete_message", "like": "react", "unlike": "react"}

T = TypeVar("T")


class Intent(NamedTuple):
    """What somebody would like to do; `where` counts places, or messages from the last one."""

    device: str
    kind: str
    where: int
    word: str = ""
    client_id: str | None = None
    over_rest: bool = False


class Lane(NamedTuple):
    """What goes one after the other over a device's socket, or (None) alone over REST."""

    viewer: Viewer | None
    person: Person
    deeds: list[Deed]


def pick(choices: Sequence[T], number: int) -> T:
    """Return one of the choices, counting round and round."""
    return choices[number % len(choices)]


def find_deed(intent: Intent, person: Person, spots: Sequence[str], model: Model) -> Deed | None:
    """Return what an intent comes to; None where there is no message to change."""
    if intent.kind == "send":
        conversation = pick(spots, intent.where)
        fields: dict[str, object] = {"content": intent.word}
        if group := group_of(conversation):
            fields["group_id"] = group
        else:
            fields["recipient_id"] = peer_of(conversation, person.id)
        if intent.client_id is not None:
            fields["client_id"] = intent.client_id
        return Deed(person.id, "send_message", conversation, fields)
    said = [one for talk in model.talks.values() for one in talk.state().values()]
    if not said:
        return None
    # Ids are in the order of their making.
    message = pick(sorted(said, reverse=True), intent.where)
    more: dict[str, dict[str, object]] = {
        "edit": {"content": intent.word},
        "like": {"emoji": _EMOJI, "on": True},
        "unlike": {"emoji": _EMOJI, "on": False},
    }
    fields = {"id": message.id, **more.get(intent.kind, {})}
    return Deed(person.id, _FRAMES[intent.kind], message.conversation, fields)


async def carry_out(lane: Lane, model: Model, *, hang_up: bool) -> list[Answer]:
    """Do what is in a lane; `hang_up`: leave before the answers come, and ask for them by REST."""
    if lane.viewer is not None and not hang_up:
        return await lane.viewer.obey(lane.deeds)
    if lane.viewer is not None:
        await lane.viewer.hang_up(lane.deeds)
    return await asyncio.gather(*(_call(lane.person, deed, model) for deed in lane.deeds))


async def _call(person: Person, deed: Deed, model: Model) -> Answer:
    """Do something over REST."""
    path = f"/messages/{deed.fields.get('id', '')}"
    reply: Reply
    match deed.kind:
        case "send_message":
            reply = await person.post("/messages", dict(deed.fields))
        case "edit_message":
            reply = await person.patch(path, {"content": deed.fields["content"]})
        case "react":
            method = "PUT" if deed.fields["on"] else "DELETE"
            reply = await person.call(method, f"{path}/reactions/{quote(deed.fields['emoji'])}")
        case _:
            reply = await person.delete(path)
    if reply.error:
        return Answer(code=reply.error)
    return _deletion(deed, model) if reply.json is None else read_answer(reply.json)


def _deletion(deed: Deed, model: Model) -> Answer:
    """Return the numbers of a deletion, which REST does not tell; nothing else is going on."""
    said = model.find(deed.fields["id"])
    assert said is not None, f"{deed} was carried out"
    rev = said.rev if said.deleted else model.talks[said.conversation].rev + 1
    return Answer("", said.id, said.conversation, said.seq, rev)


def check_order(lanes: Sequence[Lane], given: Sequence[Sequence[Answer]], model: Model) -> None:
    """Compare the order of new messages with the order in which each device sent them.

    Not of those that several had sent at once under the same `client_id`.
    """
    ids = Counter(answer.id for answers in given for answer in answers)
    last: Counter[tuple[int, str]] = Counter()
    for number, (lane, answers) in enumerate(zip(lanes, given, strict=True)):
        for deed, answer in zip(lane.deeds, answers, strict=True):
            is_new = not answer.code and model.find(answer.id) is None and ids[answer.id] == 1
            if deed.kind == "send_message" and is_new:
                place = number, answer.conversation
                assert answer.seq > last[place], "what one device sent is in another order"
                last[place] = answer.seq
