"""A hall: a synthetic stereo impulse response and its block convolution.

Early reflections come from the walls of a room of 17 x 12 x 8 m (image sources, first and second
order, Allen & Berkley 1979), the tail is velvet noise (Karjalainen & Jarvelainen 2007: sparse
pulses of either sign, smoother than white noise), a new one for each side, in bands whose highs
die first, as in air and curtains.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import GRID_FRAMES, SAMPLE_RATE

PARTITIONS = 5
"""The impulse response is five half-second blocks long."""
_SIZE = 2 * GRID_FRAMES
Spectrum = NDArray[np.complex128]
Block = NDArray[np.float32]

_BANDS = ((80.0, 350.0, 2.0), (350.0, 1400.0, 2.2), (1400.0, 3600.0, 1.5), (3600.0, 9000.0, 0.8))
"""Low edge, high edge, seconds of decay by 60 dB."""
_ROOM = np.array([17.0, 12.0, 8.0])
_SOURCE = np.array([6.0, 5.2, 2.2])
_EARS = (np.array([11.2, 5.8, 1.7]), np.array([11.2, 7.2, 1.7]))
_SOUND = 343.0
_PULSES = 2400
"""Velvet pulses a second: above the 1500 or so at which it is as smooth as noise."""
_EARLY = 0.42
"""The early reflections' share of the response's energy, before the tail has grown."""


def _early(length: int) -> NDArray[np.float64]:
    """Image sources up to the second order, less the direct path, shape (2, length)."""
    out = np.zeros((2, length))
    for side, ear in enumerate(_EARS):
        direct = float(np.linalg.norm(_SOURCE - ear))
        for cell in itertools.product((-2, -1, 0, 1, 2), repeat=3):
            order = sum(map(abs, cell))
            if not 1 <= order <= 2:
                continue
            image = [
                n * size + (s if n % 2 == 0 else size - s)
                for n, size, s in zip(cell, _ROOM, _SOURCE, strict=True)
            ]
            way = float(np.linalg.norm(np.array(image) - ear))
            at = (way - direct) / _SOUND * SAMPLE_RATE
            low = int(at)
            # Between two frames, so that the wall is not on the grid of samples.
            gain = (0.72**order) * direct / way
            out[side, low] += gain * (1.0 - (at - low))
            out[side, low + 1] += gain * (at - low)
    return out


def _velvet(length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """One pulse of random sign at a random place in every interval, shape (2, length)."""
    step = SAMPLE_RATE // _PULSES
    count = length // step
    out = np.zeros((2, length))
    for side in range(2):
        places = np.arange(count) * step + rng.integers(0, step, count)
        out[side, places] = rng.integers(0, 2, count) * 2.0 - 1.0
    return out


def _smooth(spectrum: NDArray[np.complex128], low: float, high: float) -> NDArray[np.complex128]:
    freqs = np.arange(spectrum.shape[1]) * (SAMPLE_RATE / 2.0 / (spectrum.shape[1] - 1))
    shape = 1.0 / (1.0 + (low / np.maximum(freqs, 1.0)) ** 4)
    shape /= 1.0 + (freqs / high) ** 4
    return np.asarray(spectrum * shape, np.complex128)


@functools.cache
def response() -> NDArray[np.float64]:
    """The impulse response, shape (2, PARTITIONS * GRID_FRAMES), unit energy a side."""
    length = PARTITIONS * GRID_FRAMES
    rng = np.random.Generator(np.random.Philox(20_119_080))
    time = np.arange(length) / SAMPLE_RATE
    velvet = np.fft.rfft(_velvet(length, rng))
    tail = np.zeros((2, length))
    for low, high, t60 in _BANDS:
        decay = np.exp(-6.91 * time / t60)
        tail += np.fft.irfft(_smooth(velvet, low, high), length) * decay
    tail *= np.clip((time - 0.016) / 0.055, 0.0, 1.0) * np.clip((time[-1] - time) / 0.4, 0.0, 1.0)
    # Twice the length, so that what a filter spreads before zero does not come back at the end.
    echoes = np.fft.rfft(_early(length), 2 * length)
    walls = np.fft.irfft(_smooth(echoes, 110.0, 5200.0), 2 * length)[:, :length]
    walls *= np.sqrt(_EARLY / np.mean(np.sum(walls**2, axis=1)))
    tail *= np.sqrt((1.0 - _EARLY) / np.mean(np.sum(tail**2, axis=1)))
    both = walls + tail
    return np.asarray(both / np.sqrt(np.mean(np.sum(both**2, axis=1))), np.float64)


@functools.cache
def _response_spectra() -> Spectrum:
    """Spectra of the response's blocks, shape (PARTITIONS, 2, bins)."""
    blocks = response().reshape(2, PARTITIONS, GRID_FRAMES)
    return np.fft.rfft(blocks, _SIZE).transpose(1, 0, 2).copy()


def send_spectrum(previous: Block, block: Block) -> Spectrum:
    """The spectrum of a send block with the one before it (overlap-save), shape (bins,)."""
    # In double precision, so that what changes late in a block leaves its beginning as it was.
    return np.fft.rfft(np.concatenate((previous, block)).astype(np.float64))


def wet_block(spectra: list[Spectrum]) -> Block:
    """The reverberation of the newest block, shape (2, GRID_FRAMES).

    ``spectra``: of the newest block first, then of those before it, ``PARTITIONS`` in all.
    """
    bands = _response_spectra()
    total = bands[0] * spectra[0]
    for k in range(1, PARTITIONS):
        total += bands[k] * spectra[k]
    return np.fft.irfft(total, _SIZE)[:, GRID_FRAMES:].astype(np.float32)
