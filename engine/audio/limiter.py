"""True peak: a meter and a streaming look-ahead limiter. numpy only: the front process uses it.

Measure. True peak as in ITU-R BS.1770-4 Annex 2: the signal is oversampled four times and the
largest magnitude taken. Instead of the annex's 12-tap example filter the interpolator is a
Kaiser-windowed sinc of 24 taps per phase (phase 0 is the sample itself), and a local maximum of
the oversampled signal is refined by the parabola through it and its neighbours, because four
times alone reads up to 0.69 dB low near half the sample rate (Annex 2, attachment 1).

Gain. Attenuation is worked out in dB: the largest attenuation needed inside the look-ahead is
held, falls linearly in dB afterwards, and is smoothed by a Hann window no longer than the
look-ahead; an average of values that are all large enough is itself large enough, so the gain
has arrived when the peak does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.audio.format import BLOCK_FRAMES, CHANNELS, SAMPLE_RATE, Frames

Doubles = NDArray[np.float64]

CEILING_DBTP = -1.0
LOOK_AHEAD_FRAMES = 480
RELEASE_DB_PER_SECOND = 30.0

_OVERSAMPLING = 4
_HALF = 12
"""Half the interpolator's taps: an interpolated point sees this many frames on either side."""
_CONTEXT = 2 * _HALF
TAIL_FRAMES = _CONTEXT
_PRODUCT_FRAMES = 2_400
"""Intervals per matrix product: longer ones make OpenBLAS wake its threads, which spin for
longer than the product takes."""
_STRETCH = 480
"""Intervals that the meter looks at together."""
_MARGIN_DB = 0.04
"""Taken off wherever the limiter acts at all: a gain that moves changes the spectrum a little,
so that the limited signal's interpolated peaks are not exactly the old ones times the gain."""


def _interpolator() -> NDArray[np.float32]:
    """Phases 1 to 3 of the fourfold interpolator, shape (24, 3), each with unit sum."""
    offsets = np.arange(1 - _HALF, _HALF + 1, dtype=np.float64)[:, None]
    phases = np.arange(1, _OVERSAMPLING, dtype=np.float64)[None, :] / _OVERSAMPLING
    distance = offsets - phases
    window = np.i0(6.0 * np.sqrt(np.clip(1.0 - (distance / _HALF) ** 2, 0.0, None))) / np.i0(6.0)
    taps = np.sinc(distance) * window
    return np.asarray(taps / taps.sum(axis=0), np.float32)


_TAPS = _interpolator()
_L1 = float(np.abs(_TAPS).sum(axis=0).max()) * 1.2
"""No refined peak is above this times the largest sample: the interpolator's L1 norm, and at most
1/8 more from the parabola (vertex of three points of one sign with the middle one largest)."""


def _smoothness() -> tuple[float, float]:
    """How far above the samples a refined peak lies at most: no more than the first of these times
    the largest sample plus the second times the largest second difference between samples.

    An interpolated value is the straight line between two samples, which is not above the larger,
    plus a sum of second differences (what is left of the taps has neither a sum nor, but for a
    thousandth, a first moment). The vertex of a parabola through three points lies above the
    middle, largest one by at most an eighth of their second difference, which is such a sum too.
    """
    fine = np.zeros((2 * _OVERSAMPLING + 1, _CONTEXT + 2))  # two intervals, in quarters
    for quarter in range(len(fine)):
        interval, phase = divmod(quarter, _OVERSAMPLING)
        if phase:
            fine[quarter, interval : interval + _CONTEXT] = _TAPS[:, phase - 1]
        else:
            fine[quarter, interval + _HALF - 1] = 1.0
    line = np.zeros_like(fine)
    for quarter, row in enumerate(line):
        interval, phase = divmod(quarter, _OVERSAMPLING)
        row[interval + _HALF - 1] = 1.0 - phase / _OVERSAMPLING
        row[interval + _HALF] += phase / _OVERSAMPLING
    over, bend = fine - line, np.diff(fine, 2, axis=0) / 8.0
    sizes = [
        (float(np.abs(moments).max()), float(np.abs(weights).sum(axis=1).max()))
        for moments, weights in map(_by_second_differences, (over, bend))
    ]
    return 1.0 + 2.0 * (sizes[0][0] + sizes[1][0]), sizes[0][1] + sizes[1][1]


