"""`/conversations` and `/presence`: one's own list, what is read, and who is there."""

from __future__ import annotations

from handlers.endpoint import endpoint
from handlers.reading import ReadingHandler
from handlers.routes import Route
from realchat.errors import Code
from realchat.models import Conversation, Presence
from realchat.replies import MemberRead, Online, ReadState
from realchat.requests import MarkRead, UpdateConversation


class ConversationsHandler(ReadingHandler):
    """`/conversations`."""

    @endpoint()
    async def get(self) -> list[Conversation]:
        """List your conversations, newest activity first."""
        return await self.services.inbox.list_for(await self.reader())


class ConversationHandler(ReadingHandler):
    """`/conversations/{conversation}`."""

    @endpoint(status=204, raises=(Code.NOT_FOUND, Code.FORBIDDEN))
    async def patch(self, conversation: str, body: UpdateConversation) -> None:
        """Mute a conversation, or hide it until something new comes."""
        await self.services.inbox.update(self.user_id, conversation, body)


class ReadHandler(ReadingHandler):
    """`/conversations/{conversation}/read`."""

    @endpoint(raises=(Code.NOT_FOUND, Code.FORBIDDEN))
    async def post(self, conversation: str, body: MarkRead) -> ReadState:
        """Say how far you have read; the others are told, and marks never go back."""
        return await self.services.inbox.mark_read(self.user_id, conversation, body.seq)


class ReadsHandler(ReadingHandler):
    """`/conversations/{conversation}/reads`."""

    @endpoint(raises=(Code.NOT_FOUND, Code.FORBIDDEN))
    async def get(self, conversation: str) -> list[MemberRead]:
        """List how far the members have read; what one sends counts as read."""
        return await self.services.inbox.reads(self.user_id, conversation)


class OnlineHandler(ReadingHandler):
    """`/presence`."""

    @endpoint()
    async def get(self) -> Online:
        """List who is online of those you share a conversation with."""
        return Online(online=await self.services.presences.online(self.user_id))


class PresenceHandler(ReadingHandler):
    """`/presence/{user_id}`."""

    @endpoint(raises=(Code.NOT_FOUND,))
    async def get(self, user_id: str) -> Presence:
        """Tell whether somebody you share a conversation with is online."""
        return await self.services.presences.of(self.user_id, user_id)


ROUTES = [
    Route("/conversations", ConversationsHandler),
    Route("/conversations/{conversation}", ConversationHandler),
    Route("/conversations/{conversation}/read", ReadHandler),
    Route("/conversations/{conversation}/reads", ReadsHandler),
    Route("/presence", OnlineHandler),
    Route("/presence/{user_id}", PresenceHandler),
]
