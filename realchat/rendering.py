"""A text brought into another language by an engine that is not trusted with all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

from realchat.errors import TranslationFailedError
from realchat.kept import Vocabulary
from realchat.masking import Template, Unit, mask
from realchat.proof import is_true, restore

Ask = Callable[[str], Awaitable[str]]

# Characters that are asked for at once, so that a text of many lines does not meet
# an engine's limit, which is 2,000 where LibreTranslate is served to the public.
_AT_ONCE = 1_800
# Calls for one text. More are needed only by an engine that mixes up lines.
_MOST_CALLS = 40
# LibreTranslate (Argos) takes each line for a text of its own, Apertium what is
# between blank lines.
_BETWEEN = "\n\n"


async def render(text: str, vocabulary: Vocabulary, ask: Ask) -> str:
    """Return a text as the engine behind `ask` translates it, with all that is to be kept.

    Raises what `ask` raises, and `TranslationFailedError`: `nothing_to_translate`, or
    `not_trusted`, when something was lost, added, or not translated.
    """
    # Off the event loop: patterns in thousands of characters take milliseconds.
    template = await asyncio.to_thread(mask, text, vocabulary)
    if not template.units and vocabulary.is_begun:
        return text
    if not template.units:
        raise TranslationFailedError("nothing_to_translate")
    translation = template.fill(await _Rendering(vocabulary, ask).solve(template.units))
    if not await asyncio.to_thread(is_true, text, translation, vocabulary):
        raise TranslationFailedError("not_trusted")
    return translation


class _Rendering:
    """What is known so far of one text's translation."""

    def __init__(self, vocabulary: Vocabulary, ask: Ask) -> None:
        self._vocabulary = vocabulary
        self._ask = ask
        self._answers: dict[str, str] = {}
        self._calls = 0

    async def solve(self, units: Sequence[Unit]) -> list[str]:
        """Return the translations of lines; where one fails, of its sentences."""
        found = await self._translate(units)
        failed = [unit for unit in units if unit.source not in found]
        cut = await asyncio.to_thread(self._cut, failed)
        filled = await self._fill(cut, self._solve_sentences)
        found.update(zip((unit.source for unit in failed), filled, strict=True))
        return [found[unit.source] for unit in units]

    async def _solve_sentences(self, units: Sequence[Unit]) -> list[str]:
        """Return the translations of sentences; where one fails, of what is between the marks."""
        found = await self._translate_parts(units)
        failed = [unit for unit in units if unit.source not in found]
        gaps = [gap for unit in failed for gap in unit.apart()]
        filled = iter(await self._fill(gaps, self._solve_pieces))
        for unit in failed:
            found[unit.source] = unit.put_back([next(filled) for _ in unit.gaps])
        return [found[unit.source] for unit in units]

    async def _solve_pieces(self, units: Sequence[Unit]) -> list[str]:
        found = await self._translate_parts(units)
        if any(unit.source not in found for unit in units):
            raise TranslationFailedError("not_trusted")
        return [found[unit.source] for unit in units]

    async def _fill(
        self,
        templates: Sequence[Template],
        solve: Callable[[Sequence[Unit]], Awaitable[list[str]]],
    ) -> list[str]:
        """Return the templates filled with the translations of all their units."""
        units = [unit for template in templates for unit in template.units]
        texts = iter(await solve(units) if units else ())
        return [template.fill(next(texts) for _ in template.units) for template in templates]

    async def _translate(self, units: Sequence[Unit]) -> dict[str, str]:
        """Return the translations that can be trusted, by their source."""
        await self._ask_for([unit.sent for unit in units])
        return await asyncio.to_thread(self._restore, units)

    async def _translate_parts(self, units: Sequence[Unit]) -> dict[str, str]:
        """Return what `_translate` does, with the ends that the parts of a line have in it."""
        found = await self._translate(units)
        return {
            unit.source: unit.trim(found[unit.source]) for unit in units if unit.source in found
        }

    def _cut(self, units: Sequence[Unit]) -> list[Template]:
        return [mask(unit.source, self._vocabulary, finely=True) for unit in units]

    def _restore(self, units: Sequence[Unit]) -> dict[str, str]:
        answers = self._answers
        found = {unit.source: restore(unit, answers[unit.sent], self._vocabulary) for unit in units}
        return {source: text for source, text in found.items() if text is not None}

    async def _ask_for(self, texts: Sequence[str]) -> None:
        for batch in _batches([text for text in dict.fromkeys(texts) if text not in self._answers]):
            answer = await self._call(_BETWEEN.join(batch))
            lines = [line for line in answer.splitlines() if line.strip()]
            if len(lines) != len(batch):
                lines = [await self._call(text) for text in batch]
            self._answers.update(zip(batch, lines, strict=True))

    async def _call(self, text: str) -> str:
        self._calls += 1
        if self._calls > _MOST_CALLS:
            raise TranslationFailedError("not_trusted")
        return await self._ask(text)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    length = 0
    for text in texts:
        length += len(text) + len(_BETWEEN)
        if batch and length > _AT_ONCE:
            yield batch
            batch, length = [], len(text)
        batch.append(text)
    if batch:
        yield batch
