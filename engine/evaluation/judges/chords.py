"""Chords as a recogniser names them, their key, and what Music2Emo is told of both.

Kang & Herremans' Music2Emo (AMAAI-Lab/Music2Emotion, MIT) writes the recognised chords as notes,
asks music21 for their key, moves them to C major or A minor and tells its head roots, kinds and the
mode. Here that is computed from the chords' frames at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

QUALITIES = {
    "min": (0, 3, 7),
    "maj": (0, 4, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "min6": (0, 3, 7, 9),
    "maj6": (0, 4, 7, 9),
    "min7": (0, 3, 7, 10),
    "minmaj7": (0, 3, 7, 11),
    "maj7": (0, 4, 7, 11),
    "7": (0, 4, 7, 10),
    "dim7": (0, 3, 6, 9),
    "hdim7": (0, 3, 6, 10),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
}
"""Semitones over the root, in the recogniser's order: a chord's number is 14 x root + quality, the
root counted from C."""
_NAMES = tuple(QUALITIES)
UNKNOWN, NONE, CHORDS = 168, 169, 170
"""What is no chord of these, and no chord at all."""

ATTRIBUTES = {
    "maj": 1,
    "dim": 2,
    "sus4": 3,
    "min7": 4,
    "min": 5,
    "sus2": 6,
    "aug": 7,
    "dim7": 8,
    "maj6": 9,
    "hdim7": 10,
    "7": 11,
    "min6": 12,
    "maj7": 13,
    "minmaj7": 5,
}
"""The head's numbers of kinds, 0 for none. It has none for minmaj7, at which the original stops;
here it is the minor triad that it stands on."""
LONGEST = 100
"""Chords that the head is told of at most; shorter ones are filled with none."""

MAJOR_WEIGHTS = (
    *(17.7661, 0.145624, 14.9265, 0.160186, 19.8049, 11.3587),
    *(0.291248, 22.062, 0.145624, 8.15494, 0.232998, 4.95122),
)
MINOR_WEIGHTS = (
    *(18.2648, 0.737619, 14.0499, 16.8599, 0.702494, 14.4362),
    *(0.702494, 18.6161, 4.56621, 1.93186, 7.37619, 1.75623),
)
"""How much of each degree a key has: Aarden and Essen's, as humdrum's ``keycor`` page has them and
music21 takes them for 'key'."""


class Key(NamedTuple):
    """``tonic``: semitones over C."""

    tonic: int
    minor: bool


class Told(NamedTuple):
    """What the head is told: (``LONGEST``,) roots (0 none, C 1 ... B 12) and kinds, and whether the
    key is minor."""

    roots: NDArray[np.int64]
    attributes: NDArray[np.int64]
    minor: bool


def tones(chord: int) -> frozenset[int]:
    """The pitch classes of a chord's number, from C. ``UNKNOWN`` has all twelve, as the original
    writes it for music21 (in a correlation with others they say nothing), ``NONE`` has none."""
    if chord >= UNKNOWN:
        return frozenset(range(12) if chord == UNKNOWN else ())
    root, quality = divmod(chord, len(_NAMES))
    return frozenset((root + step) % 12 for step in QUALITIES[_NAMES[quality]])


def key_of(frames: Sequence[int]) -> Key | None:
    """Of the chord of each frame, the key whose weights correlate best with how long each pitch
    class sounds; None where none does, and of one chord alone, of which the original writes no
    notes."""
    if len(set(frames)) < 2:
        return None
    heard = np.zeros(12)
    for chord, run in groupby(frames):
        heard[list(tones(chord))] += len(list(run))
    if not heard.any():
        return None
    found = max(
        (_correlation(np.roll(weights, tonic), heard), tonic, minor)
        for weights, minor in ((MAJOR_WEIGHTS, False), (MINOR_WEIGHTS, True))
        for tonic in range(12)
    )
    return Key(found[1], found[2])


def _correlation(weights: NDArray[np.float64], heard: NDArray[np.float64]) -> float:
    a, b = weights - weights.mean(), heard - heard.mean()
    return float(a @ b / np.sqrt((a @ a) * (b @ b))) if b.any() else 0.0


def told(frames: Sequence[int]) -> Told:
    """Of the chord of each frame, what the head is told.

    The original's script for single files always says major (it asks for the mode where only the
    tonic is left); what its weights were trained and evaluated with has the true mode, and so has
    this.
    """
    key = key_of(frames)
    shift = 0 if key is None else (key.tonic + 3 if key.minor else key.tonic)
    roots, attributes = np.zeros(LONGEST, np.int64), np.zeros(LONGEST, np.int64)
    for at, (chord, _) in enumerate(groupby(frames)):
        if at == LONGEST:
            break
        if chord < UNKNOWN:
            root, quality = divmod(chord, len(_NAMES))
            roots[at] = (root - shift) % 12 + 1
            attributes[at] = ATTRIBUTES[_NAMES[quality]]
    return Told(roots, attributes, key is not None and key.minor)
