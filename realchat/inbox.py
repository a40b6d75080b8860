"""Everybody's own view of their conversations: the list, what is read, muted and hidden."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import UNSET, structs

from realchat.conversations import Conversations
from realchat.events import Notice
from realchat.frames import ReadEvent
from realchat.ids import DirectKey, parse_conversation
from realchat.models import Conversation, Group, Message, Profile, Reader, ReadMark, User
from realchat.ports import Bus
from realchat.replies import MemberRead, ReadState
from realchat.requests import UpdateConversation


class MarkStore(Protocol):
    """How each user keeps each conversation."""

    async def of_user(self, user_id: str) -> dict[str, ReadMark]:
        """Return a user's marks by conversation."""

    async def of_members(self, user_ids: Sequence[str], conversation: str) -> dict[str, int]:
        """Return how far each of the users who has a mark has read a conversation."""

    async def advance(self, user_id: str, conversation: str, seq: int) -> ReadMark:
        """Move a mark forward."""

    async def keep(self, user_id: str, conversation: str, **fields: Any) -> ReadMark:
        """Set `muted` or `hidden_seq`."""


class LastMessages(Protocol):
    """Where a conversation's latest state is read."""

    async def last(self, conversations: Sequence[str]) -> dict[str, tuple[Message, int]]:
        """Return the last message and the last rev of each that has any."""

    async def last_sent(self, sender_id: str, conversations: Sequence[str]) -> dict[str, int]:
        """Return the `seq` of somebody's last message in each that has any."""

    async def last_of_senders(self, sender_ids: Sequence[str], conversation: str) -> dict[str, int]:
        """Return the `seq` of the last message of each who has sent any."""


class Presenter(Protocol):
    """How messages are shown to their reader."""

    async def show(self, messages: Sequence[Message], reader: Reader) -> list[Message]:
        """Return messages as their reader sees them."""


class Profiles(Protocol):
    """What others see of people."""

    async def get_many(self, user_ids: Iterable[str]) -> dict[str, User]:
        """Return those of the users that there are, by id."""

    def profile(self, user: User) -> Profile:
        """Return a user as others see them."""


class Inbox:
    """The conversations of each user as they keep them."""

    def __init__(
        self,
        conversations: Conversations,
        marks: MarkStore,
        messages: LastMessages,
        people: Profiles,
        presenter: Presenter,
        bus: Bus,
    ) -> None:
        self._conversations = conversations
        self._marks = marks
        self._messages = messages
        self._people = people
        self._presenter = presenter
        self._bus = bus

    async def list_for(self, reader: Reader) -> list[Conversation]:
        """Return a reader's conversations, newest activity first.

        Left out: hidden ones, and direct ones in which nothing was said yet.
        """
        mine = await self._conversations.of_member(reader.user_id)
        views = await self._views(mine, reader)
        return sorted(views, key=_latest_activity, reverse=True)

    async def mark_read(self, user_id: str, conversation: str, seq: int) -> ReadState:
        """Keep that a user has read up to `seq`, and tell the others; marks never go back."""
        members = await self._conversations.members(user_id, conversation)
        newest = await self._newest(conversation)
        if not newest:
            return ReadState(conversation=conversation, read_seq=0, unread=0)
        advanced = await self._marks.advance(user_id, conversation, min(seq, newest))
        mark = _with_sent(advanced, await self._messages.last_sent(user_id, [conversation]))
        frame = ReadEvent(conversation=conversation, user_id=user_id, seq=mark.read_seq)
        others = await self._conversations.unblocked(user_id, members)
        self._bus.publish(Notice(readers=(user_id, *others), frame=frame))
        return ReadState(
            conversation=conversation,
            read_seq=mark.read_seq,
            unread=max(0, newest - mark.read_seq),
        )

    async def reads(self, user_id: str, conversation: str) -> list[MemberRead]:
        """Return how far each member has read, but for those who have read nothing.

        Where there is a block between a member and the one who asks, that member is left
        out, as from the `read` frames.
        """
        members = await self._conversations.members(user_id, conversation)
        shown = [user_id, *await self._conversations.unblocked(user_id, members)]
        marked, sent = await asyncio.gather(
            self._marks.of_members(shown, conversation),
            self._messages.last_of_senders(shown, conversation),
        )
        seqs = {one: max(marked.get(one, 0), sent.get(one, 0)) for one in shown}
        return [MemberRead(user_id=one, seq=seq) for one, seq in seqs.items() if seq]

    async def update(self, user_id: str, conversation: str, request: UpdateConversation) -> None:
        """Mute a conversation, or hide it until something new comes."""
        await self._conversations.members(user_id, conversation)
        fields: dict[str, Any] = {}
        if request.muted is not UNSET:
            fields["muted"] = request.muted
        if request.hidden is not UNSET:
            fields["hidden_seq"] = await self._newest(conversation) if request.hidden else 0
        if fields:
            await self._marks.keep(user_id, conversation, **fields)

    async def _newest(self, conversation: str) -> int:
        last = (await self._messages.last([conversation])).get(conversation)
        return last[0].seq if last else 0

    async def _views(self, mine: Mapping[str, Group | None], reader: Reader) -> list[Conversation]:
        last = await self._messages.last(list(mine))
        marks = await self._marks.of_user(reader.user_id)
        sent = await self._messages.last_sent(reader.user_id, list(last))
        messages = [message for message, _ in last.values()]
        shown = {one.conversation: one for one in await self._presenter.show(messages, reader)}
        peers = await self._peers(mine, reader.user_id)
        views = []
        for conversation, group in mine.items():
            message = shown.get(conversation)
            mark = marks.get(conversation, ReadMark(conversation=conversation))
            mark = _with_sent(mark, sent)
            if _is_listed(group, message, mark):
                rev = last[conversation][1] if message else 0
                peer = peers.get(conversation)
                views.append(_view(conversation, peer or group, message, rev, mark))
        return views

    async def _peers(self, mine: Mapping[str, Group | None], user_id: str) -> dict[str, Profile]:
        """Return who is at the other end of each direct conversation."""
        ids = {}
        for conversation in mine:
            key = parse_conversation(conversation)
            if isinstance(key, DirectKey):
                ids[conversation] = key.peer_of(user_id)
        users = await self._people.get_many(ids.values())
        return {
            conversation: self._people.profile(users[peer])
            for conversation, peer in ids.items()
            if peer in users
        }


def _with_sent(mark: ReadMark, sent: Mapping[str, int]) -> ReadMark:
    """Return a mark, at least at its user's own last message: what one sent counts as read."""
    return structs.replace(mark, read_seq=max(mark.read_seq, sent.get(mark.conversation, 0)))


def _is_listed(group: Group | None, message: Message | None, mark: ReadMark) -> bool:
    if message is None:
        return group is not None
    return not mark.hidden_seq or message.seq > mark.hidden_seq


def _view(
    conversation: str,
    other: Profile | Group | None,
    message: Message | None,
    rev: int,
    mark: ReadMark,
) -> Conversation:
    newest = message.seq if message else 0
    read_seq = min(mark.read_seq, newest)
    return Conversation(
        id=conversation,
        kind="group" if isinstance(other, Group) else "dm",
        peer=other if isinstance(other, Profile) else UNSET,
        group=other if isinstance(other, Group) else UNSET,
        last_message=message,
        last_rev=rev,
        unread=newest - read_seq,
        read_seq=read_seq,
        muted=mark.muted,
    )


def _latest_activity(conversation: Conversation) -> str:
    if conversation.last_message is not None:
        return conversation.last_message.created_at
    return conversation.group.created_at if isinstance(conversation.group, Group) else ""
