"""The meter bent to one listener: a Bayesian line from its reading to what they rate, each axis by
itself. Pure, numpy alone.

rating = offset + slope * reading + noise, on the plane. The offset, the slope and the variance of
the noise have a normal-inverse-gamma prior (Murphy 2012, *Machine Learning: A Probabilistic
Perspective*, 7.6.3), which is the general meter (offset 0, slope 1), and is
so wide as VGMIDI's raters lie apart (docs/listener.md). It is used only where it would have told
the listener's own ratings clearly better than the general meter, each left out in turn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import msgspec

from engine.affect.circumplex import Affect
from engine.listener.ratings import MIDDLE, SKIPPED, Rating

if TYPE_CHECKING:  # screens know the meter as it is unbent without arrays
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Axis = Literal["valence", "arousal"]
AXES: tuple[Axis, Axis] = ("valence", "arousal")

OFFSET_SPREAD, SLOPE_SPREAD = 0.3, 0.5
"""Standard deviations of the prior, on the plane: VGMIDI's raters lie .40 from the line that tells
them best by the cross-validated meter, of which half (in variance) is taken to be a listener's own
and lasting. That line's slope is .38 in valence and .57 in arousal, some standard deviation from
1."""
NOISE = 0.3
"""The other half: of one rating, on the plane ..."""
NOISE_WORTH = 4.0
"""... which so many ratings outweigh."""
LEAST = 6
"""Ratings of an axis."""
MARGIN = 0.1
"""By this share the error has to be smaller than the general meter's ..."""
SURE = 1.5
"""... and the mean of its squares by so many of its standard errors: musmed's choice, by how often
it is wrongly used for simulated listeners (docs/listener.md)."""


class Rated(msgspec.Struct, frozen=True):
    """What the meter read of some music, and what the listener rated of it."""

    reading: Affect
    rating: Rating


class Corrected(msgspec.Struct, frozen=True):
    """A reading as bent to the listener, in [-1, 1]. Standard deviations, on the plane: ``sure`` of
    the line there, ``error`` of one rating that they would give."""

    value: float
    sure: float
    error: float


class Line(msgspec.Struct, frozen=True):
    """The posterior of an axis: the mean of ``offset`` and ``slope``, ``spread`` their covariance
    (of the offset, of both, of the slope) in units of ``scale`` squared, a Student t of
    ``freedom`` degrees."""

    offset: float
    slope: float
    spread: tuple[float, float, float]
    scale: float
    freedom: float

    def at(self, reading: float) -> Corrected:
        """What a reading in [-1, 1] says of this listener."""
        first, both, second = self.spread
        here = first + 2 * both * reading + second * reading * reading
        deviation = self.scale * math.sqrt(self.freedom / (self.freedom - 2))
        mean = self.offset + self.slope * reading
        return Corrected(
            min(1.0, max(-1.0, mean)),
            deviation * math.sqrt(here),
            deviation * math.sqrt(1.0 + here),
        )


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """An axis. ``count`` ratings; ``general`` and ``personal``: by how much the meter and the line
    miss them, each left out in turn (root mean square, on the plane; None under two); ``used``:
    whether the line is better enough."""

    count: int
    line: Line
    general: float | None
    personal: float | None
    used: bool


class PersonalMeter(msgspec.Struct, frozen=True):
    """Both axes."""

    valence: Fit
    arousal: Fit

    @property
    def used(self) -> bool:
        """Whether it is used on either."""
        return self.valence.used or self.arousal.used

    def bent(self, reading: Affect) -> tuple[Corrected | None, Corrected | None]:
        """Valence and arousal as bent to the listener; None where the general meter is used."""
        return (
            self.valence.line.at(reading.valence) if self.valence.used else None,
            self.arousal.line.at(reading.arousal) if self.arousal.used else None,
        )


def personal_meter(rated: Iterable[Rated]) -> PersonalMeter:
    """What can be learned of ``rated``, in whatever order. Sliders that were left out count for
    nothing."""
    kept = tuple(rated)
    return PersonalMeter(*(fitted(*_of_axis(kept, axis)) for axis in AXES))


def fitted(readings: Floats, ratings: Floats) -> Fit:
    """One axis, of readings and ratings in [-1, 1]."""
    import numpy as np

    order = np.lexsort((ratings, readings))  # sums of floats depend on their order
    x, y = readings[order], ratings[order]
    count = len(x)
    if count < 2:
        return Fit(count=count, line=_line(x, y), general=None, personal=None, used=False)
    general, personal = (y - x) ** 2, (y - _left_out(x, y)) ** 2
    gain = general - personal
    enough = SURE * float(gain.std(ddof=1)) / math.sqrt(count)
    errors = math.sqrt(general.mean()), math.sqrt(personal.mean())
    used = count >= LEAST and errors[1] <= (1 - MARGIN) * errors[0] and float(gain.mean()) > enough
    return Fit(count=count, line=_line(x, y), general=errors[0], personal=errors[1], used=used)


