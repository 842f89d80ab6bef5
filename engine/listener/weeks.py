"""Weeks of sessions: how many, how long, and how it was after less before. Pure.

Of a week the smallest, the median and the largest change are told, and over all of them a verdict
only from six sessions on: with fewer, no interval of order statistics holds a median with 95 %.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from datetime import date, timedelta, tzinfo

import msgspec

from engine.listener.history import Past

ENOUGH = 6
"""How surely the smallest and the largest of n hold the median, 1 - 2 / 2^n, is .969 for six and
.938 for five."""
SURE = 0.95


class Spread(msgspec.Struct, frozen=True):
    """The smallest, the median and the largest of ``count`` changes (points of a slider)."""

    least: float
    median: float
    most: float
    count: int


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """The seven days from ``monday`` on. ``minutes``: heard."""

    monday: date
    sessions: int
    minutes: float
    valence: Spread | None
    arousal: Spread | None


class Verdict(msgspec.Struct, frozen=True):
    """The median change of ``count`` sessions, and what holds it with at least 95 %."""

    median: float
    low: float
    high: float
    count: int

    @property
    def direction(self) -> int:
        """1: it rose, -1: it fell, 0: neither is sure."""
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


def weeks_of(pasts: Iterable[Past], zone: tzinfo | None = None) -> tuple[Week, ...]:
    """Each week with a session in it, the oldest first; days are those of ``zone`` (None: here)."""
    of: dict[date, list[Past]] = {}
    for past in pasts:
        day = past.begun.astimezone(zone).date()
        of.setdefault(day - timedelta(days=day.weekday()), []).append(past)
    return tuple(_week(monday, found) for monday, found in sorted(of.items()))


def changes_of(pasts: Iterable[Past]) -> tuple[list[int], list[int]]:
    """Those of valence and of arousal that there are."""
    changes = [past.felt.change for past in pasts]
    return [v for v, _ in changes if v is not None], [a for _, a in changes if a is not None]


def verdict(changes: Sequence[float]) -> Verdict | None:
    """None for fewer than ``ENOUGH``. No shape of the distribution is assumed."""
    count = len(changes)
    if count < ENOUGH:
        return None
    ordered = sorted(changes)
    depth = _depth(count)
    return Verdict(statistics.median(ordered), ordered[depth - 1], ordered[-depth], count)


def verdict_in_words(name: str, found: Verdict | None, count: int) -> str:
    """What can be said of a slider's changes, and no cause."""
    if found is None:
        times = "once" if count == 1 else f"{count} times"
        return (
            f"{name}: rated before and after {times}; from {ENOUGH} on something can be said "
            "of a direction."
        )
    how = {1: "rose", -1: "fell", 0: "changed in no sure direction"}[found.direction]
    return (
        f"{name} {how}: by {found.median:+g} in the median of {found.count} sessions (95 %: "
        f"{found.low:+g} to {found.high:+g}). Whether by the music, this can't say."
    )


def _depth(count: int) -> int:
    """The largest k with which the median lies as surely as ``SURE`` between the k-th smallest and
    the k-th largest of ``count`` (>= ``ENOUGH``): outside it is with fewer than k of ``count``
    throws of a coin."""
    within = (1.0 - SURE) / 2.0
    depth, ways, outside = 0, 1, 1
    while outside / 2**count <= within:
        depth += 1
        ways = ways * (count - depth + 1) // depth
        outside += ways
    return depth


def _week(monday: date, pasts: Sequence[Past]) -> Week:
    valence, arousal = changes_of(pasts)
    return Week(
        monday=monday,
        sessions=len(pasts),
        minutes=sum(past.heard for past in pasts) / 60,
        valence=_spread(valence),
        arousal=_spread(arousal),
    )


def _spread(changes: Sequence[int]) -> Spread | None:
    if not changes:
        return None
    return Spread(min(changes), statistics.median(changes), max(changes), len(changes))
