"""A hall: a synthetic stereo impulse response and its block convolution.

Early reflections come from the walls of a room of 17 x 12 x 8 m (image sources, first and second
order, Allen & Berkley 1979), the tail is velvet noise (Karjalainen & Jarvelainen 2007: sparse
pulses of either sign, smoother than white noise), a new one for each side, in bands whose highs
die first, as in air and curtains.
"""

from __future__ import annotations

import functools
import itertools
from collections import deque

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import GRID_FRAMES, SAMPLE_RATE

PARTITIONS = 5
"""The impulse response is five half-second blocks long."""
REACH = PARTITIONS + 1
"""Blocks before one that its reverberation is computed from."""
_HALF = GRID_FRAMES // 2
"""Frames of a block at the hall's rate."""
_MARGIN = 32
"""Frames of the last block but one that a block's transform holds."""
_SIZE = 24_576
"""Frames of a transform: two blocks and that, and quick."""
Spectrum = NDArray[np.complex128]
LateSpectrum = NDArray[np.complex64]
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


_TAPS = 12
"""Pairs of taps of the filter between the two rates: a half-band one, flat up to 10 kHz and 50 dB
down from 14 kHz on."""
_DELAY = 2 * _TAPS
"""Frames at 48 kHz by which each way through it is late, taken off the response."""


@functools.cache
def _half_band() -> NDArray[np.float32]:
    """The taps beside the middle one (which is a half), nearest first; every other is zero."""
    places = np.arange(1, 2 * _TAPS, 2)
    window = np.kaiser(4 * _TAPS + 1, 6.5)[2 * _TAPS + places]
    taps = 0.5 * np.sinc(places / 2.0) * window
    return np.asarray(taps * (0.25 / taps.sum()), np.float32)


@functools.cache
def _response_spectra() -> tuple[Spectrum, list[LateSpectrum]]:
    """Spectra of the response's blocks at the hall's rate, (2, bins): the first's, and those of
    the later ones, up to where nothing is left of them."""
    length = PARTITIONS * GRID_FRAMES
    spectrum = np.fft.rfft(response())[:, : length // 4 + 1]
    highs = length // 24
    spectrum[:, -highs:] *= np.cos(np.linspace(0.0, 0.5 * np.pi, highs)) ** 2
    low = np.fft.irfft(spectrum, length // 2)
    low = np.concatenate((low[:, _DELAY:], np.zeros((2, _DELAY))), axis=1)
    first, *later = np.fft.rfft(low.reshape(2, PARTITIONS, _HALF), _SIZE).transpose(1, 0, 2).copy()
    floor = _NOTHING * float(np.sum(np.abs(first) ** 2))
    ends = [_bins_above(band, floor) for band in later]
    return first, [
        band[:, :end].astype(np.complex64) for band, end in zip(later, ends, strict=True)
    ]


_NOTHING = 1e-7
"""Of the first block's energy: what may be left out of a later one's highs."""


def _bins_above(band: Spectrum, floor: float) -> int:
    """The fewest bins of a spectrum beyond which there is less energy than ``floor``."""
    beyond = np.cumsum(np.sum(np.abs(band[:, ::-1]) ** 2, axis=0))
    return len(beyond) - int(np.searchsorted(beyond, floor))


class Hall:
    """The hall, as it answers block by block to what is sent to it.

    It is computed at half the rate: walls and air leave nothing worth hearing above 11 kHz. What
    it answers is a function of the newest block and the ``REACH`` before it.
    """

    def __init__(self) -> None:
        self._sends: deque[Block] = deque([np.zeros(GRID_FRAMES, np.float32)], REACH + 2)
        self._lows: dict[int, Block] = {}
        self._pasts: dict[int, LateSpectrum] = {}
        self._heard = 0
        # Large arrays that come anew with each block come page by page, which takes as long as a
        # transform.
        bins = _SIZE // 2 + 1
        self._window, self._newest = np.zeros(_SIZE), np.empty(bins, np.complex128)
        self._total = np.empty((2, bins), np.complex128)
        self._wave = np.empty((2, _SIZE))
        self._late, self._one = np.empty((2, bins), np.complex64), np.empty(bins, np.complex64)

    def hear(self, send: Block) -> None:
        """The next block that is sent, (GRID_FRAMES,)."""
        self._sends.append(send)
        self._heard += 1

    def answer(self) -> Block:
        """The reverberation of the newest block, shape (2, GRID_FRAMES)."""
        newest = self._heard
        first, later = _response_spectra()
        total = np.multiply(first, self._spectrum(newest), out=self._total)
        # What was sent before this block: no more precise than it is heard.
        for side, late in enumerate(self._late):
            late[:] = 0.0
            for back, band in enumerate(later, 1):
                bins = band.shape[1]
                one = np.multiply(
                    band[side], self._past(newest - back)[:bins], out=self._one[:bins]
                )
                late[:bins] += one
            total[side] += late
        for known in (self._lows, self._pasts):
            for old in [number for number in known if number <= newest - REACH]:
                del known[old]
        wave = np.fft.irfft(total, _SIZE, out=self._wave)
        return _doubled(wave[:, -_HALF - _DELAY :].astype(np.float32))

    def _past(self, number: int) -> LateSpectrum:
        """The spectrum of a block before the newest."""
        if number not in self._pasts:
            self._spectrum(number)
        return self._pasts[number]

    def _spectrum(self, number: int) -> Spectrum:
        """Of the ``number``-th block, with the one before it and what is wanted of that before.

        In double precision, so that what changes late in a block leaves its beginning as it was.
        """
        window = self._window
        window[-_HALF:] = self._low(number)
        window[-2 * _HALF : -_HALF] = self._low(number - 1)
        window[-2 * _HALF - _MARGIN : -2 * _HALF] = self._low(number - 2)[-_MARGIN:]
        spectrum = np.fft.rfft(window, out=self._newest)
        self._pasts[number] = spectrum.astype(np.complex64)
        return spectrum

    def _low(self, number: int) -> Block:
        """The ``number``-th block at the hall's rate."""
        if number <= 0:
            return np.zeros(_HALF, np.float32)
        if number not in self._lows:
            at = number - self._heard - 1
            self._lows[number] = _halved(self._sends[at - 1], self._sends[at])
        return self._lows[number]


def _halved(before: Block, block: Block) -> Block:
    """A block at half the rate, ``_DELAY`` frames late."""
    wave = np.concatenate((before[-2 * _DELAY :], block))
    even, odd = wave[::2].copy(), wave[1::2].copy()
    out = even[_TAPS:][:_HALF] * np.float32(0.5)
    pair = np.empty_like(out)
    for k, tap in enumerate(_half_band()):
        np.add(odd[_TAPS - 1 - k :][:_HALF], odd[_TAPS + k :][:_HALF], out=pair)
        pair *= tap
        out += pair
    return out


def _doubled(wave: Block) -> Block:
    """Two sides, with ``_DELAY`` frames of the block before, at the full rate and as late again."""
    out = np.empty((2, GRID_FRAMES), np.float32)
    out[:, ::2] = wave[:, _TAPS:][:, :_HALF]
    between, pair = np.zeros((2, _HALF), np.float32), np.empty((2, _HALF), np.float32)
    for k, tap in enumerate(_half_band()):
        early, late = _TAPS - k, _TAPS + 1 + k
        np.add(wave[:, early : early + _HALF], wave[:, late : late + _HALF], out=pair)
        pair *= 2.0 * tap
        between += pair
    out[:, 1::2] = between
    return out
