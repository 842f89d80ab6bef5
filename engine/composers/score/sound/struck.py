"""Struck instruments: piano, electric piano, bars and bells. Each function makes a table."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.sound.tables import (
    Partial,
    Table,
    decaying,
    frequency,
    level,
    noise_band,
    rise,
)

Maker = Callable[[int, int, int], Table]
"""(pitch, layer, frames) -> table of unit loudness, (frames,) or (2, frames)."""


def golden(k: int) -> float:
    """The k-th of a sequence of phases that never line up."""
    return (0.6180339887 * k) % 1.0


def soft_start(wave: Table, seconds: float) -> Table:
    """``wave`` with its first ``seconds`` faded in, in place."""
    n = max(8, int(seconds * SAMPLE_RATE))
    wave[..., :n] *= rise(n)
    return wave


def inharmonicity(pitch: int) -> float:
    """B of f_n = n f sqrt(1 + B n^2) on a concert grand: a bass and a treble asymptote, straight
    on a logarithmic scale (Rigaud, David & Daudet 2013, JASA 133, 3107)."""
    return math.exp(-0.0847 * pitch - 5.82) + math.exp(0.0926 * pitch - 13.64)


def piano(pitch: int, layer: int, frames: int) -> Table:
    """A grand piano in stereo.

    Hammer at an eighth of the string, felt that hardens with force; each partial dies twice,
    fast while the strings of a choir move together and slowly after (Weinreich 1977, JASA 62,
    1474); the soundboard's knock; and the octaves and fifths of the undamped strings, which
    answer late and softly.
    """
    f0 = frequency(pitch)
    stiff = inharmonicity(pitch)
    felt = (800.0, 1150.0, 1650.0, 2300.0, 3100.0, 4200.0)[layer] * 2.0 ** ((pitch - 60) / 30.0)
    ring = 15.0 * 2.0 ** (-(pitch - 45) / 17.0)
    sides: tuple[list[Partial], list[Partial]] = ([], [])
    for n in range(1, 33):
        hertz = f0 * n * math.sqrt((1.0 + stiff * n * n) / (1.0 + stiff))
        if hertz > 11_000.0:
            break
        strike = abs(math.sin(math.pi * n / 8.2)) + 0.22
        amplitude = strike / n**1.25 / (1.0 + (hertz / felt) ** 1.6) / (1.0 + (85.0 / hertz) ** 2)
        t60 = ring / (1.0 + 0.20 * (n - 1) + (hertz / 4200.0) ** 1.6)
        split = 1.0 + (2.2e-4 + 1.5e-4 * golden(7 * n + pitch)) * min(1.0, 300.0 / hertz)
        for side, partials in enumerate(sides):
            sign = 1.0 if side else -1.0
            lean = 1.0 + sign * 0.28 * math.sin(2.3 * n + 0.7 * pitch)
            phase = golden(n) + sign * 0.05 * math.sin(1.7 * n + pitch)
            partials.append(Partial(hertz, 0.80 * amplitude * lean, 0.58 * t60, phase))
            if n <= _LATE:
                late = 0.28 * amplitude * (2.0 - lean)
                partials.append(Partial(hertz * split, late, 1.5 * t60, phase + 0.21))
    _sympathy(sides, f0, ring)
    wave = np.stack([decaying(partials, frames) for partials in sides])
    peak = float(np.max(np.abs(wave[:, : SAMPLE_RATE // 10])))
    knock = _knock(pitch, layer)
    n = min(frames, knock.shape[1])
    wave[:, :n] += knock[:, :n] * np.float32(peak)
    return level(soft_start(wave, (0.005, 0.004, 0.0032, 0.0026, 0.0022, 0.0018)[layer]))


_LATE = 14
"""Partials above this have no aftersound worth its cost."""


def _sympathy(sides: tuple[list[Partial], list[Partial]], f0: float, ring: float) -> None:
    """Free strings whose partials meet the note's: they swell in as what excites them fades."""
    for k, (ratio, share) in enumerate(((1.0, 0.020), (2.0, 0.014), (3.0, 0.007), (1.5, 0.004))):
        for side, partials in enumerate(sides):
            hertz = f0 * ratio * (1.0 + 0.0009 * (2 * side - 1) * (k + 1) / (k + 2))
            partials.append(Partial(hertz, share, 1.3 * ring, golden(5 * k + side)))
            partials.append(Partial(hertz, -share, 0.25 * ring, golden(5 * k + side)))


