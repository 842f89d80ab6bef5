"""Dressing: what tension adds to a phrase's chords where the melody lets it.

Sevenths and ninths, a dominant of a chord's own, suspensions and the cadential six-four (Aldwell &
Schachter, *Harmony and Voice Leading*). A chord is only changed where the melody over it still
fits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from engine.composers.score.dice import Dice
from engine.composers.score.writing.harmonise import half_of
from engine.composers.score.writing.harmony import NONE, Chord, chord_on, secondary, suspended
from engine.composers.score.writing.metre import Metre

Fits = Callable[[int, int, int, Chord], bool]
"""Whether a chord fits the melody of a bar from one slot up to another."""


class Step(msgspec.Struct, frozen=True):
    """A chord of a planned phrase: in ``bar`` of it from ``slot`` on. ``bass``: the pitch class
    that its bass must have, or -1. ``root``: its bass must be its root. ``token``: what it was made
    of, '' for what was added."""

    bar: int
    slot: int
    chord: Chord
    bass: int = NONE
    root: bool = False
    token: str = ""


class Ground(NamedTuple):
    """What a phrase stands on: metre, ``tonic`` (a pitch class), ``mode`` (``harmony``),
    ``tension`` in [0, 1], what fits its melody, and its dice."""

    metre: Metre
    tonic: int
    mode: int
    tension: float
    fits: Fits
    dice: Dice


def dressed(steps: list[Step], before: Chord | None, ground: Ground) -> list[Step]:
    """The phrase with what tension adds to it, after the chord ``before`` it."""
    return _delayed(_applied(_enriched(steps, ground), ground), before, ground)


def _until(steps: Sequence[Step], i: int, metre: Metre) -> int:
    """The slot of its bar at which a step ends."""
    same = i + 1 < len(steps) and steps[i + 1].bar == steps[i].bar
    return steps[i + 1].slot if same else metre.slots


def _enriched(steps: list[Step], ground: Ground) -> list[Step]:
    """Sevenths and ninths."""
    metre, tonic, mode, tension, fits, dice = ground
    made = []
    for i, step in enumerate(steps):
        rich = chord_on(tonic, mode, step.token, tension, dice)
        ends = i == len(steps) - 1 and step.chord.degree == 0
        if (
            rich == step.chord
            or ends
            or not fits(step.bar, step.slot, _until(steps, i, metre), rich)
        ):
            made.append(step)
        else:
            made.append(msgspec.structs.replace(step, chord=rich))
    return made


def _alone(steps: Sequence[Step], i: int) -> bool:
    """The chord has its bar to itself."""
    return sum(step.bar == steps[i].bar for step in steps) == 1


def _applied(steps: list[Step], ground: Ground) -> list[Step]:
    """With some tension one chord of the phrase is led to by a dominant of its own."""
    metre, tension, fits, dice = ground.metre, ground.tension, ground.fits, ground.dice
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
    half = half_of(metre)
    if not fits(steps[i].bar, half, metre.slots, chord):
        return steps
    return [*steps[: i + 1], Step(steps[i].bar, half, chord), *steps[i + 1 :]]


def _delayed(steps: list[Step], before: Chord | None, ground: Ground) -> list[Step]:
    """Suspensions, prepared by the chord before them, and the six-four before a dominant that leads
    to the tonic."""
    metre, tonic, mode, tension, fits, dice = ground
    half = half_of(metre)
    made: list[Step] = []
    for i, step in enumerate(steps):
        chance = dice.chance(0.12 + 0.65 * tension)
        last = made[-1].chord if made else before
        rests = i == len(steps) - 1 and step.chord.degree == 0
        if not chance or rests or not _alone(steps, i) or tension <= 0.02:
            made.append(step)
            continue
        tonic_next = i + 1 < len(steps) and steps[i + 1].chord.degree == 0
        held = suspended(step.chord, tonic, mode, last)
        triad = chord_on(tonic, mode, "1", 0.0, Dice("no sevenths"))
        six_four = Chord(triad.pcs, 0, triad.pcs[0])
        cadential = step.chord.degree == 4 and tonic_next and dice.chance(0.5)
        if cadential and fits(step.bar, 0, half, six_four):
            made += [
                Step(step.bar, 0, six_four, bass=step.chord.pcs[0]),
                Step(step.bar, half, step.chord, root=True),
            ]
        elif held is not None and fits(step.bar, 0, half, held):
            made += [Step(step.bar, 0, held), Step(step.bar, half, step.chord)]
        else:
            made.append(step)
    return made
