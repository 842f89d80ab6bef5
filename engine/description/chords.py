"""Which chord sounds at each beat of a piece, from its notes: FIGARO's seven qualities, or none.

After the recogniser that FIGARO uses (Huang & Yang's for REMI, 2020): pitch classes by beat are
held against templates, and the best way through all beats counts. Here what is held against a
template is how long and how loud each pitch class sounds, not whether, and the way is Viterbi's,
with a price for each change, lower where a bar begins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.notes import Piece, ScoreBar, ScoreNote
from engine.plan.described import NO_CHORD, QUALITIES, ROOTS

_TONES = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "dom7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
}
NAMES = (*(f"{root}:{quality}" for root in ROOTS for quality in QUALITIES), NO_CHORD)
"""By state."""
_RARER = {"dim": 0.06, "aug": 0.1, "dom7": 0.02, "maj7": 0.04, "min7": 0.03}
"""What a quality has to fit better by than a triad that is major or minor."""
_BASS = 0.06
"""What it is worth that the root is the lowest that sounds."""
_NONE = 0.55
"""How well 'none' fits."""
_AROUND = 0.1
"""How much of the beats beside it a beat is heard with."""
_CHANGE, _AT_A_BAR = 0.15, 0.05
"""The price of a change within a bar, and where one begins."""
_POWER = 0.5
"""Of how much a pitch class sounds: a note that is hinted at counts, too."""
_MOST_BEATS = 32_768

Table = NDArray[np.float64]


def beats_of(bars: Sequence[ScoreBar]) -> tuple[list[float], list[bool]]:
    """Where each beat begins, in quarter notes, and whether a bar does: a beat is what the time
    signature counts, three of it where it counts eighths or shorter by threes."""
    starts: list[float] = []
    first: list[bool] = []
    for bar in bars:
        step = beat_length(bar.metre)
        count = max(1, math.ceil(bar.length / step - 1e-6))
        starts += [bar.start + n * step for n in range(count)]
        first += [n == 0 for n in range(count)]
    return starts[:_MOST_BEATS], first[:_MOST_BEATS]


def beat_length(metre: str) -> float:
    """A beat of a time signature in quarter notes."""
    above, _, below = metre.partition("/")
    unit = 4.0 / int(below) if below else 1.0
    counts_threes = bool(below) and int(below) >= 8 and int(above) % 3 == 0 and int(above) > 3
    return 3.0 * unit if counts_threes else unit


def chords_of(piece: Piece) -> tuple[list[float], list[str]]:
    """(where each beat begins in quarter notes, its chord)."""
    starts, first = beats_of(piece.bars)
    if not starts:
        return [], []
    end = piece.bars[-1].start + piece.bars[-1].length
    weights, bass = _sounding(piece.notes, [*starts, end])
    return starts, [NAMES[state] for state in _way(_fits(weights, bass), first)]


def _sounding(
    notes: Sequence[ScoreNote], edges: Sequence[float]
) -> tuple[Table, NDArray[np.int64]]:
    """((beats, 12) how much each pitch class sounds in a beat, (beats,) the lowest pitch class that
    sounds in it, or -1)."""
    places = np.array(edges)
    count = len(places) - 1
    weights, lowest = np.zeros((count, 12)), np.full(count, 999)
    for note in notes:
        # What was written a little early belongs to the beat that it means.
        begins = round(note.start * 12) / 12
        at = max(0, int(np.searchsorted(places, begins + 1e-9)) - 1)
        while at < count and places[at] < note.end:
            held = min(note.end, places[at + 1]) - max(begins, places[at])
            if held > 0.05:
                weights[at, note.pitch % 12] += held * note.velocity
                lowest[at] = min(lowest[at], note.pitch)
            at += 1
    return weights, np.where(lowest < 999, lowest % 12, -1)


def _fits(weights: Table, bass: NDArray[np.int64]) -> Table:
    """(beats, states): how well each chord fits each beat, from 0 to about 1."""
    level = weights.sum(axis=1, keepdims=True)
    share = (weights / np.where(level > 0.0, level, 1.0)) ** _POWER
    padded = np.pad(share, ((1, 1), (0, 0)))
    share = share + _AROUND * (padded[:-2] + padded[2:])
    length = np.linalg.norm(share, axis=1, keepdims=True)
    unit = share / np.where(length > 0.0, length, 1.0)
    fits = np.empty((len(share), len(NAMES)))
    for root in range(12):
        for number, quality in enumerate(QUALITIES):
            tones = [(root + step) % 12 for step in _TONES[quality]]
            fit = unit[:, tones].sum(axis=1) / math.sqrt(len(tones)) - _RARER.get(quality, 0.0)
            fits[:, root * len(QUALITIES) + number] = fit + _BASS * (bass == root)
    silent = level[:, 0] <= 0.0
    fits[:, -1] = np.where(silent, 1.0, _NONE)
    fits[silent, :-1] = 0.5
    return fits


def _way(fits: Table, first: Sequence[bool]) -> list[int]:
    """The states along the best way."""
    best = fits[0].copy()
    back = np.zeros(fits.shape, np.int64)
    for at in range(1, len(fits)):
        price = _AT_A_BAR if first[at] else _CHANGE
        top = int(np.argmax(best))
        changed = best[top] - price
        back[at] = np.where(best >= changed, np.arange(len(best)), top)
        best = np.maximum(best, changed) + fits[at]
    way = [int(np.argmax(best))]
    for at in range(len(fits) - 1, 0, -1):
        way.append(int(back[at, way[-1]]))
    return way[::-1]
