"""Does the music go where the path goes: figures of one session, and their nulls. Pure.

A *course* is what a judge made of a session's windows beside what the path was there. The figures
are those a listener would ask for, per axis and along the way from start to target; each stands
beside what it is when there is nothing to it (``nulls``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Several = list[float | None]
"""A figure of several courses, None where it has no meaning."""

LAGS_SECONDS = 60.0
"""How far a judge or the music may be behind the path, to be found as a lag."""
SHUFFLES = 500
LEAST_STRETCHES = 5
"""To be shuffled: they have 120 orders; about three minutes of sound."""
STRETCH = 3
"""Windows that are shuffled together: a judge that hears 30 s every 10 s says much the same three
times in a row, and shuffled one by one a null would be too easily beaten."""


class Course(NamedTuple):
    """``planned`` and ``measured``: (n, 2), valence and arousal, of ``n`` windows whose middles are
    ``step`` seconds apart; in [-1, 1], but for what is ``measured`` on a scale of its own and not
    ``scaled``. NaN throughout: the judge says nothing of that axis. ``name``: of the session;
    ``first``: the first window's middle, in seconds."""

    name: str
    step: float
    planned: Vector
    measured: Vector
    scaled: bool = True
    first: float = 0.0


class Figures(NamedTuple):
    """What one session is worth; None where a figure has no meaning (an axis on which the path
    stands still or of which the judge says nothing, a scale of the judge's own)."""

    valence_r: float | None
    arousal_r: float | None
    valence_ccc: float | None
    arousal_ccc: float | None
    way: float | None
    """The way that the music goes along the line from start to target, of the path's: 1 as far, 0
    nowhere, negative the other way round. Of the last quarter's mean and the first's."""
    progress_r: float | None
    """Pearson's r of both along that line."""
    end_error: float | None
    """Distance on the plane between the means of the last 30 s, in [0, 2.83]."""
    right_steps: float | None
    """The share of steps of 30 s in which the music goes to the side the path goes to."""
    lag_s: float | None
    """Seconds by which the music is behind the path, where progress agrees best; below 0: ahead."""


def pearson(x: Vector, y: Vector) -> float | None:
    """Pearson's r; None where one of them stands still or is not known."""
    return _or_none(_correlations(x, y[None]))[0]


def concordance(x: Vector, y: Vector) -> float:
    """Lin's concordance correlation coefficient (1989): 1 for equal courses, 0 when either stands
    still; scale and offset count, unlike with Pearson's r."""
    return float(_concordances(x, y[None])[0])


def figures(course: Course) -> Figures:
    """The figures of a session. Raises ``ValueError`` without at least two windows."""
    (found,) = _figures(course, course.measured[None])
    return found


def _figures(course: Course, measured: Vector) -> list[Figures]:
    """The figures of each of ``measured``, shape (several, n, 2), beside the ``course``'s path. All
    have the same windows, in one order or another."""
    planned = course.planned
    if planned.shape != measured.shape[1:] or len(planned) < 2:
        raise ValueError(f"a course of {planned.shape} and {measured.shape} has no figures")
    count = len(measured)
    said = ~np.isnan(measured[0]).any(axis=0)
    along = _along(planned[:, said], measured[:, :, said])
    on_scale = [course.scaled and bool(one) for one in said]
    none: Several = [None] * count
    each = [(planned[:, axis], measured[:, :, axis]) for axis in (0, 1)]
    columns = (
        *(_or_none(_correlations(*one)) for one in each),
        *(
            _concordances(*one).tolist() if right else none
            for one, right in zip(each, on_scale, strict=True)
        ),
        _ways(*along) if along is not None and all(on_scale) else none,
        none if along is None else _or_none(_correlations(*along)),
        _end_errors(planned, measured, course.step).tolist() if all(on_scale) else none,
        _right_steps(planned[:, said], measured[:, :, said], course.step),
        none if along is None else _lags(*along, course.step),
    )
    return [Figures(*row) for row in zip(*columns, strict=True)]


def _correlations(x: Vector, several: Vector) -> Vector:
    """Pearson's r of ``x`` (n) and each of ``several`` (m, n); NaN where one of both stands still
    or is not known."""
    if len(x) < 3 or np.isnan(x).any() or np.ptp(x) < 1e-9:
        return np.full(len(several), np.nan)
    a, b = x - x.mean(), several - several.mean(axis=1, keepdims=True)
    moves = np.ptp(several, axis=1) >= 1e-9
    spread = np.where(moves, np.sqrt((a @ a) * np.einsum("ij,ij->i", b, b)), np.nan)
    return np.asarray(np.clip(b @ a / spread, -1.0, 1.0))


def _or_none(values: Vector) -> Several:
    return [None if np.isnan(value) else float(value) for value in values]


def _concordances(x: Vector, several: Vector) -> Vector:
    means = several.mean(axis=1)
    spread = x.var() + several.var(axis=1) + (x.mean() - means) ** 2
    both = 2.0 * np.mean((x - x.mean()) * (several - means[:, None]), axis=1)
    alike = spread <= 1e-12
    return np.where(alike, 1.0, both / np.where(alike, 1.0, spread))


