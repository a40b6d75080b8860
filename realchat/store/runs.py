"""Runs of new messages where several processes write: none is stored without those before it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from realchat.store.database import Collection, Document

Refused = dict[int, tuple[str, ...]]


async def insert_runs(collection: Collection, documents: Sequence[Document]) -> Refused:
    """Insert messages, those of one conversation in their order up to the first refused one.

    Return by place the unique index that refused each, and () for what came
    after it. Raises `unavailable` once nothing is under way any more.
    """
    parts = _split(documents)
    found = await asyncio.gather(
        *(_insert(collection, documents, places) for places in parts), return_exceptions=True
    )
    refused: Refused = {}
    for one in found:
        if isinstance(one, BaseException):
            raise one
        refused |= one
    return refused


def _split(documents: Sequence[Document]) -> list[list[int]]:
    """Return the places of each longer run, and of all that are alone in their conversations."""
    runs: dict[str, list[int]] = {}
    for place, document in enumerate(documents):
        runs.setdefault(document["conversation"], []).append(place)
    alone = [places[0] for places in runs.values() if len(places) == 1]
    longer = [places for places in runs.values() if len(places) > 1]
    return [alone, *longer] if alone else longer


async def _insert(
    collection: Collection, documents: Sequence[Document], places: Sequence[int]
) -> Refused:
    wanted = [documents[place] for place in places]
    is_run = wanted[0]["conversation"] == wanted[-1]["conversation"]
    insert = collection.insert_ordered if is_run else collection.insert_unordered
    return {places[n]: index for n, index in (await insert(wanted)).items()}
