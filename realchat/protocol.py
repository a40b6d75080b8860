"""How bytes become commands, and messages frames.

Decoding is the check: shape, types and sizes are in the types of
`realchat.commands`, nothing looks at them again.
"""

from __future__ import annotations

import math

import msgspec
from msgspec import UNSET, UnsetType

from realchat.commands import AnyCommand
from realchat.decoding import decode_json
from realchat.errors import ChatError, Code
from realchat.fields import Ref
from realchat.frames import Error, MessageKind
from realchat.models import Message

_COMMANDS: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)
_REFS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_REF = msgspec.json.Decoder(Ref)


def decode(raw: str | bytes) -> AnyCommand:
    """Turn a frame's text into a command.

    Raises `ChatError`: `invalid_json`, `invalid_text`, `unknown_type`,
    `unknown_field` or `validation_error`.
    """
    try:
        return decode_json(_COMMANDS, raw)
    except ChatError as error:
        if error.fields and "type" in error.fields:
            raise ChatError(Code.UNKNOWN_TYPE) from None
        raise


def ref_of(raw: str | bytes) -> str | UnsetType:
    """Find the `ref` of a frame that is no command, so that its error can repeat it."""
    try:
        return _REF.decode(_REFS.decode(raw)["ref"])
    except (KeyError, msgspec.DecodeError, UnicodeError, RecursionError):
        return UNSET


def frame_error(error: ChatError, ref: str | UnsetType) -> Error:
    """Return an error as the frame that tells of it."""
    wait = error.retry_after
    return Error(
        ref=ref,
        code=error.code.code,
        message=error.message,
        fields=dict(error.fields) if error.fields else UNSET,
        retry_after_ms=math.ceil(wait * 1000) if wait is not None else UNSET,
    )


def frame_message(message: Message, kind: MessageKind) -> bytes:
    """Encode a message as the frame that announces it or its change."""
    # A message's own encoding with the tag put in front: the same bytes as a
    # NewMessage's or MessageUpdated's, without copying its fields.
    return b'{"type":"%b",%b' % (kind.encode(), msgspec.json.encode(message)[1:])
