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
    if len(x) < 3 or np.isnan(x).any() or np.isnan(y).any() or np.ptp(x) < 1e-9 or np.ptp(y) < 1e-9:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def concordance(x: Vector, y: Vector) -> float:
    """Lin's concordance correlation coefficient (1989): 1 for equal courses, 0 when either stands
    still; scale and offset count, unlike with Pearson's r."""
    spread = float(x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    return float(2.0 * np.mean((x - x.mean()) * (y - y.mean())) / spread) if spread > 1e-12 else 1.0


def figures(course: Course) -> Figures:
    """The figures of a session. Raises ``ValueError`` without at least two windows."""
    planned, measured = course.planned, course.measured
    if planned.shape != measured.shape or len(planned) < 2:
        raise ValueError(f"a course of {planned.shape} and {measured.shape} has no figures")
    along = _along(course)
    ccc = [concordance(planned[:, axis], measured[:, axis]) for axis in (0, 1)]
    on_scale = [course.scaled and not np.isnan(measured[:, axis]).any() for axis in (0, 1)]
    return Figures(
        valence_r=pearson(planned[:, 0], measured[:, 0]),
        arousal_r=pearson(planned[:, 1], measured[:, 1]),
        valence_ccc=ccc[0] if on_scale[0] else None,
        arousal_ccc=ccc[1] if on_scale[1] else None,
        way=_way(*along) if along is not None and all(on_scale) else None,
        progress_r=None if along is None else pearson(*along),
        end_error=_end_error(course) if all(on_scale) else None,
        right_steps=_right_steps(course),
        lag_s=None if along is None else _lag(*along, course.step),
    )


def _end_error(course: Course) -> float:
    last = max(1, round(30.0 / course.step))
    ends = (line[-last:].mean(axis=0) for line in (course.planned, course.measured))
    return float(np.linalg.norm(np.subtract(*ends)))


def _known(course: Course) -> tuple[Vector, Vector]:
    """Both on the axes of which the judge says something."""
    axes = ~np.isnan(course.measured).any(axis=0)
    return course.planned[:, axes], course.measured[:, axes]


def _along(course: Course) -> tuple[Vector, Vector] | None:
    """Both, projected on the line from the path's first window to its last (of a judge of arousal,
    on the way that arousal goes); None where the path goes nowhere."""
    planned, measured = _known(course)
    way = planned[-1] - planned[0]
    length = float(np.linalg.norm(way))
    if length < 0.05:
        return None
    return (planned - planned[0]) @ (way / length), (measured - planned[0]) @ (way / length)


def _way(planned: Vector, measured: Vector) -> float | None:
    quarter = max(1, len(planned) // 4)
    went, goes = (line[-quarter:].mean() - line[:quarter].mean() for line in (measured, planned))
    return float(went / goes) if abs(goes) > 1e-9 else None


def _right_steps(course: Course) -> float | None:
    """Steps of 30 s, so that neighbours share no sound; those where the path stands still do not
    count."""
    apart = max(1, round(30.0 / course.step))
    planned, measured = _known(course)
    if not len(measured) or np.ptp(measured, axis=0).max(initial=0.0) < 1e-9:
        return None  # who stands still goes to no side
    goes, went = planned[apart:] - planned[:-apart], measured[apart:] - measured[:-apart]
    counted = np.linalg.norm(goes, axis=1) > 1e-6
    if not counted.any():
        return None
    return float(np.mean(np.sum(goes * went, axis=1)[counted] > 0.0))


def _lag(planned: Vector, measured: Vector, step: float) -> float | None:
    """Of all shifts that leave half of the session, the one with the largest r."""
    most = min(int(LAGS_SECONDS / step), len(planned) // 2)
    best: tuple[float, float] | None = None
    for shift in sorted(range(-most, most + 1), key=abs):
        old = planned[max(0, -shift) : len(planned) - max(0, shift)]
        new = measured[max(0, shift) : len(measured) - max(0, -shift)]
        r = pearson(old, new)
        if r is not None and (best is None or r > best[0] + 1e-9):
            best = (r, shift * step)
    return None if best is None else best[1]


# what there is when there is nothing


Nulls = Mapping[str, Sequence[Figures]]


def nulls(
    course: Course, others: Sequence[Course], rng: np.random.Generator, shuffles: int = SHUFFLES
) -> Nulls:
    """The session's figures when there is nothing to it: ``shuffled``, its own sound in another
    order, so many times; ``another path``, beside the paths that other sessions had; ``constant``,
    music that stays at its mean."""
    return {
        "shuffled": [figures(_shuffled(course, rng)) for _ in range(_orders(course, shuffles))],
        "another path": [figures(_beside(course, other)) for other in others],
        "constant": [figures(_constant(course))],
    }


def _shuffled(course: Course, rng: np.random.Generator) -> Course:
    count = len(course.measured)
    stretches = [course.measured[at : at + STRETCH] for at in range(0, count, STRETCH)]
    order = rng.permutation(len(stretches))
    return course._replace(measured=np.concatenate([stretches[i] for i in order]))


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
