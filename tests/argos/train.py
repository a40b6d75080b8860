"""Trains the model of one direction and packs it: `python -m argos.train en es`, in `tests`."""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import islice
from pathlib import Path
from statistics import mean

import sentencepiece
import torch
from torch import Tensor
from torch.nn import functional

from argos.corpus import Pair, read_texts
from argos.network import Network
from argos.package import translate_by, write_package

_MODELS = Path(__file__).parent / "models"
_SEED = 1
_PIECES = 1000
_BATCH = 128
# Of the learning: how fast at most, how many steps until then, and never slower than.
_FASTEST, _WARM_UP, _SLOWEST = 2e-3, 200, 1e-5
# The fixed phrases are few, so that each is learnt so many times.
_REPEATED = 6
# How many steps a line tells of.
_REPORTED = 50
_START, _END = 1, 2

# What each direction is trained on: source and target.
_Phrase = tuple[str, str]
_Tokens = list[int]


def main() -> None:
    """Train, pack, and say how many texts come out exactly as they should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", choices=["en", "es"])
    parser.add_argument("target", choices=["en", "es"])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--into", type=Path, default=_MODELS)
    options = parser.parse_args()
    torch.manual_seed(_SEED)
    random.seed(_SEED)
    torch.set_num_threads(options.threads)
    learnt, unseen, phrases = (_turn(pairs, options.source) for pairs in read_texts())
    tokenizer = _train_tokenizer(learnt, phrases)
    processor = sentencepiece.SentencePieceProcessor(model_proto=tokenizer)
    pieces = [processor.id_to_piece(number) for number in range(processor.get_piece_size())]
    network = Network(len(pieces))
    _train(network, learnt + phrases * _REPEATED, processor, options.steps)
    path = options.into / f"translate-{options.source}_{options.target}-0_1.argosmodel"
    write_package(path, options.source, options.target, network.eval(), tokenizer, pieces)
    for name, some in (("phrases", phrases), ("learnt", learnt[:500]), ("unseen", unseen)):
        found = translate_by(path, [source for source, _ in some], processor)
        exact = sum(one == target for one, (_, target) in zip(found, some, strict=True))
        print(f"{name}: {exact} of {len(some)} exact")


def _turn(pairs: Sequence[Pair], source: str) -> list[_Phrase]:
    return [pair if source == "en" else (pair.spanish, pair.english) for pair in pairs]


def _train_tokenizer(learnt: list[_Phrase], phrases: list[_Phrase]) -> bytes:
    """Return SentencePiece's model of both languages, which they share."""
    texts = [text for phrase in (*learnt, *phrases * 3) for text in phrase]
    texts += [text.lower() for phrase in phrases for text in phrase]
    written = BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=written,
        vocab_size=_PIECES,
        model_type="unigram",
        character_coverage=1.0,
        unk_id=0,
        bos_id=_START,
        eos_id=_END,
        pad_id=-1,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return written.getvalue()


def _train(
    network: Network,
    phrases: list[_Phrase],
    processor: sentencepiece.SentencePieceProcessor,
    steps: int,
) -> None:
    optimizer = torch.optim.AdamW(network.parameters(), lr=_FASTEST, betas=(0.9, 0.98))
    print(f"{sum(weight.numel() for weight in network.parameters())} parameters")
    began, losses = time.monotonic(), list[float]()
    for step, (sources, targets) in enumerate(islice(_batches(phrases, processor), steps)):
        for group in optimizer.param_groups:
            group["lr"] = _speed(step, steps)
        loss = _loss(network, sources, targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if len(losses) == _REPORTED:
            print(f"{time.monotonic() - began:.0f} s, step {step + 1}, loss {mean(losses):.3f}")
            losses.clear()


def _loss(network: Network, sources: Sequence[_Tokens], targets: Sequence[_Tokens]) -> Tensor:
    source, target = _pad(sources, network.padding), _pad(targets, network.padding)
    logits = network(source, target[:, :-1])
    return functional.cross_entropy(
        logits.reshape(-1, network.pieces),
        target[:, 1:].reshape(-1),
        ignore_index=network.padding,
        label_smoothing=0.05,
    )


def _speed(step: int, steps: int) -> float:
    """Return the rate of learning: it rises at first, and falls along half a cosine."""
    rising = min(1.0, (step + 1) / _WARM_UP)
    return _FASTEST * rising * (1 + math.cos(math.pi * step / steps)) / 2 + _SLOWEST


def _batches(
    phrases: list[_Phrase], processor: sentencepiece.SentencePieceProcessor
) -> Iterator[tuple[list[_Tokens], list[_Tokens]]]:
    """Yield all phrases, again and again: those of about the same length together, in any order."""
    while True:
        random.shuffle(phrases)
        tokens = [
            ([*processor.encode(source), _END], [_START, *processor.encode(target), _END])
            for source, target in map(_vary, phrases)
        ]
        tokens.sort(key=lambda phrase: len(phrase[0]) + random.random() * 3)
        batches = [tokens[start : start + _BATCH] for start in range(0, len(tokens), _BATCH)]
        random.shuffle(batches)
        for batch in batches:
            yield [source for source, _ in batch], [target for _, target in batch]


def _vary(phrase: _Phrase) -> _Phrase:
    """Return a phrase as people in a chat might write it: without its signs, or in lower case."""
    source, target = phrase
    chance = random.random()
    if chance < 0.15 or 0.25 <= chance < 0.3:
        source, target = _bare(source), _bare(target)
    if 0.15 <= chance < 0.3:
        source, target = source.lower(), target.lower()
    return source, target


def _bare(text: str) -> str:
    return text.rstrip(".!?").lstrip("¡¿")


def _pad(texts: Sequence[_Tokens], padding: int) -> Tensor:
    longest = max(map(len, texts))
    return torch.tensor([text + [padding] * (longest - len(text)) for text in texts])


if __name__ == "__main__":
    main()
