"""A hall: a synthetic stereo impulse response and its block convolution."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import GRID_FRAMES, SAMPLE_RATE

PARTITIONS = 4
"""The impulse response is four half-second blocks long."""
_SIZE = 2 * GRID_FRAMES
Spectrum = NDArray[np.complex128]
Block = NDArray[np.float32]


@functools.cache
def _response_spectra() -> Spectrum:
    """Spectra of the response's blocks, shape (PARTITIONS, 2, bins)."""
    length = PARTITIONS * GRID_FRAMES
    rng = np.random.Generator(np.random.Philox(20_119_080))
    noise = rng.standard_normal((2, length))
    bands = np.fft.rfft(noise)
    freqs = np.fft.rfftfreq(length, 1.0 / SAMPLE_RATE)
    time = np.arange(length) / SAMPLE_RATE
    response = np.zeros((2, length))
    # Half-octave-wide overlapping bands, each with its own decay: highs die sooner, as in air.
    for low, high, t60 in ((90, 400, 2.1), (400, 1600, 1.9), (1600, 4500, 1.3), (4500, 11000, 0.7)):
        shape = 1.0 / (1.0 + (low / np.maximum(freqs, 1.0)) ** 4)
        shape /= 1.0 + (freqs / high) ** 4
        decay = np.exp(-6.91 * time / t60)
        response += np.fft.irfft(bands * shape, length) * decay
    onset = 0.012
    response *= np.clip((time - onset) / 0.030, 0.0, 1.0)
    response *= np.clip((time[-1] - time) / 0.25, 0.0, 1.0)
    response /= np.sqrt(np.mean(np.sum(response**2, axis=1)))
    blocks = response.reshape(2, PARTITIONS, GRID_FRAMES)
    return np.fft.rfft(blocks, _SIZE).transpose(1, 0, 2).copy()


def send_spectrum(previous: Block, block: Block) -> Spectrum:
    """The spectrum of a send block with the one before it (overlap-save), shape (bins,)."""
    return np.fft.rfft(np.concatenate((previous, block)).astype(np.float64))


def wet_block(spectra: list[Spectrum]) -> Block:
    """The reverberation of the newest block, shape (2, GRID_FRAMES).

    ``spectra``: of the newest block first, then of those before it, ``PARTITIONS`` in all.
    """
    response = _response_spectra()
    total = response[0] * spectra[0]
    for k in range(1, PARTITIONS):
        total += response[k] * spectra[k]
    return np.fft.irfft(total, _SIZE)[:, GRID_FRAMES:].astype(np.float32)
