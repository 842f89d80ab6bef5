"""Modes, chords and the tokens that progressions are written in."""

from __future__ import annotations

import re

import msgspec

from engine.composers.score.dice import Dice

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
_MAJOR = SCALES[IONIAN]
_QUALITIES = {"D": (4, 7), "M": (4, 7), "m": (3, 7), "o": (3, 6), "h": (3, 6)}
_SEVENTHS = {"D": 10, "M": 11, "m": 10, "o": 9, "h": 10}
_TOKEN = re.compile(r"([b#]?)([1-7])([DMmoh]?)")
NONE = -1


class Chord(msgspec.Struct, frozen=True, array_like=True):
    """A chord: pitch classes from the root up, its root first.

    ``falls``: the pitch class that wants to go down a step (a seventh, a suspended fourth),
    ``rises``: the one that wants to go up (a leading tone); -1 for none.
    """

    pcs: tuple[int, ...]
    degree: int
    falls: int = NONE
    rises: int = NONE


class Harmony(msgspec.Struct, frozen=True, array_like=True):
    """A chord as it sounds: from ``slot`` of its bar on, voiced, over ``bass``."""

    slot: int
    chord: Chord
    voicing: tuple[int, ...]
    bass: int


def mode_of(brightness: float, aroused: bool, previous: int | None) -> int:
    """The mode nearest to a mode brightness; Phrygian only when aroused.

    A previous mode is kept until the brightness is 0.15 past half way to the next, so that a path
    that wavers does not make the harmony waver.
    """
    lowest = PHRYGIAN if aroused else AEOLIAN
    if previous is not None and previous >= lowest and abs(brightness - previous) <= 0.65:
        return previous
    return max(lowest, min(LYDIAN, round(brightness)))


def degree_pitch(tonic: int, mode: int, degree: int) -> int:
    """The MIDI pitch of a scale degree counted from 0 (any integer) above pitch ``tonic``."""
    octave, step = divmod(degree, 7)
    return tonic + 12 * octave + SCALES[mode][step]


def chord_on(tonic_pc: int, mode: int, token: str, tension: float, dice: Dice) -> Chord:
    """The chord of a token, with a seventh or ninth as tension asks.

    A token is a degree of the mode ('4'), or a degree with a quality: D dominant, M major, m
    minor, o diminished, h half-diminished ('5D', '2h'); with 'b' or '#' it counts from the major
    scale on the tonic ('b2M', '#4o').
    """
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise ValueError(f"{token!r} is no chord")
    accidental, number, quality = found.groups()
    degree = int(number) - 1
    if accidental:
        root = tonic_pc + _MAJOR[degree] + (1 if accidental == "#" else -1)
    else:
        root = degree_pitch(tonic_pc, mode, degree)
    if quality:
        third, fifth = (root + step for step in _QUALITIES[quality])
        seventh = root + _SEVENTHS[quality]
    else:
        third, fifth, seventh = (degree_pitch(tonic_pc, mode, degree + k) for k in (2, 4, 6))
    return _dressed(
        [pitch % 12 for pitch in (root, third, fifth, seventh)],
        degree,
        quality,
        degree_pitch(tonic_pc, mode, degree + 8) % 12 if not quality else NONE,
        tension,
        dice,
    )


def leading(chord: Chord, after: Chord | None) -> int:
    """The tone of a chord that is heard as a leading tone before the chord ``after`` it: its own,
    or the third of a major chord whose root falls a fifth, as that of Mixolydian's tonic before its
    fourth degree; -1 where there is none."""
    root, third, fifth = chord.pcs[:3]
    if chord.rises != NONE or after is None:
        return chord.rises
    major = (third - root) % 12 == 4 and (fifth - root) % 12 == 7
    return third if major and (after.pcs[0] - root) % 12 == 5 else NONE


