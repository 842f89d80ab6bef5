"""Features of a stretch of score: the usual measures of symbolic music generation.

Definitions after MusPy (Dong, Chen, McAuley & Berg-Kirkpatrick, ISMIR 2020), which takes them
from Mogren 2016, Dong et al. 2018 and Wu & Yang 2020; drums are left out everywhere. Where this
differs: time steps are sixteenths of the written music (onsets are rounded to them), so that
groove consistency means the same at every tick resolution; only whole bars are compared, and
neighbours of different length are not; note density is in notes a second; the melodic interval
is the mean absolute step in semitones along the skyline (``notes.skyline``), repeats included.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.notes import Piece, skyline

FEATURES = (
    "pitch-class entropy",
    "scale consistency",
    "polyphony",
    "empty-beat rate",
    "groove consistency",
    "note density",
    "mean melodic interval",
)
_STEPS = 4
"""Time steps a quarter note."""
_FINE = 16
"""Steps a quarter note at which sounding pitches are counted."""
_MAJOR = (0, 2, 4, 5, 7, 9, 11)


def score_features(clip: Piece, seconds: float) -> dict[str, float]:
    """The features of ``clip``, a stretch of ``seconds``. NaN where there is nothing to measure.

    Entropy in bits (0 to 3.58), rates in [0, 1], polyphony in pitches, density in notes/s,
    interval in semitones.
    """
    pitches = np.array([note.pitch for note in clip.notes], int)
    chroma = np.bincount(pitches % 12, minlength=12).astype(float)
    values = (
        _entropy(chroma),
        _scale_consistency(chroma),
        _polyphony(clip),
        _empty_beats(clip),
        _groove(clip),
        len(pitches) / seconds,
        _interval(clip),
    )
    return dict(zip(FEATURES, values, strict=True))


def central_range(
    values: Sequence[Mapping[str, float]], low: float = 0.05, high: float = 0.95
) -> dict[str, tuple[float, float]]:
    """The range from the ``low`` to the ``high`` quantile of each feature over many clips."""
    ranges = {}
    for name in FEATURES:
        column = np.array([value[name] for value in values], float)
        column = column[np.isfinite(column)]
        ranges[name] = (float(np.quantile(column, low)), float(np.quantile(column, high)))
    return ranges


def share_inside(
    values: Sequence[Mapping[str, float]], ranges: Mapping[str, tuple[float, float]]
) -> dict[str, float]:
    """The share of clips whose feature lies within the range, both ends included."""
    return {
        name: float(np.mean([low - 1e-9 <= value[name] <= high + 1e-9 for value in values]))
        for name, (low, high) in ranges.items()
    }


def _entropy(counts: NDArray[np.float64]) -> float:
    if counts.sum() == 0:
        return math.nan
    p = counts[counts > 0] / counts.sum()
    return float(-np.sum(p * np.log2(p)))


def _scale_consistency(chroma: NDArray[np.float64]) -> float:
    if chroma.sum() == 0:
        return math.nan
    scale = np.zeros(12)
    scale[list(_MAJOR)] = 1.0
    # A natural minor scale holds the same tones as its relative major: twelve sets are all.
    return float(max(np.roll(scale, k) @ chroma for k in range(12)) / chroma.sum())


def _polyphony(clip: Piece) -> float:
    """Mean number of pitches that sound, over the time in which any does."""
    if not clip.notes:
        return math.nan
    first = min(note.start for note in clip.notes)
    last = max(note.end for note in clip.notes)
    roll = np.zeros((math.ceil((last - first) * _FINE) + 1, 128), bool)
    for note in clip.notes:
        start = round((note.start - first) * _FINE)
        roll[start : max(start + 1, round((note.end - first) * _FINE)), note.pitch] = True
    sounding = roll.sum(axis=1)
    return float(sounding.sum() / np.count_nonzero(sounding))


def _empty_beats(clip: Piece) -> float:
    """Share of the quarter notes of the clip's bars in which nothing sounds."""
    if not clip.bars:
        return math.nan
    first = clip.bars[0].start
    count = max(1, int(clip.bars[-1].start + clip.bars[-1].length - first))
    filled = np.zeros(count, bool)
    for note in clip.notes:
        low = max(0, math.floor(note.start - first + 1e-3))
        high = math.ceil(note.end - first - 1e-3)
        filled[low : max(low, high)] = True
    return float(1.0 - filled.mean())


def _groove(clip: Piece) -> float:
    """1 - the mean Hamming distance of neighbouring bars' onset patterns."""
    starts = np.array([note.start for note in clip.notes])
    patterns = []
    for bar in clip.bars:
        steps = max(1, round(bar.length * _STEPS))
        pattern = np.zeros(steps, bool)
        at = np.round((starts - bar.start) * _STEPS).astype(int) if len(starts) else starts
        pattern[at[(at >= 0) & (at < steps)].astype(int)] = True
        patterns.append(pattern)
    distances = [
        float(np.mean(one != two))
        for one, two in itertools.pairwise(patterns)
        if len(one) == len(two)
    ]
    return 1.0 - float(np.mean(distances)) if distances else math.nan


def _interval(clip: Piece) -> float:
    pitches = [note.pitch for note in skyline(clip.notes)]
    steps = [abs(q - p) for p, q in itertools.pairwise(pitches)]
    return float(np.mean(steps)) if steps else math.nan
