"""The affect path: affect as a piecewise linear function of session time."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from typing import Literal

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.piecewise import Knot, clamped, value_at

Strategy = Literal["iso", "direct"]


class Waypoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A breakpoint of a path: the affect at ``time`` session seconds."""

    time: float
    affect: Affect


class Path(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Affect over session time: waypoints in rising time order, straight lines between them.

    Before the first waypoint and after the last the affect stays where it is.
    """

    waypoints: tuple[Waypoint, ...]

    def at(self, time: float) -> Affect:
        """The affect at ``time`` session seconds."""
        points = self.waypoints
        right = bisect.bisect_right(points, time, key=lambda point: point.time)
        if right == 0:
            return points[0].affect
        if right == len(points):
            return points[-1].affect
        a, b = points[right - 1], points[right]
        return a.affect.toward(b.affect, (time - a.time) / (b.time - a.time))

    def segment(self, start: float, end: float) -> Path:
        """The stretch of this path over [start, end] session seconds, its ends included."""
        inner = tuple(p for p in self.waypoints if start < p.time < end)
        return Path((Waypoint(start, self.at(start)), *inner, Waypoint(end, self.at(end))))


HOLD_FRACTION = 0.2
"""How much of an iso session matches the listener's start before it travels."""
TRAVEL_FRACTION = 0.6
"""How much of a session (after a steer: of what is left of it) travelling may take."""
GENTLE_SPEED = 0.1
"""Affect units per 30 s: the speed of travel wherever time allows it."""
SPEED_SECONDS = 30.0
"""Speeds are given per so many seconds: one clip."""
EASE_STEP = 0.25
"""How far one 'ease' lowers arousal: an eighth of the axis, from tense half-way to neutral in
two, so that a press is clearly heard and a second one can be judged on its own."""
EASE_SECONDS = 30.0
"""How long the lowering takes: one clip, so that easing is itself no start."""
EASE_FLOOR = -1.0
"""Arousal is not eased below this: the edge of the plane."""


def plan_path(start: Affect, target: Affect, seconds: float, strategy: Strategy) -> Path:
    """The path of a session of ``seconds`` from ``start`` to ``target``.

    'iso' holds at the start for 20 % of the session, travels in a straight line at constant
    speed for at most 60 % and settles at the target for the rest; 'direct' travels at once, at
    the same speed, and settles. Speed per 30 s: max(0.1, distance * 30 / (0.6 * seconds)), so
    a short way takes less time and settles longer.
    """
    hold = HOLD_FRACTION * seconds if strategy == "iso" else 0.0
    arrival = hold + _travel_seconds(start.distance(target), seconds)
    return _through((0.0, start), (hold, start), (arrival, target), (seconds, target))


def steer(path: Path, at: float, target: Affect, total: float) -> Path:
    """``path`` up to ``at``, from there straight to ``target``, where it settles until ``total``.

    Speed: 0.1 per 30 s, faster only when 60 % of what is left of the session demands it.
    ``at`` in [0, total).
    """
    here = path.at(at)
    arrival = at + _travel_seconds(here.distance(target), total - at)
    return _through(*_before(path, at), (at, here), (arrival, target), (total, target))


def ease(path: Path, at: float, total: float) -> Path:
    """``path`` up to ``at``; from there arousal is lowered, valence stays as planned.

    The new arousal is ``EASE_STEP`` below whatever is lower, arousal at ``at`` or as planned: a
    path that was about to rise no longer does, one that was about to fall still falls. The
    lowering grows over ``EASE_SECONDS`` (or what is left of the session) and stops at the
    plane's edge.
    """
    here = path.at(at).arousal
    ramp = min(EASE_SECONDS, total - at)
    planned = [(p.time, p.affect.arousal) for p in path.segment(at, total).waypoints]
    lower = _with_knot(clamped(planned, -1.0, here), at + ramp)
    step = EASE_STEP / EASE_SECONDS
    eased = clamped(
        [(time, arousal - step * min(time - at, EASE_SECONDS)) for time, arousal in lower],
        EASE_FLOOR,
        1.0,
    )
    after = [(time, Affect(path.at(time).valence, arousal)) for time, arousal in eased]
    return _through(*_before(path, at), *after)


def dwell(path: Path, at: float, seconds: float, total: float) -> Path:
    """``path`` up to ``at``, where it stays for ``seconds``, but at most half of what is left until
    ``total``; then it goes on.

    What was to come is so much later, and the time is taken from the settling at the end: the way
    is as gentle as it was. Where the settling is shorter than the stay, the way is travelled faster
    by what is lacking, at most twice. A path that has arrived at ``at`` is as it was.
    """
    arrives = arrival(path)
    if arrives <= at:
        return path
    stay = min(seconds, (total - at) / 2)
    begins, left = at + stay, total - at - stay
    pace = min(1.0, left / (arrives - at))
    later = [
        (min(total, begins + (p.time - at) * pace), p.affect)  # a sum may round past it
        for p in path.segment(at, arrives).waypoints
        if p.time > at
    ]
    here, goal = path.at(at), path.at(total)
    return _through(*_before(path, at), (at, here), (begins, here), *later, (total, goal))


def arrival(path: Path) -> float:
    """The second from which on the path stays where it ends."""
    points = path.waypoints
    goal = points[-1].affect
    moves = (p.time for p, before in _backwards(points) if before.affect != goal)
    return next(moves, points[0].time)


def speed(path: Path) -> float:
    """The path's largest speed in affect units per 30 s."""
    points = path.waypoints
    return max(
        (
            a.affect.distance(b.affect) / (b.time - a.time) * SPEED_SECONDS
            for a, b in itertools.pairwise(points)
        ),
        default=0.0,
    )


def gentle_seconds(distance: float) -> float:
    """The shortest session, in seconds, whose path of ``distance`` stays at the gentle speed."""
    return distance / GENTLE_SPEED * SPEED_SECONDS / TRAVEL_FRACTION


def _travel_seconds(distance: float, seconds: float) -> float:
    """How long a way of ``distance`` takes when ``seconds`` are left for travel and settling."""
    return min(TRAVEL_FRACTION * seconds, distance / GENTLE_SPEED * SPEED_SECONDS)


def _backwards(points: tuple[Waypoint, ...]) -> Iterator[tuple[Waypoint, Waypoint]]:
    """Each waypoint with the one before it, the last first."""
    return zip(reversed(points), reversed(points[:-1]), strict=False)


def _before(path: Path, at: float) -> list[tuple[float, Affect]]:
    return [(p.time, p.affect) for p in path.waypoints if p.time < at]


def _with_knot(knots: list[Knot], time: float) -> list[Knot]:
    if any(knot[0] == time for knot in knots):
        return knots
    return sorted([*knots, (time, value_at(knots, time))])


def _through(*points: tuple[float, Affect]) -> Path:
    """A path through these points; a point at (nearly) the time of the one before is left out."""
    kept: list[tuple[float, Affect]] = []
    for time, affect in points:
        if kept and time - kept[-1][0] < 1e-9:
            kept[-1] = (kept[-1][0], affect)
        else:
            kept.append((time, affect))
    return Path(tuple(Waypoint(time, affect) for time, affect in kept))
