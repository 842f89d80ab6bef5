"""Is a session's theme known again? From the notes of its melody alone.

The theme is the first eight bars in which there is a melody to know again. Two bars of it at a
time are looked for among any two bars of a stretch: the share of notes that meet, onset to the
sixteenth and pitch to the semitone more or less (so that a sequence within the scale, and minor for
major, are still it) under the transposition that fits best, over the geometric mean of how many
either has (so that an ornamented or a thinned telling loses a little only). What that comes to by
chance is how near other sessions come to it in as long a stretch; above ``QUANTILE`` of that two
bars are known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Shape = Sequence[tuple[int, int]]
"""A bar's melody: (onset in sixteenths from its line, MIDI pitch), see ``recurrence.shapes``."""
Points = NDArray[np.int64]
THEME_BARS = 8
UNIT = 2
"""Bars that are looked for at a time."""
LEAST_NOTES = 2
"""In a bar in which the theme begins."""
LEAST_POINTS = 4
"""Of ``UNIT`` bars, else there is nothing to know again."""
WHOLE = 6
"""Units of seven that have those where a theme is stated whole."""
NEAR_PITCH = 1
QUANTILE = 0.95


class Told(NamedTuple):
    """A melody bar by bar; ``lengths`` of the bars in sixteenths."""

    bars: Sequence[Shape]
    lengths: Sequence[int]

    def units(self, first: int, last: int) -> list[Points]:
        """``UNIT`` bars from each of ``first`` up to ``last`` on, all of them before ``last``."""
        return [self._unit(at) for at in range(first, max(first, last - UNIT + 1))]

    def _unit(self, at: int) -> Points:
        made: list[tuple[int, int]] = []
        begin = 0
        for bar in range(at, min(at + UNIT, len(self.bars))):
            made += [(begin + slot, pitch) for slot, pitch in self.bars[bar]]
            begin += self.lengths[bar]
        return np.array(made, np.int64).reshape(-1, 2)


def theme_start(told: Told) -> int:
    """The bar with which the first whole statement begins. Raises ``ValueError`` where there is
    none."""
    for number, bar in enumerate(told.bars):
        if len(bar) >= LEAST_NOTES:
            units = told.units(number, number + THEME_BARS)
            if sum(len(unit) >= LEAST_POINTS for unit in units) >= WHOLE:
                return number
    raise ValueError("there is no melody")


def theme_of(told: Told) -> list[Points]:
    """The theme, two bars from each of its bars on."""
    start = theme_start(told)
    return told.units(start, start + THEME_BARS)


def likeness(theme: Points, other: Points) -> float:
    """How far two melodies meet, in [0, 1]; 0 where one has next to no notes."""
    if min(len(theme), len(other)) < LEAST_POINTS:
        return 0.0
    same = theme[:, None, 0] == other[None, :, 0]
    shift = other[None, :, 1] - theme[:, None, 1]
    met = 0
    for by in np.unique(shift[same]):
        here = same & (np.abs(shift - by) <= NEAR_PITCH)
        met = max(met, int(min(here.any(axis=1).sum(), here.any(axis=0).sum())))
    return met / math.sqrt(len(theme) * len(other))


def nearest(theme: Sequence[Points], stretch: Sequence[Points]) -> list[float]:
    """Of each unit of the theme, how near the stretch comes to it anywhere."""
    return [max((likeness(unit, other) for other in stretch), default=0.0) for unit in theme]


def known_bars(near: Sequence[float], levels: Sequence[float]) -> float:
    """The share of the theme's bars that lie in a unit which is nearer than chance is. In
    [0, 1]."""
    bars = np.zeros(len(near) + UNIT - 1, bool)
    for at, (value, level) in enumerate(zip(near, levels, strict=True)):
        bars[at : at + UNIT] |= value > level
    return float(bars.mean())


class Recognition(NamedTuple):
    """Shares of a theme's bars known again in a stretch, and in the same stretch of the other
    sessions (their mean)."""

    own: float
    chance: float


def recognition(
    theme: Sequence[Points], own: Sequence[Points], others: Sequence[Sequence[Points]]
) -> Recognition:
    """``own``: the units of a stretch of the theme's session; ``others``: of other sessions, by
    which each unit's level is set, each measured by the levels of the rest."""
    table = np.array([nearest(theme, other) for other in others])
    levels = np.quantile(table, QUANTILE, axis=0)
    by_chance = []
    for i in range(len(others)):
        rest = np.quantile(np.delete(table, i, axis=0), QUANTILE, axis=0)
        by_chance.append(known_bars(list(table[i]), list(rest)))
    return Recognition(known_bars(nearest(theme, own), list(levels)), float(np.mean(by_chance)))
