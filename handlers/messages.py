"""`/messages`: history, sending, changing, reacting, and search."""

from __future__ import annotations

from handlers.endpoint import endpoint
from handlers.reading import ReadingHandler
from handlers.routes import Route
from realchat.errors import Code
from realchat.ids import direct_conversation, group_conversation
from realchat.limits import SEARCH, SEND
from realchat.models import Message
from realchat.replies import SearchHit
from realchat.requests import (
    DirectHistory,
    EditMessage,
    GroupHistory,
    MessageDraft,
    SearchMessages,
)

_CHANGING = (Code.NOT_FOUND, Code.FORBIDDEN, Code.MESSAGE_DELETED)


class DirectHistoryHandler(ReadingHandler):
    """`/messages/dm`."""

    @endpoint(raises=(Code.NOT_FOUND,))
    async def get(self, query: DirectHistory) -> list[Message]:
        """Read what you and somebody else wrote to each other, newest first."""
        conversation = direct_conversation(self.user_id, query.user_id)
        page, more = await self.services.history.page(await self.reader(), conversation, query)
        self.link_next(more)
        return page


class GroupHistoryHandler(ReadingHandler):
    """`/messages/group`."""

    @endpoint(raises=(Code.NOT_FOUND, Code.FORBIDDEN))
    async def get(self, query: GroupHistory) -> list[Message]:
        """Read what was written in a group, newest first."""
        conversation = group_conversation(query.group_id)
        page, more = await self.services.history.page(await self.reader(), conversation, query)
        self.link_next(more)
        return page


class MessagesHandler(ReadingHandler):
    """`/messages`."""

    @endpoint(
        status=201,
        also={200: "The same `client_id` was sent before; the message of that time."},
        raises=(Code.NOT_FOUND, Code.FORBIDDEN, Code.BLOCKED, Code.IDEMPOTENCY_CONFLICT),
        rate=SEND,
    )
    async def post(self, body: MessageDraft) -> Message:
        """Send a message to a person or a group."""
        message, is_new = await self.services.chat.send(self.user_id, body)
        if not is_new:
            self.set_status(200)
        return message


class MessageHandler(ReadingHandler):
    """`/messages/{message_id}`."""

    @endpoint(raises=(Code.NOT_FOUND,))
    async def get(self, message_id: str) -> Message:
        """Read one message, such as one that is quoted."""
        return await self.services.history.message(await self.reader(), message_id)

    @endpoint(raises=_CHANGING)
    async def patch(self, message_id: str, body: EditMessage) -> Message:
        """Give a message of yours another text."""
        return await self.services.chat.edit(self.user_id, message_id, body.content)

    @endpoint(status=204, raises=(Code.NOT_FOUND, Code.FORBIDDEN))
    async def delete(self, message_id: str) -> None:
        """Empty a message, yours or as an admin of its group; it keeps its place."""
        await self.services.chat.delete(self.user_id, message_id)


class ReactionHandler(ReadingHandler):
    """`/messages/{message_id}/reactions/{emoji}`."""

    @endpoint(raises=(*_CHANGING, Code.VALIDATION, Code.BLOCKED))
    async def put(self, message_id: str, emoji: str) -> Message:
        """Put an emoji on a message."""
        changed = await self.services.chat.react(self.user_id, message_id, emoji, on=True)
        return changed.seen_by(self.user_id)

    @endpoint(raises=(*_CHANGING, Code.VALIDATION))
    async def delete(self, message_id: str, emoji: str) -> Message:
        """Take an emoji of yours off a message."""
        changed = await self.services.chat.react(self.user_id, message_id, emoji, on=False)
        return changed.seen_by(self.user_id)


class SearchHandler(ReadingHandler):
    """`/messages/search`."""

    @endpoint(raises=(Code.NOT_FOUND, Code.FORBIDDEN), rate=SEARCH)
    async def get(self, query: SearchMessages) -> list[SearchHit]:
        """Find words in what was written, and in its translations, newest first."""
        hits, more = await self.services.history.search(await self.reader(), query)
        self.link_next(more)
        return hits


ROUTES = [
    Route("/messages", MessagesHandler),
    Route("/messages/dm", DirectHistoryHandler),
    Route("/messages/group", GroupHistoryHandler),
    Route("/messages/search", SearchHandler),
    Route("/messages/{message_id}", MessageHandler),
    Route("/messages/{message_id}/reactions/{emoji}", ReactionHandler),
]
