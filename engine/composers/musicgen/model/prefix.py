"""The text of a melody model: not attended to from aside, but read before the first code.

The prefix is as many steps that say 'no melody' as the model was trained with, then the text. A
bias on the text's keys is then one on the self-attention to their places. For a prompt not to hear
the prompts before it, each attends to the 'no melody' and to itself alone; keys that are one
prompt's are told by having the same bias in every frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.composers.musicgen.model.fused import DecoderWeights
from engine.composers.musicgen.model.step import hide_later, text_states


class Prefix(NamedTuple):
    """``inputs`` (rows, places, hidden) and ``mask`` (rows, 1, places, places)."""

    inputs: Tensor
    mask: Tensor

    def __len__(self) -> int:
        return self.inputs.shape[1]


def no_prefix(weights: DecoderWeights, rows: int) -> Prefix:
    """That of a model with cross-attention."""
    empty = weights.embedding.new_empty
    return Prefix(empty((rows, 0, weights.hidden)), empty((rows, 1, 0, 0)))


def prefix_of(
    weights: DecoderWeights, texts: Sequence[Tensor], blocks: Sequence[Tensor], rows: int
) -> Prefix:
    """``texts`` (keys, text width) with the ``blocks`` (keys,) that their keys belong to; the
    unconditional rows hear zeros instead. Raises ``ValueError`` for texts of unequal length."""
    keys = {len(text) for text in texts}
    if len(keys) != 1:
        raise ValueError(f"texts of {sorted(keys)} tokens: this model needs them equally long")
    melody = len(weights.melody)
    places = melody + keys.pop()
    inputs = weights.embedding.new_zeros((rows, places, weights.hidden))
    inputs[:, :melody] = weights.melody
    mask = hide_later(places, weights).repeat(rows, 1, 1, 1)
    for row, (text, block) in enumerate(zip(texts, blocks, strict=True)):
        inputs[row, melody:] = text_states(weights, text)
        foreign = block[:, None] != block
        mask[row, 0, melody:, melody:].masked_fill_(foreign.to(weights.device), -torch.inf)
    return Prefix(inputs, mask)


def blocks_of(bias: Tensor) -> Tensor:
    """Which prompt each key belongs to (keys,), from the bias (frames, keys)."""
    changes = (bias[:, 1:] != bias[:, :-1]).any(dim=0)
    return torch.nn.functional.pad(changes.cumsum(0), (1, 0))