def _knock(pitch: int, layer: int) -> Table:
    """The blow of key and hammer on the soundboard: a thud, and a little of felt and wood."""
    n = 5760
    time = np.arange(n, dtype=np.float32) / np.float32(SAMPLE_RATE)
    sides = []
    for side in range(2):
        thud = noise_band(n, 70.0, 260.0, 40 + side) * np.exp(-time / 0.032)
        wood = noise_band(n, 600.0, 1900.0, 50 + side + pitch % 5) * np.exp(-time / 0.011)
        sides.append((0.030 + 0.008 * layer) * thud + (0.006 + 0.005 * layer) * wood)
    return np.stack(sides).astype(np.float32)


def bars(ratios: tuple[float, ...], weights: tuple[float, ...], ring: float) -> Maker:
    """Struck bars and bells: inharmonic partials, each doubled a little sharp so that it beats."""

    def make(pitch: int, layer: int, frames: int) -> Table:
        f0 = frequency(pitch)
        t0 = ring * 2.0 ** (-(pitch - 72) / 24.0)
        bright = 0.15 + 0.22 * layer
        partials = []
        for i, (ratio, weight) in enumerate(zip(ratios, weights, strict=True)):
            amplitude = weight * (bright if i else 1.0)
            t60 = t0 / (1.0 + 0.9 * i)
            partials.append(Partial(f0 * ratio, amplitude, t60, golden(i)))
            partials.append(Partial(f0 * ratio * 1.0011, 0.5 * amplitude, t60, golden(i + 9)))
        return level(soft_start(decaying(partials, frames), 0.0028))

    return make


_TOP_TINE = 9_000.0
"""No tine partial above this: higher ones are harsh rather than bright."""


def electric_piano(pitch: int, layer: int, frames: int) -> Table:
    """Two-operator FM (Chowning 1973): a 1:1 pair whose index falls gives the bark, a short high
    ratio the tine; the tone bar's fundamental stays behind, and the octave hums."""
    f0 = frequency(pitch)
    time = np.arange(frames, dtype=np.float32) / np.float32(SAMPLE_RATE)
    hold = 3.0 * 2.0 ** (-(pitch - 60) / 28.0)
    bark = (0.6 + 0.36 * layer) * min(1.0, 620.0 / f0)
    index = np.float32(bark) * (0.5 + 0.5 * np.exp(-time / 0.28)) * np.exp(-time / (1.6 * hold))
    turns = np.arange(frames, dtype=np.float64) * (f0 / SAMPLE_RATE)
    phase = ((turns % 1.0) * (2.0 * np.pi)).astype(np.float32)
    envelope = np.exp(-time / hold)
    # The pickup hears the tine off its axis: a little of the third harmonic bends the wave too.
    bent = np.sin(phase) + (0.20 + 0.03 * layer) * np.sin(3.0 * phase + 0.7)
    wave = np.sin(phase + index * bent) * envelope
    wave += (0.08 + 0.03 * layer) * np.sin(2.0 * phase + 0.5 * np.sin(phase)) * envelope * envelope
    ratio = 7.0 if f0 * 15.0 > _TOP_TINE else 14.0
    if f0 * (ratio + 1.0) < _TOP_TINE:
        n = min(frames, SAMPLE_RATE // 2)
        high = ((turns[:n] * ratio % 1.0) * (2.0 * np.pi)).astype(np.float32)
        tine = np.sin(high + 0.5 * np.sin(phase[:n])) * np.exp(-time[:n] / 0.075)
        tine[n - 480 :] *= np.linspace(1.0, 0.0, 480, dtype=np.float32)
        wave[:n] += np.float32(0.014 + 0.014 * layer) * tine
    click = noise_band(960, 300.0, 1600.0, pitch % 7) * np.exp(-np.arange(960) / 160.0)
    wave[:960] += (0.006 + 0.004 * layer) * click
    return level(soft_start(wave.astype(np.float32), 0.0036 - 0.0003 * layer))
