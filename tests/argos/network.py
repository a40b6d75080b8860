"""The model: a transformer with normalisation before each layer, as small as will do.

Its parts are named and laid out so that `package.py` can hand them to CTranslate2.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS, INNER, LAYERS = 128, 4, 512, 2
DROPOUT = 0.1
# Tokens of the longest text.
LONGEST = 512


class Attention(nn.Module):
    """Looks from each token at others: at those of the same text, or at `memory`."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.query, self.key = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.value, self.out = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, tokens: Tensor, mask: Tensor, memory: Tensor | None = None) -> Tensor:
        """Return the tokens with what they saw; `mask` is true where they may look."""
        normal = self.norm(tokens)
        seen = normal if memory is None else memory
        found = functional.scaled_dot_product_attention(
            _by_head(self.query(normal)),
            _by_head(self.key(seen)),
            _by_head(self.value(seen)),
            attn_mask=mask,
        )
        joined = self.out(found.transpose(1, 2).reshape(tokens.shape))
        return tokens + functional.dropout(joined, DROPOUT, self.training)


class FeedForward(nn.Module):
    """Works on each token by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.widen, self.narrow = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the tokens with what came of it."""
        worked = self.narrow(functional.relu(self.widen(self.norm(tokens))))
        return tokens + functional.dropout(worked, DROPOUT, self.training)


class EncoderLayer(nn.Module):
    """Reads the source."""

    def __init__(self) -> None:
        super().__init__()
        self.look, self.work = Attention(), FeedForward()

    def forward(self, source: Tensor, mask: Tensor) -> Tensor:
        """Return the source, understood a little better."""
        done: Tensor = self.work(self.look(source, mask))
        return done


class DecoderLayer(nn.Module):
    """Writes the target: looks back at it, and over at the source."""

    def __init__(self) -> None:
        super().__init__()
        self.look_back, self.look_over, self.work = Attention(), Attention(), FeedForward()

    def forward(self, target: Tensor, past: Tensor, source: Tensor, mask: Tensor) -> Tensor:
        """Return the target; `past` says what of it a token may see."""
        looked = self.look_over(self.look_back(target, past), mask, source)
        done: Tensor = self.work(looked)
        return done


class Network(nn.Module):
    """The whole of it, for a vocabulary of so many pieces; one more, the last, is padding."""

    positions: Tensor

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = self.padding = pieces
        self.embedding = nn.Embedding(pieces + 1, WIDTH)
        nn.init.normal_(self.embedding.weight, 0, WIDTH**-0.5)
        self.register_buffer("positions", _waves())
        self.encoder = nn.ModuleList(EncoderLayer() for _ in range(LAYERS))
        self.encoder_norm = nn.LayerNorm(WIDTH)
        self.decoder = nn.ModuleList(DecoderLayer() for _ in range(LAYERS))
        self.decoder_norm = nn.LayerNorm(WIDTH)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Return for each place of each target how likely each piece is there, as logits."""
        mask = (source != self.padding)[:, None, None, :]
        read = self._embed(source)
        for layer in self.encoder:
            read = layer(read, mask)
        read = self.encoder_norm(read)
        length = target.size(1)
        past = torch.tril(torch.ones(length, length, dtype=torch.bool))[None, None]
        written = self._embed(target)
        for layer in self.decoder:
            written = layer(written, past, read, mask)
        # The same weights in and out save an eighth of them.
        return functional.linear(self.decoder_norm(written), self.embedding.weight[: self.pieces])

    def _embed(self, tokens: Tensor) -> Tensor:
        placed = self.embedding(tokens) * math.sqrt(WIDTH) + self.positions[: tokens.size(1)]
        return functional.dropout(placed, DROPOUT, self.training)


def _by_head(tokens: Tensor) -> Tensor:
    texts, length, _ = tokens.shape
    return tokens.view(texts, length, HEADS, WIDTH // HEADS).transpose(1, 2)


def _waves() -> Tensor:
    """Return the places of tokens as sines and cosines (https://arxiv.org/abs/1706.03762, 3.5)."""
    place = torch.arange(LONGEST)[:, None]
    angle = place * torch.exp(torch.arange(0, WIDTH, 2) * (-math.log(10_000.0) / WIDTH))
    waves = torch.zeros(LONGEST, WIDTH)
    waves[:, 0::2], waves[:, 1::2] = torch.sin(angle), torch.cos(angle)
    return waves
