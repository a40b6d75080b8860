"""WebSocket frames as bytes (RFC 6455, section 5): built once for all, read many at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

# Section 5.2: the first byte's bits, and what kinds of frame there are.
_FINAL, _RESERVED, _OPCODE, _CONTROL = 0x80, 0x70, 0x0F, 0x08
_MASKED, _LENGTH = 0x80, 0x7F
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_KINDS = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
_MAX_SHORT, _MAX_MEDIUM = 125, 0xFFFF
_MASK_SIZE = 4

# Section 7.4.1: close codes that end a connection here, and those that one may be told.
PROTOCOL_ERROR, INVALID_PAYLOAD, TOO_BIG = 1002, 1007, 1009
_NOT_TO_BE_SENT = frozenset((1004, 1005, 1006))
_LAST_STANDARD, _FIRST_FREE, _LAST_FREE = 1014, 3000, 4999
_NORMAL = 1000


class Frame(NamedTuple):
    """A message or a control frame, unmasked; a `CONTINUATION` is a part, its bytes kept back."""

    opcode: int
    payload: bytes


class FramingError(Exception):
    """What came is no WebSocket; `code` is the close code to say so with."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class FrameReader:
    """Makes frames of what arrives, in whatever pieces; keeps at most one message and a bit."""

    __slots__ = ("_limit", "_opcode", "_parts", "_rest")

    def __init__(self, limit: int) -> None:
        """Take the bytes that a message may have."""
        self._limit = limit
        self._rest: bytearray | None = None
        self._opcode = CONTINUATION
        self._parts: bytearray | None = None

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that are complete with `data`. Raises `FramingError`."""
        held: bytes | bytearray = data
        if self._rest is not None:
            self._rest += data
            held = self._rest
        start, size = 0, len(held)
        while size - start >= 2:
            body, length = self._measure(held, start, size)
            end = body + length
            if end > size:
                break
            payload = _unmask(held[body - _MASK_SIZE : body], held[body:end])
            first, start = held[start], end
            yield self._take(first, payload)
        # Only what is incomplete, so that a quiet connection keeps nothing.
        self._rest = bytearray(held[start:]) if start < size else None

    def _measure(self, held: bytes | bytearray, start: int, size: int) -> tuple[int, int]:
        """Check a frame's head; return where its payload begins, and how long that is.

        Where the head is incomplete, what is returned lies beyond `size`.
        """
        opcode, length = held[start] & _OPCODE, held[start + 1] & _LENGTH
        if held[start] & _RESERVED or opcode not in _KINDS:
            raise FramingError(PROTOCOL_ERROR, "an unknown kind of frame")
        if not held[start + 1] & _MASKED:
            raise FramingError(PROTOCOL_ERROR, "a frame without a mask")
        if opcode & _CONTROL and (length > _MAX_SHORT or not held[start] & _FINAL):
            raise FramingError(PROTOCOL_ERROR, "a control frame that is too long or in parts")
        body = start + 2
        if length > _MAX_SHORT:
            wide = 2 if length == _MAX_SHORT + 1 else 8
            if size - body < wide:
                return size, 1
            length = int.from_bytes(held[body : body + wide], "big")
            body += wide
        kept = len(self._parts) if self._parts is not None and not opcode & _CONTROL else 0
        if length + kept > self._limit:
            raise FramingError(TOO_BIG, f"a message may have {self._limit} bytes")
        return body + _MASK_SIZE, length

    def _take(self, first: int, payload: bytes) -> Frame:
        """Return a whole frame, put together if it came in parts."""
        opcode = first & _OPCODE
        if opcode & _CONTROL:
            return Frame(opcode, payload)
        if (opcode == CONTINUATION) != (self._parts is not None):
            raise FramingError(PROTOCOL_ERROR, "a part of a message that is not under way")
        if self._parts is None:
            if first & _FINAL:
                return Frame(opcode, payload)
            self._opcode, self._parts = opcode, bytearray()
        self._parts += payload
        if not first & _FINAL:
            return Frame(CONTINUATION, b"")
        whole, self._parts = bytes(self._parts), None
        return Frame(self._opcode, whole)


def _unmask(mask: bytes | bytearray, payload: bytes | bytearray) -> bytes:
    """Undo a client's masking (section 5.3), as one operation on two large numbers."""
    size = len(payload)
    key = (bytes(mask) * (size // _MASK_SIZE + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(
        size, "little"
    )


def build_frame(opcode: int, payload: bytes) -> bytes:
    """Return the whole frame of a payload, as a server sends it."""
    size = len(payload)
    if size <= _MAX_SHORT:
        return bytes((_FINAL | opcode, size)) + payload
    if size <= _MAX_MEDIUM:
        return bytes((_FINAL | opcode, _MAX_SHORT + 1)) + size.to_bytes(2, "big") + payload
    return bytes((_FINAL | opcode, _MAX_SHORT + 2)) + size.to_bytes(8, "big") + payload


def build_close(code: int | None, reason: str | None) -> bytes:
    """Return the close frame of a code and a reason; both may be missing."""
    if code is None:
        return build_frame(CLOSE, b"")
    text = (reason or "").encode()[: _MAX_SHORT - 2].decode(errors="ignore")
    return build_frame(CLOSE, code.to_bytes(2, "big") + text.encode())


def read_close(payload: bytes) -> tuple[int | None, str | None]:
    """Return the code and the reason of a close frame. Raises `FramingError` for bad ones."""
    if not payload:
        return None, None
    code = int.from_bytes(payload[:2], "big")
    is_standard = _NORMAL <= code <= _LAST_STANDARD and code not in _NOT_TO_BE_SENT
    if len(payload) < 2 or not (is_standard or _FIRST_FREE <= code <= _LAST_FREE):
        raise FramingError(PROTOCOL_ERROR, "no close code that may be sent")
    return code, read_text(payload[2:])


def read_text(payload: bytes) -> str:
    """Return the text of a payload. Raises `FramingError` for what is not UTF-8."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise FramingError(INVALID_PAYLOAD, "a text that is not UTF-8") from None
