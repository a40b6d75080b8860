"""What a message takes in the embedded MongoDB, with all its indexes, once it is on disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from pymongo import MongoClient

from bench.machine import cpu_seconds
from bench.talk import LANGUAGES, Talk
from realchat.drafts import Draft
from realchat.ids import DirectKey, direct_conversation, new_id
from realchat.mongod import start_mongod
from realchat.store.message_documents import write_message
from realchat.store.message_indexes import indexes_of

_DATABASE = "realchat"
# What MongoDB calls them: https://www.mongodb.com/docs/manual/reference/command/collStats/.
_SIZES = ("size", "storageSize", "totalIndexSize")
# Messages in one write, and those of a conversation.
_BATCH, _EACH = 2_000, 100
# Conversations that are asked for together, and how often.
_LOOKED_AT, _LOOKS = 500, 20


class Kept(Struct, frozen=True, kw_only=True):
    """Bytes of a message: as it is, on disk by MongoDB's compression, and in all indexes.

    `revs_us` is the database's CPU time, in microseconds, for the last rev of a
    conversation, asked for with many others.
    """

    data: float
    disk: float
    indexes: float
    revs_us: float


def store_messages(folder: Path, number: int) -> Kept:
    """Store messages of made-up words, some hundred in each conversation.

    Must run in the main thread.
    """
    mongod = start_mongod(folder)
    try:
        with MongoClient[dict[str, Any]](mongod.uri) as client:
            _fill(client, number)
    finally:
        mongod.stop()
    # What is written is all on disk after an end in order, and counted only then.
    mongod = start_mongod(folder)
    try:
        with MongoClient[dict[str, Any]](mongod.uri) as client:
            found = client[_DATABASE].command("collStats", "messages")
            revs_us = _measure_revs(client, mongod.process.pid)
    finally:
        mongod.stop()
    data, disk, indexes = (found[kind] / number for kind in _SIZES)
    return Kept(data=data, disk=disk, indexes=indexes, revs_us=revs_us)


def _measure_revs(client: MongoClient[dict[str, Any]], pid: int) -> float:
    messages = client[_DATABASE].messages
    conversations = messages.distinct("conversation")
    pipeline = last_of(conversations[:_LOOKED_AT], "rev")
    list(messages.aggregate(pipeline))
    cpu = cpu_seconds(pid)
    for _ in range(_LOOKS):
        list(messages.aggregate(pipeline))
    asked = len(conversations[:_LOOKED_AT]) * _LOOKS
    return (cpu_seconds(pid) - cpu) * 1e6 / asked


def last_of(conversations: Sequence[str], number: str) -> list[dict[str, Any]]:
    """Return the pipeline of `Messages.revs`."""
    return [
        {"$match": {"conversation": {"$in": list(conversations)}}},
        {"$sort": {"conversation": -1, number: -1}},
        {"$group": {"_id": "$conversation", "document": {"$first": "$$ROOT"}}},
    ]


def _fill(client: MongoClient[dict[str, Any]], number: int) -> None:
    talk = Talk("room", repeats=0.3)
    messages = client[_DATABASE].messages
    messages.create_indexes(indexes_of(is_sharded=False))
    pairs = [DirectKey(new_id(), new_id()) for _ in range(max(1, number // _EACH))]
    for start in range(0, number, _BATCH):
        documents = []
        for place in range(start, min(start + _BATCH, number)):
            seq, pair = place // len(pairs) + 1, pairs[place % len(pairs)]
            draft = _draft(pair, talk.text(LANGUAGES[place % len(LANGUAGES)]))
            documents.append(write_message(draft, seq, seq, is_shared=True))
        messages.insert_many(documents, ordered=False)


def _draft(pair: DirectKey, text: str) -> Draft:
    return Draft(
        id=new_id(),
        conversation=direct_conversation(*pair),
        sender_id=pair[0],
        recipient_id=pair[1],
        group_id=None,
        content=text,
        content_lang="en",
        detected=True,
        files=(),
        attachments=(),
        reply_to=None,
        mentions=(),
        created_at=datetime.now(UTC),
        client_id=os.urandom(11).hex(),
        fingerprint=os.urandom(16).hex(),
    )
