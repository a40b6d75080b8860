"""What people say: sending, editing, deleting, reacting, typing. The third room of the path.

Each of these asks whether this person may do this here, hands it to the message
log, and lets the log's order decide when it is told. Nothing slow stands in
between: what follows a message runs after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import emoji
from msgspec import UNSET, UnsetType

from realchat.composer import Composer, fingerprint
from realchat.conversations import Conversations
from realchat.drafts import Change, Deletion, Draft, Reaction
from realchat.errors import ChatError, Code, invalid
from realchat.events import MessageStored, Notice
from realchat.frames import MessageKind, TypingEvent
from realchat.ids import (
    DirectKey,
    direct_conversation,
    group_conversation,
    is_id,
    parse_conversation,
)
from realchat.models import Message
from realchat.ports import Bus, KnownPeople
from realchat.requests import MessageDraft

# Different emoji on one message; each is a field of its document.
MAX_REACTIONS = 50

Stored = Callable[[Message], None]


class Log(Protocol):
    """The one writer of messages."""

    async def append(self, draft: Draft, stored: Stored) -> tuple[Message, bool]:
        """Store a message; tell whether it is a new one."""

    async def change(self, message: Message, change: Change, stored: Stored) -> Message | None:
        """Change a message; None where there was nothing to change."""


class MessageSource(Protocol):
    """Where messages are read."""

    async def find(self, message_id: str) -> Message | None:
        """Return one message."""

    async def find_repeated(
        self, sender_id: str, client_id: str, fingerprint: str
    ) -> Message | None:
        """Return the message that has a sender's `client_id`, if it is the same one."""


class Aftermath(Protocol):
    """What follows once a message is out; none of it is waited for."""

    def sent(self, message: Message) -> None:
        """Follow up a new message."""

    def refused(self, conversation: str, files: Sequence[str]) -> None:
        """Follow up a message that was not stored."""

    def edited(self, message: Message) -> None:
        """Follow up a message whose text was replaced; as it was before."""

    def deleted(self, message: Message) -> None:
        """Follow up a deleted message; as it was before."""


