"""The affect path: affect as a piecewise linear function of session time."""

from __future__ import annotations

import bisect
from typing import Literal

import msgspec

from engine.affect.circumplex import Affect

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
