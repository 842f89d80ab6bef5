"""A melody within the caps of gentle ears: no tone too high, no leap too wide.

A tone that is out of reach of the one before it goes to another octave of itself; where none is
in reach and low enough, to the nearest tone of what sounds there. Six semitones hold a tone of
every chord, so there always is one.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.composers.score.writing.telling import HIGHEST, LOWEST
from engine.composers.score.writing.tones import Tone
from engine.plan.gentle import Gentle

_LOWEST = 60
"""MIDI: under it flutes have no keys, and would play an octave up."""
_TENORS = 76
"""MIDI: a cello's highest key. Where beating is capped tenors sing where the melody is written."""
_OCTAVE = 12
_HALF, _DEEPEST, _HIGHEST = 12, 47, 94
"""Semitones of a range on either side of a centre that is asked for, and its ends, MIDI."""
Ground = tuple[int, int, Sequence[int]]
"""From a bar and a slot of the phrase on: the pitch classes that sound."""


def highest_sung(gentle: Gentle | None) -> int:
    """The highest tone of a melody, MIDI."""
    if gentle is None:
        return HIGHEST
    most = HIGHEST if gentle.beating is None else _TENORS
    return most if gentle.register is None else min(most, gentle.register)


def range_sung(gentle: Gentle | None, centre: float | None = None) -> tuple[int, int]:
    """The lowest and the highest tone of a melody, MIDI; where its ``centre`` is asked for, as far
    about that as the melody would lie about its own."""
    lowest, highest = LOWEST, highest_sung(gentle)
    if centre is None:
        return lowest, highest
    if gentle is None or gentle.beating is None:  # down there a melody would beat with its bass
        lowest = min(lowest, max(_DEEPEST, round(centre) - _HALF))
    if gentle is None or gentle.register is None:
        highest = min(_HIGHEST, max(highest, round(centre) + _HALF))
    return lowest, highest


def spared(
    melody: Sequence[tuple[Tone, ...]],
    last: int,
    grounds: Sequence[Ground],
    gentle: Gentle | None,
) -> list[tuple[Tone, ...]]:
    """A phrase's melody after the pitch ``last`` within the caps; as it is without any.
    ``grounds`` in rising order, the first at the phrase's start."""
    if gentle is None or gentle.register is gentle.leaps is gentle.beating is None:
        return list(melody)
    highest, leap = highest_sung(gentle), gentle.leaps or _OCTAVE
    last = min(last, highest)
    made = []
    for bar, tones in enumerate(melody):
        line = []
        for tone in tones:
            pcs = [pcs for at, slot, pcs in grounds if (at, slot) <= (bar, tone.slot)][-1]
            last = fitted(tone.pitch, last, (highest, leap), pcs)
            line.append(Tone(tone.slot, tone.length, last))
        made.append(tuple(line))
    return made


def fitted(pitch: int, before: int, caps: tuple[int, int], pcs: Sequence[int]) -> int:
    """``pitch``, or what stands for it after ``before``, for the ``caps`` (the highest pitch, the
    largest leap). ``pcs``: pitch classes that may stand for it."""
    highest, leap = caps
    reach = range(max(_LOWEST, before - leap), min(highest, before + leap) + 1)
    own = [p for p in reach if (p - pitch) % 12 == 0]
    others = [p for p in reach if p % 12 in pcs]
    return min(own or others or [before], key=lambda p: (abs(p - pitch), p))
