"""The parts of a process that hear what happens."""

from __future__ import annotations

import logging
from collections.abc import Callable

from realchat.events import AnyHappening

logger = logging.getLogger(__name__)

Listener = Callable[[AnyHappening], None]


class Listeners:
    """Those who hear of everything, in the order in which they came."""

    def __init__(self) -> None:
        self._all: list[Listener] = []

    def add(self, listener: Listener) -> None:
        """Have one more hear of everything from now on."""
        self._all.append(listener)

    def tell(self, happening: AnyHappening) -> None:
        """Tell everyone; a fault of one is raised to who tells."""
        for listener in self._all:
            listener(happening)

    def tell_each(self, happening: AnyHappening) -> None:
        """Tell everyone; a fault of one is logged, so that the others hear, and what comes next."""
        for listener in self._all:
            try:
                listener(happening)
            except Exception:
                logger.exception("fault in what hears the bus")