def said(name: str, fit: Fit) -> str:
    """What the meter is for this listener on an axis called ``name``, in a sentence."""
    times = "1 rating" if fit.count == 1 else f"{fit.count} ratings"
    if fit.count < LEAST or fit.general is None or fit.personal is None:
        return (
            f"{name}: the general meter; {times} of yours can be set beside it so far, and from "
            f"{LEAST} on it may be bent to you."
        )
    errors = f"{fit.personal:.2f} instead of {fit.general:.2f}"
    if not fit.used:
        return (
            f"{name}: the general meter; bent to you it would miss your {times} by {errors}, which "
            "is not clearly better."
        )
    return (
        f"{name}: bent to you; it misses your {times} by {errors} (each left out in turn). You "
        f"rate {fit.line.offset:+.2f} where the meter says 0, and {fit.line.slope:.2f} of its "
        "differences."
    )


def in_short(bent: tuple[Corrected | None, Corrected | None]) -> tuple[str, str]:
    """Valence and arousal as bent to the listener, and how far off one rating of theirs may be (a
    standard deviation); '-' where the general meter is used."""
    values = (SKIPPED if one is None else f"{one.value:+.2f}" for one in bent)
    errors = (SKIPPED if one is None else f"{one.error:.2f}" for one in bent)
    return ",".join(values), ",".join(errors)


def _of_axis(rated: Iterable[Rated], axis: Axis) -> tuple[Floats, Floats]:
    """The readings and ratings of an axis that can be set side by side, on the plane."""
    import numpy as np

    pairs = [
        (getattr(one.reading, axis), (slider - MIDDLE) / MIDDLE)
        for one in rated
        if (slider := getattr(one.rating, axis)) is not None
    ]
    both = np.array(pairs, np.float64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


class _Sums(msgspec.Struct, frozen=True):
    """What a line needs of ratings: how many, and sums; each may be an array, a line for each of
    its places."""

    n: Floats
    x: Floats
    y: Floats
    xx: Floats
    xy: Floats
    yy: Floats


def _posterior(sums: _Sums) -> tuple[Floats, Floats, tuple[Floats, Floats, Floats], Floats, Floats]:
    """Offset, slope, spread, the variance's scale, freedom."""
    import numpy as np

    first, second = (NOISE / OFFSET_SPREAD) ** 2, (NOISE / SLOPE_SPREAD) ** 2
    a, b, c = first + sums.n, sums.x, second + sums.xx  # the precision, [[a, b], [b, c]]
    right = (sums.y, second * 1.0 + sums.xy)
    whole = a * c - b * b
    offset = (c * right[0] - b * right[1]) / whole
    slope = (a * right[1] - b * right[0]) / whole
    freedom = NOISE_WORTH + sums.n
    left = sums.yy + second - offset * right[0] - slope * right[1]
    variance = (NOISE_WORTH * NOISE**2 + np.maximum(left, 0.0)) / freedom
    return offset, slope, (c / whole, 0.0 - b / whole, a / whole), variance, freedom


def _line(x: Floats, y: Floats) -> Line:
    offset, slope, spread, variance, freedom = _posterior(_summed(x, y))
    return Line(
        float(offset),
        float(slope),
        (float(spread[0]), float(spread[1]), float(spread[2])),
        math.sqrt(variance),
        float(freedom),
    )


def _left_out(x: Floats, y: Floats) -> Floats:
    """What the line says of each rating without that one, in [-1, 1]."""
    import numpy as np

    whole = _summed(x, y)
    offset, slope, *_ = _posterior(
        _Sums(
            whole.n - 1.0,
            whole.x - x,
            whole.y - y,
            whole.xx - x * x,
            whole.xy - x * y,
            whole.yy - y * y,
        )
    )
    return np.clip(offset + slope * x, -1.0, 1.0)


def _summed(x: Floats, y: Floats) -> _Sums:
    import numpy as np

    one = np.float64
    return _Sums(
        np.asarray(len(x), one),
        np.asarray(x.sum()),
        np.asarray(y.sum()),
        np.asarray(x @ x),
        np.asarray(x @ y),
        np.asarray(y @ y),
    )


_UNRATED = Fit(
    count=0,
    line=Line(
        offset=0.0,
        slope=1.0,
        spread=((OFFSET_SPREAD / NOISE) ** 2, 0.0, SLOPE_SPREAD**2 / NOISE**2),
        scale=NOISE,
        freedom=NOISE_WORTH,
    ),
    general=None,
    personal=None,
    used=False,
)
UNBENT = PersonalMeter(_UNRATED, _UNRATED)
"""The general meter, of who has rated nothing: ``personal_meter`` of nothing."""
