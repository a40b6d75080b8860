"""What several domain rooms need of the world; each implementation is joined in services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from realchat.events import AnyHappening
from realchat.models import User


class Bus(Protocol):
    """Where what happens is told, and heard of from other processes."""

    def publish(self, happening: AnyHappening) -> None:
        """Tell every process, this one included."""

    def subscribe(self, listener: Callable[[AnyHappening], None]) -> None:
        """Hear of everything from now on."""

    async def ping(self) -> None:
        """Return when it answers, else raise `unavailable`."""


class SharedBus(Bus, Protocol):
    """A bus that must know whom this process has to hear of (`realchat.channels`)."""

    async def join(self, channels: Sequence[str]) -> None:
        """Listen to channels; returns when nothing that is told there from now on is missed."""

    def leave(self, channels: Sequence[str]) -> None:
        """Listen to channels no more."""


class KnownPeople(Protocol):
    """Who there is, and who does not want to hear of whom."""

    async def get(self, user_id: str) -> User:
        """Return a user, or raise `not_found`."""

    async def get_many(self, user_ids: Iterable[str]) -> dict[str, User]:
        """Return those of the users that there are, by id."""

    async def blocked_between(self, one: str, other: str) -> bool:
        """Tell whether one of two has blocked the other."""
