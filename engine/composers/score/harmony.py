"""Modes, progressions, chords and their voicings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from engine.composers.score.keyed import Dice

PHRYGIAN, AEOLIAN, DORIAN, MIXOLYDIAN, IONIAN, LYDIAN = 1, 2, 3, 4, 5, 6
"""Modes named by their brightness, the number of raised degrees against Locrian."""

SCALES: dict[int, tuple[int, ...]] = {
    PHRYGIAN: (0, 1, 3, 5, 7, 8, 10),
    AEOLIAN: (0, 2, 3, 5, 7, 8, 10),
    DORIAN: (0, 2, 3, 5, 7, 9, 10),
    MIXOLYDIAN: (0, 2, 4, 5, 7, 9, 10),
    IONIAN: (0, 2, 4, 5, 7, 9, 11),
    LYDIAN: (0, 2, 4, 6, 7, 9, 11),
}

# A progression is one entry a bar; an entry is one or two chords "degree[flags]", where
# D raises the third (a borrowed dominant), M takes the minor fourth degree chord (borrowed iv).
OPEN: dict[int, tuple[str, ...]] = {
    IONIAN: ("1 6 4 5", "1 4 2 5", "1 3 4 5", "6 4 1 5", "1 5 6 4", "1 2 4 5"),
    LYDIAN: ("1 2 6 2", "1 2 3 2", "1 5 2 2", "6 2 1 2", "1 3 6 2"),
    MIXOLYDIAN: ("1 7 4 7", "1 5 4 7", "1 4 7 4", "4 1 7 5", "1 2 4 7"),
    DORIAN: ("1 4 7 4", "1 3 4 5", "1 2 3 4", "1 7 4 5", "1 4 3 7"),
    AEOLIAN: ("1 6 3 7", "1 4 6 5", "1 7 6 5", "1 3 7 4", "1 5 6 4"),
    PHRYGIAN: ("1 2 7 2", "1 6 2 7", "1 4 2 7", "1 2 3 2"),
}
CLOSED: dict[int, tuple[str, ...]] = {
    IONIAN: ("1 4 5 1", "6 4 5 1", "4 1 2,5 1", "1 6 2,5 1", "3 6 2,5 1", "6 2 5 1"),
    LYDIAN: ("1 2 5 1", "6 2 2,5 1", "1 2 2 1", "3 6 2 1"),
    MIXOLYDIAN: ("1 7 4 1", "2 4 7 1", "5 4 7 1", "4 7 4,7 1"),
    DORIAN: ("1 4 5 1", "7 4 5 1", "3 4 7 1", "1 2 4,5 1"),
    AEOLIAN: ("6 7 5D 1", "4 6 5D 1", "1 4 5D 1", "6 4 7 1", "3 6 4,5D 1"),
    PHRYGIAN: ("4 2 7 1", "6 2 7 1", "1 2 2 1", "3 2 7 1"),
}
"""Four-bar phrases: OPEN ones end on a half cadence, CLOSED ones on the tonic. Common practice
for Ionian and Aeolian (Piston, Harmony); the modal ones keep each mode's characteristic degree."""


class Chord(msgspec.Struct, frozen=True, array_like=True):
    """A chord: pitch classes from the root up, its root first."""

    pcs: tuple[int, ...]
    degree: int


def mode_of(brightness: float, aroused: bool, previous: int | None) -> int:
    """The mode nearest to a mode brightness; Phrygian only when aroused.

    A previous mode is kept while the brightness stays within 0.6 of it, so that a path that
    wavers does not make the harmony waver.
    """
    lowest = PHRYGIAN if aroused else AEOLIAN
    if previous is not None and previous >= lowest and abs(brightness - previous) <= 0.6:
        return previous
    return max(lowest, min(LYDIAN, round(brightness)))


