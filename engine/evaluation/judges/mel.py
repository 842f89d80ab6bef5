"""Mel spectra as the judges were trained on: of sound at a lower rate than it comes at."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE

Floats = NDArray[np.float32]
_AT_ONCE = 256
"""Frames: they overlap, and all of a long sound at once would be large."""


class MelLayout(NamedTuple):
    """Spectra of ``fft`` samples every ``hop`` of sound at ``rate`` Hz, a divisor of 48,000, in
    ``bands`` bands from 0 to half the rate."""

    rate: int
    fft: int
    hop: int
    bands: int

    @property
    def factor(self) -> int:
        return SAMPLE_RATE // self.rate

    @property
    def frames_a_second(self) -> float:
        return self.rate / self.hop


def mel_powers(mono: Floats, layout: MelLayout) -> Floats:
    """Of (n,) samples at 48 kHz: (1 + n // (hop * factor), bands), power by band, the first frame
    centred at the first sample, the sound mirrored at both ends."""
    half = layout.fft * layout.factor // 2
    return centred_powers(np.pad(mono, half, mode="reflect"), layout)


def centred_powers(padded: Floats, layout: MelLayout) -> Floats:
    """The same of sound with half a frame more before its first frame's middle and behind its
    last's. Spectra are taken at 48 kHz, of as much time, and what lies over half the rate is left
    out: the same as of sound at that rate, without resampling it."""
    length, hop = layout.fft * layout.factor, layout.hop * layout.factor
    window = np.hanning(length + 1)[:-1].astype(np.float32) / layout.factor
    frames = sliding_window_view(padded, length)[::hop]
    filters = mel_filters(layout).T
    made = []
    for at in range(0, len(frames), _AT_ONCE):
        found = np.fft.rfft(frames[at : at + _AT_ONCE] * window)[:, : layout.fft // 2 + 1]
        made.append(np.abs(found) ** 2 @ filters)
    return np.asarray(np.concatenate(made), np.float32)


@functools.cache
def mel_filters(layout: MelLayout) -> Floats:
    """(bands, fft / 2 + 1) triangles evenly apart on Slaney's mel scale (linear up to 1 kHz,
    logarithmic above), each of the same area, as librosa's are by default and Essentia's with
    'slaneyMel' and 'unit_tri'."""
    edges = _hertz(np.linspace(0.0, _mel(layout.rate / 2.0), layout.bands + 2))
    bins = np.arange(layout.fft // 2 + 1) * layout.rate / layout.fft
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None], np.float32)


_LINEAR, _KNEE = 200.0 / 3.0, 1000.0
_STEP = np.log(6.4) / 27.0


def _mel(hertz: float) -> float:
    if hertz < _KNEE:
        return hertz / _LINEAR
    return float(_KNEE / _LINEAR + np.log(hertz / _KNEE) / _STEP)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _KNEE * np.exp(_STEP * (mels - _KNEE / _LINEAR))
    return np.where(mels < _KNEE / _LINEAR, _LINEAR * mels, above)
