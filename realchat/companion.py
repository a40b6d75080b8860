"""A program that runs beside the server: started with it, again when it dies, ended with it."""

from __future__ import annotations

import logging
import subprocess
from abc import ABC, abstractmethod

from realchat.leash import leash

logger = logging.getLogger(__name__)


class Companion(ABC):
    """The process of an embedded program.

    It ends with the thread that started it, so that must be the main one.
    """

    # What people know the program as, and the seconds that its end may take.
    name: str
    patience: float

    def start(self) -> None:
        """Start the process, without waiting for more."""
        # In a session of its own, for else the Ctrl-C of the terminal would end
        # it under the server, which still has requests to answer.
        self.process = subprocess.Popen(
            [*leash(), *self.prepare()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            umask=0o077,
        )

    def revive(self) -> bool:
        """Start the process again if it died; tell whether it had."""
        code = self.process.poll()
        if code is None:
            return False
        logger.error("the embedded %s ended with code %d and is started again", self.name, code)
        self.start()
        return True

    def stop(self) -> None:
        """End the process, once it has put everything away."""
        self.process.terminate()
        try:
            self.process.wait(self.patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @abstractmethod
    def prepare(self) -> list[str]:
        """Clear the way for the process; return its command."""
