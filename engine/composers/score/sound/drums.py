"""A soft kit: tables of skins, wood, wires and metal. ``pitch`` picks a take or a size."""

from __future__ import annotations

import numpy as np

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.sound.struck import Maker, golden, soft_start
from engine.composers.score.sound.tables import (
    Partial,
    Table,
    decaying,
    fall,
    frequency,
    noise_band,
)


def _placed(wave: Table, frames: int) -> Table:
    """``wave`` in a table of ``frames``, its end faded."""
    out = np.zeros(frames, np.float32)
    n = min(frames, len(wave))
    out[:n] = wave[:n]
    end = min(n, 480)
    out[n - end : n] *= fall(end)
    return out


def _time(seconds: float) -> Table:
    return np.arange(int(seconds * SAMPLE_RATE), dtype=np.float32) / np.float32(SAMPLE_RATE)


def skin(low: float, drop: float, decay: float, step: float, beater: float) -> Maker:
    """A skin: a sine that falls by ``drop`` Hz to ``low``, with a soft ``beater``; each unit of
    ``pitch`` raises it by ``step`` Hz."""

    def make(pitch: int, layer: int, frames: int) -> Table:
        time = _time(6.0 * decay)
        turns = (low + step * pitch) * time + drop * 0.03 * (1.0 - np.exp(-time / 0.03))
        wave = np.sin(2.0 * np.pi * turns) * np.exp(-time / decay) * (0.26 + 0.02 * layer)
        felt = noise_band(1440, 180.0, 500.0 + 260.0 * layer, pitch % 4)
        felt *= np.exp(-np.arange(1440, dtype=np.float32) / 300.0)
        wave[:1440] += felt * np.float32(beater * (0.5 + 0.2 * layer))
        return soft_start(_placed(wave.astype(np.float32), frames), 0.004 - 0.0004 * layer)

    return make


def hit(low: float, high: float, decay: float, start: float, tone: float = 0.0) -> Maker:
    """A tap of noise between ``low`` and ``high`` Hz, over a ``tone`` of that many Hz if any."""

    def make(pitch: int, layer: int, frames: int) -> Table:
        time = _time(6.0 * decay)
        wave = noise_band(len(time), low, high * (0.6 + 0.1 * layer), 900 + pitch % 4)
        wave *= np.exp(-time / np.float32(decay)) * np.float32(0.10)
        if tone:
            wave += 0.12 * np.sin(2.0 * np.pi * tone * time) * np.exp(-time / (0.7 * decay))
        return soft_start(_placed(wave, frames), start)

    return make


def sweep(pitch: int, layer: int, frames: int) -> Table:
    """A brush drawn in a curve across the head: noise that swells, turns and dies away; the
    wires make its grain."""
    time = _time(0.42)
    wave = noise_band(len(time), 1100.0, 4200.0 + 500.0 * layer, 700 + pitch % 4)
    grain = noise_band(len(time), 18.0, 70.0, 750 + pitch % 4)
    arc = np.sin(np.pi * (time / 0.42) ** 0.7) ** 2
    wave *= arc * (0.8 + 0.2 * np.clip(grain, -1.5, 1.5)) * np.float32(0.05)
    return soft_start(_placed(wave, frames), 0.01)


def metal(decay: float, low: float, start: float) -> Maker:
    """Hats and cymbals: inharmonic partials inside a band of noise, rolled off above 9 kHz."""

    def make(pitch: int, layer: int, frames: int) -> Table:
        time = _time(5.0 * decay)
        wave = noise_band(len(time), low, 7200.0 + 500.0 * layer, 820 + pitch % 4)
        wave *= np.exp(-time / np.float32(decay)) * np.float32(0.06)
        partials = [
            Partial(f * low / 4000.0, 0.02 / (1 + 0.3 * i), 3.0 * decay, golden(i + pitch % 4))
            for i, f in enumerate((3130.0, 4170.0, 4790.0, 5430.0, 6250.0, 7410.0, 8130.0))
        ]
        wave += decaying(partials, len(time))
        return soft_start(_placed(wave, frames), start)

    return make


def wood(pitch: int, layer: int, frames: int) -> Table:
    """A stick laid across the rim: two short tones of wood."""
    detune = 1.0 + 0.01 * (pitch % 4)
    partials = [
        Partial(470.0 * detune, 0.16, 0.09),
        Partial(1130.0 * detune, 0.13 + 0.01 * layer, 0.06, 0.3),
        Partial(1790.0 * detune, 0.05 + 0.01 * layer, 0.04, 0.6),
    ]
    return soft_start(_placed(decaying(partials, 9600), frames), 0.0022)


def timpani(pitch: int, layer: int, frames: int) -> Table:
    """A kettledrum under a soft mallet: its nearly harmonic modes (Fletcher & Rossing 1998,
    ch. 18)."""
    f0 = frequency(pitch)
    partials = [
        Partial(f0 * ratio, 0.16 * weight, t60, golden(i))
        for i, (ratio, weight, t60) in enumerate(
            (
                (0.85, 0.3, 0.3),
                (1.0, 1.0, 1.6),
                (1.5, 0.55, 1.2),
                (1.99, 0.3, 0.9),
                (2.44, 0.14, 0.6),
            )
        )
    ]
    wave = decaying(partials, min(frames, 2 * SAMPLE_RATE))
    felt = noise_band(1440, 120.0, 300.0 + 120.0 * layer, pitch % 4)
    wave[:1440] += felt * np.exp(-np.arange(1440, dtype=np.float32) / 400.0) * np.float32(0.02)
    return soft_start(_placed(wave, frames), 0.006 - 0.0005 * layer)
