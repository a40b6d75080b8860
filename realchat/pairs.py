"""Which languages an engine translates into which, and the way from one to another."""

from __future__ import annotations

from collections.abc import Iterable

from realchat.models import Record

Pair = tuple[str, str]

# Most models are from or to English.
PIVOT = "en"
# More pairs than these are told by their number, where people read them.
_FEW = 8


class EngineState(Record, frozen=True, kw_only=True):
    """The engine in use: whether it answers, and the languages it translates from and into."""

    engine: str
    where: str
    answers: bool
    pairs: dict[str, list[str]]

    def describe(self) -> str:
        """Say it in one line for those who run the server."""
        by = f"by {self.engine} {self.where}"
        if not self.answers:
            return f"{by}, which does not answer now"
        pairs = [f"{source}-{target}" for source in self.pairs for target in self.pairs[source]]
        if not pairs:
            return f"{by}, which has no languages"
        if len(pairs) > _FEW:
            languages = set(self.pairs).union(*self.pairs.values())
            return f"{by}: {len(pairs)} pairs of {len(languages)} languages"
        return f"{by}: {', '.join(pairs)}"


class Pairs:
    """The pairs of an engine, in the contract's names of languages."""

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        self._pairs = frozenset(pair for pair in pairs if pair[0] != pair[1])

    def path(self, source: str, target: str) -> tuple[Pair, ...] | None:
        """Return the jobs that bring a text over: one, two through English, or None."""
        if (source, target) in self._pairs:
            return ((source, target),)
        through = ((source, PIVOT), (PIVOT, target))
        if source == target or not self._pairs.issuperset(through):
            return None
        return through

    def by_source(self) -> dict[str, list[str]]:
        """Return the languages that each language is translated into directly."""
        targets: dict[str, list[str]] = {}
        for source, target in sorted(self._pairs):
            targets.setdefault(source, []).append(target)
        return targets
