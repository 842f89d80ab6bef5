"""Progressions: four-bar phrases for each mode, chosen and seasoned by tension.

Common practice for Ionian and Aeolian (Piston, *Harmony*; Aldwell & Schachter, *Harmony and Voice
Leading*); the modal ones keep each mode's characteristic degree and avoid the leading tone where
that would turn them into major or minor.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.composers.score.dice import Dice
from engine.composers.score.writing.harmony import (
    AEOLIAN,
    DORIAN,
    IONIAN,
    LYDIAN,
    MIXOLYDIAN,
    NONE,
    PHRYGIAN,
    Chord,
    chord_on,
    secondary,
    suspended,
)

# (the least tension it is for, the bars). A bar is one chord, or two that share it: tokens of
# ``harmony.chord_on``.
_Options = tuple[tuple[float, str], ...]

OPEN: dict[int, _Options] = {
    IONIAN: (
        (0.0, "1 6 4 5"),
        (0.0, "1 4 2 5"),
        (0.0, "1 3 4 5"),
        (0.0, "1 5 6 4,5"),
        (0.0, "1 2 4 5"),
        (0.0, "1 4 1 5"),
        (0.0, "1 2 5 6"),
        (0.0, "4 1 2 5"),
        (0.0, "6 4 1 5"),
        (0.0, "4 5 3 6"),
        (0.25, "1 3,6 2 5"),
        (0.3, "1 6 4m 5"),
        (0.35, "1 b7M 4 5"),
    ),
    LYDIAN: (
        (0.0, "1 2 6 2"),
        (0.0, "1 2 3 2"),
        (0.0, "1 5 2 2,5"),
        (0.0, "1 3 6 2"),
        (0.0, "1 2 1 5"),
        (0.0, "6 2 1 2"),
        (0.0, "3 6 2 5"),
        (0.0, "6 3 2 5"),
    ),
    MIXOLYDIAN: (
        (0.0, "1 7 4 5"),
        (0.0, "1 5 4 7"),
        (0.0, "1 4 7 4"),
        (0.0, "1 7 1 4"),
        (0.0, "1 2 4 7"),
        (0.0, "1 6 4 7"),
        (0.0, "4 1 7 5"),
        (0.0, "6 4 1 7"),
        (0.3, "1 7 4,4m 5"),
    ),
    DORIAN: (
        (0.0, "1 4 7 4"),
        (0.0, "1 3 4 5"),
        (0.0, "1 2 3 4"),
        (0.0, "1 7 4 5"),
        (0.0, "1 4 3 7"),
        (0.0, "1 5 3 4"),
        (0.0, "3 7 4 5"),
        (0.0, "7 4 1 5"),
        (0.4, "1 4 2 5D"),
    ),
    AEOLIAN: (
        (0.0, "1 6 3 7"),
        (0.0, "1 4 6 5"),
        (0.0, "1 7 6 5D"),
        (0.0, "1 6 4 5D"),
        (0.0, "1 4 1 5D"),
        (0.0, "1 3 4 5D"),
        (0.0, "1 2h 5D 6"),
        (0.0, "6 3 4 5D"),
        (0.0, "4 7 3 6"),
        (0.4, "1 1,6 4 5D"),
        (0.45, "1 6 b2M 5D"),
        (0.5, "1 5D,6 4,#4o 5D"),
    ),
    PHRYGIAN: (
        (0.0, "1 2 7 2"),
        (0.0, "1 6 2 7"),
        (0.0, "1 4 2 7"),
        (0.0, "1 2 3 2"),
        (0.0, "1 7 6 2"),
        (0.0, "6 2 4 7"),
        (0.0, "4 1 2 7"),
        (0.5, "1 4 2 5o"),
    ),
}
CLOSED: dict[int, _Options] = {
    IONIAN: (
        (0.0, "1 4 5 1"),
        (0.0, "6 4 5 1"),
        (0.0, "4 1 2,5 1"),
        (0.0, "1 6 2,5 1"),
        (0.0, "3 6 2,5 1"),
        (0.0, "6 2 5 1"),
        (0.0, "4 3 2,5 1"),
        (0.0, "6 3 4 1"),
        (0.25, "1,5 6 2,5 1"),
        (0.3, "4 4m 5 1"),
        (0.35, "6 4 4m 1"),
        (0.4, "b6M b7M 5 1"),
    ),
    LYDIAN: (
        (0.0, "1 2 5 1"),
        (0.0, "6 2 2,5 1"),
        (0.0, "3 6 2 1"),
        (0.0, "6 3 2,5 1"),
        (0.0, "1 6 2,5 1"),
        (0.0, "3 2 5 1"),
    ),
    MIXOLYDIAN: (
        (0.0, "1 7 4 1"),
        (0.0, "2 4 7 1"),
        (0.0, "5 4 7 1"),
        (0.0, "4 7 4,7 1"),
        (0.0, "6 7 4 1"),
        (0.0, "6 4 5 1"),
        (0.3, "4 4m 7 1"),
        (0.35, "2 b6M b7M 1"),
    ),
    DORIAN: (
        (0.0, "1 4 5 1"),
        (0.0, "7 4 5 1"),
        (0.0, "3 4 7 1"),
        (0.0, "1 2 4,5 1"),
        (0.0, "4 1 7 1"),
        (0.0, "3 7 4 1"),
        (0.35, "4 2 5D 1"),
    ),
    AEOLIAN: (
        (0.0, "6 7 5D 1"),
        (0.0, "4 6 5D 1"),
        (0.0, "1 4 5D 1"),
        (0.0, "6 4 7 1"),
        (0.0, "3 6 4,5D 1"),
        (0.0, "4 2h 5D 1"),
        (0.0, "6 3 4 1"),
        (0.0, "1 6 2h,5D 1"),
        (0.4, "6 4,#4o 5D 1"),
        (0.45, "6 b2M 5D 1"),
    ),
    PHRYGIAN: (
        (0.0, "4 2 7 1"),
        (0.0, "6 2 7 1"),
        (0.0, "3 2 7 1"),
        (0.0, "4 6 2 1"),
        (0.0, "1 4 7 1"),
        (0.0, "6 4 2 1"),
    ),
}
"""OPEN phrases end on a half cadence, or with a deceptive one; CLOSED ones on the tonic, after a
dominant, a subdominant (plagal) or the mode's own last step."""

