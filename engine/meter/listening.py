"""What the meter keeps of each half second of audio: band levels and spectral peaks.

Everything here scales with the audio's gain, so that what is made of a stretch of it
(``features.py``) can be freed of loudness by one division.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import GRID_FRAMES, SAMPLE_RATE, Frames

Floats = NDArray[np.float32]

BLOCK_SECONDS = GRID_FRAMES / SAMPLE_RATE
BAND_WINDOW, BAND_HOP = 2048, 480
"""Band levels: 43 ms windows every 10 ms, 50 a block. In frames of 48 kHz, as the next; the bands
end at 9 kHz, so every other sample is enough (``BAND_EVERY``)."""
PEAK_WINDOW, PEAK_HOP = 16_384, 4_800
"""Peaks: 0.34 s windows every 0.1 s, 5 a block, fine enough for semitones from 120 Hz up. They end
at 4.2 kHz: every fourth sample."""
BAND_EVERY, PEAK_EVERY = 2, 4
HISTORY = PEAK_WINDOW - PEAK_HOP
"""Frames before a block that its windows reach back to (all end inside the block)."""

LOWEST_PITCH, PITCHES, BINS_PER_SEMITONE = 35, 73, 10
"""Peaks are counted in tenths of a semitone from MIDI 35 - 0.5 to 108 - 0.5 (60 to 4100 Hz)."""

_BAND_WINDOW = (BAND_EVERY * np.hanning(BAND_WINDOW)[::BAND_EVERY]).astype(np.float32)
_PEAK_WINDOW = (PEAK_EVERY * np.hanning(PEAK_WINDOW)[::PEAK_EVERY]).astype(np.float32)
"""Times what is left out, so that magnitudes are those of all samples."""


def _band_edges() -> NDArray[np.intp]:
    """First FFT bins of the bands: a quarter octave each from 70 Hz to 10 kHz, one below."""
    hertz = 70.0 * 2.0 ** (np.arange(0, 29) / 4.0)
    bins = np.unique(np.rint(hertz * BAND_WINDOW / SAMPLE_RATE).astype(np.intp))
    return np.concatenate([[1], bins])


_EDGES = _band_edges()
BANDS = len(_EDGES) - 1
_PEAK_LOW = int(60.0 * PEAK_WINDOW / SAMPLE_RATE)
_PEAK_HIGH = int(4200.0 * PEAK_WINDOW / SAMPLE_RATE)
_AROUND = 20
"""Bins to either side that a peak is compared with (59 Hz)."""


class Blocks:
    """Cuts one channel at 48 kHz, which comes in pieces of any size, into blocks of
    ``GRID_FRAMES``, each with the ``HISTORY`` frames before it (zeros before the first)."""

    def __init__(self) -> None:
        self._kept: Floats = np.zeros(HISTORY, np.float32)
        self._pieces: list[Floats] = []
        self._waiting = 0

    def push(self, mono: Floats) -> Iterator[Floats]:
        """Take (n,) float32; the blocks that are now whole, (HISTORY + GRID_FRAMES,) each."""
        self._pieces.append(mono)
        self._waiting += len(mono)
        if self._waiting < GRID_FRAMES:
            return
        samples = np.concatenate([self._kept, *self._pieces])
        end = self._waiting // GRID_FRAMES * GRID_FRAMES
        self._kept, self._pieces = samples[end:].copy(), []
        self._waiting -= end
        for at in range(0, end, GRID_FRAMES):
            yield samples[at : at + HISTORY + GRID_FRAMES]


class BlockSpectrum(NamedTuple):
    """One block. ``bands``: magnitudes, (50, BANDS). ``peaks``: spectral peaks in tenths of a
    semitone, each counted as the root of its magnitude, (PITCHES * BINS_PER_SEMITONE,).
    ``tonal``: share of the spectrum's power (60 Hz to 4.2 kHz) that stands in peaks, [0, 1]."""

    bands: Floats
    peaks: Floats
    tonal: float


def listen(mono: Floats) -> BlockSpectrum:
    """Analyse one block: ``HISTORY`` frames before it and the block, shape (HISTORY + 24000,)."""
    peaks, tonal = spectral_peaks(mono)
    return BlockSpectrum(spectral_bands(mono), peaks, tonal)


def to_mono(audio: Frames) -> Floats:
    """(n, 2) -> (n,): the mean of both channels."""
    mono: Floats = (audio[:, 0] + audio[:, 1]) * np.float32(0.5)
    return mono


