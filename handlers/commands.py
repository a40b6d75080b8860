"""What each frame of a client does, and what it is answered with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from realchat.commands import (
    AnyCommand,
    DeleteMessage,
    EditMessage,
    EnterGroup,
    LeaveGroup,
    Ping,
    React,
    Read,
    SendMessage,
    StartGroup,
    Typing,
)
from realchat.errors import ChatError, Code
from realchat.frames import Ack, Event, Pong
from realchat.limits import SEND
from realchat.models import Message, Reader
from realchat.services import Services

Obeying = Callable[[Any, Services, Reader], Awaitable[Event | None]]


async def obey(command: AnyCommand, services: Services, reader: Reader) -> Event | None:
    """Carry out a command for its sender; return the answer, if it has one.

    Raises `ChatError`.
    """
    if type(command) not in _OBEYING:
        raise ChatError(Code.BAD_REQUEST, "This connection is authenticated already.")
    return await _OBEYING[type(command)](command, services, reader)


async def _send(command: SendMessage, services: Services, reader: Reader) -> Event:
    await services.limits.take(SEND, reader.user_id)
    message, _ = await services.chat.send(reader.user_id, command)
    return Ack(
        ref=command.ref,
        id=message.id,
        client_id=message.client_id,
        conversation=message.conversation,
        seq=message.seq,
        rev=message.rev,
        created_at=message.created_at,
    )


async def _edit(command: EditMessage, services: Services, reader: Reader) -> Event:
    changed = await services.chat.edit(reader.user_id, command.id, command.content)
    return _changed(command, changed)


async def _delete(command: DeleteMessage, services: Services, reader: Reader) -> Event:
    return _changed(command, await services.chat.delete(reader.user_id, command.id))


async def _react(command: React, services: Services, reader: Reader) -> Event:
    changed = await services.chat.react(reader.user_id, command.id, command.emoji, on=command.on)
    return _changed(command, changed)


def _changed(command: EditMessage | DeleteMessage | React, message: Message) -> Ack:
    return Ack(
        ref=command.ref,
        id=message.id,
        conversation=message.conversation,
        seq=message.seq,
        rev=message.rev,
    )


async def _read(command: Read, services: Services, reader: Reader) -> Event:
    state = await services.inbox.mark_read(reader.user_id, command.conversation, command.seq)
    return Ack(ref=command.ref, conversation=state.conversation, seq=state.read_seq)


async def _type(command: Typing, services: Services, reader: Reader) -> None:
    await services.chat.type(reader.user_id, command.recipient_id, command.group_id, on=command.on)


async def _create_group(command: StartGroup, services: Services, reader: Reader) -> Event:
    group = await services.groups.create(reader.user_id, command)
    return Ack(ref=command.ref, group=group, group_id=group.id)


async def _join_group(command: EnterGroup, services: Services, reader: Reader) -> Event:
    group = await services.entrances.join(reader.user_id, command)
    return Ack(ref=command.ref, group=group, group_id=group.id)


async def _leave_group(command: LeaveGroup, services: Services, reader: Reader) -> Event:
    await services.groups.leave(reader.user_id, command.group_id)
    return Ack(ref=command.ref, group_id=command.group_id)


async def _ping(command: Ping, services: Services, reader: Reader) -> Event:
    return Pong(ref=command.ref)


_OBEYING: dict[type, Obeying] = {
    SendMessage: _send,
    EditMessage: _edit,
    DeleteMessage: _delete,
    React: _react,
    Read: _read,
    Typing: _type,
    StartGroup: _create_group,
    EnterGroup: _join_group,
    LeaveGroup: _leave_group,
    Ping: _ping,
}
