"""What the database is asked, held against the shard keys that the document tells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pymongo.database import Database
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

DOCUMENT = (Path(__file__).parent.parent / "docs/sharding.md").read_text()

Query = Mapping[str, Any]

# The shard key of each sharded collection, as an operator is told to set it.
KEYS: dict[str, str] = {
    collection: next(iter(json.loads(key)))
    for collection, key in re.findall(
        r'^sh\.shardCollection\("realchat\.(\w+)", (\{.*\})\)$', DOCUMENT, re.MULTILINE
    )
}
# What an operator has the database do with the messages of before.
ADOPTIONS: list[list[dict[str, Any]]] = [
    json.loads(pipeline)
    for pipeline in re.findall(
        r"^db\.messages\.aggregate\((\[.*?\])\)$", DOCUMENT, re.MULTILINE | re.DOTALL
    )
]
DROPPED: list[str] = re.findall(r'^db\.messages\.dropIndex\("(\w+)"\)$', DOCUMENT, re.MULTILINE)

_OF_DOCUMENTS = ("find", "aggregate", "count", "insert", "update", "delete", "findAndModify")
_LISTS = {"insert": "documents", "update": "updates", "delete": "deletes"}
# What explains a command; all else in it says where it goes and how long it may take.
_EXPLAINED = (
    *("filter", "sort", "limit", "pipeline", "cursor", "query", "updates", "deletes", "update"),
    *("upsert", "new", "hint"),
)


class Asked(NamedTuple):
    """One command."""

    name: str
    collection: str
    command: dict[str, Any]

    @property
    def queries(self) -> list[Query]:
        """What it asks for; of an insert, what is inserted."""
        if self.name in _LISTS:
            return [one.get("q", one) for one in self.command[_LISTS[self.name]]]
        if self.name == "aggregate":
            first: Query = self.command["pipeline"][0]
            return [first["$match"]]
        return [self.command["filter" if self.name == "find" else "query"]]

    @property
    def is_targeted(self) -> bool:
        """Whether every query says on which shard, or shards, to look."""
        key = KEYS.get(self.collection)
        return key is None or all(_names(query, key) for query in self.queries)

    def plans(self, database: Database[dict[str, Any]]) -> Iterator[str]:
        """Yield what the database says of how it finds what is asked for."""
        if self.name == "insert":
            return
        for part in self._parts():
            yield str(database.command("explain", part, verbosity="queryPlanner"))

    def _parts(self) -> Iterator[dict[str, Any]]:
        bare = {self.name: self.collection}
        bare.update((name, self.command[name]) for name in _EXPLAINED if name in self.command)
        listed = _LISTS.get(self.name)
        if listed is None:
            yield bare
            return
        for one in self.command[listed]:
            yield {**bare, listed: [one]}


class Watch(CommandListener):
    """Keeps the commands that the database gets."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Keep one."""
        if event.command_name in _OF_DOCUMENTS:
            command = dict(event.command)
            self.asked.append(Asked(event.command_name, command[event.command_name], command))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Do nothing."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Do nothing."""


def _names(query: Query, key: str) -> bool:
    """Tell whether a query names a shard key, with one value or with several."""
    if key in query:
        value = query[key]
        return not isinstance(value, dict) or set(value) <= {"$eq", "$in"}
    branches = query.get("$or", ())
    return bool(branches) and all(_names(one, key) for one in branches)
