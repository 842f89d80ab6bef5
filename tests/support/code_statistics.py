"""Which of two sets of tracks codes are nearer to, by how often each code comes in them.

Where a codec makes no music that could be judged, this is what can be told of its codes: the
logarithm of how much likelier a code is among the tracks of one mood than among those of the other
(unigrams of each codebook), in nats a code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.resampling import Indices, estimate
from engine.evaluation.results import Estimate

Codes = NDArray[np.integer[Any]]
"""(codebooks, frames)."""
Table = NDArray[np.float64]
"""(codebooks, codes): logarithms of shares."""


def unigrams(tracks: Sequence[Codes], codes: int) -> Table:
    """How often each of ``codes`` comes in all tracks together, half a time more (Jeffreys), so
    that what never came is not impossible."""
    books = np.concatenate(tracks, axis=1)
    counts = np.array([np.bincount(book, minlength=codes) for book in books]) + 0.5
    return np.asarray(np.log(counts / counts.sum(axis=1, keepdims=True)))


def nearness(clip: Codes, one: Table, other: Table) -> float:
    """How much likelier the codes of ``clip`` are among those of ``one`` than of ``other``: the
    mean, nats a code."""
    return float(np.mean([(one - other)[book, clip[book]] for book in range(len(clip))]))


def told_apart(asked_one: Sequence[float], asked_other: Sequence[float]) -> Estimate:
    """By how much the clips that were asked to be of the one kind are nearer to it than those that
    were asked to be of the other (``nearness`` of each), with its 95 % interval over clips, and the
    middle 95 % of the same with what was asked dealt out anew."""
    near = np.array([*asked_one, *asked_other])
    first = np.arange(len(near)) < len(asked_one)

    def apart(clips: Indices, prompts: Indices) -> float | None:
        asked = first[prompts]
        if asked.all() or not asked.any():
            return None
        return float(near[clips][asked].mean() - near[clips][~asked].mean())

    rng = np.random.default_rng(0)
    found = estimate("told apart", list(range(len(near))), apart, rng, expected=0.0)
    assert found is not None
    return found
