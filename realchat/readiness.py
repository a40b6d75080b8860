"""Whether the server can serve: which of its parts are there, and whether it is stopping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

from realchat.errors import ChatError, Code
from realchat.models import Record
from realchat.pairs import EngineState


class Needed(Protocol):
    """A part without which nothing can be served."""

    async def ping(self) -> None:
        """Return when the part answers, else raise `unavailable`, which says what lacks."""


class Parts(Record, frozen=True, kw_only=True):
    """The parts of a server that can serve, and which of its optional ones are on."""

    database: Literal["up"]
    bus: Literal["up", "away"]
    mail: Literal["smtp", "console"]
    translation: Literal["on", "away", "off"]
    files: Literal["disk", "bucket", "away"]


class Details(Record, frozen=True, kw_only=True):
    """More of the parts: the translation engine, if there is one."""

    translation: EngineState | None


class Describable(Protocol):
    """An optional part that may come and go while the server serves."""

    @property
    def state(self) -> EngineState:
        """What is known of it now."""


class Store(Protocol):
    """Where files are kept, if that is not this machine's disk."""

    @property
    def state(self) -> Literal["bucket", "away"]:
        """What is known of it now."""


class Optional(Protocol):
    """A part without which less can be served."""

    @property
    def is_up(self) -> bool:
        """Whether it is there."""


class Readiness:
    """Answers for one process; `needed` are asked by name, in order."""

    def __init__(
        self,
        needed: Mapping[str, Needed],
        *,
        bus: Optional | None = None,
        mail: bool,
        engine: Describable | None,
        files: Store | None = None,
    ) -> None:
        self._needed = needed
        self._bus = bus
        self._mail: Literal["smtp", "console"] = "smtp" if mail else "console"
        self._engine = engine
        self._files = files
        self._draining = False

    @property
    def draining(self) -> bool:
        """Whether the server is about to stop."""
        return self._draining

    @property
    def details(self) -> Details:
        """What there is to know of the parts beyond a word."""
        return Details(translation=self._engine.state if self._engine else None)

    def drain(self) -> None:
        """Be no longer ready, so that a balancer sends people elsewhere before the stop."""
        self._draining = True

    async def check(self) -> Parts:
        """Return the parts. Raises `unavailable`, naming what is missing."""
        if self._draining:
            raise ChatError(Code.UNAVAILABLE, "The server is stopping.", retry_after=5)
        for name, part in self._needed.items():
            await _check_part(name, part)
        return Parts(
            database="up",
            bus="up" if self._bus is None or self._bus.is_up else "away",
            mail=self._mail,
            translation=_word_for(self.details.translation),
            files=self._files.state if self._files else "disk",
        )


def _word_for(engine: EngineState | None) -> Literal["on", "away", "off"]:
    if engine is None:
        return "off"
    return "on" if engine.answers else "away"


async def _check_part(name: str, part: Needed) -> None:
    try:
        await part.ping()
    except ChatError as error:
        message = f"Not ready: the {name} {error.message}."
        raise ChatError(error.code, message, retry_after=error.retry_after) from error
