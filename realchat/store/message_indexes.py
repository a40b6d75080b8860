"""What makes order and idempotency of messages facts of the database.

Every number and every `client_id` is taken at most once, whatever process tries.
"""

from __future__ import annotations

from pymongo import ASCENDING, IndexModel

_BY_SEQ = IndexModel([("conversation", ASCENDING), ("seq", ASCENDING)], unique=True)
_BY_REV = IndexModel([("conversation", ASCENDING), ("rev", ASCENDING)], unique=True)
# Of every rev that a message ever had: where several processes write, one that does
# not know of a change must not give its rev again once the message has a later one.
_BY_REVS = IndexModel(
    [("conversation", ASCENDING), ("revs", ASCENDING)],
    unique=True,
    partialFilterExpression={"revs": {"$exists": True}},
)
# `client_id` first: it tells messages apart better, so that asking for many pairs
# at once reads little more than what is found.
_BY_CLIENT_ID = IndexModel(
    [("client_id", ASCENDING), ("sender_id", ASCENDING)],
    unique=True,
    partialFilterExpression={"client_id": {"$exists": True}},
)
# The same where messages lie on several shards, by their conversations: a unique
# index begins with the shard key there. `Places` keeps one out of two conversations.
_BY_NAME = IndexModel(
    [("conversation", ASCENDING), ("client_id", ASCENDING), ("sender_id", ASCENDING)],
    unique=True,
    partialFilterExpression={"client_id": {"$exists": True}},
)
# How far somebody has read at least: to their own last message.
_BY_SENDER = IndexModel([("sender_id", ASCENDING), ("conversation", ASCENDING), ("seq", ASCENDING)])
_BY_FILE = IndexModel(
    [("files", ASCENDING)], partialFilterExpression={"attachments.0": {"$exists": True}}
)


def indexes_of(*, is_sharded: bool) -> list[IndexModel]:
    """Return the indexes of messages on one server, or those that are legal on several shards."""
    named = _BY_NAME if is_sharded else _BY_CLIENT_ID
    return [_BY_SEQ, _BY_REV, _BY_REVS, named, _BY_SENDER, _BY_FILE]
