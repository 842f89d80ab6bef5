"""The layers at one position on a CPU, without Python between their operators.

What a step computes is little beside what it reads, so whatever lies between two products counts,
and a layer's matrices drive all else out of the caches, Python's own objects too. torch's script
interpreter runs the same operators in the same order: the same numbers in less time. It needs no
compiler. A torch that has it no longer runs the layers in Python.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.composers.musicgen.model.attention import (
    BagTensors,
    Beside,
    Held,
    Place,
    past_of_one,
    text_of_one,
)

if TYPE_CHECKING:
    from engine.composers.musicgen.model.fused import CrossWeights, LayerWeights

Between = Callable[[], None]
"""Called before every layer. On a CPU, where a step of a large model takes a while, it may raise
and so end the step; what is written by then is in places that the same step writes again."""

Norm = tuple[Tensor, Tensor]
EPSILON = 1e-5
"""Of the norms."""


def normed(x: Tensor, norm: Norm, epsilon: float = EPSILON) -> Tensor:
    return torch.native_layer_norm(x, [x.size(-1)], norm[0], norm[1], epsilon)[0]


class TextAtOnePlace(nn.Module):
    """Attention to the text, as in ``text_of_one``, added to ``x`` (rows, 1, hidden)."""

    def __init__(self, cross: CrossWeights) -> None:
        super().__init__()
        self.norm, self.q, self.out = cross.norm, cross.q, cross.out

    def forward(self, x: Tensor, text: tuple[tuple[Tensor, Tensor], BagTensors, Tensor]) -> None:
        tables, bags, bias = text
        q = self.q(normed(x, self.norm))
        x.add_(self.out(text_of_one(q, tables, bags, bias)))


class OnePlace(nn.Module):
    """One layer, added in place to ``x`` (rows, 1, hidden), of which ``conditional`` is the first
    rows. ``held`` and ``past``: what ``past_of_one`` takes; ``text``: what ``text_of_one`` does."""

    def __init__(self, layer: LayerWeights) -> None:
        super().__init__()
        self.self_norm, self.qkv, self.self_out = layer.self_norm, layer.qkv, layer.self_out
        self.feed_norm, self.feed_in, self.feed_out = layer.feed_norm, layer.feed_in, layer.feed_out
        self.cross = None if layer.cross is None else TextAtOnePlace(layer.cross)

    def forward(
        self,
        x: Tensor,
        conditional: Tensor,
        held: Held,
        past: tuple[int, BagTensors, Tensor | None],
        text: tuple[tuple[Tensor, Tensor], BagTensors, Tensor],
    ) -> None:
        span, bags, mask = past
        qkv = self.qkv(normed(x, self.self_norm))
        x.add_(self.self_out(past_of_one(qkv, held, span, bags, mask)))
        if self.cross is not None:
            self.cross(conditional, text)
        inner = self.feed_in(normed(x, self.feed_norm))
        x.add_(self.feed_out(functional.gelu(inner)))


def layers_of(layers: Sequence[LayerWeights]) -> tuple[OnePlace, ...]:
    """Those of ``layers``, in torch's script interpreter where it takes them."""
    made = tuple(OnePlace(layer) for layer in layers)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is to go one day
            return tuple(cast("OnePlace", torch.jit.script(layer)) for layer in made)
    except (AttributeError, NotImplementedError, OSError, RuntimeError, TypeError):
        # What torch raises where it has no interpreter, no source to read (a frozen program) or an
        # operator that it does not know. ``test_attention`` counts operators, so it is seen here.
        return made


def through(
    layers: Sequence[OnePlace], x: Tensor, place: Place, beside: Beside, between: Between
) -> None:
    """All ``layers`` on ``x`` (rows, 1, hidden), in place."""
    held, *past = place
    tables, *text = beside
    conditional = x[: len(beside.bias)]
    for number, layer in enumerate(layers):
        between()
        layer(x, conditional, held[number], tuple(past), (tables[number], *text))
