"""The port on which the server listens."""

from __future__ import annotations

import errno
import socket

from tornado.netutil import bind_sockets

from realchat.settings import SettingError, Settings


def claim_port(settings: Settings) -> list[socket.socket]:
    """Listen on `HOST` and `PORT`; return the sockets. Raises `SettingError`."""
    try:
        return bind_sockets(settings.port, settings.host)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "no such address"
        is_taken = getattr(error, "errno", None) == errno.EADDRINUSE
        advice = "stop the program that does, or change PORT" if is_taken else "change HOST or PORT"
        raise SettingError(
            f"The server cannot listen on {settings.host} port {settings.port} ({why}): {advice}."
        ) from None
