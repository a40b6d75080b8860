"""Who is here, and in which conversations: the people of one process; no I/O.

A conversation is followed by the sequencer as long as one of them is in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from realchat.models import Group
from realchat.sequencer import Sequencer


class Guest:
    """Somebody with connections here; `is_ready` once their conversations are listened to."""

    __slots__ = ("connections", "conversations", "is_ready", "leaving")

    def __init__(self) -> None:
        self.connections = 0
        self.conversations: set[str] = set()
        self.is_ready = False
        self.leaving: asyncio.TimerHandle | None = None


class Seats:
    """The guests of a process and where they are."""

    def __init__(self, sequencer: Sequencer) -> None:
        self.guests: dict[str, Guest] = {}
        self._sequencer = sequencer
        self._versions: dict[str, int] = {}

    def ready(self, user_ids: Iterable[str]) -> list[str]:
        """Return those of the users who are here and whose conversations are known."""
        guests = self.guests
        return [one for one in user_ids if one in guests and guests[one].is_ready]

    def without(self, conversation: str, user_ids: Iterable[str]) -> list[str]:
        """Return those of the users who are ready and not in a conversation yet."""
        ready = self.ready(user_ids)
        return [one for one in ready if conversation not in self.guests[one].conversations]

    def is_in(self, conversation: str, user_id: str) -> bool:
        """Tell whether somebody who is here is in a conversation."""
        guest = self.guests.get(user_id)
        return guest is not None and conversation in guest.conversations

    def sit(self, conversation: str, user_id: str) -> None:
        """Note that somebody who is here is in a conversation that is followed."""
        guest, track = self.guests.get(user_id), self._sequencer.track_of(conversation)
        if guest is not None and track is not None:
            guest.conversations.add(conversation)
            track.readers.add(user_id)

    def stand(self, conversation: str, user_id: str) -> bool:
        """Note that somebody is in a conversation no more; tell whether nobody here is."""
        if guest := self.guests.get(user_id):
            guest.conversations.discard(conversation)
        track = self._sequencer.track_of(conversation)
        if track is None:
            return False
        track.readers.discard(user_id)
        if track.readers:
            return False
        self.end(conversation)
        return True

    def end(self, conversation: str) -> None:
        """Follow a conversation no more, whoever was in it."""
        track = self._sequencer.track_of(conversation)
        for user_id in track.readers if track is not None else ():
            if guest := self.guests.get(user_id):
                guest.conversations.discard(conversation)
        self._sequencer.drop(conversation)
        self._versions.pop(conversation, None)

    def is_news(self, conversation: str, group: Group) -> bool:
        """Tell whether this is a later version of a group than the one known, and note it."""
        if group.version <= self._versions.get(conversation, 0):
            return False
        self._versions[conversation] = group.version
        return True
