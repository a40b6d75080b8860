"""Runs of new messages where several processes write: none is stored without those before it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from realchat.store.collection import Collection
from realchat.store.documents import Document

Refused = dict[int, tuple[str, ...]]


async def insert_runs(collection: Collection, documents: Sequence[Document]) -> Refused:
    """Insert messages, those of one conversation in their order up to the first refused one.

    Return by place the unique index that refused each, and () for what came
    after it. Raises `unavailable` once nothing is under way any more.
    """
    refused = await collection.insert_ordered(documents)
    if not refused:
        return {}
    # Seldom: what did not come to its turn only because it stood behind another conversation's.
    first = min(refused)
    stopped = documents[first]["conversation"]
    others = [n for n in refused if documents[n]["conversation"] != stopped]
    found = await asyncio.gather(
        *(_insert(collection, documents, places) for places in _split(documents, others)),
        return_exceptions=True,
    )
    refused = {n: index for n, index in refused.items() if n not in set(others)}
    for one in found:
        if isinstance(one, BaseException):
            raise one
        refused |= one
    return refused


def _split(documents: Sequence[Document], places: Sequence[int]) -> list[list[int]]:
    """Return the places of each longer run, and of all that are alone in their conversations."""
    runs: dict[str, list[int]] = {}
    for place in places:
        runs.setdefault(documents[place]["conversation"], []).append(place)
    alone = [run[0] for run in runs.values() if len(run) == 1]
    longer = [run for run in runs.values() if len(run) > 1]
    return [alone, *longer] if alone else longer


async def _insert(
    collection: Collection, documents: Sequence[Document], places: Sequence[int]
) -> Refused:
    wanted = [documents[place] for place in places]
    is_run = wanted[0]["conversation"] == wanted[-1]["conversation"]
    insert = collection.insert_ordered if is_run else collection.insert_unordered
    return {places[n]: index for n, index in (await insert(wanted)).items()}
