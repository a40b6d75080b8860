"""What a chat is, in plain Python: what the server must have after all that was done.

One thing happens after the other here. What the server did at once is taken
over in the order that the `rev`s of its answers give it: there must be one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

from talk import Said, Talk


class Deed(NamedTuple):
    """Something that somebody tries: a frame's type and fields, and where it happens."""

    who: str
    kind: str
    conversation: str
    fields: Mapping[str, Any]


class Answer(NamedTuple):
    """What a deed was answered with: the code of an error, or the numbers of a message."""

    code: str = ""
    id: str = ""
    conversation: str = ""
    seq: int = 0
    rev: int = 0


class Model:
    """All conversations, blocks and marks of a few people."""

    def __init__(self, people: Sequence[str]) -> None:
        self.talks = {
            f"dm:{a}:{b}": Talk((a, b)) for a, b in combinations_with_replacement(sorted(people), 2)
        }
        self.blocks: set[tuple[str, str]] = set()
        self.marks: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.sent: dict[tuple[str, str], tuple[Deed, str]] = {}

    def of(self, user: str) -> dict[str, Talk]:
        """Return the conversations that a user is in."""
        return {one: talk for one, talk in self.talks.items() if user in talk.members}

    def find(self, message_id: str) -> Said | None:
        """Return a message as it is now."""
        talks = (talk for talk in self.talks.values() if message_id in talk.first)
        return next((talk.state()[message_id] for talk in talks), None)

    def blocked(self, one: str, other: str) -> bool:
        """Tell whether one of two users has blocked the other."""
        return bool(self.blocks & {(one, other), (other, one)})

    def unread(self, user: str, conversation: str) -> int:
        """Return how many messages lie behind a user's mark."""
        return len(self.talks[conversation].first) - self.marks[user, conversation]

    def absence(self, user: str, conversation: str) -> str:
        """Return the error of who looks into a conversation without being in it."""
        talk = self.talks.get(conversation)
        if talk is not None and user in talk.members:
            return ""
        return "forbidden" if talk is not None and talk.private is False else "not_found"

    def refusal(self, deed: Deed) -> str:
        """Return the code of the error that a deed meets, or nothing."""
        if deed.kind == "send_message":
            return self._refusal_to_send(deed)
        said = self.find(deed.fields["id"])
        if said is None or self.absence(deed.who, said.conversation):
            return "not_found"
        talk, is_own = self.talks[said.conversation], deed.who == said.sender
        if deed.kind == "delete_message":
            may = is_own or (talk.is_group and deed.who == talk.owner)
            return "" if may else "forbidden"
        if deed.kind == "edit_message" and not is_own:
            return "forbidden"
        if said.deleted:
            return "message_deleted"
        is_free = deed.fields.get("content") == said.content or deed.fields.get("on") is False
        return "" if is_free or not self._is_closed(said.conversation) else "blocked"

    def group_refusal(self, user: str, what: str, other: str, group: str) -> str:
        """Return the code of the error that meets who would change a group, or nothing."""
        talk, absence = self.talks.get(group), self.absence(user, group)
        if what in {"join", "leave"} or talk is None or absence:
            return "" if what == "join" and absence == "forbidden" else absence
        if user != talk.owner:
            return "forbidden"
        if what == "remove":
            return "" if other in talk.members else "not_found"
        return "blocked" if other not in talk.members and self.blocked(user, other) else ""

    def take(self, outcomes: Iterable[tuple[Deed, Answer]]) -> None:
        """Take over what was answered, in the order of the answers' revs."""
        before = {one: talk.rev for one, talk in self.talks.items()}
        tied: defaultdict[tuple[str, int], list[tuple[Deed, Answer]]] = defaultdict(list)
        for deed, answer in outcomes:
            if not answer.code:
                tied[answer.conversation, answer.rev].append((deed, answer))
        for (conversation, rev), pairs in sorted(tied.items(), key=lambda one: one[0]):
            talk = self.talks[conversation]
            if rev > talk.rev:
                # Who changed nothing is answered with the rev of whoever did.
                pairs.sort(key=lambda pair: self._is_so(pair[0], self.find(pair[1].id)))
                self._carry_out(talk, *pairs[0])
            for deed, answer in pairs:
                said = talk.changes[rev - 1]
                assert (said.id, said.seq) == (answer.id, answer.seq), f"{answer} is {said}"
                # One that found nothing to do may have done so at any moment since.
                states = talk.states(said.id, before[conversation], rev)
                assert any(self._is_so(deed, one) for one in states), f"{deed} was acked: {said}"

    def read(self, user: str, conversation: str, seq: int) -> int:
        """Move a mark forward; return where it is."""
        newest = len(self.talks[conversation].first)
        mark = max(self.marks[user, conversation], min(seq, newest))
        self.marks[user, conversation] = mark
        return mark

    def enter(self, group: str, user: str) -> None:
        """Make somebody a member."""
        talk = self.talks[group]
        if user not in talk.members:
            talk.members.append(user)
            talk.version += 1

    def leave(self, group: str, user: str) -> None:
        """Take a member out; the last one takes all that was said along."""
        talk = self.talks[group]
        talk.members.remove(user)
        talk.version += 1
        if not talk.members:
            del self.talks[group]
            self.sent = {
                key: (deed, one)
                for key, (deed, one) in self.sent.items()
                if deed.conversation != group
            }
        elif talk.owner == user:
            talk.owner = talk.members[0]

    def _refusal_to_send(self, deed: Deed) -> str:
        before = self.sent.get((deed.who, deed.fields.get("client_id", "")))
        if before is not None:
            return "" if before[0].fields == deed.fields else "idempotency_conflict"
        absence = self.absence(deed.who, deed.conversation)
        return absence or ("blocked" if self._is_closed(deed.conversation) else "")

    def _is_closed(self, conversation: str) -> bool:
        talk = self.talks[conversation]
        return not talk.is_group and self.blocked(talk.members[0], talk.members[-1])

    def _carry_out(self, talk: Talk, deed: Deed, answer: Answer) -> None:
        assert not (refusal := self.refusal(deed)), f"{deed} was acked, and is {refusal}"
        talk.take(self._outcome(deed, answer))
        if deed.kind == "send_message":
            mark = deed.who, answer.conversation
            self.marks[mark] = max(self.marks[mark], answer.seq)
            if "client_id" in deed.fields:
                self.sent[deed.who, deed.fields["client_id"]] = deed, answer.id

    def _outcome(self, deed: Deed, answer: Answer) -> Said:
        if deed.kind == "send_message":
            numbers = answer.id, answer.conversation, answer.seq, answer.rev
            return Said(*numbers, deed.who, deed.fields.get("client_id"), deed.fields["content"])
        said = self.find(answer.id)
        assert said is not None, f"{deed} was acked, and was never sent"
        said = said._replace(rev=answer.rev)
        if deed.kind == "edit_message":
            return said._replace(content=deed.fields["content"], edited=True)
        if deed.kind == "delete_message":
            return said._replace(content="", deleted=True, reactions=frozenset())
        own = {(deed.fields["emoji"], deed.who)}
        put = said.reactions | own if deed.fields["on"] else said.reactions - own
        return said._replace(reactions=put)

    def _is_so(self, deed: Deed, said: Said | None) -> bool:
        """Tell whether a message is as a deed wanted it."""
        if said is None:
            return False
        if deed.kind == "send_message":
            before = self.sent.get((deed.who, deed.fields.get("client_id", "")))
            if before is not None:
                return (before[0].fields, before[1]) == (deed.fields, said.id)
            return (said.sender, said.content) == (deed.who, deed.fields["content"])
        if deed.kind == "edit_message":
            return bool(said.content == deed.fields["content"])
        if deed.kind == "delete_message":
            return said.deleted
        return bool(deed.fields["on"]) == ((deed.fields["emoji"], deed.who) in said.reactions)
