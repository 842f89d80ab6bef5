"""The loudness target of a session: louder with arousal; on the whole -23 LUFS, or as asked for."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from engine.affect.path import Path
from engine.affect.piecewise import Knot, clamped, stretch, value_at
from engine.plan.spec import LevelPoint

SESSION_LUFS = -23.0
"""EBU R 128's programme loudness: the energy mean of the target over the session."""
LUFS_PER_AROUSAL = 3.0
"""LU per unit of arousal."""
RANGE_LU = 4.0
"""The target stays within this of the session's loudness."""
LOUDEST_LUFS = SESSION_LUFS + RANGE_LU
"""Comfort: the target is never over it, whatever loudness was asked for."""
BLEND_SECONDS = 30.0
"""After an event the level moves in a straight line to its new course for so long."""
MAX_RISE = 0.5
"""LU per second: the target never rises faster."""

Levels = tuple[LevelPoint, ...]
_Course = Callable[[float], list[Knot]]


def held_loudness(asked: float | None) -> float:
    """A session's loudness on the whole, LUFS, where ``asked`` is wanted (None: nothing is)."""
    return SESSION_LUFS if asked is None else min(asked, LOUDEST_LUFS)


def session_levels(
    path: Path, total: float, loudness: float = SESSION_LUFS
) -> tuple[Levels, float]:
    """The target over [0, total] and its reference: the arousal that is heard at ``loudness``.

    Level = loudness + 3 * (arousal - reference), kept within 4 LU of it and never over
    ``LOUDEST_LUFS``; the reference is the one at which the energy mean over the session is
    ``loudness``.
    """
    arousal = _arousal(path, 0.0, total)

    def course(reference: float) -> list[Knot]:
        return _course(arousal, reference, loudness, LOUDEST_LUFS)

    reference = _solve(course, loudness)
    return _points(course(reference)), reference


def steered_levels(
    levels: Levels, path: Path, at: float, total: float, loudness: float = SESSION_LUFS
) -> tuple[Levels, float]:
    """The target when the path is another from ``at`` on, and its new reference.

    Unchanged before ``at`` and continuous there: a straight line over 30 s leads to the new
    course. The new reference gives the rest of the session the energy it had before, so the
    energy mean of the whole stays what it was. Where no reference can (the rest is too short),
    the nearest that can be had.
    """
    here, rest = level_at(levels, at), stretch(_knots(levels), at, total)
    arousal = _arousal(path, at, total)

    def course(reference: float) -> list[Knot]:
        return _blended(_course(arousal, reference, loudness, LOUDEST_LUFS), here)

    reference = _solve(course, _energy_mean(rest))
    return _points([*_until(levels, at), *course(reference)]), reference


def eased_levels(
    levels: Levels,
    path: Path,
    at: float,
    total: float,
    reference: float,
    *,
    loudness: float = SESSION_LUFS,
) -> Levels:
    """The target when the path is eased from ``at`` on: the old reference, never above the
    level at ``at``. The energy that easing takes away is not given back: it was too much."""
    here = level_at(levels, at)
    course = _blended(_course(_arousal(path, at, total), reference, loudness, here), here)
    return _points([*_until(levels, at), *course])


def level_at(levels: Levels, time: float) -> float:
    """The target in LUFS at ``time`` session seconds."""
    return value_at(_knots(levels), time)


def level_segment(levels: Levels, start: float, end: float) -> Levels:
    """The target over [start, end] session seconds, its ends included."""
    return _points(stretch(_knots(levels), start, end))


def energy_mean(levels: Levels) -> float:
    """The level in LUFS whose energy is the mean energy of the whole target."""
    return _energy_mean(_knots(levels))


def _arousal(path: Path, start: float, end: float) -> list[Knot]:
    return [(p.time, p.affect.arousal) for p in path.segment(start, end).waypoints]


def _course(arousal: Sequence[Knot], reference: float, loudness: float, high: float) -> list[Knot]:
    level = [(t, loudness + LUFS_PER_AROUSAL * (a - reference)) for t, a in arousal]
    return clamped(level, loudness - RANGE_LU, min(high, loudness + RANGE_LU))


def _blended(course: list[Knot], here: float) -> list[Knot]:
    """``course`` from 30 s (or its end, when that is nearer) on, reached from ``here`` in a
    straight line that does not rise too fast."""
    start, end = course[0][0], course[-1][0]
    joined = min(start + BLEND_SECONDS, end)
    level = min(value_at(course, joined), here + MAX_RISE * (joined - start))
    return [(start, here), (joined, level), *(knot for knot in course if knot[0] > joined)]


def _energy_mean(knots: Sequence[Knot]) -> float:
    """10 log10 of the mean of 10^(level/10), exact for straight lines in decibels."""
    nepers = math.log(10) / 10
    energy = 0.0
    for (t0, v0), (t1, v1) in itertools.pairwise(knots):
        a, b = math.exp(nepers * v0), math.exp(nepers * v1)
        rise = nepers * (v1 - v0)
        energy += (t1 - t0) * ((b - a) / rise if abs(rise) > 1e-4 else (a + b) / 2)
    return math.log(energy / (knots[-1][0] - knots[0][0])) / nepers


def _solve(course: _Course, goal: float) -> float:
    """The reference in [-3, 3] at which ``course``'s energy mean is nearest to ``goal``.

    The mean falls with the reference: bisection, safeguarded regula falsi (Illinois).
    """
    low, high = -3.0, 3.0
    f_low, f_high = (_energy_mean(course(x)) - goal for x in (low, high))
    if f_low <= 0:
        return low
    if f_high >= 0:
        return high
    side = 0
    for _ in range(60):
        x = (low * f_high - high * f_low) / (f_high - f_low)
        f = _energy_mean(course(x)) - goal
        if abs(f) < 1e-7:
            return x
        if f > 0:
            low, f_low = x, f
            f_high = f_high / 2 if side == 1 else f_high
            side = 1
        else:
            high, f_high = x, f
            f_low = f_low / 2 if side == -1 else f_low
            side = -1
    return (low + high) / 2


def _until(levels: Levels, at: float) -> list[Knot]:
    return [knot for knot in _knots(levels) if knot[0] < at]


def _knots(levels: Levels) -> list[Knot]:
    return [(point.time, point.lufs) for point in levels]


def _points(knots: Sequence[Knot]) -> Levels:
    return tuple(LevelPoint(time, lufs) for time, lufs in knots)