def _end_errors(planned: Vector, several: Vector, step: float) -> Vector:
    last = max(1, round(30.0 / step))
    ends = planned[-last:].mean(axis=0) - several[:, -last:].mean(axis=1)
    return np.asarray(np.linalg.norm(ends, axis=1))


def _along(planned: Vector, several: Vector) -> tuple[Vector, Vector] | None:
    """Both, projected on the line from the path's first window to its last (of a judge of arousal,
    on the way that arousal goes); None where the path goes nowhere."""
    way = planned[-1] - planned[0]
    length = float(np.linalg.norm(way))
    if length < 0.05:
        return None
    return (planned - planned[0]) @ (way / length), (several - planned[0]) @ (way / length)


def _ways(planned: Vector, several: Vector) -> Several:
    quarter = max(1, len(planned) // 4)
    goes = planned[-quarter:].mean() - planned[:quarter].mean()
    if abs(goes) <= 1e-9:
        return [None] * len(several)
    went = several[:, -quarter:].mean(axis=1) - several[:, :quarter].mean(axis=1)
    return [float(one) for one in went / goes]


def _right_steps(planned: Vector, several: Vector, step: float) -> Several:
    """Steps of 30 s, so that neighbours share no sound; those where the path stands still do not
    count."""
    apart = max(1, round(30.0 / step))
    goes, went = planned[apart:] - planned[:-apart], several[:, apart:] - several[:, :-apart]
    counted = np.linalg.norm(goes, axis=1) > 1e-6
    if not counted.any():
        return [None] * len(several)
    right = np.mean(np.sum(goes * went, axis=2)[:, counted] > 0.0, axis=1)
    moves = np.ptp(several, axis=1).max(axis=1, initial=0.0) >= 1e-9
    # who stands still goes to no side
    return [float(one) if moved else None for one, moved in zip(right, moves, strict=True)]


def _lags(planned: Vector, several: Vector, step: float) -> Several:
    """Of all shifts that leave half of the session, the one with the largest r."""
    most = min(int(LAGS_SECONDS / step), len(planned) // 2)
    best, lag = np.full(len(several), -np.inf), np.full(len(several), np.nan)
    for shift in sorted(range(-most, most + 1), key=abs):
        old = planned[max(0, -shift) : len(planned) - max(0, shift)]
        new = several[:, max(0, shift) : len(planned) - max(0, -shift)]
        r = _correlations(old, new)
        better = r > best + 1e-9  # never of NaN
        best, lag = np.where(better, r, best), np.where(better, shift * step, lag)
    return _or_none(lag)


# what there is when there is nothing


Nulls = Mapping[str, Sequence[Figures]]


def nulls(
    course: Course, others: Sequence[Course], rng: np.random.Generator, shuffles: int = SHUFFLES
) -> Nulls:
    """The session's figures when there is nothing to it: ``shuffled``, its own sound in another
    order, so many times; ``another path``, beside the paths that other sessions had; ``constant``,
    music that stays at its mean."""
    return {
        "shuffled": _shuffled(course, rng, _orders(course, shuffles)),
        "another path": [figures(_beside(course, other)) for other in others],
        "constant": [figures(_constant(course))],
    }


def _shuffled(course: Course, rng: np.random.Generator, times: int) -> list[Figures]:
    count = len(course.measured)
    if not times:
        return []
    stretches = [np.arange(at, min(at + STRETCH, count)) for at in range(0, count, STRETCH)]
    orders = [
        np.concatenate([stretches[one] for one in rng.permutation(len(stretches))])
        for _ in range(times)
    ]
    return _figures(course, course.measured[np.stack(orders)])


def _orders(course: Course, shuffles: int) -> int:
    """Shuffles of it: none of one with so few stretches that the order it has is often drawn."""
    return shuffles if len(course.measured) > STRETCH * (LEAST_STRETCHES - 1) else 0


def _beside(course: Course, other: Course) -> Course:
    """With the other's path, stretched to the same length."""
    at = np.linspace(0.0, 1.0, len(course.planned))
    there = np.linspace(0.0, 1.0, len(other.planned))
    path = np.stack([np.interp(at, there, other.planned[:, axis]) for axis in (0, 1)], axis=1)
    return course._replace(planned=path)


def _constant(course: Course) -> Course:
    return course._replace(
        measured=np.tile(course.measured.mean(axis=0), (len(course.measured), 1))
    )


# many sessions


class Interval(NamedTuple):
    """A mean over ``n`` sessions and its 95 % interval."""

    mean: float
    low: float
    high: float
    n: int


def bootstrap(
    values: Sequence[float | None], rng: np.random.Generator, resamples: int = 2000
) -> Interval | None:
    """The mean over sessions, those without a figure left out, with a percentile bootstrap over
    sessions (Efron 1979); None without any. Of one session the interval is that one figure."""
    known = np.array([value for value in values if value is not None])
    if not len(known):
        return None
    means = known[rng.integers(0, len(known), (resamples, len(known)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(known.mean()), float(low), float(high), len(known))


def quantile_of(
    chance: Sequence[Figures], figure: Callable[[Figures], float | None], share: float
) -> float | None:
    """The ``share`` quantile of a figure under a null; None where it has no meaning."""
    known = [value for one in chance if (value := figure(one)) is not None]
    return float(np.quantile(known, share)) if known else None