_CLOSES = {1: "7", 2: "5D", 3: "5D", 4: "7", 5: "5", 6: "5"}
_BEFORE_CLOSE = {1: "4", 2: "4", 3: "4", 4: "4", 5: "2", 6: "2"}


class Step(msgspec.Struct, frozen=True):
    """A chord of a planned phrase: in ``bar`` of it from ``slot`` on. ``bass``: the pitch class
    that its bass must have, or -1. ``root``: its bass must be its root."""

    bar: int
    slot: int
    chord: Chord
    bass: int = NONE
    root: bool = False


def choose(mode: int, closed: bool, tension: float, away: bool, choice: float) -> tuple[str, ...]:
    """A phrase's tokens by bar. ``away``: begin elsewhere than on the tonic, where the mode's
    table has it. ``choice`` in [0, 1)."""
    table = (CLOSED if closed else OPEN)[mode]
    options = [text for least, text in table if least <= tension]
    moved = [text for text in options if text[0] != "1"]
    options = moved if away and moved else options
    return tuple(options[int(choice * len(options))].split())


def steps_of(  # noqa: PLR0917 - a phrase hangs on all of these
    bars: Sequence[str], first: int, tonic: int, mode: int, tension: float, dice: Dice
) -> list[Step]:
    """The chords of a phrase from its bar ``first`` on, with what tension adds: sevenths,
    suspensions, a secondary dominant or leading-tone chord, a cadential six-four."""
    steps: list[Step] = []
    for bar in range(first, len(bars)):
        tokens = bars[bar].split(",")
        for slot, token in zip((0, 8), tokens, strict=False):
            steps.append(Step(bar, slot, chord_on(tonic, mode, token, tension, dice)))
    steps = _applied(steps, tension, dice)
    return _delayed(steps, tonic, mode, tension, dice)


def closing_steps(tonic: int, mode: int, tension: float, dice: Dice) -> list[Step]:
    """The session's last three bars: predominant, dominant under a suspension, tonic."""
    calm = min(tension, 0.25)
    before = chord_on(tonic, mode, _BEFORE_CLOSE[mode], calm, dice)
    dominant = chord_on(tonic, mode, _CLOSES[mode], calm, dice)
    final = chord_on(tonic, mode, "1", 0.0, dice)
    steps = [Step(0, 0, before)]
    held = suspended(dominant, tonic, mode, before)
    if held is not None:
        steps += [Step(1, 0, held, root=True), Step(1, 8, dominant, root=True)]
    else:
        steps.append(Step(1, 0, dominant, root=True))
    return [*steps, Step(2, 0, final, root=True)]


def _alone(steps: Sequence[Step], i: int) -> bool:
    """The chord has its bar to itself."""
    return sum(step.bar == steps[i].bar for step in steps) == 1


def _applied(steps: list[Step], tension: float, dice: Dice) -> list[Step]:
    """With some tension one chord of the phrase is led to by a dominant of its own."""
    places = [
        i
        for i in range(len(steps) - 1)
        if _alone(steps, i)
        and steps[i + 1].slot == 0
        and steps[i + 1].chord.degree not in (0, steps[i].chord.degree)
        and (steps[i + 1].chord.pcs[2] - steps[i + 1].chord.pcs[0]) % 12 == 7
    ]
    wanted = dice.chance(1.5 * (tension - 0.22))
    i = dice.pick(places) if places else 0
    diminished = dice.chance(0.6 * (tension - 0.3))
    if not places or not wanted:
        return steps
    chord = secondary(steps[i + 1].chord, diminished, tension, dice)
    return [*steps[: i + 1], Step(steps[i].bar, 8, chord), *steps[i + 1 :]]


def _delayed(steps: list[Step], tonic: int, mode: int, tension: float, dice: Dice) -> list[Step]:
    """Suspensions, and the six-four before a dominant that ends a phrase's third bar."""
    made: list[Step] = []
    for i, step in enumerate(steps):
        chance = dice.chance(0.12 + 0.65 * tension)
        last = made[-1].chord if made else None
        if not chance or not _alone(steps, i) or tension <= 0.02:
            made.append(step)
            continue
        tonic_next = i + 1 < len(steps) and steps[i + 1].chord.degree == 0
        held = suspended(step.chord, tonic, mode, last)
        if step.chord.degree == 4 and tonic_next and dice.chance(0.5):
            triad = chord_on(tonic, mode, "1", 0.0, dice)
            dominant = step.chord.pcs[0]
            six_four = Chord(triad.pcs, 0, triad.pcs[0])
            made += [
                Step(step.bar, 0, six_four, bass=dominant),
                Step(step.bar, 8, step.chord, root=True),
            ]
        elif held is not None:
            made += [Step(step.bar, 0, held), Step(step.bar, 8, step.chord)]
        else:
            made.append(step)
    return made
