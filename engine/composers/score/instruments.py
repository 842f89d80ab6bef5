"""The instruments: each turns (pitch, layer, length) into a table, and a note into sound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.tables import (
    LOOP_FRAMES,
    Table,
    TableCache,
    decaying,
    ensemble_loop,
    fall,
    frequency,
    level,
    noise_band,
    rise,
    vibrato_tone,
)

LAYERS = 4
"""Brightness layers of a table, softest first."""
_LENGTHS = (1.5, 3.0, 5.0, 9.0)
"""Seconds of a table: the shortest that holds the note is made."""


@dataclass(frozen=True)
class Instrument:
    """How an instrument sounds.

    ``make(pitch, layer, frames)``: its table, (frames,) or (2, frames). ``attack`` and
    ``release`` seconds; ``loop``: the table repeats and is entered anywhere. ``low``/``high``:
    its range, into which pitches are folded by octaves.
    """

    make: Callable[[int, int, int], Table]
    attack: float
    release: float
    loop: bool = False
    low: int = 28
    high: int = 100

    def fold(self, pitch: int) -> int:
        """``pitch`` moved by octaves into the instrument's range."""
        while pitch < self.low:
            pitch += 12
        while pitch > self.high:
            pitch -= 12
        return pitch


def sound(  # noqa: PLR0917 - a note is these things
    cache: TableCache, name: str, pitch: int, brightness: float, gate: int, entry: int
) -> Table:
    """One note, shape (n,) or (2, n), unit loudness; it ends in a fade, at exactly zero.

    ``gate``: frames until the release begins; ``entry``: where a looped table is entered.
    """
    instrument = INSTRUMENTS[name]
    pitch = instrument.fold(pitch)
    layer = min(LAYERS - 1, max(0, int(brightness * LAYERS)))
    release = int(instrument.release * SAMPLE_RATE)
    length = gate + release
    if instrument.loop:
        table = cache.get((name, pitch, layer), lambda: instrument.make(pitch, layer, LOOP_FRAMES))
        wave = _looped(table, entry % LOOP_FRAMES, length)
    else:
        room = _room(length)
        table = cache.get((name, pitch, layer, room), lambda: instrument.make(pitch, layer, room))
        wave = table[..., :length].copy()
    length = wave.shape[-1]
    attack = min(int(instrument.attack * SAMPLE_RATE), length // 2)
    if attack:
        wave[..., :attack] *= rise(attack)
    release = min(release, length)
    wave[..., length - release :] *= fall(release)
    return wave


def _room(length: int) -> int:
    for seconds in _LENGTHS:
        if length <= seconds * SAMPLE_RATE:
            return int(seconds * SAMPLE_RATE)
    return int(_LENGTHS[-1] * SAMPLE_RATE)


def _looped(table: Table, entry: int, length: int) -> Table:
    parts = []
    while length > 0:
        piece = table[:, entry : entry + length]
        parts.append(piece)
        length -= piece.shape[1]
        entry = 0
    return np.concatenate(parts, axis=1)


def _golden(count: int) -> list[float]:
    return [(0.6180339887 * k) % 1.0 for k in range(count)]


def _piano(pitch: int, layer: int, frames: int) -> Table:
    # Inharmonicity and decay after Fletcher & Rossing, The Physics of Musical Instruments, ch. 12.
    f0 = frequency(pitch)
    stiff = 2.2e-4 * 2.0 ** ((pitch - 60) / 9.0)
    tilt = (1.75, 1.35, 1.05, 0.8)[layer]
    t0 = 9.0 * 2.0 ** (-(pitch - 45) / 19.0)
    partials = []
    for n in range(1, 36):
        hertz = f0 * n * math.sqrt((1.0 + stiff * n * n) / (1.0 + stiff))
        strike = abs(math.sin(math.pi * n / 8.3)) + 0.06
        amplitude = strike * n**-tilt * math.exp(-hertz / (2400.0 + 1700.0 * layer))
        t60 = t0 / (1.0 + 0.22 * (n - 1) + (hertz / 5200.0) ** 1.5)
        partials.append((hertz, 0.75 * amplitude, 0.45 * t60))
        partials.append((hertz * (1.0 + 4.5e-4 / n), 0.4 * amplitude, 1.35 * t60))
    wave = decaying(partials, frames, _golden(len(partials)))
    knock = noise_band(2400, 180.0, 900.0 + 700.0 * layer, pitch)
    knock *= np.exp(-np.arange(2400, dtype=np.float32) / 420.0)
    wave[:2400] += knock * np.float32(0.012 + 0.012 * layer) * np.max(np.abs(wave))
    return level(_soft_start(wave, 0.0025 - 0.0004 * layer))


def _soft_start(wave: Table, seconds: float) -> Table:
    n = max(8, int(seconds * SAMPLE_RATE))
    wave[:n] *= rise(n)
    return wave


def _plucked(
    position: float, tilt: float, ring: float, damp: float, stiff: float
) -> Callable[[int, int, int], Table]:
    """A plucked string: comb of the plucking point, highs damped by ``damp`` Hz."""

    def make(pitch: int, layer: int, frames: int) -> Table:
        f0 = frequency(pitch)
        t0 = ring * 2.0 ** (-(pitch - 52) / 26.0)
        edge = damp * (0.55 + 0.35 * layer)
        partials = []
        for n in range(1, 40):
            hertz = f0 * n * math.sqrt(1.0 + stiff * n * n)
            comb = abs(math.sin(math.pi * n * position)) + 0.02
            amplitude = comb * n**-tilt * math.exp(-hertz / edge)
            partials.append((hertz, amplitude, t0 / (1.0 + 0.16 * (n - 1) + (hertz / 3300.0) ** 2)))
        return level(_soft_start(decaying(partials, frames, _golden(len(partials))), 0.0018))

    return make


def _bars(
    ratios: tuple[float, ...], weights: tuple[float, ...], ring: float
) -> Callable[[int, int, int], Table]:
    """Struck bars and bells: inharmonic partials."""

    def make(pitch: int, layer: int, frames: int) -> Table:
        f0 = frequency(pitch)
        t0 = ring * 2.0 ** (-(pitch - 72) / 24.0)
        bright = 0.35 + 0.22 * layer
        partials = [
            (f0 * r, w * (bright if i else 1.0), t0 / (1.0 + 0.9 * i))
            for i, (r, w) in enumerate(zip(ratios, weights, strict=True))
        ]
        doubles = list(zip(ratios, partials, strict=True))
        partials += [(f0 * r * 1.0011, 0.5 * a, t) for r, (_, a, t) in doubles]
        return level(_soft_start(decaying(partials, frames, _golden(len(partials))), 0.002))

    return make


_TOP_TINE = 12_000.0
"""No tine partial above this: higher ones are harsh rather than bright."""


def _electric_piano(pitch: int, layer: int, frames: int) -> Table:
    # Two-operator FM (Chowning 1973): a 1:1 pair for the bark, a high ratio for the tine.
    f0 = frequency(pitch)
    time = np.arange(frames, dtype=np.float64) / SAMPLE_RATE
    index = (0.35 + 0.45 * layer) * np.exp(-time / 0.9) * min(1.0, 700.0 / f0)
    phase = 2.0 * np.pi * ((f0 * time) % 1.0)
    body = np.sin(phase + index * np.sin(phase)) * np.exp(-time / (2.6 * 2 ** (-(pitch - 60) / 30)))
    wave = body.astype(np.float32)
    ratio = 14.0 if f0 * 15.0 < _TOP_TINE else 7.0
    if f0 * (ratio + 1.0) < _TOP_TINE:
        tine = np.sin(2.0 * np.pi * ((f0 * ratio * time) % 1.0)) * np.exp(-time / 0.11)
        wave += (0.018 + 0.022 * layer) * tine.astype(np.float32)
    return level(_soft_start(wave, 0.003))


def _blown(
    shape: tuple[float, ...], rate: float, depth: float, breath: float, edge: float
) -> Callable[[int, int, int], Table]:
    """A solo voice, blown or bowed: harmonics, vibrato and breath noise around the tone."""

    def make(pitch: int, layer: int, frames: int) -> Table:
        f0 = frequency(pitch)
        cut = edge * (0.6 + 0.35 * layer)
        amplitudes = [a * math.exp(-k * f0 / cut) for k, a in enumerate(shape, start=1)]
        wave = vibrato_tone(f0, amplitudes, frames, rate, depth, 0.35)
        if breath:
            air = noise_band(frames, 0.8 * f0, 3.0 * f0 + 1500.0, pitch * 8 + layer)
            wave += air * np.float32(breath * float(np.sqrt(np.mean(wave[:9600] ** 2))))
        time = np.arange(frames, dtype=np.float32) / np.float32(SAMPLE_RATE)
        # A held tone opens over its first half second and then slowly gives way.
        wave *= 1.0 - 0.28 * np.exp(-time / 0.22) - 0.05 * np.minimum(time, 4.0)
        return level(wave)

    return make


def _section(
    tilt: float, cents: float, edge: float, formants: tuple[tuple[float, float], ...] = ()
) -> Callable[[int, int, int], Table]:
    """Many players at once (strings, choir, pads): detuned loops."""

    def make(pitch: int, layer: int, _frames: int) -> Table:
        cut = edge * (0.5 + 0.35 * layer)

        def amplitude(hertz: float, k: int) -> float:
            value = math.pow(k, -tilt) * math.exp(-hertz / cut)
            if formants:
                value *= 0.08 + sum(
                    g * math.exp(-0.5 * ((hertz - f) / (0.16 * f + 60.0)) ** 2) for f, g in formants
                )
            return value

        loop = ensemble_loop(frequency(pitch), amplitude, cents, pitch * 8 + layer, 48)
        return loop * np.float32(0.1)

    return make


def _saws(cut: float) -> Callable[[int, int, int], Table]:
    """A synthesizer pluck or bass: saw harmonics whose highs close like a filter."""

    def make(pitch: int, layer: int, frames: int) -> Table:
        f0 = frequency(pitch)
        edge = cut * (0.5 + 0.4 * layer)
        partials = [
            (f0 * n, math.exp(-f0 * n / edge) / n, 2.6 / (1.0 + 0.35 * (n - 1)))
            for n in range(1, 40)
        ]
        partials += [(h * 1.003, 0.6 * a, t) for h, a, t in partials]
        return level(_soft_start(decaying(partials, frames, _golden(len(partials))), 0.003))

    return make


def _drum(low: float, drop: float, decay: float, step: float) -> Callable[[int, int, int], Table]:
    """A skin: a sine that falls ``drop`` Hz to ``low``; ``pitch`` raises it by ``step`` Hz."""

    def make(pitch: int, layer: int, frames: int) -> Table:
        n = min(frames, int(7.0 * decay * SAMPLE_RATE))
        time = np.arange(n, dtype=np.float64) / SAMPLE_RATE
        turns = (low + step * pitch) * time + drop * 0.035 * (1.0 - np.exp(-time / 0.035))
        wave = np.sin(2.0 * np.pi * turns) * np.exp(-time / decay)
        out = np.zeros(frames, np.float32)
        out[:n] = wave * (0.32 + 0.03 * layer)
        out[n - 480 : n] *= fall(480)
        return _soft_start(out, 0.003)

    return make


def _noise_hit(
    low: float, high: float, decay: float, start: float
) -> Callable[[int, int, int], Table]:
    """A brush, shaker or cymbal: a band of noise; ``pitch`` picks one of four takes."""

    def make(pitch: int, layer: int, frames: int) -> Table:
        n = min(frames, int(decay * 6.0 * SAMPLE_RATE))
        wave = noise_band(n, low, high * (0.7 + 0.12 * layer), 900 + pitch % 4)
        wave *= np.exp(-np.arange(n, dtype=np.float32) / np.float32(decay * SAMPLE_RATE))
        out = np.zeros(frames, np.float32)
        out[:n] = 0.12 * wave
        out[n - 240 : n] *= fall(240)
        return _soft_start(out, start)

    return make


_FLUTE = (1.0, 0.32, 0.14, 0.05, 0.025)
_REED = (1.0, 0.10, 0.62, 0.12, 0.4, 0.1, 0.22, 0.08, 0.1)
_DOUBLE_REED = (0.5, 0.8, 1.0, 0.7, 0.55, 0.35, 0.28, 0.2, 0.15, 0.1)
_BOWED = tuple(1.0 / k for k in range(1, 22))
_HORN = (1.0, 0.8, 0.55, 0.36, 0.22, 0.13, 0.08, 0.05)

INSTRUMENTS: dict[str, Instrument] = {
    "piano": Instrument(_piano, 0.0, 0.35, low=28, high=98),
    "guitar": Instrument(_plucked(0.19, 0.7, 4.5, 2600.0, 4e-5), 0.0, 0.25, low=40, high=88),
    "steel guitar": Instrument(_plucked(0.13, 0.55, 6.0, 4200.0, 6e-5), 0.0, 0.25, low=40, high=88),
    "harp": Instrument(_plucked(0.32, 0.9, 6.5, 2400.0, 2e-5), 0.0, 0.8, low=31, high=100),
    "bell": Instrument(
        _bars((1.0, 2.0, 3.01, 4.17, 5.43), (1.0, 0.5, 0.3, 0.25, 0.12), 4.5), 0.0, 0.8, low=60
    ),
    "vibes": Instrument(_bars((1.0, 3.98, 10.1), (1.0, 0.3, 0.07), 4.0), 0.0, 0.6, low=53, high=96),
    "electric piano": Instrument(_electric_piano, 0.0, 0.22, low=28, high=96),
    "flute": Instrument(_blown(_FLUTE, 5.0, 14.0, 0.05, 5200.0), 0.06, 0.14, low=60, high=96),
    "clarinet": Instrument(_blown(_REED, 4.6, 6.0, 0.012, 3600.0), 0.045, 0.12, low=50, high=91),
    "oboe": Instrument(_blown(_DOUBLE_REED, 5.1, 12.0, 0.008, 3800.0), 0.04, 0.12, low=58, high=91),
    "violin": Instrument(_blown(_BOWED, 5.6, 18.0, 0.012, 3600.0), 0.09, 0.2, low=55, high=98),
    "cello": Instrument(_blown(_BOWED, 5.1, 15.0, 0.012, 1900.0), 0.11, 0.25, low=36, high=76),
    "horn": Instrument(_blown(_HORN, 4.5, 5.0, 0.008, 1500.0), 0.08, 0.2, low=41, high=79),
    "strings": Instrument(_section(1.0, 13.0, 3000.0), 0.38, 0.9, loop=True, low=36, high=96),
    "short strings": Instrument(
        _section(0.95, 11.0, 3200.0), 0.035, 0.22, loop=True, low=36, high=96
    ),
    "warm pad": Instrument(_section(1.25, 22.0, 1500.0), 0.7, 1.4, loop=True, low=36, high=88),
    "glass pad": Instrument(_section(1.9, 9.0, 5200.0), 0.5, 1.5, loop=True, low=48, high=96),
    "choir": Instrument(
        _section(0.8, 20.0, 3800.0, ((620.0, 1.0), (1080.0, 0.5), (2600.0, 0.12))),
        0.5,
        1.1,
        loop=True,
        low=45,
        high=84,
    ),
    "organ": Instrument(_section(1.1, 2.2, 2200.0), 0.05, 0.18, loop=True, low=36, high=96),
    "synth": Instrument(_saws(3000.0), 0.0, 0.2, low=36, high=96),
    "synth lead": Instrument(_blown(_BOWED, 4.8, 9.0, 0.0, 1700.0), 0.025, 0.3, low=45, high=96),
    "bass": Instrument(_plucked(0.24, 1.1, 3.2, 900.0, 3e-5), 0.0, 0.12, low=28, high=55),
    "synth bass": Instrument(_saws(700.0), 0.0, 0.1, low=28, high=55),
    "kick": Instrument(_drum(46.0, 65.0, 0.11, 0.0), 0.0, 0.05, low=0, high=127),
    "tom": Instrument(_drum(82.0, 50.0, 0.16, 14.0), 0.0, 0.05, low=0, high=127),
    "snare": Instrument(_noise_hit(240.0, 6200.0, 0.07, 0.002), 0.0, 0.05, low=0, high=127),
    "brush": Instrument(_noise_hit(900.0, 5200.0, 0.055, 0.006), 0.0, 0.05, low=0, high=127),
    "shaker": Instrument(_noise_hit(4200.0, 9500.0, 0.028, 0.010), 0.0, 0.05, low=0, high=127),
}
