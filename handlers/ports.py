"""The port on which the server listens."""

from __future__ import annotations

import errno
import socket

from tornado.netutil import bind_sockets

from realchat.settings import SettingError, Settings, StartError

# An address that no interface has, as while the network comes up, and a name that
# nobody could look up, which is another answer than that there is none such.
_NOT_YET = frozenset((errno.EADDRNOTAVAIL, socket.EAI_AGAIN))


def claim_port(settings: Settings) -> list[socket.socket]:
    """Listen on `HOST` and `PORT`; return the sockets.

    Raises `SettingError`, or `StartError` where the address may be there, or free, in a moment.
    """
    try:
        return bind_sockets(settings.port, settings.host)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "no such address"
        number = getattr(error, "errno", None)
        if number in _NOT_YET:
            raise StartError(
                f"The server cannot listen on {settings.host} port {settings.port} yet ({why}): "
                "start it again once this machine has that address, or change HOST."
            ) from None
        where = f"The server cannot listen on {settings.host} port {settings.port} ({why})"
        if number == errno.EADDRINUSE:
            raise StartError(f"{where}: stop the program that does, or change PORT.") from None
        raise SettingError(f"{where}: change HOST or PORT.") from None
