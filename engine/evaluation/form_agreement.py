"""Is one form told again and again? What two sessions of one path and other seeds have in common,
bar by bar and from notes alone.

Each figure is 1 for the same music. By chance it is what the same two have when one is moved
against the other by some bars, so that what all of a composer's bars have in common counts for
chance. Of bars, those are compared that both have.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.notes import Piece, ScoreNote
from engine.evaluation.recurrence import shapes
from engine.evaluation.variety import self_similarity

SHIFTS = tuple(by for by in range(-20, 21) if by)
"""Bars."""
DEGREES = 16
"""Bars over which one transposition is chosen."""
NEAR = 4
"""Bars apart: what is nearer is alike in any music."""
LONGER = 1.25
"""How many times as long as is usual around it the melody waits where a phrase ends."""

Vector = NDArray[np.float64]


class Formed(NamedTuple):
    """Of a piece, by bars: the slots in which the melody has onsets; the bass's pitch class at
    each half bar, -1 where nothing sounds; where a phrase ends; and bars against bars."""

    rhythm: list[set[int]]
    bass: NDArray[np.int64]
    ends: set[int]
    likeness: Vector


class Agreement(NamedTuple):
    """A figure and what it is by chance."""

    own: float
    chance: float


def formed(piece: Piece, line: Sequence[ScoreNote]) -> Formed:
    """What is compared of ``piece``, whose melody is ``line``."""
    told = shapes(line, piece.bars)
    return Formed(
        [{slot for slot, _ in bar} for bar in told],
        _bass(piece),
        phrase_ends(piece, line),
        _without_distance(self_similarity(piece)),
    )


def phrase_ends(piece: Piece, line: Sequence[ScoreNote]) -> set[int]:
    """The bars in which the melody waits longest from one onset to the next: longer than in any
    bar within two of it, and by ``LONGER`` than is usual within eight (after Cambouropoulos 2001,
    whose boundaries are large gaps beside their neighbours)."""
    waits = np.array([bar.length for bar in piece.bars])
    starts = np.array([bar.start for bar in piece.bars])
    longest: dict[int, float] = {}
    for one, two in itertools.pairwise(line):
        at = int(np.searchsorted(starts, one.start + 0.125, side="right")) - 1
        longest[at] = max(longest.get(at, 0.0), two.start - one.start)
    for at, wait in longest.items():
        waits[at] = wait
    return {
        i
        for i in range(1, len(waits) - 1)
        if waits[i] >= waits[max(0, i - 2) : i + 3].max() - 1e-6
        and waits[i] > LONGER * float(np.median(waits[max(0, i - 8) : i + 9]))
    }


def _bass(piece: Piece) -> NDArray[np.int64]:
    found = []
    for bar in piece.bars:
        for at in (bar.start + 0.2, bar.start + 0.5 * bar.length + 0.2):
            pitches = [n.pitch for n in piece.notes if n.start <= at < n.end]
            found.append(min(pitches) % 12 if pitches else -1)
    return np.array(found, np.int64)


def _without_distance(likeness: Vector) -> Vector:
    """Less the mean of each distance: that bars grow less alike with it is the path's doing."""
    made = likeness.copy()
    for by in range(len(made)):
        here = np.arange(len(made) - by)
        made[here, here + by] -= made[here, here + by].mean()
        made[here + by, here] = made[here, here + by]
    return made


def rhythm(one: Formed, other: Formed, by: int = 0) -> float:
    """How many of the slots in which either melody has an onset both have, over bars in which
    both have any (Jaccard)."""
    pairs = [(one.rhythm[i], other.rhythm[k]) for i, k in _beside(one, other, by)]
    shares = [len(a & b) / len(a | b) for a, b in pairs if a and b]
    return float(np.mean(shares)) if shares else 0.0


def degrees(one: Formed, other: Formed, by: int = 0) -> float:
    """The share of half bars with the same bass, by the best transposition of each sixteen bars."""
    pairs = [(2 * i + half, 2 * k + half) for i, k in _beside(one, other, by) for half in (0, 1)]
    shares = []
    for at in range(0, len(pairs) - 2 * DEGREES + 1, 2 * DEGREES):
        here, there = zip(*pairs[at : at + 2 * DEGREES], strict=True)
        a, b = one.bass[list(here)], other.bass[list(there)]
        sound = (a >= 0) & (b >= 0)
        shares.append(max(float(np.mean(sound & ((b - a) % 12 == up))) for up in range(12)))
    return float(np.mean(shares)) if shares else 0.0


def ends(one: Formed, other: Formed, by: int = 0) -> float:
    """How many phrase ends both have in the same bar (F1)."""
    moved = {end - by for end in other.ends}
    both = len(one.ends) + len(moved)
    return 2.0 * len(one.ends & moved) / both if both else 1.0


def likeness(one: Formed, other: Formed, by: int = 0) -> float:
    """Pearson's r of which bars are like which."""
    pairs = _beside(one, other, by)
    if len(pairs) <= NEAR + 1:
        return 0.0
    here, there = (list(indices) for indices in zip(*pairs, strict=True))
    upper = np.triu_indices(len(pairs), NEAR)
    a = one.likeness[np.ix_(here, here)][upper]
    b = other.likeness[np.ix_(there, there)][upper]
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else 0.0


FIGURES: dict[str, Callable[[Formed, Formed, int], float]] = {
    "phrase ends": ends,
    "rhythm": rhythm,
    "bass degrees": degrees,
    "self-similarity": likeness,
}


def agreement(pieces: Sequence[Formed]) -> dict[str, Agreement]:
    """Each figure, the mean over pairs, and what it is by chance. At least two pieces."""
    pairs = list(itertools.combinations(pieces, 2))
    made = {}
    for name, figure in FIGURES.items():
        own = [figure(one, other, 0) for one, other in pairs]
        chance = [figure(one, other, by) for one, other in pairs for by in SHIFTS[::4]]
        made[name] = Agreement(float(np.mean(own)), float(np.mean(chance)))
    return made


def _beside(one: Formed, other: Formed, by: int) -> list[tuple[int, int]]:
    count, there = len(one.rhythm), len(other.rhythm)
    return [(i, i + by) for i in range(count) if 0 <= i + by < there]
