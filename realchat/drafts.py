"""What is to be written into a conversation: a message, or a change of one."""

from __future__ import annotations

from datetime import datetime

from realchat.models import Attachment, Record


class Draft(Record, frozen=True, kw_only=True):
    """A message before it has its place; `fingerprint` tells a retry from another message."""

    id: str
    conversation: str
    sender_id: str
    recipient_id: str | None
    group_id: str | None
    content: str
    content_lang: str
    detected: bool
    files: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    reply_to: str | None
    mentions: tuple[str, ...]
    created_at: datetime
    client_id: str | None
    fingerprint: str


class Edit(Record, frozen=True, kw_only=True):
    """A new text for a message, and what it is in."""

    content: str
    content_lang: str
    detected: bool
    mentions: tuple[str, ...]
    edited_at: datetime


class Deletion(Record, frozen=True, kw_only=True):
    """The end of a message's content; its place stays."""


class Reaction(Record, frozen=True, kw_only=True):
    """One user's emoji on a message, set or taken back."""

    user_id: str
    emoji: str
    on: bool


Change = Edit | Deletion | Reaction
