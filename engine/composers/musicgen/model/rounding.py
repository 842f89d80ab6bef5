"""How far a checkpoint in int8 is from itself in float32: both hear the same codes, which the model
in float32 has drawn, and their distributions of every next code are compared (teacher forcing).

What it does not see: codes further from a clip's beginning than ``FRAMES``, other prompts than
``PROMPTS``, an adapter's affect prefix, and what a difference sounds like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.composers.musicgen.model.decoder import Conditioning, Decoder
from engine.composers.musicgen.model.sampler import guide
from engine.composers.musicgen.model.weights import Model
from engine.composers.musicgen.precision import Figures

PROMPTS = (
    "calm ambient piano",
    "happy acoustic guitar",
    "sad slow strings",
    "tense electronic drums and bass",
)
"""One clip of each, drawn at once: a step reads the matrices once for all of them."""
FRAMES = 128
"""Code frames of each clip: some hundred steps together, of four codes and more each."""
GUIDANCE = 3.0
SEED = 20
_BEYOND = 1e9
"""Nats, in the place of what is no number."""


class Drawn(NamedTuple):
    """The ``codes`` of every clip (codebooks, frames), and the guided ``logits`` of each."""

    codes: tuple[Tensor, ...]
    logits: tuple[Tensor, ...]


def draw_codes(model: Model, progress: Callable[[float], None]) -> Drawn:
    """Clips by ``model``, and its own logits of them."""
    decoder = _decoder(model)
    heard = [Conditioning(model.text_states(prompt)) for prompt in PROMPTS]
    pieces: list[Tensor] = []
    for piece in decoder.frames(heard, None, FRAMES, seed=SEED, guidance=GUIDANCE):
        pieces.append(piece)
        progress(0.8 * sum(one.shape[-1] for one in pieces) / FRAMES)
    codes = tuple(torch.cat(pieces, dim=-1))
    logits = tuple(_logits(decoder, text, clip) for text, clip in zip(heard, codes, strict=True))
    progress(1.0)
    return Drawn(codes, logits)


def compare(drawn: Drawn, model: Model, progress: Callable[[float], None]) -> Figures:
    """``model`` beside the one that has drawn the codes."""
    decoder = _decoder(model)
    differences, changed = [], []
    for number, (codes, exact) in enumerate(zip(drawn.codes, drawn.logits, strict=True)):
        text = Conditioning(model.text_states(PROMPTS[number]))
        rounded = _logits(decoder, text, codes)
        differences.append(_divergence(exact, rounded))
        changed.append(exact.argmax(-1) != rounded.argmax(-1))
        progress((number + 1) / len(drawn.codes))
    return figures_of(differences, changed)


def figures_of(differences: Sequence[Tensor], changed: Sequence[Tensor]) -> Figures:
    """``differences``: nats of every code; ``changed``: whether its likeliest one is another."""
    all_of_them = torch.cat([one.flatten() for one in differences]).double()
    if not bool(all_of_them.isfinite().all()):
        return Figures(_BEYOND, _BEYOND, 1.0, len(all_of_them))
    return Figures(
        mean=float(all_of_them.mean()),
        high=float(all_of_them.quantile(0.99)),
        changed=float(torch.cat([one.flatten() for one in changed]).double().mean()),
        places=len(all_of_them),
    )


def _decoder(model: Model) -> Decoder:
    """With room for what is measured: for a whole clip of every prompt in float32 the keys and
    values alone would be three gigabytes."""
    return Decoder(model, max_seconds=FRAMES / model.frame_rate)


def _logits(decoder: Decoder, text: Conditioning, codes: Tensor) -> Tensor:
    """Guided (codebooks, positions, codes), of the positions at which every codebook has begun and
    none has ended."""
    guided = guide(decoder.logits(text, codes, GUIDANCE), GUIDANCE)[0]
    return guided[:, max(decoder.weights.delays) : codes.shape[-1]]


def _divergence(exact: Tensor, rounded: Tensor) -> Tensor:
    """Nats from ``exact`` to ``rounded`` (codebooks, positions)."""
    ours, theirs = exact.log_softmax(-1), rounded.log_softmax(-1)
    return (ours.exp() * (ours - theirs)).sum(-1).clamp_min(0.0)
