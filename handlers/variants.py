"""The forms in which one message goes out: each encoded and framed once, for all who get it."""

from __future__ import annotations

from handlers.framing import TEXT, build_frame
from handlers.registry import Connection
from realchat.frames import MessageKind
from realchat.models import Message
from realchat.protocol import frame_message
from realchat.translation import Interpreter, target_of


class Variant:
    """What the readers of some languages get; `readers` are those who await a translation."""

    __slots__ = ("frame", "readers", "target")

    def __init__(self, frame: bytes, target: str | None, readers: dict[str, None] | None) -> None:
        self.frame = frame
        self.target = target
        self.readers = readers


class Variants:
    """The variants of one message, by the languages of those who read it."""

    def __init__(self, kind: MessageKind, message: Message, frame: bytes | None = None) -> None:
        """Take the message; `frame` is what those get who need no translation, if it is known."""
        self.by_languages: dict[tuple[str, ...], Variant] = {}
        self._kind = kind
        self._message = message
        self._stripped = message.seen_by("")
        self._frames: dict[tuple[str | None, bool], bytes] = {}
        if frame is not None:
            self._frames[None, False] = build_frame(TEXT, frame)
        self._awaiting: dict[str, dict[str, None]] = {}
        self._interpreter: Interpreter | None = None

    def add(self, connection: Connection) -> Variant:
        """Make the variant of this connection's languages."""
        self._interpreter = connection.services.interpreter
        languages = connection.reader.languages
        target = target_of(self._message, languages)
        readers = None if target is None else self._awaiting.setdefault(target, {})
        frame = self._frame(connection, target, is_own=False)
        variant = self.by_languages[languages] = Variant(frame, target, readers)
        return variant

    def own(self, connection: Connection, variant: Variant) -> bytes:
        """Return the frame that the sender gets."""
        return self._frame(connection, variant.target, is_own=True)

    def begin_translations(self) -> None:
        """Have the message translated for those who await it."""
        for target, readers in self._awaiting.items():
            assert self._interpreter is not None  # there is a target once a variant is added
            self._interpreter.begin(self._message, target, tuple(readers))

    def _frame(self, connection: Connection, target: str | None, *, is_own: bool) -> bytes:
        key = (target, is_own)
        if key not in self._frames:
            seen = self._message if is_own else self._stripped
            if target is not None:
                seen = connection.services.interpreter.announce(seen, target)
            self._frames[key] = build_frame(TEXT, frame_message(seen, self._kind))
        return self._frames[key]