class Chat:
    """All that is said in conversations."""

    def __init__(
        self,
        log: Log,
        messages: MessageSource,
        conversations: Conversations,
        people: KnownPeople,
        composer: Composer,
        aftermath: Aftermath,
        bus: Bus,
    ) -> None:
        self._log = log
        self._messages = messages
        self._conversations = conversations
        self._people = people
        self._composer = composer
        self._aftermath = aftermath
        self._bus = bus

    async def send(self, sender_id: str, request: MessageDraft) -> tuple[Message, bool]:
        """Store a message and have it delivered; tell whether it is a new one.

        The same `client_id` again returns the message of the first time. Raises
        `validation_error`, `not_found`, `forbidden`, `blocked`,
        `idempotency_conflict` and `unavailable` (then nothing was acked).
        """
        try:
            conversation, members = await self._address(sender_id, request)
            if request.files and (repeated := await self._find_repeated(sender_id, request)):
                return repeated, False
            draft = await self._composer.compose(sender_id, request, conversation, members)
            await self._conversations.start(conversation, members)
        except ChatError:
            # What was sent when it was allowed stays sent, also where it no longer is.
            if repeated := await self._find_repeated(sender_id, request):
                return repeated, False
            raise

        def stored(message: Message) -> None:
            self._publish("message", message, members)
            self._aftermath.sent(message)

        try:
            return await self._log.append(draft, stored)
        except ChatError as error:
            if error.code is not Code.UNAVAILABLE:
                self._aftermath.refused(conversation, draft.files)
            raise

    async def edit(self, user_id: str, message_id: str, content: str) -> Message:
        """Give one's own message another text."""
        message, members = await self._own(user_id, message_id)
        if not content.strip() and not message.files:
            raise invalid("content", "must not be empty; delete the message instead")
        if content == message.content:
            return message
        await self.require_open(message, user_id)
        edit = await self._composer.revise(message, content, members)
        changed = await self._change(message, edit, members)
        self._aftermath.edited(message)
        return changed

    async def delete(self, user_id: str, message_id: str) -> Message:
        """Empty a message, one's own or as an admin of its group; it keeps its place."""
        message, members = await self.find(user_id, message_id)
        if message.sender_id != user_id and not await self._conversations.is_admin(
            user_id, message.conversation
        ):
            raise ChatError(Code.FORBIDDEN, "Only its sender or an admin may delete a message.")
        if message.deleted is True:
            # Again: what followed the deletion may have been cut short.
            self._aftermath.deleted(message)
            return message
        changed = await self._change(message, Deletion(), members)
        self._aftermath.deleted(message)
        return changed

    async def react(self, user_id: str, message_id: str, symbol: str, *, on: bool) -> Message:
        """Put an emoji on a message, or take it off; doing so twice changes nothing."""
        if not emoji.is_emoji(symbol):
            raise invalid("emoji", "must be one emoji")
        message, members = await self.find(user_id, message_id)
        _require_present(message)
        if on and symbol not in message.reactions and len(message.reactions) >= MAX_REACTIONS:
            raise ChatError(Code.FORBIDDEN, f"A message has at most {MAX_REACTIONS} reactions.")
        if on:
            await self.require_open(message, user_id)
        reaction = Reaction(user_id=user_id, emoji=symbol, on=on)
        return await self._change(message, reaction, members)

    async def type(
        self, user_id: str, recipient_id: str | UnsetType, group_id: str | UnsetType, *, on: bool
    ) -> None:
        """Tell the others of a conversation that somebody is writing, or has stopped."""
        request = MessageDraft(recipient_id=recipient_id, group_id=group_id)
        conversation, members = await self._address(user_id, request)
        others = await self._conversations.unblocked(user_id, members)
        frame = TypingEvent(conversation=conversation, user_id=user_id, on=on)
        self._bus.publish(Notice(readers=others, frame=frame))

    async def find(self, user_id: str, message_id: str) -> tuple[Message, tuple[str, ...]]:
        """Return a message and its conversation's members; else raise `not_found`."""
        message = await self._messages.find(message_id) if is_id(message_id) else None
        if message is None or not await self._conversations.is_member(
            user_id, message.conversation
        ):
            raise ChatError(Code.NOT_FOUND)
        return message, await self._conversations.members(user_id, message.conversation)

    async def require_open(self, message: Message, user_id: str) -> None:
        """Raise `blocked` where a message's direct conversation is closed by a block."""
        key = parse_conversation(message.conversation)
        if isinstance(key, DirectKey):
            await self._require_unblocked(user_id, key.peer_of(user_id))

    async def _find_repeated(self, sender_id: str, request: MessageDraft) -> Message | None:
        if request.client_id is UNSET:
            return None
        return await self._messages.find_repeated(
            sender_id, request.client_id, fingerprint(request)
        )

    async def _address(self, user_id: str, request: MessageDraft) -> tuple[str, tuple[str, ...]]:
        """Return the conversation that a request names and its members, if one may write there."""
        recipient_id, group_id = request.recipient_id, request.group_id
        if (recipient_id is UNSET) == (group_id is UNSET):
            raise invalid("recipient_id", "or `group_id` is required, and not both")
        if isinstance(recipient_id, str):
            conversation = direct_conversation(user_id, recipient_id)
            members = await self._conversations.members(user_id, conversation)
            await self._require_unblocked(user_id, recipient_id)
        else:
            conversation = group_conversation(str(group_id))
            members = await self._conversations.members(user_id, conversation)
        return conversation, members

    async def _require_unblocked(self, one: str, other: str) -> None:
        if await self._people.blocked_between(one, other):
            raise ChatError(Code.BLOCKED)

    async def _own(self, user_id: str, message_id: str) -> tuple[Message, tuple[str, ...]]:
        message, members = await self.find(user_id, message_id)
        if message.sender_id != user_id:
            raise ChatError(Code.FORBIDDEN, "Only its sender may edit a message.")
        _require_present(message)
        return message, members

    async def _change(self, message: Message, change: Change, members: tuple[str, ...]) -> Message:
        """Have a change stored and told; return the message as it is then."""
        changed = await self._log.change(
            message, change, lambda changed: self._publish("message_updated", changed, members)
        )
        if changed is not None:
            return changed
        current = await self._messages.find(message.id)
        if current is None:
            raise ChatError(Code.NOT_FOUND)
        if not isinstance(change, Deletion):
            _require_present(current)
        return current

    def _publish(self, kind: MessageKind, message: Message, members: tuple[str, ...]) -> None:
        # Those who are members by now; `members` were so when the writing began.
        readers = self._conversations.present(message.conversation, members)
        self._bus.publish(MessageStored(kind=kind, message=message, readers=readers))


def _require_present(message: Message) -> None:
    if message.deleted is True:
        raise ChatError(Code.MESSAGE_DELETED)
