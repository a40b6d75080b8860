"""What this process listens to: conversations come into earshot, and go out of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from realchat.channels import conversation_channel
from realchat.errors import ChatError, Code
from realchat.ports import SharedBus
from realchat.retries import RETRY
from realchat.sequencer import Sequencer
from realchat.tasks import Tasks
from realchat.tracks import Track

logger = logging.getLogger(__name__)

# Conversations in one question to the database.
_BATCH = 500


class Revs(Protocol):
    """How far conversations are."""

    async def revs(self, conversations: Sequence[str]) -> dict[str, int]:
        """Return the last rev of each conversation that has any."""


class Earshot:
    """Listens to the conversations that are followed, then finds out where they stand.

    One task does so for all, and does not give up: nobody has to undo what was begun.
    """

    def __init__(self, bus: SharedBus, sequencer: Sequencer, revs: Revs, tasks: Tasks) -> None:
        self._bus = bus
        self._sequencer = sequencer
        self._revs = revs
        self._tasks = tasks
        # Those that are followed, and not listened to yet.
        self._new: dict[str, Track] = {}
        self._is_working = False

    def follow(self, conversation: str, since: int | None) -> None:
        """Begin to follow a conversation after a rev; None: from where it stands now."""
        self._new[conversation] = self._sequencer.track(conversation, since)
        if not self._is_working:
            self._is_working = True
            self._tasks.start(self._work())

    def leave(self, conversations: Iterable[str]) -> None:
        """Listen no more to conversations that nobody here is in."""
        self._bus.leave([*map(conversation_channel, conversations)])

    async def settled(self, conversations: Iterable[str]) -> None:
        """Return once those that are followed are heard from where they stood.

        Raises `unavailable` where that cannot be found out.
        """
        for conversation in conversations:
            track = self._sequencer.track_of(conversation)
            if track is not None and track.last is None:
                await track.wait()
                if track.last is None and self._is_followed(conversation, track):
                    raise ChatError(Code.UNAVAILABLE, retry_after=1)

    async def _work(self) -> None:
        try:
            while self._new:
                new, self._new = self._new, {}
                # What was left and is followed anew is another track, to be listened to again.
                new = {one: track for one, track in new.items() if self._is_followed(one, track)}
                try:
                    await self._listen(new)
                except Exception as error:
                    if not isinstance(error, ChatError):
                        logger.exception("fault while finding out where conversations stand")
                    self._new = new | self._new
                    for track in new.values():
                        track.stir()
                    await asyncio.sleep(RETRY)
        finally:
            self._is_working = False

    async def _listen(self, new: Mapping[str, Track]) -> None:
        await self._bus.join([*map(conversation_channel, new)])
        for start in range(0, len(new), _BATCH):
            batch = list(new)[start : start + _BATCH]
            revs = await self._revs.revs(batch)
            self._sequencer.settle([one for one in batch if self._is_followed(one, new[one])], revs)

    def _is_followed(self, conversation: str, track: Track) -> bool:
        return self._sequencer.track_of(conversation) is track
