"""Piecewise linear functions of session time, as (time, value) knots in ascending time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

Knot = tuple[float, float]


def clamped(knots: Sequence[Knot], low: float, high: float) -> list[Knot]:
    """The function kept within [low, high], with a knot wherever it meets a bound."""
    result: list[Knot] = []
    for i, (time, value) in enumerate(knots):
        if i:
            result.extend(_crossings(knots[i - 1], (time, value), (low, high)))
        result.append((time, min(max(value, low), high)))
    return result


def _crossings(a: Knot, b: Knot, bounds: tuple[float, float]) -> list[Knot]:
    """Where the straight line from ``a`` to ``b`` crosses a bound strictly between the two."""
    (t0, v0), (t1, v1) = a, b
    found = []
    for bound in bounds:
        if min(v0, v1) < bound < max(v0, v1):
            time = t0 + (t1 - t0) * (bound - v0) / (v1 - v0)
            if t0 < time < t1:
                found.append((time, bound))
    return sorted(found)


def value_at(knots: Sequence[Knot], time: float) -> float:
    """The function at ``time``; it keeps its end values outside its knots."""
    if time <= knots[0][0]:
        return knots[0][1]
    for (t0, v0), (t1, v1) in itertools.pairwise(knots):
        if time <= t1:
            return v0 + (v1 - v0) * (time - t0) / (t1 - t0) if t1 > t0 else v1
    return knots[-1][1]


def stretch(knots: Sequence[Knot], start: float, end: float) -> list[Knot]:
    """The function over [start, end], with a knot at each end."""
    inner = [knot for knot in knots if start < knot[0] < end]
    return [(start, value_at(knots, start)), *inner, (end, value_at(knots, end))]
