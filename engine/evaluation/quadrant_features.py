"""What a stretch of score is like, for telling quadrants of the affect plane apart.

Of their own: nothing here is shared with musmed's meter, which hears sound. All are from notes and
bars; no instrument, no drum, no absolute loudness but MIDI's velocity.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.judges.chords import QUALITIES
from engine.evaluation.local_keys import key_fits
from engine.evaluation.melody_line import melody
from engine.evaluation.notes import Piece, ScoreNote, cut

FEATURES = (
    "major over minor fit",
    "best key's fit",
    "outside its scale",
    "pitch-class entropy",
    "major chords",
    "minor chords",
    "diminished and augmented chords",
    "sevenths",
    "roughness of what sounds together",
    "onsets a second",
    "notes a second",
    "mean interval between onsets",
    "evenness of onsets",
    "off the beat",
    "length of notes",
    "articulation",
    "sounding together",
    "mean pitch",
    "melody's pitch",
    "bass's pitch",
    "range",
    "melody's mean interval",
    "melody's leaps",
    "melody's repeats",
    "melody's rise",
    "melody's notes a second",
    "velocity",
    "velocity's spread",
)
_ROUGH = (0.0, 1.0, 0.5, 0.15, 0.1, 0.05, 0.6, 0.0, 0.1, 0.1, 0.4, 0.8)
"""How rough an interval class is, the semitone most (after the order in Malmberg 1918; of
compound ones a tenth less for each octave)."""
_SCALES = {False: (0, 2, 4, 5, 7, 9, 11), True: (0, 2, 3, 5, 7, 8, 11)}
_TRIADS = {
    "major": [QUALITIES["maj"]],
    "minor": [QUALITIES["min"]],
    "other": [QUALITIES["dim"], QUALITIES["aug"]],
}
Vector = NDArray[np.float64]


def stretches(piece: Piece, seconds: float, most: int = 100) -> list[tuple[float, Vector]]:
    """(where it begins, its features) of each whole stretch of ``seconds`` that has enough notes
    to say something of."""
    made = []
    for number in range(min(most, int(piece.seconds // seconds))):
        part = cut(piece, number * seconds, (number + 1) * seconds)
        if len(part.notes) >= 8 and len(part.bars) >= 2:
            made.append((number * seconds, features(part, seconds)))
    return made


def features(part: Piece, seconds: float) -> Vector:
    """(len(FEATURES),) of a stretch of ``seconds``, which has notes and bars."""
    line = melody(part)
    values = (*_harmony(part), *_time(part, seconds), *_pitch(part, line), *_line(line, seconds))
    velocities = np.array([note.velocity for note in part.notes], float)
    return np.array([*values, velocities.mean(), velocities.std()])


def _harmony(part: Piece) -> tuple[float, ...]:
    lengths = np.zeros(12)
    for note in part.notes:
        lengths[note.pitch % 12] += note.end_s - note.onset_s
    fits = key_fits(lengths)
    best = int(np.argmax(fits))
    scale = [(best + degree) % 12 for degree in _SCALES[best >= 12]]
    share = lengths / lengths.sum()
    some = share[share > 0]
    kinds = _chords(part)
    return (
        float(fits[:12].max() - fits[12:].max()),
        float(fits.max()),
        float(1.0 - share[scale].sum()),
        float(-np.sum(some * np.log2(some))),
        *kinds,
        _roughness(part),
    )


def _chords(part: Piece) -> tuple[float, float, float, float]:
    """Shares of half bars whose pitch classes are best told as a major, a minor or another triad,
    and in which the seventh over that sounds."""
    found = {"major": 0, "minor": 0, "other": 0}
    sevenths = halves = 0
    for bar in part.bars:
        for half in (0, 1):
            start = bar.start + half * bar.length / 2
            weights = _sounding(part.notes, start, start + bar.length / 2)
            if np.count_nonzero(weights) < 3:
                continue
            halves += 1
            kind, root = max(
                ((kind, root) for kind in _TRIADS for root in range(12)),
                key=lambda told: _fit(weights, *told),
            )
            found[kind] += 1
            sevenths += bool(weights[(root + 10) % 12] or weights[(root + 11) % 12])
    count = max(1, halves)
    shares = [found[kind] / count for kind in ("major", "minor", "other")]
    return shares[0], shares[1], shares[2], sevenths / count


def _sounding(notes: Sequence[ScoreNote], start: float, end: float) -> Vector:
    weights = np.zeros(12)
    for note in notes:
        length = min(note.end, end) - max(note.start, start)
        if length > 0.1:
            weights[note.pitch % 12] += length
    return weights


def _fit(weights: Vector, kind: str, root: int) -> float:
    return max(
        float(sum(weights[(root + step) % 12] for step in triad) + 0.2 * weights[root])
        for triad in _TRIADS[kind]
    )


def _roughness(part: Piece) -> float:
    """The mean over onsets of the roughest interval that sounds, above the bass's."""
    found = []
    notes = sorted(part.notes, key=lambda note: note.start)
    for number, note in enumerate(notes):
        together = [o for o in notes[max(0, number - 24) : number] if o.end > note.start + 0.05]
        rough = [
            _ROUGH[abs(o.pitch - note.pitch) % 12] * 0.9 ** (abs(o.pitch - note.pitch) // 12)
            for o in together
        ]
        found.append(max(rough, default=0.0))
    return float(np.mean(found))


def _time(part: Piece, seconds: float) -> tuple[float, ...]:
    times = sorted(note.onset_s for note in part.notes)
    apart = [times[0], *(b for a, b in itertools.pairwise(times) if b - a > 0.03)]
    gaps = np.diff(apart) if len(apart) > 1 else np.array([seconds])
    starts = np.array([note.start for note in part.notes])
    lengths = np.array([note.end_s - note.onset_s for note in part.notes])
    off = np.abs(starts - np.round(starts)) > 0.15
    beats = np.array([note.end - note.start for note in part.notes])
    sounding = lengths.sum() / seconds
    return (
        math.log(len(apart) / seconds),
        math.log(len(times) / seconds),
        math.log(float(gaps.mean())),
        float(gaps.std() / max(gaps.mean(), 1e-9)),
        float(off.mean()),
        math.log(float(lengths.mean())),
        math.log(max(0.02, float(np.median(beats)))),
        float(sounding),
    )


def _pitch(part: Piece, line: Sequence[ScoreNote]) -> tuple[float, ...]:
    pitches = np.array([note.pitch for note in part.notes], float)
    sung = float(np.mean([note.pitch for note in line])) if line else float(pitches.mean())
    low, high = np.quantile(pitches, (0.05, 0.95))
    return float(pitches.mean()), sung, float(low), float(high - low)


def _line(line: Sequence[ScoreNote], seconds: float) -> tuple[float, ...]:
    steps = np.diff([note.pitch for note in line]) if len(line) > 1 else np.zeros(1)
    size = np.abs(steps)
    moved = steps[steps != 0]
    return (
        float(size.mean()),
        float(np.mean(size > 4)),
        float(np.mean(size == 0)),
        float(np.mean(moved > 0)) if len(moved) else 0.5,
        len(line) / seconds,
    )
