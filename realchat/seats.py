"""Who is here, and in which conversations: the people of one process; no I/O.

A conversation is followed by the sequencer as long as one of them is in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from enum import IntEnum

from realchat.models import Group
from realchat.sequencer import Sequencer


class Stage(IntEnum):
    """How far somebody has come in."""

    COMING = 0
    # Where they are is known: from now on, they go along with all that changes of it.
    SEATED = 1
    # All that concerns them is listened to.
    HEARING = 2


class Guest:
    """Somebody with connections here.

    `conversations` are those they are in, each with the version of its group of which that
    is known (0: it has none).
    """

    __slots__ = ("connections", "conversations", "leaving", "stage")

    def __init__(self) -> None:
        self.connections = 0
        self.conversations: dict[str, int] = {}
        self.stage = Stage.COMING
        self.leaving: asyncio.TimerHandle | None = None


class Seats:
    """The guests of a process and where they are."""

    def __init__(self, sequencer: Sequencer) -> None:
        self.guests: dict[str, Guest] = {}
        self._sequencer = sequencer
        self._versions: dict[str, int] = {}

    def promote(self, user_ids: Iterable[str], stage: Stage) -> None:
        """Note how far those of the users who are here have come at least."""
        for user_id in user_ids:
            if guest := self.guests.get(user_id):
                guest.stage = max(guest.stage, stage)

    def seated(self, user_ids: Iterable[str]) -> list[str]:
        """Return those of the users who are here and whose conversations are known."""
        guests = self.guests
        return [one for one in user_ids if one in guests and guests[one].stage]

    def without(self, conversation: str, user_ids: Iterable[str]) -> list[str]:
        """Return those of the users who are seated and not in a conversation yet."""
        seated = self.seated(user_ids)
        return [one for one in seated if conversation not in self.guests[one].conversations]

    def gone(self, conversation: str, group: Group) -> list[str]:
        """Return those in a conversation of whom a version of its group shows that they left."""
        track = self._sequencer.track_of(conversation)
        people = track.people - group.roles.keys() if track is not None else ()
        guests = self.guests
        return [one for one in people if guests[one].conversations[conversation] < group.version]

    def agree(self, conversation: str, group: Group) -> bool:
        """Tell whether those who are seated are where a version of a group says."""
        if self._sequencer.track_of(conversation) is None:
            return False
        return not (self.gone(conversation, group) or self.without(conversation, group.members))

    def sit(self, conversation: str, user_id: str, version: int = 0) -> None:
        """Note that somebody who is here is in a conversation that is followed."""
        guest, track = self.guests.get(user_id), self._sequencer.track_of(conversation)
        if guest is not None and track is not None:
            guest.conversations[conversation] = version
            if user_id not in track.admitting:
                track.readers.add(user_id)

    def admit(self, conversation: str, user_id: str, since: int, version: int) -> None:
        """Note that somebody is in a conversation, of which they are told all after a rev."""
        self.guests[user_id].conversations[conversation] = version
        self._sequencer.admit(conversation, user_id, since)

    def stand(self, conversation: str, user_id: str) -> bool:
        """Note that somebody is in a conversation no more; tell whether nobody here is."""
        if guest := self.guests.get(user_id):
            guest.conversations.pop(conversation, None)
        track = self._sequencer.track_of(conversation)
        if track is None:
            return False
        track.readers.discard(user_id)
        track.admitting.pop(user_id, None)
        if track.readers or track.admitting:
            return False
        self.end(conversation)
        return True

    def end(self, conversation: str) -> None:
        """Follow a conversation no more, whoever was in it."""
        track = self._sequencer.track_of(conversation)
        for user_id in track.people if track is not None else ():
            if guest := self.guests.get(user_id):
                guest.conversations.pop(conversation, None)
        self._sequencer.drop(conversation)
        self._versions.pop(conversation, None)

    def is_news(self, conversation: str, group: Group) -> bool:
        """Tell whether this is a later version of a group than the one known, and note it."""
        if group.version <= self._versions.get(conversation, 0):
            return False
        self._versions[conversation] = group.version
        return True
