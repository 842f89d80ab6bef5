"""Chords that a description names, in the place of those that a melody would find, and the key
they are of."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from engine.composers.score.writing.dressing import Step
from engine.composers.score.writing.harmonise import misfit
from engine.composers.score.writing.harmony import AEOLIAN, IONIAN, NONE, SCALES, Chord
from engine.composers.score.writing.metre import Metre
from engine.composers.score.writing.tones import Tone
from engine.plan.described import NO_CHORD, ROOTS, Description

_STEPS: dict[str, tuple[int, ...]] = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "dom7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
}
_MOST = 4
"""Chords that a bar has at most; of more, some are left out evenly."""
Names = Sequence[str]


def chord_named(name: str, tonic: int, mode: int) -> Chord | None:
    """'F#:min7' as a chord of the key; None for none."""
    if name == NO_CHORD:
        return None
    root, quality = _parts(name)
    pcs = tuple((root + step) % 12 for step in _STEPS[quality])
    above = (root - tonic) % 12
    degree = sum(step <= above for step in SCALES[mode]) - 1
    falls = pcs[3] if len(pcs) > 3 else NONE
    rises = pcs[1] if quality == "dom7" else pcs[0] if quality == "dim" else NONE
    return Chord(pcs, degree, falls, rises)


def _parts(name: str) -> tuple[int, str]:
    root, _, quality = name.partition(":")
    return ROOTS.index(root), quality


def with_named(
    steps: Sequence[Step], named: Sequence[Names], metre: Metre, tonic: int, mode: int
) -> list[Step]:
    """A phrase's steps with those of bars whose chords are named: each bar's share it evenly."""
    made: list[Step] = []
    bars = 1 + max(step.bar for step in steps)
    for bar in range(bars):
        own = [step for step in steps if step.bar == bar]
        names = _thinned(named[bar]) if bar < len(named) else ()
        chords = [chord_named(name, tonic, mode) for name in names]
        # A bar with no chord keeps the one that its melody found.
        placed = {
            round(i * metre.slots / len(chords)): chord
            for i, chord in enumerate(chords)
            if chord is not None
        }
        if not placed:
            made += own
            continue
        if 0 not in placed:
            placed[0] = placed[min(placed)]
        made += [Step(bar, slot, placed[slot]) for slot in sorted(placed)]
    return made


def _thinned(names: Names) -> Names:
    if len(names) <= _MOST:
        return names
    return [names[i * len(names) // _MOST] for i in range(_MOST)]


def refitted(
    tones: Sequence[Tone], chords: Sequence[tuple[int, Chord]], metre: Metre, scale: set[int]
) -> tuple[Tone, ...]:
    """The tones of a bar over chords that were not found for them: what is heard against one goes
    to its nearest tone, what passes stays where it is of the key. ``chords``: (slot, chord)."""
    made = []
    for tone in tones:
        chord = [chord for at, chord in chords if at <= tone.slot][-1]
        end = min([at for at, _ in chords if at > tone.slot], default=metre.slots)
        own = misfit([tone], metre, tone.slot, max(end, tone.slot + 1), chord)
        passes = tone.pitch % 12 in scale and own <= 4
        pitch = tone.pitch if passes else _nearest(tone.pitch, chord)
        made.append(Tone(tone.slot, tone.length, pitch))
    return tuple(made)


def _nearest(pitch: int, chord: Chord) -> int:
    return min(
        (p for p in range(pitch - 6, pitch + 7) if p % 12 in chord.pcs),
        key=lambda p: (abs(p - pitch), p),
    )


@functools.lru_cache(maxsize=8)
def key_of(description: Description) -> tuple[int, int] | None:
    """(tonic, mode) of the major or minor key that holds most of the named chords' tones, its own
    tonic chord counting for more, the first and the last most; None where none is named."""
    names = [name for bar in description.bars for name in bar.chords if name != NO_CHORD]
    if not names:
        return None
    weights: dict[str, int] = {}
    for name in (*names, names[0], names[-1]):
        weights[name] = weights.get(name, 0) + 1
    keys = [(tonic, mode) for mode in (IONIAN, AEOLIAN) for tonic in range(12)]
    return max(keys, key=lambda key: sum(n * _fit(name, *key) for name, n in weights.items()))


def _fit(name: str, tonic: int, mode: int) -> int:
    root, quality = _parts(name)
    scale = {(tonic + step) % 12 for step in SCALES[mode]}
    if mode == AEOLIAN:
        scale.add((tonic + 11) % 12)
    pcs = [(root + step) % 12 for step in _STEPS[quality]]
    home = root == tonic and (_STEPS[quality][1] == 3) == (mode == AEOLIAN)
    dominant = root == (tonic + 7) % 12 and _STEPS[quality][1] == 4
    return sum(2 if pc in scale else -3 for pc in pcs) + 4 * home + 2 * dominant
