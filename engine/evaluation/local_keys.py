"""The key around each bar of a score, from its notes: the pitch classes' lengths by Aarden and
Essen's weights (Krumhansl & Schmuckler's way, Krumhansl 1990)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.judges.chords import MAJOR_WEIGHTS, MINOR_WEIGHTS, Key
from engine.evaluation.notes import Piece

AROUND = 8
"""Bars before and after."""

Fits = NDArray[np.float64]
"""(24,): Pearson's r of the pitch classes and each key, major ones from C on, then minor ones."""


def local_keys(piece: Piece) -> list[Key]:
    """Of each bar."""
    if not piece.bars:
        return []
    table = np.zeros((len(piece.bars), 12))
    ends = np.array([bar.start + bar.length for bar in piece.bars])
    for note in piece.notes:
        at = min(int(np.searchsorted(ends, note.start + 0.125, side="right")), len(ends) - 1)
        table[at, note.pitch % 12] += note.end - note.start
    keys = []
    for at in range(len(table)):
        fits = key_fits(table[max(0, at - AROUND) : at + AROUND + 1].sum(axis=0))
        best = int(np.argmax(fits))
        keys.append(Key(best % 12, best >= 12))
    return keys


Profiles = tuple[tuple[float, ...], tuple[float, ...]]
"""Of the major and of the minor key of C: how much there is of each pitch class."""
AARDEN_ESSEN: Profiles = (MAJOR_WEIGHTS, MINOR_WEIGHTS)


def key_fits(lengths: NDArray[np.float64], profiles: Profiles = AARDEN_ESSEN) -> Fits:
    """How well ``lengths`` of the twelve pitch classes fit each key; zeros where they say
    nothing."""
    if lengths.std() < 1e-9:
        return np.zeros(24)
    fits = [
        np.corrcoef(np.roll(weights, tonic), lengths)[0, 1]
        for weights in profiles
        for tonic in range(12)
    ]
    return np.array(fits)
