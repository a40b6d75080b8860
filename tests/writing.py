"""What the tests of the message log write, and how they look at what came of it."""

from __future__ import annotations

from msgspec import structs

from realchat.drafts import Draft, Edit
from realchat.ids import group_conversation, new_id, now
from realchat.models import Message
from realchat.store.messages import Messages


class Told(list[Message]):
    """What a log told of, in the order of its telling."""

    def __call__(self, message: Message) -> None:
        """Note one."""
        self.append(message)


CONVERSATION = group_conversation("0" * 24)


def draft(content: str = "text", **fields: object) -> Draft:
    """Return a draft of a message to a group."""
    made = Draft(
        id=new_id(),
        conversation=CONVERSATION,
        sender_id="1" * 24,
        recipient_id=None,
        group_id="0" * 24,
        content=content,
        content_lang="en",
        detected=False,
        files=(),
        attachments=(),
        reply_to=None,
        mentions=(),
        created_at=now(),
        client_id=None,
        fingerprint=content,
    )
    return structs.replace(made, **fields)


def edit(content: str) -> Edit:
    """Return an edit that gives a message another text."""
    return Edit(content=content, content_lang="en", detected=False, mentions=(), edited_at=now())


async def stored_places(messages: Messages, conversation: str = CONVERSATION) -> list[int]:
    """Return the seqs of a conversation as they are stored."""
    page = await messages.page(conversation, before=None, after=0, limit=10_000)
    return [one.seq for one in reversed(page)]
