"""Whether the server can serve: which of its parts are there, and whether it is stopping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

from realchat.errors import ChatError, Code
from realchat.models import Record


class Needed(Protocol):
    """A part without which nothing can be served."""

    async def ping(self) -> None:
        """Return when the part answers, else raise `unavailable`."""


class Parts(Record, frozen=True, kw_only=True):
    """The parts of a server that can serve, and which of its optional ones are on."""

    database: Literal["up"]
    bus: Literal["up"]
    mail: Literal["smtp", "console"]
    translation: Literal["on", "off"]


class Readiness:
    """Answers for one process; `needed` are asked by name, in order."""

    def __init__(self, needed: Mapping[str, Needed], *, mail: bool, translation: bool) -> None:
        self._needed = needed
        self._parts = Parts(
            database="up",
            bus="up",
            mail="smtp" if mail else "console",
            translation="on" if translation else "off",
        )
        self._draining = False

    @property
    def draining(self) -> bool:
        """Whether the server is about to stop."""
        return self._draining

    def drain(self) -> None:
        """Be no longer ready, so that a balancer sends people elsewhere before the stop."""
        self._draining = True

    async def check(self) -> Parts:
        """Return the parts. Raises `unavailable`, naming what is missing."""
        if self._draining:
            raise ChatError(Code.UNAVAILABLE, "The server is stopping.", retry_after=5)
        for name, part in self._needed.items():
            await _check_part(name, part)
        return self._parts


async def _check_part(name: str, part: Needed) -> None:
    try:
        await part.ping()
    except ChatError as error:
        message = f"Not ready: the {name} is out of reach."
        raise ChatError(error.code, message, retry_after=error.retry_after) from error
