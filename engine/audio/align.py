"""Where a new clip lies against the tail of the one before it.

FFT cross-correlation of the two channels' sums; a whole-sample lag is recovered exactly.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import Frames, frames_of

Course = NDArray[np.float64]

MAX_LAG = frames_of(0.25)
SURE = 0.9
"""Below this correlation the best lag is a coincidence of rhythm or pitch, not the same sound:
the same score on two instruments reaches .6 and more at lags that mean nothing."""
_COURSE_STEP = frames_of(0.5)
BETTER = 0.05
"""A lag has to be this much better than none: instruments that share most of their sound differ by
less, and music that is in time stays in time."""


class Alignment(NamedTuple):
    """``lag``: frames by which the head has to be played later to fit the tail (may be negative);
    ``correlation``: normalised, in [-1, 1], both channels, at that lag."""

    lag: int
    correlation: float


def correlation(a: Frames, b: Frames) -> float:
    """Normalised correlation of two sounds of shape (n, 2), both channels together, in [-1, 1].
    0 when one of them is silent, exactly 1 when they are equal."""
    if np.array_equal(a, b):
        return 1.0
    x, y = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    power = float(x @ x) * float(y @ y)
    if power <= 0.0:
        return 0.0
    return float(np.clip(float(x @ y) / np.sqrt(power), -1.0, 1.0))


def correlation_course(a: Frames, b: Frames) -> Course:
    """The correlation moment by moment: of the middles of as many equal stretches of about half a
    second as there are (at least one), each counted with half of its neighbours.

    Two ensembles that play the same notes are in phase for one chord and out of it for the next.
    """
    count = max(1, round(len(a) / _COURSE_STEP))
    edges = np.linspace(0, len(a), count + 1).astype(int)
    # Stretch by stretch: in double precision a whole overlap takes eight times what it is.
    sums = [_powers(a[i:j], b[i:j]) for i, j in itertools.pairwise(edges)]
    common, own_a, own_b = (np.convolve(s, (0.5, 1.0, 0.5))[1:-1] for s in zip(*sums, strict=True))
    power = own_a * own_b
    course = np.where(power > 0.0, common / np.sqrt(np.where(power > 0.0, power, 1.0)), 0.0)
    return np.clip(course, -1.0, 1.0)


def _powers(a: Frames, b: Frames) -> tuple[float, float, float]:
    """Of two sounds: what they share, and what each has."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    common, own_a, own_b = (float(product.sum()) for product in (x * y, x * x, y * y))
    return common, own_a, own_b


def shifted(tail: Frames, head: Frames, lag: int) -> tuple[Frames, Frames]:
    """The stretches of tail and head that sound together when the head is ``lag`` later."""
    count = min(len(tail), len(head)) - abs(lag)
    return tail[max(0, lag) :][:count], head[max(0, -lag) :][:count]


def align(tail: Frames, head: Frames, max_lag: int = MAX_LAG) -> Alignment:
    """Best lag of ``head`` against ``tail`` within +-``max_lag`` frames; both of shape (n, 2).

    A lag is taken only when the correlation there is over ``SURE`` and ``BETTER`` than in place;
    otherwise it is 0.
    """
    if len(tail) == len(head) and np.array_equal(tail, head):
        return Alignment(0, 1.0)
    reach = min(max_lag, min(len(tail), len(head)) // 2)
    lag = _best_lag(tail, head, reach)
    in_place = correlation(*shifted(tail, head, 0))
    if lag:
        measured = correlation(*shifted(tail, head, lag))
        if measured > max(SURE, in_place + BETTER):
            return Alignment(lag, measured)
    return Alignment(0, in_place)


def _best_lag(tail: Frames, head: Frames, reach: int) -> int:
    """The lag with the largest correlation, each lag normalised by the energies that overlap."""
    count = min(len(tail), len(head))
    x = tail[:count].sum(axis=1, dtype=np.float64)
    y = head[:count].sum(axis=1, dtype=np.float64)
    size = 1 << (count + reach - 1).bit_length()
    spectrum = np.fft.rfft(x, size) * np.conj(np.fft.rfft(y, size))
    raw = np.fft.irfft(spectrum, size)
    lags = np.arange(-reach, reach + 1)
    before_x, before_y = _energy_before(x), _energy_before(y)
    later, earlier = np.maximum(lags, 0), np.maximum(-lags, 0)
    energy_x = before_x[count - earlier] - before_x[later]
    energy_y = before_y[count - later] - before_y[earlier]
    energy = energy_x * energy_y
    floor = 1e-12 * max(1e-30, float(before_x[-1] * before_y[-1]))
    score = np.where(energy > floor, raw[lags] / np.sqrt(np.maximum(energy, floor)), 0.0)
    best = float(score.max())
    near = np.flatnonzero(score >= best - 1e-9)
    return int(lags[near[np.argmin(np.abs(lags[near]))]])


def _energy_before(
    signal: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Running energy: element i is the energy of the first i samples."""
    energy = np.zeros(len(signal) + 1)
    np.cumsum(signal * signal, out=energy[1:])
    return energy
