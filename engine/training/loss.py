"""The loss of MusicGen: of every codebook the cross-entropy of its codes, delayed as the decoder
says them (Copet et al. 2023, section 2.2), and of those the mean.

What a batch is divided by is its count of frames as a whole, which every process knows: parts of
it, worked on one after the other or by several processes, add up to the loss of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.composers.musicgen.model.delay import delayed
from engine.training.encoded import Codes

IGNORED = -100
"""A label where nothing is asked: transformers' and torch's own sign."""


def inputs_and_labels(
    windows: Sequence[Codes], delays: tuple[int, ...], pad: int
) -> tuple[Tensor, Tensor]:
    """What the decoder is given and what it should say at each position, both (windows, codebooks,
    positions), int64. A shorter window ends in ``pad`` and ``IGNORED``: attention looks back alone,
    so nothing that counts hears of it."""
    frames = max(codes.shape[1] for codes in windows)
    grids = [_grid(codes, frames, delays, pad) for codes in windows]
    inputs = torch.stack([grid[:, :-1] for grid in grids])
    labels = torch.stack([grid[:, 1:] for grid in grids])
    return inputs, labels.masked_fill(labels == pad, IGNORED)


def _grid(codes: Codes, frames: int, delays: tuple[int, ...], pad: int) -> Tensor:
    known = torch.from_numpy(codes).long()
    grid = delayed(known, known.shape[1], delays, pad)
    return torch.nn.functional.pad(grid, (0, frames - known.shape[1]), value=pad)


def summed(logits: Tensor, labels: Tensor) -> Tensor:
    """The cross-entropy of each codebook, nats, summed over windows and frames: (codebooks,),
    float32. ``logits``: (windows, codebooks, positions, codes); ``labels`` without the last."""
    each = [
        torch.nn.functional.cross_entropy(
            logits[:, k].flatten(0, 1).float(),
            labels[:, k].flatten(),
            ignore_index=IGNORED,
            reduction="sum",
        )
        for k in range(labels.shape[1])
    ]
    return torch.stack(each)
