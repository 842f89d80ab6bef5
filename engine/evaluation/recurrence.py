"""How much of a melody one can remember: figures that come again, and what is told verbatim.

A figure is five intervals of the melody in a row, in semitones, so that a transposed one is the
same; rhythm is left out. Within 80 s is within what a listener holds of a piece that is new.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections import defaultdict
from collections.abc import Hashable, Sequence

from engine.evaluation.notes import ScoreBar, ScoreNote

FIGURE = 5
"""Intervals."""
WITHIN = 80.0
"""Seconds between the beginnings of a figure and of its like."""
BLOCK = 4
"""Bars."""


def recurrence(line: Sequence[ScoreNote], size: int = FIGURE, within: float = WITHIN) -> float:
    """The share of the line's figures that begin again at most ``within`` seconds before or
    after; NaN without any figure. In [0, 1]."""
    steps = [b.pitch - a.pitch for a, b in itertools.pairwise(line)]
    begun: dict[tuple[int, ...], list[float]] = defaultdict(list)
    count = len(steps) - size + 1
    for i in range(count):
        begun[tuple(steps[i : i + size])].append(line[i].onset_s)
    again = 0
    for times in begun.values():
        for before, here, after in zip(
            [-math.inf, *times], times, [*times[1:], math.inf], strict=False
        ):
            again += min(here - before, after - here) <= within
    return again / count if count > 0 else math.nan


def told_running(notes: Sequence[ScoreNote], bars: Sequence[ScoreBar], block: int = BLOCK) -> int:
    """How many times ``block`` bars are told one after another with every note the same (pitch,
    and onset to the sixteenth); 1 where none is told twice. Silence is no telling."""
    tokens = bar_tokens(notes, bars)
    most = 1
    for at in range(len(tokens) - block + 1):
        here = tokens[at : at + block]
        if not all(here):
            continue
        told = 1
        while tokens[at + told * block : at + (told + 1) * block] == here:
            told += 1
        most = max(most, told)
    return most


def bar_tokens(notes: Sequence[ScoreNote], bars: Sequence[ScoreBar]) -> list[tuple[Hashable, ...]]:
    """What each bar holds: (onset in sixteenths from its line, pitch) of its notes."""
    return [tuple(sorted(set(shape))) for shape in shapes(notes, bars)]


def shapes(notes: Sequence[ScoreNote], bars: Sequence[ScoreBar]) -> list[list[tuple[int, int]]]:
    """Of each bar, its notes as (onset in sixteenths from its line, pitch), in their order. A note
    less than a 32nd before a bar line is the next bar's."""
    starts = [bar.start for bar in bars]
    made: list[list[tuple[int, int]]] = [[] for _ in bars]
    for note in notes:
        at = bisect.bisect_right(starts, note.start + 0.125) - 1
        if at >= 0:
            made[at].append((max(0, round(4 * (note.start - starts[at]))), note.pitch))
    return made
