"""What the windows of a batch hear: text, a point on the circumplex, both, or nothing.

As in composing: a prefix's keys stand before the text's with their log-weights on the scores, and
who hears nothing has zeros after the projection, whose values are zeros too.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from engine.composers.musicgen.model.affect_prefix import AffectPrefix


class Asked(NamedTuple):
    """Of a batch of n windows. ``text`` (n, tokens, text width), padded, float32; ``tokens``
    (n, tokens), bool: which are heard, a row without one hears no text. ``points`` (n, 2): valence
    and arousal, any number where there is none; ``placed`` (n,), bool: who hears its point."""

    text: Tensor
    tokens: Tensor
    points: Tensor
    placed: Tensor


class Heard(NamedTuple):
    """For the decoder: ``states`` (n, keys, hidden) and ``mask``, 1 and 0 (n, keys) without a
    prefix, else what is added to the scores (n, 1, 1, keys)."""

    states: Tensor
    mask: Tensor


def heard(asked: Asked, projection: nn.Module, prefix: AffectPrefix | None) -> Heard:
    """``projection``: the model's, from the text's width to the decoder's. Without a ``prefix``
    nobody hears a point."""
    placed = asked.placed if prefix is not None else torch.zeros_like(asked.placed)
    nothing = ~(asked.tokens.any(dim=1) | placed)
    text: Tensor = projection(asked.text)
    text = text.masked_fill(nothing[:, None, None], 0.0)
    tokens = asked.tokens.clone()
    tokens[:, 0] |= nothing
    if prefix is None:
        return Heard(text, tokens.long())
    keys: Tensor = projection(prefix(asked.points.nan_to_num()))
    weights = prefix.log_weights.expand(len(placed), -1)
    weights = weights.masked_fill(~placed[:, None], -torch.inf)
    scores = torch.zeros_like(tokens, dtype=weights.dtype).masked_fill(~tokens, -torch.inf)
    mask = torch.cat([weights, scores], dim=1)[:, None, None]
    return Heard(torch.cat([keys, text], dim=1), mask)
