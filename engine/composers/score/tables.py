"""Sound tables: the building blocks of the instruments, and the bounded cache that holds them.

Partials are summed from 32-bit integer phases, which stay exact however long the sound, and none
lies above ``TOP`` of the sample rate, so nothing aliases.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE

Table = NDArray[np.float32]
TOP = 0.45 * SAMPLE_RATE
CACHE_BYTES = 140 * 2**20
LOOP_FRAMES = 2**17
"""Length of a looped table: 2.7 s, so that its partials lie on a grid of 0.37 Hz."""


class TableCache:
    """Tables by key, the least recently used dropped beyond ``limit`` bytes.

    A table is a pure function of its key, so dropping one never changes the sound.
    """

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._limit = limit
        self._tables: OrderedDict[Hashable, Table] = OrderedDict()
        self.bytes = 0

    def get(self, key: Hashable, make: Callable[[], Table]) -> Table:
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


@functools.lru_cache(maxsize=8)
def _counter(length: int) -> NDArray[np.uint32]:
    return np.arange(length, dtype=np.uint32)


def cosine(hertz: float, length: int, phase: float = 0.0) -> Table:
    """cos(2 pi (hertz t + phase)), shape (length,), with exact integer phase."""
    step = np.uint32(round(hertz / SAMPLE_RATE * 2**32))
    turns = _counter(length) * step + np.uint32(int(phase * 2**32) % 2**32)
    angle = turns.view(np.int32).astype(np.float32)
    angle *= np.float32(np.pi / 2**31)
    return np.cos(angle, out=angle)


def decaying(
    partials: Sequence[tuple[float, float, float]], length: int, phases: Sequence[float]
) -> Table:
    """Exponentially decaying partials (hertz, amplitude, t60 seconds), shape (length,).

    Each is cut where it has fallen by 72 dB, with the cut itself faded.
    """
    out = np.zeros(length, np.float32)
    for (hertz, amplitude, t60), phase in zip(partials, phases, strict=True):
        if hertz > TOP or abs(amplitude) < 1e-5:
            continue
        n = min(length, int(1.2 * t60 * SAMPLE_RATE) + 1)
        wave = cosine(hertz, n, phase)
        rate = np.float32(-6.9078 / (t60 * SAMPLE_RATE))
        envelope = np.exp(_counter(n).astype(np.float32) * rate)
        envelope -= envelope[-1] * _counter(n).astype(np.float32) / np.float32(n)
        wave *= envelope
        wave *= np.float32(amplitude)
        out[:n] += wave
    return out


def vibrato_tone(  # noqa: PLR0917 - a tone is these things
    hertz: float,
    amplitudes: Sequence[float],
    length: int,
    rate: float,
    depth: float,
    onset: float,
) -> Table:
    """Harmonics with a vibrato that grows in after ``onset`` seconds; ``depth`` in cents."""
    time = _counter(length).astype(np.float64) / SAMPLE_RATE
    grow = np.clip((time - onset) / 0.6, 0.0, 1.0)
    swing = hertz * depth * 5.776e-4 / (2.0 * np.pi * rate)
    base = hertz * time - swing * grow * np.cos(2.0 * np.pi * rate * time)
    out = np.zeros(length, np.float32)
    for k, amplitude in enumerate(amplitudes, start=1):
        if k * hertz * 1.03 > TOP:
            break
        turns = base * k
        turns -= np.floor(turns)
        wave = np.sin((turns * (2.0 * np.pi)).astype(np.float32))
        wave *= np.float32(amplitude)
        out += wave
    return out


def ensemble_loop(
    hertz: float, amplitude: Callable[[float, int], float], cents: float, seed: int, harmonics: int
) -> Table:
    """A stereo loop of many detuned players, shape (2, LOOP_FRAMES).

    Each harmonic is a Gaussian band ``cents`` wide with random phases, made in the frequency
    domain (the PADsynth idea of Paul Nasca, 2005): it loops without a seam and cannot alias.
    ``amplitude(frequency, harmonic)`` shapes the spectrum.
    """
    bins = LOOP_FRAMES // 2 + 1
    spectrum = np.zeros((2, bins), np.complex128)
    rng = np.random.Generator(np.random.Philox(seed))
    grain = SAMPLE_RATE / LOOP_FRAMES
    for k in range(1, harmonics + 1):
        centre = hertz * k
        if centre > TOP * 0.97:
            break
        width = max(grain * 0.6, centre * (2.0 ** (cents / 1200.0) - 1.0))
        low = max(1, int((centre - 3.0 * width) / grain))
        high = min(int(TOP / grain), int((centre + 3.0 * width) / grain) + 2)
        offset = (np.arange(low, high) * grain - centre) / width
        profile = np.exp(-0.5 * offset**2)
        profile *= amplitude(centre, k) / np.sqrt(np.sum(profile**2))
        phases = rng.uniform(0.0, 2.0 * np.pi, (2, high - low))
        spectrum[:, low:high] += profile * np.exp(1j * phases)
    loop = np.fft.irfft(spectrum, LOOP_FRAMES)
    loop /= np.sqrt(np.mean(loop**2)) + 1e-12
    return loop.astype(np.float32)


def noise_band(length: int, low: float, high: float, seed: int) -> Table:
    """Noise between two frequencies (second-order slopes), unit RMS, shape (length,)."""
    rng = np.random.Generator(np.random.Philox(seed))
    spectrum = np.fft.rfft(rng.standard_normal(length))
    freqs = np.fft.rfftfreq(length, 1.0 / SAMPLE_RATE)
    spectrum *= 1.0 / (1.0 + (low / np.maximum(freqs, 1.0)) ** 4)
    spectrum *= 1.0 / (1.0 + (freqs / high) ** 4)
    spectrum[freqs > TOP] = 0.0
    wave = np.fft.irfft(spectrum, length)
    wave /= np.sqrt(np.mean(wave**2)) + 1e-12
    return wave.astype(np.float32)


def level(table: Table, rms: float = 0.1) -> Table:
    """Scale a table so that the RMS of its loudest part of 0.2 s is ``rms``."""
    window = min(table.shape[-1], SAMPLE_RATE // 5)
    whole = table.shape[-1] // window * window
    squares = (table[..., :whole] ** 2).reshape(-1, whole // window, window)
    loudest = float(np.sqrt(np.max(np.mean(squares, axis=(0, 2)))))
    table *= np.float32(rms / (loudest + 1e-9))
    return table


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