def _by_second_differences(rows: Doubles) -> tuple[Doubles, Doubles]:
    """Rows of weights of samples, each without a sum, as a weight of one first difference (which
    is at most twice the largest sample) and weights of second differences."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    moments = rows @ np.arange(rows.shape[1])
    rest = rows.copy()
    rest[:, _HALF - 1] += moments
    rest[:, _HALF] -= moments
    return moments, np.cumsum(np.cumsum(rest, axis=1), axis=1)


_OF_SAMPLES, _OF_BENDS = _smoothness()
_ROUNDING = 1.0 + 1e-5


def _at_most(
    largest: NDArray[np.floating[Any]], bend: NDArray[np.floating[Any]]
) -> NDArray[np.floating[Any]]:
    """No refined peak of frames whose largest sample and second difference these are is above."""
    return np.asarray((_OF_SAMPLES * largest + _OF_BENDS * bend) * _ROUNDING)


def _bends(line: Frames) -> Frames:
    """Magnitudes of the second differences of (n, 2) frames, (n - 2, 2)."""
    bends = line[1:-1] * np.float32(-2.0)
    bends += line[:-2]
    bends += line[2:]
    np.abs(bends, out=bends)
    return bends


class LimiterState(NamedTuple):
    """What a limiter needs to go on at a block's start.

    ``tail``: the 24 input frames before it, float32 (24, 2). ``reduction``: dB of attenuation
    (>= 0) held there.
    """

    tail: Frames
    reduction: float


def _peaks(audio: Frames, floor: float) -> Doubles:
    """Refined true peak of every interval between neighbouring frames.

    ``audio``: (24 + n, 2) with ``_HALF`` frames of context at either end; the result has n
    values, for the intervals that begin at frames 12 to 12 + n. Magnitudes under ``floor`` are
    given as measured without the parabola.
    """
    count = len(audio) - _CONTEXT
    best = np.zeros(count, np.float32)
    for channel in np.ascontiguousarray(audio.T):
        windows = np.ascontiguousarray(sliding_window_view(channel, _CONTEXT))
        fine = np.empty((_OVERSAMPLING, count + 2), np.float32)
        fine[0] = channel[_HALF - 1 : _HALF + count + 1]
        for start in range(0, count + 1, _PRODUCT_FRAMES):
            part = slice(start, min(start + _PRODUCT_FRAMES, count + 1))
            fine[1:, part] = _TAPS.T @ windows[part].T
        fine[1:, -1] = 0.0
        np.abs(fine, out=fine)
        rows = fine[:, 1:-1]
        top = rows.max(axis=0)
        at = np.flatnonzero(top >= floor)
        if len(at):
            top[at] = _refined(fine, at + 1)
        np.maximum(best, top, out=best)
    return best.astype(np.float64)


def _refined(fine: NDArray[np.float32], columns: NDArray[np.intp]) -> Doubles:
    """The largest value of each of these columns of phases, local maxima lifted to the vertex
    of the parabola through them and their neighbours."""
    before = fine[-1, columns - 1][None]
    after = fine[0, columns + 1][None]
    line = np.concatenate((before, fine[:, columns], after)).astype(np.float64)
    left, middle, right = line[:-2], line[1:-1], line[2:]
    bend = 2.0 * middle - left - right
    peak = (middle >= left) & (middle >= right) & (bend > 0.0)
    lift = np.where(peak, (right - left) ** 2 / (8.0 * np.where(peak, bend, 1.0)), 0.0)
    return np.asarray((middle + lift).max(axis=0))


class TruePeakMeter:
    """Running true peak of a stream; ``peak`` is linear, full scale 1.0."""

    def __init__(self) -> None:
        self.peak = 0.0
        self._tail = np.zeros((_CONTEXT, CHANNELS), np.float32)

    def push(self, audio: Frames) -> None:
        """Measure further frames, shape (n, 2); only stretches that can set a new peak are
        interpolated, those that may be the highest first."""
        line = np.concatenate((self._tail, audio))
        self._tail = line[-_CONTEXT:]
        if not len(audio):
            return
        starts = np.arange(0, len(line) - 2, _STRETCH) * CHANNELS
        largest = _by_stretch(np.abs(line), starts)
        if largest.max() * _L1 <= self.peak:
            return
        bounds = _at_most(largest, _by_stretch(_bends(line), starts))
        for stretch in np.argsort(-bounds, kind="stable").tolist():
            if bounds[stretch] <= self.peak:
                return
            begin = stretch * _STRETCH
            part = line[begin : begin + _STRETCH + _CONTEXT]
            if len(part) > _CONTEXT:
                self.peak = max(self.peak, float(_peaks(part, self.peak * 0.9).max()))

    @property
    def dbtp(self) -> float:
        """True peak so far in dBTP; -inf for silence. The last 12 frames count as followed by
        silence."""
        line = np.concatenate((self._tail, np.zeros((_CONTEXT, CHANNELS), np.float32)))
        peak = max(self.peak, float(_peaks(line, 0.0).max(initial=0.0)))
        return float(20.0 * np.log10(peak)) if peak > 0.0 else -np.inf


def _by_stretch(values: Frames, starts: NDArray[np.intp]) -> NDArray[np.floating[Any]]:
    """The largest of each stretch of ``_STRETCH`` frames and of the next, into which a stretch
    reaches with ``_CONTEXT`` frames."""
    largest = np.maximum.reduceat(values.ravel(), starts)
    np.maximum(largest[:-1], largest[1:], out=largest[:-1])
    return np.asarray(largest)


def _sliding_max(values: Doubles, width: int) -> Doubles:
    """max(values[i : i + width]) for every i, by doubling."""
    span, best = 1, values
    while span < width:
        step = min(span, width - span)
        best = np.maximum(best[:-step], best[step:])
        span += step
    return best


class TruePeakLimiter:
    """Nothing above ``ceiling_dbtp`` leaves; what never was above leaves unchanged, bit for bit.

    Works on blocks of ``BLOCK_FRAMES`` counted from the first frame pushed, so that the output
    does not depend on how the input is cut. ``delay`` frames later than they came in, frames go
    out. Samples that are not finite are silenced. ``look_ahead`` in frames, 1 to 4000.
    """

    delay = BLOCK_FRAMES

    def __init__(
        self,
        ceiling_dbtp: float = CEILING_DBTP,
        look_ahead: int = LOOK_AHEAD_FRAMES,
        state: LimiterState | None = None,
    ) -> None:
        if not 1 <= look_ahead <= 4000:
            raise ValueError(f"look_ahead must be 1 to 4000 frames, not {look_ahead}")
        self._ceiling = 10.0 ** (ceiling_dbtp / 20.0)
        self._look_ahead = look_ahead
        hann = np.hanning(look_ahead + 3)[1:-1]
        self._smoother = hann / hann.sum()
        self._release = RELEASE_DB_PER_SECOND / SAMPLE_RATE
        self._start(state or LimiterState(np.zeros((_CONTEXT, CHANNELS), np.float32), 0.0))

    def _start(self, state: LimiterState) -> None:
        self._pending = np.zeros((0, CHANNELS), np.float32)
        self._tail = state.tail
        self._largest = float(np.abs(state.tail).max())
        """Sample of the block before, at least of its tail."""
        self._block: Frames | None = None
        self._needs: Doubles | None = None
        self._held: Doubles | None = None
        self._emitted_tail = state.tail
        self._first = state.reduction == 0.0
        if state.reduction > 0.0:
            back = np.arange(self._look_ahead - 1, -1, -1, dtype=np.float64)
            self._held = state.reduction + self._release * back

    @property
    def state(self) -> LimiterState:
        """The state at the start of the next block to leave."""
        reduction = 0.0 if self._held is None else float(self._held[-1])
        return LimiterState(self._emitted_tail, reduction)

    @property
    def rests(self) -> bool:
        """Whether nothing is turned down, nor about to be."""
        return self._needs is None and self._held is None

    def push(self, audio: Frames) -> Frames:
        """Limit further frames, shape (n, 2); gives those that are ready (whole blocks)."""
        audio = audio.astype(np.float32, copy=False)
        if len(self._pending) or len(audio) % BLOCK_FRAMES:
            audio = np.concatenate((self._pending, audio))
            whole = len(audio) // BLOCK_FRAMES * BLOCK_FRAMES
            audio, self._pending = audio[:whole], audio[whole:]
        if len(audio) == BLOCK_FRAMES:  # what passes is the very array that came
            done = self._step(audio)
            return audio[:0] if done is None else done
        starts = range(0, len(audio), BLOCK_FRAMES)
        steps = (self._step(audio[at : at + BLOCK_FRAMES]) for at in starts)
        out = [done for done in steps if done is not None]
        return np.concatenate(out) if out else np.zeros((0, CHANNELS), np.float32)

    def flush(self) -> Frames:
        """What is still inside, as if silence followed; the limiter is then as new."""
        count = len(self._pending) + (0 if self._block is None else BLOCK_FRAMES)
        silence = np.zeros((2 * BLOCK_FRAMES - len(self._pending), CHANNELS), np.float32)
        out = self.push(silence)[:count]
        self._start(LimiterState(np.zeros((_CONTEXT, CHANNELS), np.float32), 0.0))
        return out

    def _step(self, block: Frames) -> Frames | None:
        """Take one block in; give the one before, limited."""
        largest = float(np.abs(block).max())
        if not np.isfinite(largest):
            block = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
            largest = float(np.abs(block).max())
        needs = None
        if max(largest, self._largest) * _L1 > self._ceiling:
            needs = self._needed(np.concatenate((self._tail, block)))
        previous, previous_needs = self._block, self._needs
        self._block, self._needs, self._largest = block, needs, largest
        self._tail = block[-_CONTEXT:]
        if previous is None:
            return None
        self._emitted_tail = previous[-_CONTEXT:]
        if previous_needs is None and needs is None and self._held is None:
            self._first = False
            return previous
        gain = self._gain(previous_needs, needs)
        return (previous * gain[:, None]).astype(np.float32)

    def _needed(self, line: Frames) -> Doubles | None:
        """The attenuation that the peaks of a block behind its context need: dB for each of the
        4800 intervals that begin 12 frames before the block; None where nothing exceeds."""
        if _at_most(*(v.max(keepdims=True) for v in (np.abs(line), _bends(line)))) <= self._ceiling:
            return None
        peaks = _peaks(line, 0.9 * self._ceiling)
        if peaks.max() <= self._ceiling:
            return None
        over = 20.0 * np.log10(np.maximum(peaks, self._ceiling) / self._ceiling)
        return np.where(over > 0.0, over + _MARGIN_DB, 0.0)

    def _gain(self, needs: Doubles | None, next_needs: Doubles | None) -> Doubles:
        """Linear gain of the block's frames; moves the held attenuation on to its end."""
        zeros = np.zeros(BLOCK_FRAMES)
        both = np.concatenate(
            (zeros if needs is None else needs, zeros if next_needs is None else next_needs)
        )
        reach = self._look_ahead + 2 * _HALF
        wanted = _sliding_max(both[: BLOCK_FRAMES + reach], reach + 1)
        before = self._held
        if before is None:  # at the very start there was no time for an attack: begin attacked
            before = np.full(self._look_ahead, wanted[0] if self._first else 0.0)
        self._first = False
        fall = self._release * np.arange(1, BLOCK_FRAMES + 1)
        rising = np.maximum(np.maximum.accumulate(wanted + fall), before[-1])
        held = np.maximum(rising - fall, wanted)
        full = np.concatenate((before, held))
        self._held = full[-self._look_ahead :] if full[-self._look_ahead :].any() else None
        reduction = np.convolve(full, self._smoother, "valid")
        return np.asarray(10.0 ** (-reduction / 20.0))
