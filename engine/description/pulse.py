"""How clear a beat is, how steady and how fast, from a curve of what begins when: of notes and of
sound alike. numpy only.

The beat is the period of the curve's autocorrelation that stands out most, weighted for how people
tap (Ellis 2007, J. New Music Research 36:51: around 0.5 s); how clear it is, is how far it stands
out (Lartillot et al. 2008, ISMIR: pulse clarity); how steady, in how many stretches of 10 s the
same beat, or half or twice of it, stands out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RATE = 100
"""Values of a curve in a second: as many as the meter has of its bands."""
SLOWEST, FASTEST = 40.0, 208.0
"""Beats a minute."""
LONGEST = 4 * 3600
"""Seconds of a curve that are looked at."""
_MIDDLE, _WIDTH = 120.0, 0.9
"""Beats a minute that people tap most, and octaves of a standard deviation."""
_STRETCH, _STEP = 10 * RATE, 5 * RATE
_LEAST = 6 * RATE
_ALIKE = 0.05
"""Of the beat: what counts as the same."""
_DANCED, _DANCED_WIDTH = 120.0, 0.6
"""Beats a minute that people move to best (Moelants 2002), and octaves of a standard deviation."""

Curve = NDArray[np.float64]


class Pulse(NamedTuple):
    """``tempo``: beats a minute; ``clarity`` and ``steadiness`` in [0, 1]."""

    tempo: float
    clarity: float
    steadiness: float


def pulse_of(curve: Curve) -> Pulse | None:
    """None where the curve lasts under 6 s or nothing begins in it."""
    curve = curve[: LONGEST * RATE]
    found = _beat(curve)
    if found is None:
        return None
    tempo, clarity = found
    stretches = (curve[at : at + _STRETCH] for at in range(0, len(curve) - _LEAST, _STEP))
    beats = [beat[0] for stretch in stretches if (beat := _beat(stretch)) is not None]
    steady = [_alike(beat, tempo) for beat in beats] or [True]
    return Pulse(tempo, clarity, float(np.mean(steady)))


def danceability(pulse: Pulse, tempo: float) -> float:
    """How well one may dance to it, in [0, 1]: the mean of how clear the beat is, how steady, and
    how near to 120 a minute. ``tempo``: as it is written where that is known."""
    speed = float(np.exp(-0.5 * (np.log2(tempo / _DANCED) / _DANCED_WIDTH) ** 2))
    return (pulse.clarity + pulse.steadiness + speed) / 3.0


def _alike(beat: float, tempo: float) -> bool:
    return any(abs(beat * factor / tempo - 1.0) < _ALIKE for factor in (0.5, 1.0, 2.0))


def _beat(curve: Curve) -> tuple[float, float] | None:
    """(beats a minute, how clear)."""
    if len(curve) < _LEAST:
        return None
    x = curve - curve.mean()
    size = 1 << (2 * len(x) - 1).bit_length()
    raw = np.fft.irfft(np.abs(np.fft.rfft(x, size)) ** 2, size)[: len(x)]
    if raw[0] <= 1e-12:
        return None
    # Of fewer values at longer lags: as if there were as many.
    alike = raw / raw[0] * len(x) / np.arange(len(x), 0, -1)
    first, last = int(60.0 * RATE / FASTEST), int(60.0 * RATE / SLOWEST)
    lags = np.arange(first, last + 1)
    weight = np.exp(-0.5 * (np.log2(lags / RATE * _MIDDLE / 60.0) / _WIDTH) ** 2)
    # A beat has its multiples, too.
    score = (alike[lags] + 0.5 * alike[np.minimum(2 * lags, len(alike) - 1)]) * weight
    best = int(lags[int(np.argmax(score))])
    before, at, after = alike[best - 1], alike[best], alike[best + 1]
    bend = before - 2.0 * at + after
    shift = float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < -1e-12 else 0.0
    return 60.0 * RATE / (best + shift), float(np.clip(at, 0.0, 1.0))
