"""Wires that do to frames and replies what a broken server would; the model must catch each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sockets import Frame
from viewers import MESSAGES, Viewer, Wire


class Losing(Wire):
    """Every fourth message that is told live is lost."""

    count = 0

    def frames(self, viewer: Viewer, frame: Frame) -> Iterator[Frame]:
        self.count += frame["type"] == "message"
        if frame["type"] != "message" or viewer.returned or self.count % 4:
            yield frame


class Doubling(Wire):
    """Every message comes twice."""

    def frames(self, viewer: Viewer, frame: Frame) -> Iterator[Frame]:
        yield from [frame] * (2 if frame["type"] == "message" else 1)


class Swapping(Wire):
    """A message waits until the next frame has overtaken it, unless that is its ack."""

    def __init__(self) -> None:
        self.waiting: dict[str, Frame] = {}

    def frames(self, viewer: Viewer, frame: Frame) -> Iterator[Frame]:
        waiting = self.waiting.pop(viewer.name, None)
        if frame["type"] in MESSAGES and waiting is None:
            self.waiting[viewer.name] = frame
        elif waiting is not None:
            yield from [frame, waiting] if frame["type"] in MESSAGES else [waiting, frame]
        else:
            yield frame


class Ageing(Wire):
    """A change comes with its new rev and the old text."""

    def frames(self, viewer: Viewer, frame: Frame) -> Iterator[Frame]:
        known = viewer.view.get(frame.get("conversation", ""), {}).get(frame.get("id", ""))
        if frame["type"] == "message_updated" and known is not None:
            frame = {**frame, "content": known.content}
        yield frame


class Skipping(Wire):
    """The last message that a `resume` brings is lost."""

    def __init__(self) -> None:
        self.last: dict[str, Frame] = {}

    def frames(self, viewer: Viewer, frame: Frame) -> Iterator[Frame]:
        last = self.last.pop(viewer.name, None)
        if frame["type"] != "resumed" and last is not None:
            yield last
        is_replayed = viewer.returned is not None and not viewer.returned.resumed["cursors"]
        if is_replayed and frame["type"] in MESSAGES:
            self.last[viewer.name] = frame
        else:
            yield frame


class Leaking(Wire):
    """Eve gets the messages of the others."""

    secret: Frame | None = None

    def frames(self, viewer: Viewer, frame: Frame) -> Iterator[Frame]:
        if frame["type"] == "message" and viewer.person.user["name"] != "eve":
            self.secret = frame
        elif viewer.person.user["name"] == "eve" and self.secret is not None:
            yield self.secret
            self.secret = None
        yield frame


class Keeping(Wire):
    """Nobody is told that they are out of a group."""

    def frames(self, viewer: Viewer, frame: Frame) -> Iterator[Frame]:
        if frame["type"] != "group_left":
            yield frame


class Miscounting(Wire):
    """Who has something unread has one more."""

    def reply(self, path: str, value: Any) -> Any:
        if path != "/conversations":
            return value
        return [{**one, "unread": one["unread"] + bool(one["unread"])} for one in value]


class Shortening(Wire):
    """A page of history lacks its last message where it is full."""

    def reply(self, path: str, value: Any) -> Any:
        is_page = isinstance(value, list) and path.startswith("/messages/")
        return value[:-1] if is_page and len(value) > 1 else value


class Replacing(Wire):
    """A repeated `client_id` gets another message."""

    def reply(self, path: str, value: Any) -> Any:
        return {**value, "id": "0" * 24} if path == "/messages" else value


BROKEN = [
    Losing,
    Doubling,
    Swapping,
    Ageing,
    Skipping,
    Leaking,
    Keeping,
    Miscounting,
    Shortening,
    Replacing,
]
