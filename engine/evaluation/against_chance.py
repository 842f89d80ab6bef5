"""Is a figure beyond chance: one rule for all of them. Pure.

A figure is *beyond* chance when its 95 % interval lies wholly outside the middle 95 % of what it is
by chance. Of one sound there is no interval; then the figure itself is looked at, and it is said
that it stands alone. Nothing is corrected for how many figures are looked at.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import NamedTuple

from engine.evaluation.results import Estimate, Row
from engine.evaluation.wording import DISTANCES, LESS, NEAR_ZERO


class Place(Enum):
    BEYOND = "beyond chance"
    OTHER_SIDE = "beyond chance, on the other side"
    WITHIN = "not told from chance"
    FARTHER = "farther than chance"
    NEARER = "nearer than chance"
    UNKNOWN = "chance not known"


class Standing(NamedTuple):
    """``alone``: of few sounds, so without an interval. ``below``: what is nothing either and yet
    as near to what was asked for as the figure's interval reaches, in words."""

    place: Place
    alone: bool
    below: tuple[str, ...] = ()


class _Span(NamedTuple):
    low: float
    high: float


def row_standing(row: Row) -> Standing:
    """Of a figure over sessions; its chance is the shuffled sound."""
    alone = row.low is None or row.high is None
    low = row.mean if row.low is None else row.low
    span = _Span(low, row.mean if row.high is None else row.high)
    place = _place(row.figure, span, row.shuffled_low, row.shuffled_high)
    others = (
        ("music that stays where it is", row.constant),
        ("the paths of the other sessions", row.another_path),
    )
    return _standing(row.figure, place, span, others, alone=alone)


def estimate_standing(estimate: Estimate) -> Standing:
    """Of a figure over clips."""
    alone = estimate.low is None or estimate.high is None
    low = estimate.value if estimate.low is None else estimate.low
    high = estimate.value if estimate.high is None else estimate.high
    span = _Span(low, high)
    place = _place(estimate.figure, span, estimate.chance_low, estimate.chance_high)
    others = (("saying nothing at all", estimate.nothing),)
    return _standing(estimate.figure, place, span, others, alone=alone)


def _standing(
    figure: str,
    place: Place,
    span: _Span,
    others: tuple[tuple[str, float | None], ...],
    *,
    alone: bool,
) -> Standing:
    """Only what is beyond chance can still be no more than another nothing."""
    if place is not Place.BEYOND:
        return Standing(place, alone)
    below = [
        name
        for name, value in others
        if value is not None and _place(figure, span, value, value) is not Place.BEYOND
    ]
    return Standing(place, alone, tuple(below))


def _place(figure: str, span: _Span, low: float | None, high: float | None) -> Place:
    if low is None or high is None or not all(map(math.isfinite, (*span, low, high))):
        return Place.UNKNOWN
    if span.low <= high and low <= span.high:  # they touch
        return Place.WITHIN
    above = span.low > high
    if figure in DISTANCES:
        return Place.FARTHER if above else Place.NEARER
    if figure in NEAR_ZERO:
        edge, chance = (span.high, low) if not above else (span.low, high)
        asked = abs(edge) < abs(chance)
    else:
        asked = above != (figure in LESS)
    return Place.BEYOND if asked else Place.OTHER_SIDE
