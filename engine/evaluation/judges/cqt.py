"""A constant-Q transform as librosa's ``cqt`` makes it, for a network that was trained on that.

After librosa 0.10 (ISC; McFee et al.), whose steps these are: the top octave's filters at half the
rate, every octave below on sound halved once more; filters are windowed exponentials (Hann), each
as long as its Q asks for, kept as spectra of which the least hundredth is left out. librosa itself
is no dependency: with soxr, which resamples for both, magnitudes are within 1e-6 of the loudest
(``tests/evaluation/test_music2emo.py``).
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RATE, HOP = 22_050, 2048
BINS, PER_OCTAVE = 144, 24
LOWEST = 440.0 * 2.0 ** (-45 / 12)
"""Hertz: C1."""
OCTAVES = BINS // PER_OCTAVE
LEFT_OUT = 0.01
"""Of each filter's spectrum, by magnitude."""


class Octave(NamedTuple):
    """``filters``: (``PER_OCTAVE``, length / 2 + 1) spectra, lowest first; ``length``: samples."""

    filters: NDArray[np.complex64]
    length: int


def log_magnitudes(sound: Floats) -> Floats:
    """(1 + n // ``HOP``, ``BINS``) natural logarithms of the magnitudes, plus 1e-6, of (n,) samples
    at ``RATE``; frames are centred, with silence around the sound."""
    return np.asarray(np.log(magnitudes(sound) + np.float32(1e-6)))


def magnitudes(sound: Floats) -> Floats:
    """As ``log_magnitudes``, without the logarithm."""
    frames = 1 + len(sound) // HOP
    made = np.empty((frames, BINS), np.float32)
    for octave in range(OCTAVES):  # from the top
        sound = halved(sound)
        filters, length = _octave(octave)
        hop = HOP >> (octave + 1)
        padded = np.pad(sound, length // 2)
        windows = sliding_window_view(padded, length)[::hop][:frames]
        spectra = np.fft.rfft(windows).astype(np.complex64)
        end = BINS - octave * PER_OCTAVE
        made[: len(windows), end - PER_OCTAVE : end] = np.abs(spectra @ filters.T)
        made[len(windows) :, end - PER_OCTAVE : end] = 0.0
    return made


def halved(sound: Floats) -> Floats:
    """At half the rate and of the same energy."""
    wanted = -(-len(sound) // 2)
    made = soxr.resample(sound, 2, 1, quality="HQ")[:wanted] * np.float32(np.sqrt(2.0))
    return np.asarray(np.pad(made, (0, wanted - len(made))), np.float32)


@functools.cache
def _octave(down: int) -> Octave:
    """The ``down``th octave from the top, for sound at ``RATE`` / 2 ** (``down`` + 1)."""
    rate = RATE / 2 ** (down + 1)
    step = 2.0 ** (2.0 / PER_OCTAVE)
    q = (step + 1.0) / (step - 1.0)
    first = BINS - (down + 1) * PER_OCTAVE
    frequencies = LOWEST * 2.0 ** (np.arange(first, first + PER_OCTAVE) / PER_OCTAVE)
    lengths = q * rate / frequencies
    size = 1 << int(np.ceil(np.log2(lengths.max())))
    waves = np.zeros((PER_OCTAVE, size), np.complex64)
    for wave, long, hertz in zip(waves, lengths, frequencies, strict=True):
        # Both ends of the range round down, as librosa's do.
        time = np.arange(-long // 2, long // 2)
        shape = np.hanning(len(time) + 1)[:-1] * np.exp(2j * np.pi * hertz / rate * time)
        start = (size - len(time)) // 2
        wave[start : start + len(time)] = shape / np.abs(shape).sum()
    waves = waves * (np.sqrt(lengths) / size)[:, None]
    spectra = np.fft.fft(waves)[:, : size // 2 + 1]
    return Octave(_thinned(spectra), size)


def _thinned(spectra: NDArray[np.complex128]) -> NDArray[np.complex64]:
    sizes = np.abs(spectra)
    ordered = np.sort(sizes, axis=1)
    share = np.cumsum(ordered, axis=1) / ordered.sum(axis=1, keepdims=True)
    least = np.take_along_axis(ordered, np.argmin(share < LEFT_OUT, axis=1)[:, None], axis=1)
    return np.asarray(np.where(sizes >= least, spectra, 0.0), np.complex64)
