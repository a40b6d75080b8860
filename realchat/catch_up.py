"""What somebody missed while they were away: of which conversations, how much, and the messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from realchat.conversations import Conversations
from realchat.ids import GroupKey, group_conversation, parse_conversation
from realchat.models import Group, Reader, Record
from realchat.readings import Missed
from realchat.translation import Interpreter

_PAGE = 200


class ChangeSource(Protocol):
    """Where changes are read."""

    async def revs(self, conversations: Sequence[str]) -> dict[str, int]:
        """Return the last rev of each conversation that has any."""

    async def missed(self, conversation: str, since: int, limit: int) -> list[Missed]:
        """Return what changed after a rev, in rev order."""


class Gap(Record, frozen=True, kw_only=True):
    """How far somebody is behind: since which rev, and where each conversation is now."""

    behind: dict[str, int]
    cursors: dict[str, int]
    reset: list[str]
    groups: list[Group]
    left: list[str]


class CatchUp:
    """Finds and reads what was missed."""

    def __init__(
        self,
        conversations: Conversations,
        changes: ChangeSource,
        interpreter: Interpreter,
        limit: int,
    ) -> None:
        """Take the parts; who is more than `limit` revs behind in a conversation starts anew."""
        self._conversations = conversations
        self._changes = changes
        self._interpreter = interpreter
        self._limit = limit

    async def measure(
        self, user_id: str, cursors: Mapping[str, int], groups: Mapping[str, int]
    ) -> Gap:
        """Return how far a user is behind, in the conversations that they are in now."""
        mine = await self._conversations.of_member(user_id)
        revs = await self._changes.revs(list(mine))
        behind = {one: cursors.get(one, 0) for one in revs}
        # A cursor beyond the last rev is of a history that is no more.
        reset = {
            one
            for one, since in behind.items()
            if since > revs[one] or revs[one] - since > self._limit
        }
        known = [group for group in mine.values() if group is not None]
        return Gap(
            behind={
                one: since
                for one, since in behind.items()
                if one not in reset and since < revs[one]
            },
            cursors=revs,
            reset=sorted(reset),
            groups=[group for group in known if groups.get(group.id) != group.version],
            left=_left(mine, cursors, groups),
        )

    async def read(
        self, reader: Reader, conversation: str, since: int, before: int | None
    ) -> AsyncIterator[list[Missed]]:
        """Yield what changed after a rev, as its reader sees it, a page at a time.

        `before` is the first rev that the reader has from elsewhere.
        """
        start, had = since, set[str]()
        while True:
            page = await self._changes.missed(conversation, since, _PAGE)
            wanted = [one for one in page if before is None or one.message.rev < before]
            shown = await self._interpreter.show([one.message for one in wanted], reader)
            yield [
                # What was changed may be on a later page than what was said after it.
                Missed(message, one.first_rev > start and message.id not in had, one.first_rev)
                for message, one in zip(shown, wanted, strict=True)
            ]
            had.update(message.id for message in shown)
            if len(wanted) < _PAGE:
                return
            since = page[-1].message.rev


def _left(
    mine: Mapping[str, Group | None], cursors: Mapping[str, int], groups: Mapping[str, int]
) -> list[str]:
    """Return the groups that somebody knew and is not in any more."""
    keys = map(parse_conversation, cursors)
    known = {key.group_id for key in keys if isinstance(key, GroupKey)} | groups.keys()
    return sorted(one for one in known if group_conversation(one) not in mine)
