"""A stand-in for a router (`mongos`) of a sharded cluster, of which none is at hand.

It passes everything on to a real MongoDB, but calls itself what a router calls itself, and
refuses an index as a cluster does once `messages` is sharded by `conversation`, and writes
as one does whose shards are out of reach.
"""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from types import TracebackType
from typing import Any

import bson

# https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/: length, id, the id that
# is answered, the kind; OP_REPLY has 20 more bytes before its document, OP_MSG 5.
_HEAD = struct.Struct("<iiii")
_OP_REPLY, _OP_MSG = 1, 2013
_BEFORE = {_OP_REPLY: 20, _OP_MSG: 5}
# What a member of a replica set says of itself and a router does not.
_OF_MEMBERS = ("hosts", "setName", "setVersion", "me", "primary", "secondary", "topologyVersion")
# https://github.com/mongodb/mongo, error_codes.yml.
_CANNOT_CREATE_INDEX = (67, "cannot create unique index with shard key pattern")
_NO_PRIMARY = (133, "could not find host matching read preference")

Document = dict[str, Any]


class Router(socketserver.ThreadingTCPServer):
    """A router before the MongoDB on a port, as long as the block lasts."""

    daemon_threads = True
    is_sharded = True
    is_cut_off = False

    def __init__(self, behind: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.behind = behind
        self.port: int = self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    def __enter__(self) -> Router:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Connection(socketserver.BaseRequestHandler):
    server: Router

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.behind)) as behind:
            while message := _read(self.request):
                if self.server.is_sharded and _is_illegal(_body(message)):
                    self.request.sendall(_refuse(message, *_CANNOT_CREATE_INDEX))
                    continue
                if self.server.is_cut_off and "update" in _body(message):
                    self.request.sendall(_refuse(message, *_NO_PRIMARY))
                    continue
                behind.sendall(message)
                self.request.sendall(_pretend(_read(behind)))


def _read(connection: socket.socket) -> bytes:
    """Read one message; nothing where the other side is gone."""
    head = connection.recv(_HEAD.size, socket.MSG_WAITALL)
    if len(head) < _HEAD.size:
        return b""
    return head + connection.recv(_HEAD.unpack(head)[0] - len(head), socket.MSG_WAITALL)


def _body(message: bytes) -> Document:
    """Return the document of a message; an empty one of a request in the old form."""
    kind = _HEAD.unpack_from(message)[3]
    if kind not in _BEFORE:
        return {}
    begin = _HEAD.size + _BEFORE[kind]
    (length,) = struct.unpack_from("<i", message, begin)
    return bson.decode(message[begin : begin + length])


def _answer(message: bytes, body: Document) -> bytes:
    """Return a message with another document."""
    kind = _HEAD.unpack_from(message)[3]
    rest = message[_HEAD.size : _HEAD.size + _BEFORE[kind]] + bson.encode(body)
    return _HEAD.pack(_HEAD.size + len(rest), *_HEAD.unpack_from(message)[1:]) + rest


def _pretend(reply: bytes) -> bytes:
    body = _body(reply)
    if "maxWireVersion" not in body:
        return reply
    kept = {name: value for name, value in body.items() if name not in _OF_MEMBERS}
    return _answer(reply, {**kept, "msg": "isdbgrid"})


def _is_illegal(command: Document) -> bool:
    if command.get("createIndexes") != "messages":
        return False
    return any(
        one.get("unique") and next(iter(one["key"])) != "conversation" for one in command["indexes"]
    )


def _refuse(command: bytes, code: int, why: str) -> bytes:
    _, asked, _, kind = _HEAD.unpack_from(command)
    error = {"ok": 0.0, "errmsg": why, "code": code}
    rest = bytes(_BEFORE[kind]) + bson.encode(error)
    return _HEAD.pack(_HEAD.size + len(rest), 0, asked, kind) + rest
