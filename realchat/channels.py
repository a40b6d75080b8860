"""Which processes a happening goes to: the names of channels, and who is told through which.

A process listens to the channels of those who are connected to it: one for each
of them, one for each conversation that one of them is in, and the one for all.
"""

from __future__ import annotations

from collections.abc import Iterator

from cachetools import LRUCache
from msgspec import structs

from realchat.events import (
    AnyHappening,
    MessageStored,
    MessageTranslated,
    Notice,
    Notices,
)
from realchat.frames import ReadEvent, TypingEvent
from realchat.ids import DirectKey, parse_conversation

# What everybody hears: what is remembered of people and groups, and ended sessions.
EVERYBODY = "all"
# Readers that are told one by one. More of them are told through the channel for
# all: one event a process costs less than one a reader.
FEW = 32
# Direct conversations of which this process has told before.
_MAX_BEGUN = 50_000


def user_channel(user_id: str) -> str:
    """Return the channel of a user."""
    return f"u:{user_id}"


def conversation_channel(conversation: str) -> str:
    """Return the channel of a conversation."""
    return f"c:{conversation}"


class Addresses:
    """Finds the channels of what one process has to tell."""

    def __init__(self) -> None:
        self._begun: LRUCache[str, None] = LRUCache(_MAX_BEGUN)

    def of(self, happening: AnyHappening) -> Iterator[tuple[tuple[str, ...], AnyHappening]]:
        """Yield what is to be told, and through which channels; nothing for this process alone."""
        match happening:
            case MessageStored():
                yield (
                    self._of_message(happening.message.conversation, happening.message.rev),
                    (happening),
                )
            case MessageTranslated(is_local=True):
                return
            case MessageTranslated(is_asked=False):
                yield (conversation_channel(happening.frame.conversation),), happening
            case Notice(frame=TypingEvent() | ReadEvent() as frame) if _is_group(
                frame.conversation
            ):
                yield (conversation_channel(frame.conversation),), happening
            case MessageTranslated() | Notice() | Notices() if len(happening.readers) <= FEW:
                for reader in happening.readers:
                    yield (user_channel(reader),), structs.replace(happening, readers=(reader,))
            case _:
                yield (EVERYBODY,), happening

    def _of_message(self, conversation: str, rev: int) -> tuple[str, ...]:
        """Return a message's channels: those of its people, too, where nobody may listen yet.

        Not only for the first one, which a process that died may have left untold.
        """
        channel = conversation_channel(conversation)
        key = parse_conversation(conversation)
        if not isinstance(key, DirectKey) or (rev > 1 and conversation in self._begun):
            return (channel,)
        self._begun[conversation] = None
        return (channel, *map(user_channel, dict.fromkeys(key)))


def _is_group(conversation: str) -> bool:
    return not isinstance(parse_conversation(conversation), DirectKey)
