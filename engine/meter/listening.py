"""What the meter keeps of each half second of audio: band levels and spectral peaks.

Everything here scales with the audio's gain, so that what is made of a stretch of it
(``features.py``) can be freed of loudness by one division.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import GRID_FRAMES, SAMPLE_RATE, Frames

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

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

_BAND_WINDOW = (BAND_WINDOW * np.hanning(BAND_WINDOW)[::BAND_EVERY]).astype(np.float32)
_PEAK_WINDOW = (PEAK_WINDOW * np.hanning(PEAK_WINDOW)[::PEAK_EVERY]).astype(np.float32)
"""Times what is left out, so that magnitudes are those of all samples; and times what is left,
by which the transform divides: numpy makes it in single precision then."""


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


def listen(blocks: Sequence[Floats]) -> list[BlockSpectrum]:
    """Analyse blocks, each with the ``HISTORY`` frames before it, shape (HISTORY + 24000,). What
    is heard of one does not hang on which are heard with it; four together take least."""
    peaks = spectral_peaks(blocks) if blocks else []
    bands = [spectral_bands(mono) for mono in blocks]
    return [BlockSpectrum(own, *found) for own, found in zip(bands, peaks, strict=True)]


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
    """The windows that end in the block with which ``thin`` ends."""
    count = GRID_FRAMES // hop
    views = np.lib.stride_tricks.sliding_window_view(thin, window // every)
    return views[-1 - (count - 1) * hop // every :: hop // every]


@cache
def _for_bands() -> Thinned:
    return Thinned(BAND_EVERY, float(_EDGES[-1]) * SAMPLE_RATE / BAND_WINDOW + 100.0)


@cache
def _for_peaks() -> Thinned:
    return Thinned(PEAK_EVERY, (_PEAK_HIGH + _AROUND + 2) * SAMPLE_RATE / PEAK_WINDOW)


_BAND_HISTORY = 1_664
"""Frames before a block that the bands' windows and the low-pass reach back to: 1568 and 36."""


def spectral_bands(mono: Floats) -> Floats:
    """``bands`` of a ``BlockSpectrum``, of one block as ``listen`` takes it."""
    thin = _for_bands()(mono[HISTORY - _BAND_HISTORY :])
    windows = _windows(thin, BAND_EVERY, BAND_WINDOW, BAND_HOP) * _BAND_WINDOW
    spectrum = np.fft.rfft(windows, axis=1, norm="forward")
    parts = spectrum.view(np.float32)  # real and imaginary by turns
    np.multiply(parts, parts, out=parts)
    power = np.add.reduceat(parts[:, : 2 * _EDGES[-1]], 2 * _EDGES[:-1], axis=1)
    return np.asarray(np.sqrt(power), np.float32)


def spectral_peaks(blocks: Sequence[Floats]) -> list[tuple[Floats, float]]:
    """``peaks`` and ``tonal`` of a ``BlockSpectrum``, of each block as ``listen`` takes it."""
    thin = _for_peaks()
    windows = np.concatenate(
        [_windows(thin(mono), PEAK_EVERY, PEAK_WINDOW, PEAK_HOP) for mono in blocks]
    )
    windows *= _PEAK_WINDOW
    spectrum = np.fft.rfft(windows, axis=1, norm="forward")
    part = spectrum[:, _PEAK_LOW - _AROUND : _PEAK_HIGH + _AROUND + 1]
    wide = np.sqrt(part.real**2 + part.imag**2)
    middle = np.ascontiguousarray(wide[:, _AROUND:-_AROUND])
    rows, columns = _peaks(wide, middle)
    powers = np.vecdot(middle, middle).reshape(len(blocks), -1).sum(axis=1, dtype=np.float64)
    b, m, a = (wide[rows, columns + _AROUND + side].astype(np.float64) for side in (-1, 0, 1))
    place = _places(columns, b, m, a)
    inside = (place >= 0) & (place < _PLACES)
    block = rows // (len(wide) // len(blocks))
    counted = np.bincount(
        (block * _PLACES + place)[inside], np.sqrt(m[inside]), minlength=len(blocks) * _PLACES
    )
    stand = np.bincount(block, m**2 + b**2 + a**2, minlength=len(blocks))
    tonal = np.minimum(1.0, stand / np.maximum(powers, _NO_POWER))
    return [*zip(counted.reshape(-1, _PLACES).astype(np.float32), tonal.tolist(), strict=True)]


_PLACES = PITCHES * BINS_PER_SEMITONE
_NO_POWER = 1e-60


def _peaks(wide: Floats, middle: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of what stands out in ``middle``: it is the largest of three, above a part
    of the row's largest, and above twice the mean of the bins around it in ``wide``."""
    before, after = wide[:, _AROUND - 1 : -_AROUND - 1], wide[:, _AROUND + 1 : -_AROUND + 1]
    found = middle > before
    found &= middle >= after
    found &= middle > np.float32(0.005) * np.max(middle, axis=1, keepdims=True)
    found &= middle * np.float32((2 * _AROUND + 1) / 2.0) > _around(wide)
    rows, columns = np.divmod(np.flatnonzero(found), middle.shape[1])
    return rows, columns


def _around(wide: Floats) -> Floats:
    """Sums over ``2 * _AROUND + 1`` = 32 + 8 + 1 bins, by doubling."""
    sums, width = wide, 1
    count = wide.shape[1] - 2 * _AROUND
    made = wide[:, :count].copy()
    at = 1
    while width < _AROUND:
        sums = sums[:, :-width] + sums[:, width:]
        width *= 2
        if 2 * _AROUND & width:
            made += sums[:, at : at + count]
            at += width
    return made


def _places(columns: NDArray[np.intp], b: Doubles, m: Doubles, a: Doubles) -> NDArray[np.intp]:
    """In tenths of a semitone, of peaks ``m`` between ``b`` and ``a``."""
    # Parabola through the logarithms; the Hann window's main lobe is close to one.
    lb, lm, la = (np.log(np.maximum(x, 1e-30)) for x in (b, m, a))
    shift = np.clip(0.5 * (lb - la) / np.minimum(lb - 2.0 * lm + la, -1e-9), -0.5, 0.5)
    hertz = (columns + _PEAK_LOW + shift) * (SAMPLE_RATE / PEAK_WINDOW)
    pitch = 69.0 + 12.0 * np.log2(hertz / 440.0)
    return np.floor((pitch - LOWEST_PITCH + 0.5) * BINS_PER_SEMITONE).astype(np.intp)