def degree_pitch(tonic: int, mode: int, degree: int) -> int:
    """The MIDI pitch of a scale degree counted from 0 (any integer) above pitch ``tonic``."""
    octave, step = divmod(degree, 7)
    return tonic + 12 * octave + SCALES[mode][step]


def chord_on(tonic_pc: int, mode: int, entry: str, tension: float, dice: Dice) -> Chord:
    """A chord of a progression entry, with a seventh, ninth or suspension as tension asks."""
    degree = int(entry[0]) - 1
    tones = [degree_pitch(tonic_pc, mode, degree + 2 * i) % 12 for i in range(4)]
    root, third, fifth, seventh = tones
    dominant = "D" in entry
    if dominant:
        third = (root + 4) % 12
        fifth = (root + 7) % 12
    if degree == 3 and mode in (IONIAN, MIXOLYDIAN) and dice.chance(0.9 * tension - 0.2):
        third = (root + 3) % 12
    pcs = [root, third, fifth]
    if (degree != 0 or tension > 0.3) and dice.chance(0.15 + 1.1 * tension):
        pcs.append(seventh if not dominant else (root + 10) % 12)
    elif (third - root) % 12 == 4 and degree in (0, 3) and 0 < tension < 0.35 and dice.chance(0.3):
        # A ninth beside a minor third would be a semitone within the chord.
        pcs.append(degree_pitch(tonic_pc, mode, degree + 8) % 12)
    return Chord(tuple(dict.fromkeys(pcs)), degree)


def suspended(chord: Chord, tonic_pc: int, mode: int) -> Chord | None:
    """The chord with its third held back by the fourth above the root; None where that fourth
    would be a tritone or a semitone from the fifth."""
    root, third = chord.pcs[0], chord.pcs[1]
    fourth = degree_pitch(tonic_pc, mode, chord.degree + 3) % 12
    if (fourth - root) % 12 != 5:
        return None
    return Chord(tuple(fourth if pc == third else pc for pc in chord.pcs), chord.degree)


def voice(chord: Chord, previous: Sequence[int], centre: float) -> tuple[int, ...]:
    """A close or open voicing of ``chord`` near ``centre`` that moves least from ``previous``.

    All inversions and drop-two openings over the register are tried; cost is the summed motion
    of the voices in semitones plus the distance from the centre. Voicings lie within 50-76, and
    no semitone cluster lies at the bottom.
    """
    best: tuple[float, tuple[int, ...]] = (1e9, ())
    for base in range(50, 68):
        if base % 12 not in chord.pcs:
            continue
        close = sorted(base + (pc - base) % 12 for pc in chord.pcs)
        shapes = [close, sorted([*close[:-2], close[-2] - 12, close[-1]])]
        for shape in shapes:
            if shape[0] < 50 or shape[-1] > 76 or shape[1] - shape[0] < 2:
                continue
            motion = _motion(shape, previous) if previous else 0.0
            cost = motion + 0.6 * abs(sum(shape) / len(shape) - centre)
            cost += 2.0 * (shape[1] - shape[0] < 3)
            cost += 3.0 * sum(q - p == 1 for p, q in pairwise(shape))
            best = min(best, (cost, tuple(shape)))
    return best[1]


def _motion(shape: Sequence[int], previous: Sequence[int]) -> float:
    down = sum(min(abs(p - q) for q in previous) for p in shape)
    up = sum(min(abs(p - q) for q in shape) for p in previous)
    return (down + up) / 2.0


def bass_pitch(chord: Chord, previous: int, tonic_pc: int, final: bool, dice: Dice) -> int:
    """The bass under a chord (MIDI 34-52): its root, or its third for a smoother line."""
    third = not final and chord.degree not in (0, 4) and dice.chance(0.22)
    pc = chord.pcs[1] if third else chord.pcs[0]
    choices = [p for p in range(34, 53) if p % 12 == pc]
    return min(choices, key=lambda p: (abs(p - previous) + 0.3 * abs(p - 41), p))
