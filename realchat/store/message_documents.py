"""Messages as the documents that MongoDB keeps."""

from __future__ import annotations

from datetime import datetime

from msgspec import UNSET, to_builtins

from realchat.drafts import Draft
from realchat.ids import timestamp
from realchat.models import Attachment, Message
from realchat.store.documents import Document, object_id


def write_message(draft: Draft, seq: int, rev: int, *, is_shared: bool) -> Document:
    """Return a draft as the document that is stored in its place.

    One that several processes may change, where `is_shared`, keeps all its revs.
    """
    document = {
        "_id": object_id(draft.id),
        "conversation": draft.conversation,
        "seq": seq,
        "rev": rev,
        "first_rev": rev,
        "revs": [rev] if is_shared else None,
        "sender_id": draft.sender_id,
        "recipient_id": draft.recipient_id,
        "group_id": draft.group_id,
        "content": draft.content,
        "content_lang": draft.content_lang,
        "detected": draft.detected,
        "files": list(draft.files),
        "attachments": to_builtins(draft.attachments) if draft.attachments else [],
        "reply_to": draft.reply_to,
        "mentions": list(draft.mentions),
        "reactions": {},
        "created_at": draft.created_at,
        "client_id": draft.client_id,
        "fingerprint": draft.fingerprint,
    }
    # What a message does not have, its document does not have either.
    return {name: value for name, value in document.items() if value is not None}


def read_message(document: Document) -> Message:
    """Return a stored document as the message it is."""
    edited_at: datetime | None = document.get("edited_at")
    return Message(
        id=str(document["_id"]),
        conversation=document["conversation"],
        seq=document["seq"],
        rev=document["rev"],
        sender_id=document["sender_id"],
        recipient_id=document.get("recipient_id", UNSET),
        group_id=document.get("group_id", UNSET),
        content=document["content"],
        content_lang=document["content_lang"],
        detected=document["detected"],
        files=document["files"],
        attachments=[Attachment(**one) for one in document["attachments"]],
        reply_to=document.get("reply_to", UNSET),
        mentions=document["mentions"],
        reactions={emoji: users for emoji, users in document["reactions"].items() if users},
        created_at=timestamp(document["created_at"]),
        edited_at=timestamp(edited_at) if edited_at else UNSET,
        deleted=document.get("deleted", UNSET),
        client_id=document.get("client_id", UNSET),
    )