def secondary(goal: Chord, diminished: bool, tension: float, dice: Dice) -> Chord:
    """The dominant of ``goal``, or the diminished chord on its leading tone."""
    root = (goal.pcs[0] + (11 if diminished else 7)) % 12
    quality = "o" if diminished else "D"
    third, fifth = ((root + step) % 12 for step in _QUALITIES[quality])
    tones = [root, third, fifth, (root + _SEVENTHS[quality]) % 12]
    return _dressed(tones, (goal.degree + 4) % 7, quality, NONE, max(tension, 0.5), dice)


def _dressed(  # noqa: PLR0917 - a chord is these things
    tones: list[int], degree: int, quality: str, ninth: int, tension: float, dice: Dice
) -> Chord:
    """The triad of ``tones``, with its seventh or ninth as tension and chance decide."""
    root, third, fifth, seventh = tones
    major = (third - root) % 12 == 4 and (fifth - root) % 12 == 7
    minor_seventh = (seventh - root) % 12 == 10
    dominant = quality == "D" or (major and minor_seventh and degree == 4)
    rises = third if dominant or (degree == 4 and major) else root if quality == "o" else NONE
    pcs = [root, third, fifth]
    falls = NONE
    eager = 0.15 + 1.1 * tension + 0.25 * dominant
    # On the tonic a seventh is colour, not motion: it comes only with some tension.
    if quality in ("o", "h") or ((degree != 0 or tension > 0.3) and dice.chance(eager)):
        pcs.append(seventh)
        falls = seventh
    elif ninth >= 0 and major and degree in (0, 3) and 0 < tension < 0.35 and dice.chance(0.3):
        # A ninth beside a minor third would be a semitone within the chord.
        pcs.append(ninth)
    return Chord(tuple(dict.fromkeys(pcs)), degree, falls, rises)


def suspended(chord: Chord, tonic_pc: int, mode: int, before: Chord | None) -> Chord | None:
    """The chord with its third held back by the fourth above the root. None where that fourth
    is no perfect one, or was not there before to be held over."""
    root, third = chord.pcs[0], chord.pcs[1]
    fourth = (root + 5) % 12
    scale = {(tonic_pc + step) % 12 for step in SCALES[mode]}
    if fourth not in scale or (before is not None and fourth not in before.pcs):
        return None
    pcs = tuple(fourth if pc == third else pc for pc in chord.pcs)
    return Chord(pcs, chord.degree, fourth, NONE)


_NAMES = {
    (0, 4, 7): "",
    (0, 3, 7): "m",
    (0, 3, 6): "dim",
    (0, 4, 8): "aug",
    (0, 4, 7, 10): "7",
    (0, 4, 7, 11): "maj7",
    (0, 3, 7, 10): "m7",
    (0, 3, 6, 9): "dim7",
    (0, 3, 6, 10): "m7b5",
    (0, 3, 7, 11): "mmaj7",
    (0, 2, 4, 7): "add9",
    (0, 2, 3, 7): "madd9",
    (0, 5, 7): "sus4",
    (0, 5, 7, 10): "7sus4",
    (0, 5, 7, 11): "maj7sus4",
    (0, 2, 5, 7): "9sus4",
    (0, 5, 6): "dimsus4",
    (0, 5, 6, 10): "m7b5sus4",
    (0, 5, 6, 9): "dim7sus4",
}
_MODES = {1: "phrygian", 2: "minor", 3: "dorian", 4: "mixolydian", 5: "major", 6: "lydian"}
_PITCHES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")


def key_name(tonic: int, mode: int) -> str:
    """'A minor', 'D dorian': ``tonic`` a MIDI pitch, ``mode`` a key of ``SCALES``."""
    return f"{_PITCHES[tonic % 12]} {_MODES[mode]}"


def chord_name(harmony: Harmony) -> str:
    """The chord's symbol with its bass where that is not the root: 'Am7', 'C/E'."""
    root = harmony.chord.pcs[0]
    steps = tuple(sorted((pc - root) % 12 for pc in harmony.chord.pcs))
    name = _PITCHES[root] + _NAMES.get(steps, "?")
    bass = harmony.bass % 12
    return name if bass == root else f"{name}/{_PITCHES[bass]}"
