"""The chord recogniser whose chords Music2Emo is told: BTC with the large vocabulary.

Park, Choi, Jeon, Kim & Park, *A bi-directional transformer for musical chord recognition* (ISMIR
2019; jayg996/BTC-ISMIR19, MIT). 10 s of a constant-Q transform -> a chord for each of 108 frames.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from engine.evaluation.judges.chords import CHORDS
from engine.evaluation.judges.cqt import BINS, HOP, RATE, Floats
from engine.evaluation.judges.weights import Tensors, check_shapes

Tensor = Any

SECONDS = 10
SAMPLES = SECONDS * RATE
FRAMES = 1 + SAMPLES // HOP
LAYERS, HEADS, HIDDEN = 8, 4, 128
EPSILON = 1e-6
_TOP = "self_attn_layers"
_BLOCKS = ("attn_block", "backward_attn_block")


def shapes() -> dict[str, tuple[int, ...]]:
    """Of the tensors that are read, by the published file's names. ``mean`` and ``std``: of the
    logarithmic magnitudes that it was trained on."""
    wide = (HIDDEN, HIDDEN)
    made: dict[str, tuple[int, ...]] = {
        "mean": (),
        "std": (),
        f"{_TOP}.embedding_proj.weight": (HIDDEN, BINS),
        f"{_TOP}.layer_norm.gamma": (HIDDEN,),
        f"{_TOP}.layer_norm.beta": (HIDDEN,),
        "output_layer.output_projection.weight": (CHORDS, HIDDEN),
        "output_layer.output_projection.bias": (CHORDS,),
    }
    for number in range(LAYERS):
        layer = f"{_TOP}.self_attn_layers.{number}"
        made |= {f"{layer}.linear.weight": (HIDDEN, 2 * HIDDEN), f"{layer}.linear.bias": (HIDDEN,)}
        for block in (f"{layer}.{name}" for name in _BLOCKS):
            for what in ("query", "key", "value", "output"):
                made[f"{block}.multi_head_attention.{what}_linear.weight"] = wide
            for place in (0, 1):
                convolution = f"{block}.positionwise_convolution.layers.{place}.conv"
                made |= {f"{convolution}.weight": (*wide, 3), f"{convolution}.bias": (HIDDEN,)}
            for norm in ("layer_norm_mha", "layer_norm_ffn"):
                made |= {f"{block}.{norm}.gamma": (HIDDEN,), f"{block}.{norm}.beta": (HIDDEN,)}
    return made


class ChordRecogniser:
    """Raises ``MusmedError`` for tensors that are not its own."""

    def __init__(self, tensors: Tensors, whose: str) -> None:
        wanted = shapes()
        check_shapes(tensors, wanted, whose)
        self._tensors = {name: tensors[name].float() for name in wanted}
        self._mean, self._std = (float(tensors[name]) for name in ("mean", "std"))
        self._time = torch.from_numpy(timing())
        ahead = torch.full((FRAMES, FRAMES), -torch.inf).triu(1)
        self._masks = (ahead, ahead.T)
        """The first block of a layer sees what was, the second what comes."""

    @torch.inference_mode()
    def chords(self, logarithms: Floats) -> NDArray[np.int64]:
        """Of (``FRAMES``, ``BINS``) logarithmic magnitudes, (``FRAMES``,) numbers of chords as
        ``chords`` has them."""
        found: NDArray[np.int64] = self._logits(logarithms).argmax(dim=-1).numpy()
        return found

    @torch.inference_mode()
    def _logits(self, logarithms: Floats) -> Tensor:
        x = torch.from_numpy((logarithms - self._mean) / self._std).float()
        x = functional.linear(x, self._tensors[f"{_TOP}.embedding_proj.weight"]) + self._time
        for number in range(LAYERS):
            layer = f"{_TOP}.self_attn_layers.{number}"
            both = [
                self._block(x, f"{layer}.{name}", mask)
                for name, mask in zip(_BLOCKS, self._masks, strict=True)
            ]
            x = self._linear(torch.cat(both, dim=-1), f"{layer}.linear")
        return self._linear(self._norm(x, f"{_TOP}.layer_norm"), "output_layer.output_projection")

    def _block(self, x: Tensor, name: str, mask: Tensor) -> Tensor:
        x = x + self._attention(self._norm(x, f"{name}.layer_norm_mha"), name, mask)
        y = self._norm(x, f"{name}.layer_norm_ffn").T[None]
        for place in (0, 1):  # the second one is rectified too
            convolution = f"{name}.positionwise_convolution.layers.{place}.conv"
            weight, bias = (self._tensors[f"{convolution}.{what}"] for what in ("weight", "bias"))
            y = functional.conv1d(y, weight, bias, padding=1).relu()
        return x + y[0].T

    def _attention(self, x: Tensor, name: str, mask: Tensor) -> Tensor:
        at = f"{name}.multi_head_attention"
        query, key, value = (
            functional.linear(x, self._tensors[f"{at}.{what}_linear.weight"])
            .view(FRAMES, HEADS, HIDDEN // HEADS)
            .transpose(0, 1)
            for what in ("query", "key", "value")
        )
        scores = (query * (HIDDEN // HEADS) ** -0.5) @ key.transpose(1, 2) + mask
        mixed = (scores.softmax(dim=-1) @ value).transpose(0, 1).reshape(FRAMES, HIDDEN)
        return functional.linear(mixed, self._tensors[f"{at}.output_linear.weight"])

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"])

    def _norm(self, x: Tensor, name: str) -> Tensor:
        """Its own layer norm: by n - 1, and the small number is added to the deviation."""
        gamma, beta = self._tensors[f"{name}.gamma"], self._tensors[f"{name}.beta"]
        mean, deviation = x.mean(-1, keepdim=True), x.std(-1, keepdim=True)
        return gamma * (x - mean) / (deviation + EPSILON) + beta


def timing() -> Floats:
    """(``FRAMES``, ``HIDDEN``): sines of 64 wave lengths from 2 pi to 20,000 pi frames, then their
    cosines."""
    count = HIDDEN // 2
    speeds = np.exp(-np.log(1e4) * np.arange(count) / (count - 1))
    angles = np.arange(FRAMES)[:, None] * speeds
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)
