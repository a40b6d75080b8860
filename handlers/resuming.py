"""`resume`: what a connection missed, then what came meanwhile, each once and in order.

Events are held back first, history is read second, both are merged third: the
other way round, what arrives in between would be lost.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from handlers.framing import TEXT, build_frame
from handlers.live import Live
from handlers.outbox import Outbox
from realchat.catch_up import Gap
from realchat.commands import Resume
from realchat.frames import GroupLeft, GroupUpdated, MessageKind, Resumed
from realchat.models import Reader
from realchat.protocol import frame_message
from realchat.services import Services


class Resuming(Protocol):
    """What resuming needs of a connection."""

    services: Services
    reader: Reader
    outbox: Outbox
    live: Live


async def resume(connection: Resuming, command: Resume) -> None:
    """Send all that was missed, then `resumed`, then what came meanwhile.

    Raises `unavailable`.
    """
    connection.live.hold()
    had: dict[str, int] = {}
    await _catch_up(connection, command, had)
    connection.live.release(had)


async def _catch_up(connection: Resuming, command: Resume, had: dict[str, int]) -> None:
    """Send what was missed, and note up to which rev each conversation is complete now."""
    services = connection.services
    is_same = command.epoch == services.epoch
    gap = await services.catch_up.measure(
        connection.reader.user_id, command.cursors, command.groups if is_same else {}
    )
    _send_groups(connection, gap)
    reset = gap.reset if is_same else sorted(gap.cursors)
    had.update((one, command.cursors.get(one, 0)) for one in gap.cursors.keys() - reset)
    for conversation, since in gap.behind.items() if is_same else ():
        if connection.outbox.is_closed:
            return
        had[conversation] = await _replay(connection, conversation, since)
    resumed = Resumed(
        ref=command.ref,
        epoch=services.epoch,
        cursors={one: max(rev, had.get(one, 0)) for one, rev in gap.cursors.items()},
        reset=reset,
    )
    _put(connection, msgspec.json.encode(resumed))


def _send_groups(connection: Resuming, gap: Gap) -> None:
    for group in gap.groups:
        _put(connection, msgspec.json.encode(GroupUpdated(group=group)))
    for group_id in gap.left:
        _put(connection, msgspec.json.encode(GroupLeft(group_id=group_id)))


async def _replay(connection: Resuming, conversation: str, since: int) -> int:
    """Send what changed in a conversation after a rev; return the rev it is complete up to."""
    first = connection.live.first.get(conversation)
    pages = connection.services.catch_up.read(connection.reader, conversation, since, first)
    async for page in pages:
        for one in page:
            kind: MessageKind = "message" if one.is_new else "message_updated"
            _put(connection, frame_message(one.message, kind))
            since = one.message.rev
        # As fast as the reader takes it, so that no replay ever passes the outbox's bounds.
        await connection.outbox.flush()
        if connection.outbox.is_closed:
            break
    return since


def _put(connection: Resuming, payload: bytes) -> None:
    connection.outbox.put(build_frame(TEXT, payload))
