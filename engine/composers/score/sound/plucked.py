"""Plucked strings and synthetic plucks: tables of decaying partials."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.sound.struck import Maker, golden, soft_start
from engine.composers.score.sound.tables import (
    Partial,
    Table,
    decaying,
    frequency,
    level,
    noise_band,
)


class String(NamedTuple):
    """A plucked string on a body.

    ``position`` of the pluck along the string; ``tilt`` of the spectrum; ``ring`` seconds of the
    fundamental at E3; ``damp`` hertz above which highs are weak and die; ``stiff``ness;
    ``body``: (hertz, gain, relative width) of its resonances; ``nail``: noise of the finger.
    """

    position: float
    tilt: float
    ring: float
    damp: float
    stiff: float
    body: tuple[tuple[float, float, float], ...] = ()
    nail: float = 0.02
    attack: float = 0.0018


GUITAR_BODY = ((103.0, 1.1, 0.12), (205.0, 1.3, 0.14), (390.0, 0.6, 0.2), (2300.0, 0.35, 0.35))
"""Air, top plate and cross-dipole modes (Fletcher & Rossing 1998, ch. 9), and the bridge."""
HARP_BODY = ((165.0, 0.5, 0.25), (340.0, 0.6, 0.3), (900.0, 0.4, 0.5))
BASS_BODY = ((62.0, 0.8, 0.25), (110.0, 0.9, 0.2), (230.0, 0.4, 0.3))


def resonance(hertz: float, body: tuple[tuple[float, float, float], ...]) -> float:
    """The gain of a body at a frequency: 1 plus a bump for each resonance."""
    bumps = (g * math.exp(-0.5 * ((hertz / f - 1.0) / w) ** 2) for f, g, w in body)
    return 1.0 + sum(bumps)


def plucked(string: String) -> Maker:
    """Each partial rings in two polarisations: across the plate, strong and short, and along it,
    weaker, longer and a hair away in pitch (Woodhouse 2004, Acta Acustica 90, 928)."""

    def make(pitch: int, layer: int, frames: int) -> Table:
        f0 = frequency(pitch)
        t0 = string.ring * 2.0 ** (-(pitch - 52) / 15.0)
        edge = string.damp * (0.6 + 0.26 * layer)
        # A firm hand plucks nearer to the bridge.
        position = string.position * (1.12 - 0.05 * layer)
        partials = []
        for n in range(1, 40):
            hertz = f0 * n * math.sqrt(1.0 + string.stiff * n * n)
            if hertz > 12_000.0:
                break
            comb = abs(math.sin(math.pi * n * position)) + 0.03
            tilt = string.tilt + 0.25 - 0.09 * layer
            amplitude = comb * n**-tilt / (1.0 + (hertz / edge) ** 2)
            amplitude *= resonance(hertz, string.body)
            t60 = t0 / (1.0 + 0.13 * (n - 1) + (hertz / 2900.0) ** 1.8)
            partials.append(Partial(hertz, 0.8 * amplitude, 0.75 * t60, golden(n)))
            hair = 0.25 + 0.2 * golden(3 * n + pitch)
            partials.append(Partial(hertz + hair, 0.36 * amplitude, 1.5 * t60, golden(n) + 0.1))
        wave = decaying(partials, frames)
        if string.nail:
            n = min(frames, 1200)
            time = np.arange(n, dtype=np.float32)
            noise = noise_band(1200, 900.0, 3800.0, 70 + pitch % 6)[:n] * np.exp(-time / 150.0)
            peak = float(np.max(np.abs(wave[: SAMPLE_RATE // 10])))
            wave[:n] += noise * np.float32(string.nail * (0.5 + 0.25 * layer) * peak)
        return level(soft_start(wave, string.attack * (1.5 - 0.15 * layer)))

    return make


def saws(cut: float, sub: float = 0.0, width: float = 1.003) -> Maker:
    """A synthesizer's pluck or bass: two saws ``width`` apart whose highs close like a filter,
    and a ``sub`` of pure fundamental."""

    def make(pitch: int, layer: int, frames: int) -> Table:
        f0 = frequency(pitch)
        edge = cut * (0.6 + 0.36 * layer)
        partials = [Partial(f0, sub, 3.0)] if sub else []
        for n in range(1, 40):
            hertz = f0 * n
            if hertz > 12_000.0:
                break
            amplitude = n ** (-1.25 + 0.09 * layer) / (1.0 + (hertz / edge) ** 2)
            t60 = 2.6 / (1.0 + (0.34 - 0.05 * layer) * (n - 1) + (hertz / 3500.0) ** 1.5)
            partials.append(Partial(hertz, amplitude, t60, golden(n)))
            partials.append(Partial(hertz * width, 0.6 * amplitude, t60, golden(n + 50)))
        return level(soft_start(decaying(partials, frames), 0.0035))

    return make
