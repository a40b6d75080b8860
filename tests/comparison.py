"""What a device got, compared with what the model says that it must have got."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from model import Model
from talk import Said, Talk
from viewers import Return, Viewer

Told = list[tuple[str, Said]]


def compare(viewer: Viewer, model: Model, since: Mapping[str, int], limit: int) -> None:
    """Compare all that a connected device got since these revs, and all that it has now.

    `limit`: how many revs behind a `resume` still replays.
    """
    me = viewer.person.id
    mine = model.of(me)
    before, came = _by_conversation(viewer.before), _by_conversation(viewer.came)
    strange = (before.keys() | came.keys()) - mine.keys()
    assert not strange, f"{viewer.name} is told of {strange}"
    for conversation, talk in mine.items():
        told = before[conversation], came[conversation]
        if viewer.returned is None:
            expected = _shown(talk.live(since.get(conversation, 0)), me)
            assert told == ([], expected), f"what {viewer.name} was told live"
        else:
            check = _ReturnCheck(viewer.returned, conversation, talk, me, limit)
            check.compare(*told)
    _compare_view(viewer, mine)


class _ReturnCheck:
    """What a device that came back must have got of one conversation."""

    def __init__(
        self, returned: Return, conversation: str, talk: Talk, me: str, limit: int
    ) -> None:
        self.how, self.quiet = returned.how, returned.quiet
        self.talk, self.me = talk, me
        self.since = returned.cursors.get(conversation, 0)
        self.reached: int = returned.resumed["cursors"].get(conversation, 0)
        self.is_reset = conversation in returned.resumed["reset"]
        is_far = not self.since <= self.reached <= self.since + limit
        self.must_reset = self.reached > 0 and (self.how == "stale" or is_far)

    def compare(self, before: Told, came: Told) -> None:
        """Compare what came before and after `resumed`; all is `after` where that never came."""
        revs = [said.rev for _, said in before + came]
        assert len(set(revs)) == len(revs), f"twice: {revs}"
        changed = self.talk.live(0)
        assert came == _shown(changed[len(changed) - len(came) :], self.me), "live"
        if self.how == "rest":
            assert not before
            assert not (self.quiet and came), "told to who was away"
        else:
            self._compare_resumed(before, came)

    def _compare_resumed(self, before: Told, came: Told) -> None:
        if self.quiet:
            assert self.reached == self.talk.rev, "`cursors`"
        if self.quiet or self.is_reset:
            assert self.is_reset == self.must_reset, "`reset`"
        # What happens between `hello` and a `resume` may be told before it.
        if self.quiet or self.how != "plain":
            replayed = [] if self.is_reset else self.talk.missed(self.since, self.reached)
            assert before == _shown(replayed, self.me), "replayed"
            due = self.talk.rev - self.reached
            assert len(came) >= due if self.is_reset else len(came) == due, "after `resumed`"


def _compare_view(viewer: Viewer, mine: Mapping[str, Talk]) -> None:
    me = viewer.person.id
    assert viewer.view == {
        conversation: {one.id: one.seen_by(me) for one in talk.state().values()}
        for conversation, talk in mine.items()
        if talk.rev
    }, f"what {viewer.name} has"
    groups = {
        f"group:{one}": (group["version"], group["members"]) for one, group in viewer.groups.items()
    }
    assert groups == {
        conversation: (talk.version, talk.members)
        for conversation, talk in mine.items()
        if talk.is_group
    }, f"the groups of {viewer.name}"


def _by_conversation(told: Iterable[tuple[str, Said]]) -> defaultdict[str, Told]:
    found: defaultdict[str, Told] = defaultdict(list)
    for kind, said in told:
        found[said.conversation].append((kind, said))
    return found


def _shown(told: Told, me: str) -> Told:
    return [(kind, said.seen_by(me)) for kind, said in told]
