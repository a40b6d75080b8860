"""A conversation in plain Python: its members, and all changes of its messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Said(NamedTuple):
    """A message as it is after one of its changes."""

    id: str
    conversation: str
    seq: int
    rev: int
    sender: str
    client_id: str | None
    content: str
    edited: bool = False
    deleted: bool = False
    reactions: frozenset[tuple[str, str]] = frozenset()

    def seen_by(self, user: str) -> Said:
        """Return it as that user may see it."""
        return self if user == self.sender else self._replace(client_id=None)


class Talk:
    """A conversation: its members, the oldest first, and every change in the order of `rev`."""

    def __init__(self, members: Iterable[str], *, private: bool | None = None) -> None:
        """Begin one; a group's is private or not, a direct one's neither."""
        self.members = list(dict.fromkeys(members))
        self.owner = self.members[0]
        self.private = private
        self.version = 1
        self.changes: list[Said] = []
        self.first: dict[str, int] = {}

    @property
    def is_group(self) -> bool:
        """Whether it is a group's."""
        return self.private is not None

    @property
    def rev(self) -> int:
        """The last change's rev."""
        return len(self.changes)

    def state(self, rev: int | None = None) -> dict[str, Said]:
        """Return all messages by id as they were at a rev, or are now, by `seq`."""
        latest = {said.id: said for said in self.changes[:rev]}
        return {said.id: said for said in sorted(latest.values(), key=lambda said: said.seq)}

    def states(self, message_id: str, since: int, rev: int) -> list[Said]:
        """Return all that a message was between two revs."""
        before = self.state(since).get(message_id)
        states = [said for said in self.changes[since:rev] if said.id == message_id]
        return states if before is None else [before, *states]

    def missed(self, since: int, rev: int) -> list[tuple[str, Said]]:
        """Return what changed between two revs as a catch-up tells it: latest states, by rev."""
        latest = sorted(self.state(rev).values(), key=lambda said: said.rev)
        return [(self._kind(said, since), said) for said in latest if said.rev > since]

    def live(self, since: int) -> list[tuple[str, Said]]:
        """Return every change after a rev as it is told live."""
        return [(self._kind(said, said.rev - 1), said) for said in self.changes[since:]]

    def take(self, said: Said) -> None:
        """Add a change."""
        assert said.rev == self.rev + 1, f"rev {said.rev} after {self.rev}"
        if said.id not in self.first:
            assert said.seq == len(self.first) + 1, f"seq {said.seq} is not the next one"
            self.first[said.id] = said.rev
        self.changes.append(said)

    def _kind(self, said: Said, since: int) -> str:
        return "message" if self.first[said.id] > since else "message_updated"


def group_of(conversation: str) -> str:
    """Return the id of a conversation's group; nothing for a direct one."""
    kind, _, group = conversation.partition(":")
    return group if kind == "group" else ""


def peer_of(conversation: str, user: str) -> str:
    """Return the other one of a direct conversation, or oneself where there is none."""
    _, lower, *rest = conversation.split(":")
    return lower if [user] == rest else "".join(rest)
