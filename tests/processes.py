"""The real program as a child process, as `torture` starts it too."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator

from torture.processes import LEASH as LEASH
from torture.processes import PATIENCE as PATIENCE
from torture.processes import ROOT as ROOT
from torture.processes import ServerProcess as ServerProcess
from torture.processes import free_port as free_port
from torture.processes import is_alive as is_alive
from torture.processes import wait_until as wait_until


@contextlib.contextmanager
def request_under_way(server: ServerProcess) -> Iterator[http.client.HTTPConnection]:
    """Send a request of which one byte is missing, and wait until the server is at it."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    body = b'{"email":"nobody@example.org","password":"whatever"}'
    connection.putrequest("POST", "/auth/login")
    connection.putheader("Content-Length", str(len(body)))
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    with contextlib.closing(connection):
        assert connection.sock.recv(4096).startswith(b"HTTP/1.1 100")
        connection.send(body[:-1])
        yield connection
