"""The delay pattern (Copet et al. 2023, section 2.2), in closed form.

A code frame is one code of every codebook. The decoder does not predict a frame at once: codebook
k runs ``delays[k]`` positions behind, so that each code is predicted with the coarser codes of its
frame known. Position 0 holds nothing but the pad code; frame f of codebook k stands at position
``1 + f + delays[k]``; what is left empty before and after is the pad code as well::

    position    0  1  2  3  4  5          3 frames, delays 0 1 2
    codebook 0  P  a  b  c  P  P
    codebook 1  P  P  d  e  f  P
    codebook 2  P  P  P  g  h  i
"""

from __future__ import annotations

import torch
from torch import Tensor

OPEN = -1
"""Stands where a code is yet to be predicted."""


def delays_of(codebooks: int, channels: int) -> tuple[int, ...]:
    """Each codebook's delay in positions. The codebooks of a stereo model are those of the left
    and the right channel in turn; the two of a pair share their delay."""
    return tuple(k // channels for k in range(codebooks))


def positions_of(frames: int, delays: tuple[int, ...]) -> int:
    """How many positions ``frames`` code frames take."""
    return 1 + frames + max(delays)


def delayed(codes: Tensor, frames: int, delays: tuple[int, ...], pad: int) -> Tensor:
    """The grid of ``frames`` code frames, of which the first are known.

    ``codes``: (..., codebooks, known). Returns (..., codebooks, positions) with ``OPEN`` where a
    code is to be predicted.
    """
    known = codes.shape[-1]
    if known > frames:
        raise ValueError(f"{known} code frames are known of {frames}")
    shape = (*codes.shape[:-1], positions_of(frames, delays))
    grid = torch.full(shape, pad, dtype=torch.long, device=codes.device)
    for k, delay in enumerate(delays):
        first = 1 + delay
        grid[..., k, first : first + known] = codes[..., k, :]
        grid[..., k, first + known : first + frames] = OPEN
    return grid


def undelayed(grid: Tensor, first: int, last: int, delays: tuple[int, ...]) -> Tensor:
    """Frames ``first`` to ``last`` (exclusive) of a grid: (..., codebooks, last - first)."""
    rows = [grid[..., k, 1 + delay + first : 1 + delay + last] for k, delay in enumerate(delays)]
    return torch.stack(rows, dim=-2)


def frames_within(position: int, delays: tuple[int, ...]) -> int:
    """How many frames are whole when everything up to ``position`` (inclusive) is known."""
    return max(0, position - max(delays))
