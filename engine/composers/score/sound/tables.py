"""Sound tables: the building blocks of the instruments, and the bounded cache that holds them.

No partial lies above ``TOP``, so nothing aliases.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE

Table = NDArray[np.float32]
TOP = 0.45 * SAMPLE_RATE
CACHE_BYTES = 160 * 2**20


Kept = TypeVar("Kept", bound=NDArray[Any])


class TableCache(Generic[Kept]):
    """Tables by key, the least recently used dropped beyond ``limit`` bytes.

    A table is a pure function of its key, so dropping one never changes the sound.
    """

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._limit = limit
        self._tables: OrderedDict[Hashable, Kept] = OrderedDict()
        self.bytes = 0

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """The table under ``key``, made if it is not here."""
        table = self._tables.get(key)
        if table is not None:
            self._tables.move_to_end(key)
            return table
        table = make()
        table.flags.writeable = False
        self._tables[key] = table
        self.bytes += table.nbytes
        while self.bytes > self._limit and len(self._tables) > 1:
            self.bytes -= self._tables.popitem(last=False)[1].nbytes
        return table


def frequency(pitch: float) -> float:
    """Equal temperament, A4 (69) = 440 Hz."""
    return float(440.0 * 2.0 ** ((pitch - 69.0) / 12.0))


class Partial(NamedTuple):
    """A decaying partial: ``hertz``, linear ``amplitude``, ``t60`` seconds, ``phase`` in turns."""

    hertz: float
    amplitude: float
    t60: float
    phase: float = 0.0


_ROW = 512


def decaying(partials: Iterable[Partial], length: int) -> Table:
    """The sum of decaying partials, shape (length,); each ends where it has fallen by 72 dB.

    A partial is the real part of A z**n. With n = 512 p + q that is an outer product of two short
    geometric series, which costs a tenth of a cosine and an exponential a sample, and whose
    rounding does not depend on any library's kernels.
    """
    rows = -(-length // _ROW)
    out = np.zeros((rows, _ROW), np.float32)
    product = np.empty((rows, _ROW), np.float32)
    for hertz, amplitude, t60, phase in partials:
        if hertz > TOP or abs(amplitude) < 1e-5:
            continue
        rate = 2j * np.pi * hertz / SAMPLE_RATE - 6.9078 / (t60 * SAMPLE_RATE)
        used = min(rows, int(1.2 * t60 * SAMPLE_RATE) // _ROW + 1)
        inner = np.exp(rate * np.arange(_ROW))
        outer = amplitude * np.exp(rate * _ROW * np.arange(used) + 2j * np.pi * phase)
        if used < rows:
            tail = min(used, 8)
            outer[used - tail :] *= np.linspace(1.0, 0.0, tail, endpoint=False)
        for left, right in ((outer.real, inner.real), (-outer.imag, inner.imag)):
            np.multiply.outer(left.astype(np.float32), right.astype(np.float32), out=product[:used])
            out[:used] += product[:used]
    return out.reshape(-1)[:length]


def noise_band(length: int, low: float, high: float, seed: int) -> Table:
    """Noise between two frequencies (second-order slopes), unit RMS, shape (length,)."""
    if length <= _SHORT:
        return _kept_noise(length, low, high, seed).copy()
    return _noise(length, low, high, seed)


_SHORT = 24_000


@functools.lru_cache(maxsize=128)
def _kept_noise(length: int, low: float, high: float, seed: int) -> Table:
    return _noise(length, low, high, seed)


def _noise(length: int, low: float, high: float, seed: int) -> Table:
    rng = np.random.Generator(np.random.Philox(seed))
    spectrum = np.fft.rfft(rng.standard_normal(length))
    freqs = np.fft.rfftfreq(length, 1.0 / SAMPLE_RATE)
    spectrum *= 1.0 / (1.0 + (low / np.maximum(freqs, 1.0)) ** 4)
    spectrum *= 1.0 / (1.0 + (freqs / high) ** 4)
    spectrum[freqs > TOP] = 0.0
    wave = np.fft.irfft(spectrum, length)
    wave /= np.sqrt(np.mean(wave**2)) + 1e-12
    return wave.astype(np.float32)


LEVEL = 0.1
"""The RMS of a table's loudest part of 0.2 s."""


def level(table: Table, rms: float = LEVEL) -> Table:
    """Scale a table so that the RMS of its loudest part of 0.2 s is ``rms``."""
    table *= np.float32(rms / (loudest(table) + 1e-9))
    return table


def loudest(table: Table) -> float:
    """The RMS of the loudest part of 0.2 s."""
    sides = np.atleast_2d(table)
    window = min(sides.shape[1], SAMPLE_RATE // 5)
    count = sides.shape[1] // window
    parts = sides[:, : count * window].reshape(len(sides), count, window)
    # Without an array of squares: a table of a loop is larger than what is next to the core.
    energies = sum(np.einsum("ij,ij->i", side, side) for side in parts)
    return float(np.sqrt(np.max(energies) / (len(sides) * window)))


@functools.lru_cache(maxsize=256)
def rise(length: int) -> Table:
    """A raised-cosine rise from 0 to 1, shape (length,)."""
    x = (np.arange(length, dtype=np.float64) + 0.5) / length
    return (0.5 - 0.5 * np.cos(np.pi * x)).astype(np.float32)


@functools.lru_cache(maxsize=256)
def fall(length: int) -> Table:
    """A release: exponential, ending at exactly zero slope and value, shape (length,)."""
    x = (np.arange(length, dtype=np.float64) + 0.5) / length
    return (np.exp(-3.5 * x) * (0.5 + 0.5 * np.cos(np.pi * x))).astype(np.float32)


def slow(values: Table, length: int) -> Table:
    """A slow curve at the sample rate: straight lines between ``values``, which lie ``SLOW``
    frames apart; shape (length,)."""
    corners = np.empty((len(values) - 1, 2), np.float32)
    corners[:, 0] = values[:-1]
    np.subtract(values[1:], values[:-1], out=corners[:, 1])
    # So few rows at once that OpenBLAS would not share them among threads.
    parts = [corners[k : k + _ROWS] @ _RAMP for k in range(0, len(corners), _ROWS)]
    return (parts[0] if len(parts) == 1 else np.concatenate(parts)).reshape(-1)[:length]


def slow_times(length: int) -> NDArray[np.float64]:
    """The seconds at which ``slow`` wants values for a curve of ``length`` frames."""
    return np.arange(-(-length // SLOW) + 1, dtype=np.float64) * (SLOW / SAMPLE_RATE)


SLOW = 512
_RAMP = np.stack((np.ones(SLOW), np.arange(SLOW) / SLOW)).astype(np.float32)
_ROWS = 128
