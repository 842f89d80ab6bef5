"""One step of the language model: the codes at one position make those at the next.

Everything a step reads and writes is in ``State``, on the device and of fixed shape: the position
is a tensor, the codes go into a grid, keys and values into a cache. So a step is one CUDA graph,
replayed, and the host only counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from engine.composers.musicgen.model.attention import (
    BLOCK,
    TEXT_BLOCK,
    Gathered,
    Hear,
    Memory,
    Reach,
    memory,
)
from engine.composers.musicgen.model.delay import OPEN
from engine.composers.musicgen.model.fused import CrossWeights, DecoderWeights, LayerWeights
from engine.composers.musicgen.model.one_place import Between, normed, through
from engine.composers.musicgen.model.sampler import Sampling, choose, guide

DRAWN_STEPS = 25
"""Steps whose draws are made at once."""


def nothing() -> None:
    """Between two layers there is nothing to do."""


@dataclass(frozen=True)
class State:
    """A clip, or a batch of clips, being decoded.

    ``rows`` is the batch, conditional; with guidance the batch again, unconditional.
    ``grid`` (batch, codebooks, positions): codes under the delay pattern, ``OPEN`` where none is
    yet. ``position`` (1,): the next step's. ``first`` (1,): where position 0 is in the cache, after
    the prefix of a model that has one. ``past``: keys and values of ``rows`` and positions.
    ``text``: those of the batch and its text. ``bias`` (positions, batch, keys): added to the
    text's scores at each position. ``draws`` (DRAWN_STEPS, batch, codebooks, codes): position p's
    are at p modulo DRAWN_STEPS. ``later`` (positions, positions): -inf at the places after a
    place, else 0.
    """

    grid: Tensor
    position: Tensor
    first: Tensor
    past: Memory
    text: Memory
    bias: Tensor
    draws: Tensor
    later: Tensor

    @staticmethod
    def empty(weights: DecoderWeights, batch: int, rows: int, positions: int, keys: int) -> State:
        """Room for ``positions`` positions and ``keys`` keys of text."""
        heads, layers = weights.attention_heads, len(weights.layers)
        size = weights.hidden // heads
        codes = (batch, weights.codebooks)

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(shape, device=weights.device, dtype=weights.dtype)

        def room(rows: int, places: int, block: int) -> Memory:
            shape = (layers, rows, heads, places, size)
            return memory(shape, weights.device, weights.kept, block)

        def whole(*shape: int) -> Tensor:
            return torch.zeros(shape, device=weights.device, dtype=torch.long)

        return State(
            grid=whole(*codes, positions),
            position=whole(1),
            first=whole(1),
            past=room(rows, positions, BLOCK),
            text=room(batch, keys, TEXT_BLOCK),
            bias=zeros(positions, batch, keys),
            draws=torch.ones((DRAWN_STEPS, *codes, weights.codes), device=weights.device),
            later=hide_later(positions, weights),
        )

    def for_text(self, weights: DecoderWeights, keys: int) -> State:
        """The same with room for ``keys`` keys of text."""
        positions, batch, _ = self.bias.shape
        shape = (len(weights.layers), batch, weights.attention_heads, keys)
        size = weights.hidden // weights.attention_heads
        return replace(
            self,
            text=memory((*shape, size), weights.device, weights.kept, TEXT_BLOCK),
            bias=self.bias.new_zeros((positions, batch, keys)),
        )


def step(
    weights: DecoderWeights,
    state: State,
    sampling: Sampling,
    span: int,
    *,
    masked: bool,
    between: Between = nothing,
) -> None:
    """Choose the codes of the position after ``state.position`` and go there.

    Attends to the first ``span`` places of the cache, which must cover the position's; ``masked``
    where they go beyond it. What is known already (a prompt, the pad codes) stays as it is.
    """
    tokens = state.grid.index_select(2, state.position)
    hidden = forward(weights, state, tokens, state.position, span, masked=masked, between=between)
    logits = logits_of(weights, hidden)[..., 0, :]
    if sampling.guided:
        logits = guide(logits, sampling.guidance)
    draws = state.draws.index_select(0, state.position % DRAWN_STEPS)[0]
    chosen = choose(logits, draws, sampling)[..., None]
    state.position.add_(1)
    known = state.grid.index_select(2, state.position)
    state.grid.index_copy_(2, state.position, torch.where(known == OPEN, chosen, known))


def forward(
    weights: DecoderWeights,
    state: State,
    tokens: Tensor,
    positions: Tensor,
    span: int,
    *,
    masked: bool,
    between: Between = nothing,
) -> Tensor:
    """The transformer on ``tokens`` (batch, codebooks, t) at ``positions`` (t,): (rows, t,
    hidden)."""
    batch, rows = len(tokens), state.past.rows
    x = functional.embedding(tokens + weights.offsets[:, None], weights.embedding).sum(1)
    places = positions + state.first
    bias = state.bias.index_select(0, positions).transpose(0, 1)[:, None]
    mask = state.later[:, :span].index_select(0, places) if masked else None
    if weights.cross_kv is None:
        mask = weigh_prefix(weights, mask, bias, (rows, span))
    x = x.expand(rows, -1, -1) if batch == 1 else x.repeat(rows // batch, 1, 1)
    return transform(weights, state, x, Reach(places, span, mask), bias=bias, between=between)


def transform(
    weights: DecoderWeights,
    state: State,
    x: Tensor,
    reach: Reach,
    *,
    bias: Tensor,
    between: Between = nothing,
) -> Tensor:
    """The layers on ``x`` (rows, t, hidden), whose keys and values are kept. Each part of a layer
    adds to ``x`` in place. ``bias`` (batch, 1, t, keys): of the text that is attended to from
    aside.

    The unconditional rows skip the cross-attention: their text is zeros after the projection, so
    its values are, and it would add nothing.
    """
    x = x + weights.positions.index_select(0, reach.places)
    past, text = state.past, state.text
    if isinstance(past, Gathered) and isinstance(text, Gathered) and len(reach.places) == 1:
        through(weights.at_one_place, x, past.place(reach), text.beside(bias), between)
        return normed(x, weights.norm)
    conditional = x[: state.bias.shape[1]]
    hear_past, hear_text = past.past(reach), text.text(bias)
    for number, layer in enumerate(weights.layers):
        between()
        attend_to_past(layer, number, x, hear_past)
        if layer.cross is not None:
            attend_to_text(layer.cross, number, conditional, hear_text)
        feed_forward(layer, x)
    return normed(x, weights.norm)


def logits_of(weights: DecoderWeights, hidden: Tensor) -> Tensor:
    """(rows, t, hidden) -> float32 (rows, codebooks, t, codes)."""
    rows, t, _ = hidden.shape
    flat = weights.heads(hidden).float()
    return flat.view(rows, t, weights.codebooks, weights.codes).transpose(1, 2)


def text_states(weights: DecoderWeights, states: Tensor) -> Tensor:
    """The text as the decoder has it: (keys, text width) -> (keys, hidden)."""
    states = states.to(weights.device, weights.dtype)
    return states if weights.text is None else functional.linear(states, *weights.text)


def text_keys(weights: DecoderWeights, states: Tensor, between: Between = nothing) -> Tensor:
    """The text's keys and values in every layer: (keys, text width) -> (layers, 2, heads, keys,
    size)."""
    assert weights.cross_kv is not None
    states = text_states(weights, states)

    def of(layer: Tensor) -> Tensor:
        between()
        both = functional.linear(states, layer)
        return both.view(len(states), 2, weights.attention_heads, -1).permute(1, 2, 0, 3)

    return torch.stack([of(layer) for layer in weights.cross_kv])


def hide_later(positions: int, weights: DecoderWeights) -> Tensor:
    """(positions, positions): 0 where a place may attend, -inf at the places after it."""
    places = torch.arange(positions, device=weights.device)
    nothing_hidden = torch.zeros((positions, positions), device=weights.device, dtype=weights.dtype)
    return nothing_hidden.masked_fill_(places > places[:, None], -torch.inf)


def weigh_prefix(
    weights: DecoderWeights, mask: Tensor | None, bias: Tensor, shape: tuple[int, int]
) -> Tensor:
    """The mask of a model whose text is a prefix: (rows, 1, t, span). Its bias (batch, 1, t, keys)
    goes to the places of the text, which come after those of the melody."""
    rows, span = shape
    batch, _, t, keys = bias.shape
    weighed = bias.new_zeros((rows, 1, t, span))
    first = len(weights.melody)
    weighed[:batch, :, :, first : first + keys] = bias[..., : max(0, span - first)]
    return weighed if mask is None else weighed + mask


def attend_to_past(layer: LayerWeights, number: int, x: Tensor, hear: Hear) -> None:
    layer.self_out.add(x, hear(number, layer.qkv(normed(x, layer.self_norm))))


def attend_to_text(layer: CrossWeights, number: int, x: Tensor, hear: Hear) -> None:
    layer.out.add(x, hear(number, layer.q(normed(x, layer.norm))))


def feed_forward(layer: LayerWeights, x: Tensor) -> None:
    layer.feed_out.add(x, functional.gelu(layer.feed_in(normed(x, layer.feed_norm))))