class Thinned:
    """Every ``every``-th sample, behind a low-pass (a sinc under a Kaiser window, -70 dB) that
    leaves what is under ``hertz`` as it was and takes what would come to lie there.

    Row by row of ``_ROW`` samples, as products with the taps: what a row gives hangs on it and on
    the beginning of the next.
    """

    _ROW = 64

    def __init__(self, every: int, hertz: float) -> None:
        self.every = every
        nyquist = SAMPLE_RATE / 2.0
        width = 2.0 * (nyquist / every - hertz) / SAMPLE_RATE  # of the transition, in cycles
        self._delay = int(np.ceil((70.0 - 8.0) / (2.285 * 2.0 * np.pi * width) / 2.0 / every))
        count = 2 * every * self._delay + 1
        away = np.arange(count) - (count - 1) / 2
        taps = np.sinc(away / every) * np.kaiser(count, 0.1102 * (70.0 - 8.7))
        taps /= taps.sum()
        lag = np.arange(self._ROW + count - 1)[:, None] - every * np.arange(self._ROW // every)
        inside = (lag >= 0) & (lag < count)
        weights = np.where(inside, taps[np.clip(lag, 0, count - 1)], 0.0).astype(np.float32)
        self._own, self._next = weights[: self._ROW], weights[self._ROW :]

    def __call__(self, mono: Floats) -> Floats:
        """Of n samples, a multiple of 64; n / ``every``, as if silence lay around them."""
        rows = mono.reshape(-1, self._ROW)
        made = rows @ self._own
        made[:-1] += rows[1:, : len(self._next)] @ self._next
        line = np.zeros(made.size, np.float32)
        line[self._delay :] = made.reshape(-1)[: -self._delay]
        return line


def _windows(thin: Floats, every: int, window: int, hop: int) -> Floats:
    count, first = GRID_FRAMES // hop, (HISTORY + hop - window) // every
    views = np.lib.stride_tricks.sliding_window_view(thin[first:], window // every)
    return views[:: hop // every][:count]


@cache
def _for_bands() -> Thinned:
    return Thinned(BAND_EVERY, float(_EDGES[-1]) * SAMPLE_RATE / BAND_WINDOW + 100.0)


@cache
def _for_peaks() -> Thinned:
    return Thinned(PEAK_EVERY, (_PEAK_HIGH + _AROUND + 2) * SAMPLE_RATE / PEAK_WINDOW)


def spectral_bands(mono: Floats) -> Floats:
    """``bands`` of a ``BlockSpectrum``, of ``mono`` as ``listen`` takes it."""
    windows = _windows(_for_bands()(mono), BAND_EVERY, BAND_WINDOW, BAND_HOP)
    spectrum = np.fft.rfft(windows * _BAND_WINDOW, axis=1)
    part = spectrum[:, : _EDGES[-1]]
    power = part.real**2 + part.imag**2
    return np.sqrt(np.add.reduceat(power, _EDGES[:-1], axis=1)).astype(np.float32)


def spectral_peaks(mono: Floats) -> tuple[Floats, float]:
    """``peaks`` and ``tonal`` of a ``BlockSpectrum``, of ``mono`` as ``listen`` takes it."""
    windows = _windows(_for_peaks()(mono), PEAK_EVERY, PEAK_WINDOW, PEAK_HOP)
    spectrum = np.fft.rfft(windows * _PEAK_WINDOW, axis=1)
    part = spectrum[:, _PEAK_LOW - _AROUND : _PEAK_HIGH + _AROUND + 1]
    wide = np.sqrt(part.real**2 + part.imag**2)
    middle = np.ascontiguousarray(wide[:, _AROUND:-_AROUND])
    before, after = wide[:, _AROUND - 1 : -_AROUND - 1], wide[:, _AROUND + 1 : -_AROUND + 1]
    floor = np.float32(0.005) * np.max(middle, axis=1, keepdims=True)
    rows, columns = np.divmod(
        np.flatnonzero((middle > before) & (middle >= after) & (middle > floor)), middle.shape[1]
    )
    sums = np.zeros((len(wide), wide.shape[1] + 1))
    np.cumsum(wide, axis=1, dtype=np.float64, out=sums[:, 1:])
    around = sums[rows, columns + (2 * _AROUND + 1)] - sums[rows, columns]
    stand = middle[rows, columns] * (2 * _AROUND + 1) > 2.0 * around
    rows, columns = rows[stand], columns[stand]
    b, m, a = (wide[rows, columns + _AROUND + side].astype(np.float64) for side in (-1, 0, 1))
    total = float(np.vdot(middle, middle))
    if not len(m) or total <= 0.0:
        return np.zeros(PITCHES * BINS_PER_SEMITONE, np.float32), 0.0
    # Parabola through the logarithms; the Hann window's main lobe is close to one.
    lb, lm, la = (np.log(np.maximum(x, 1e-30)) for x in (b, m, a))
    shift = np.clip(0.5 * (lb - la) / np.minimum(lb - 2.0 * lm + la, -1e-9), -0.5, 0.5)
    hertz = (columns + _PEAK_LOW + shift) * (SAMPLE_RATE / PEAK_WINDOW)
    pitch = 69.0 + 12.0 * np.log2(hertz / 440.0)
    place = np.floor((pitch - LOWEST_PITCH + 0.5) * BINS_PER_SEMITONE).astype(np.intp)
    inside = (place >= 0) & (place < PITCHES * BINS_PER_SEMITONE)
    counted = np.bincount(
        place[inside], np.sqrt(m[inside]), minlength=PITCHES * BINS_PER_SEMITONE
    ).astype(np.float32)
    return counted, float(min(1.0, np.sum(m**2 + b**2 + a**2) / total))
