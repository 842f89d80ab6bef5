"""Sustained sounds: solo voices blown and bowed, and loops of many players at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.sound.plucked import resonance
from engine.composers.score.sound.struck import Maker
from engine.composers.score.sound.tables import (
    TOP,
    Table,
    frequency,
    level,
    noise_band,
    slow,
    slow_times,
)

LOOP_FRAMES = 2**17
"""Length of a looped table: 2.7 s, so that its partials lie on a grid of 0.37 Hz."""
_ODD_FRAMES = 120_000
"""Length of every other layer's loop: two layers that sound together never repeat together."""


class Solo(NamedTuple):
    """A solo voice.

    ``shape``: amplitudes of its harmonics; ``rate`` hertz and ``depth`` cents of a vibrato that
    grows in; ``breath``: noise around the tone; ``edge`` hertz above which it is weak; ``body``
    resonances as of ``plucked.resonance``; ``shimmer``: how far vibrato moves the upper
    harmonics' level; ``bloom`` seconds after which the uppermost have spoken.
    """

    shape: tuple[float, ...]
    rate: float
    depth: float
    breath: float
    edge: float
    body: tuple[tuple[float, float, float], ...] = ()
    shimmer: float = 0.2
    bloom: float = 0.12


def solo(voice: Solo) -> Maker:
    """A tone whose harmonics speak one after another, waver a little and take on vibrato."""

    def make(pitch: int, layer: int, frames: int) -> Table:
        f0 = frequency(pitch)
        cut = voice.edge * (0.7 + 0.27 * layer)
        # Harmonics grow the more with force the weaker they are.
        bend = 1.4 - 0.15 * layer
        amplitudes = [
            a**bend * resonance(k * f0, voice.body) / (1.0 + (k * f0 / cut) ** 2)
            for k, a in enumerate(voice.shape, start=1)
        ]
        wave = _vibrato_tone(voice, f0, amplitudes, frames, pitch)
        time = slow_times(frames)
        if voice.breath:
            tone = float(np.sqrt(np.mean(wave[:24_000] ** 2)))
            air = noise_band(frames, 0.9 * f0, 2.2 * f0 + 1400.0, pitch * 8 + layer)
            chiff = (0.55 + 1.6 * np.exp(-time / 0.05)).astype(np.float32)
            wave += air * slow(chiff, frames) * np.float32(voice.breath * tone)
        # A held tone opens over its first half second and then slowly gives way.
        arc = 1.0 - 0.20 * np.exp(-time / 0.16) - 0.045 * np.minimum(time, 4.0)
        wave *= slow(arc.astype(np.float32), frames)
        return level(wave)

    return make


def _vibrato_tone(
    voice: Solo, hertz: float, amplitudes: Sequence[float], length: int, seed: int
) -> Table:
    """Harmonics as imaginary parts of the powers of one turning phasor."""
    time = np.arange(length, dtype=np.float64) / SAMPLE_RATE
    coarse = slow_times(length)
    grow = np.clip((coarse - 0.30) / 0.7, 0.0, 1.0)
    cents = 5.776e-4 / (2.0 * np.pi)
    swing = hertz * voice.depth * cents / voice.rate
    turns = hertz * time
    vibrato = -swing * grow * np.cos(2.0 * np.pi * voice.rate * coarse)
    for k, rate in enumerate((0.31, 0.83, 1.9)):
        angle = 2.0 * np.pi * (rate * coarse + 0.37 * seed + 0.21 * k)
        vibrato -= hertz * 1.6 * cents / rate * np.cos(angle)
    turns += np.interp(time, coarse, vibrato)
    angle32 = ((turns - np.floor(turns)) * (2.0 * np.pi)).astype(np.float32)
    turning = np.empty(length, np.complex64)
    turning.real, turning.imag = np.cos(angle32), np.sin(angle32)
    power, out, part = turning.copy(), np.zeros(length, np.float32), np.zeros(length, np.float32)
    pulse = grow * np.sin(2.0 * np.pi * voice.rate * coarse)
    for k, amplitude in enumerate(amplitudes, start=1):
        if k * hertz * 1.03 > TOP:
            break
        part += np.float32(amplitude) * power.imag
        power *= turning
        if k in _GROUPS or k == len(amplitudes) or (k + 1) * hertz * 1.03 > TOP:
            share = min(1.0, (k - 1) / 8.0)
            speak = 1.0 - np.exp(-(coarse + 0.004) / (0.02 + voice.bloom * share))
            gain = speak * (1.0 + voice.shimmer * share * pulse)
            out += part * slow(gain.astype(np.float32), length)
            part[:] = 0.0
    return out


_GROUPS = (2, 5, 9)
"""Harmonics after which a group ends; a group speaks together."""


class Section(NamedTuple):
    """Many players of one line: ``tilt`` of the spectrum, spread in ``cents``, ``edge`` hertz,
    ``bodies``: resonances of the darkest and of the brightest layer (vowels, for a choir),
    ``floor``: what lies between them; ``air``: noise of bows and breath, relative to the tone."""

    tilt: float
    cents: float
    edge: float
    bodies: tuple[tuple[tuple[float, float, float], ...], ...] = ()
    floor: float = 1.0
    air: float = 0.01


def section(voice: Section, layers: int) -> Maker:
    """Loops in stereo: see ``_loop``."""

    def make(pitch: int, layer: int, _frames: int) -> Table:
        cut = voice.edge * (0.7 + 0.33 * layer)
        bright = layer / (layers - 1)

        def amplitude(hertz: float, k: int) -> float:
            value = math.pow(k, -voice.tilt - 0.30 + 0.09 * layer) / (1.0 + (hertz / cut) ** 2)
            if voice.bodies:
                dark, light = (resonance(hertz, body) - 1.0 for body in voice.bodies)
                value *= voice.floor + (1.0 - bright) * dark + bright * light
            return value

        frames = LOOP_FRAMES if layer % 2 else _ODD_FRAMES
        spectrum = _players(frequency(pitch), amplitude, voice.cents, pitch * 8 + layer, frames)
        _blow(spectrum, voice.air * (0.6 + 0.16 * layer), pitch * 8 + layer)
        loop = np.fft.irfft(spectrum, frames)
        loop *= 0.1 / (np.sqrt(np.mean(loop**2)) + 1e-12)
        return loop.astype(np.float32)

    return make


def _players(
    hertz: float, amplitude: Callable[[float, int], float], cents: float, seed: int, frames: int
) -> NDArray[np.complex128]:
    """The spectrum of a stereo loop of many detuned players, shape (2, frames // 2 + 1).

    Each harmonic is a Gaussian band ``cents`` wide with random phases, made in the frequency
    domain (the PADsynth idea of Paul Nasca, 2005): it loops without a seam and cannot alias.
    The sides share half of each band's phases, so that the sound is wide and keeps its middle.
    """
    bins = frames // 2 + 1
    spectrum = np.zeros((2, bins), np.complex128)
    rng = np.random.Generator(np.random.Philox(seed))
    grain = SAMPLE_RATE / frames
    for k in range(1, 41):
        centre = hertz * k
        if centre > TOP * 0.97:
            break
        width = max(grain * 0.6, centre * (2.0 ** (cents / 1200.0) - 1.0))
        low = max(1, int((centre - 3.0 * width) / grain))
        high = min(int(TOP / grain), int((centre + 3.0 * width) / grain) + 2)
        offset = (np.arange(low, high) * grain - centre) / width
        profile = np.exp(-0.5 * offset**2)
        profile *= amplitude(centre, k) / np.sqrt(np.sum(profile**2))
        phases = rng.uniform(0.0, 2.0 * np.pi, (3, high - low))
        players = np.exp(1j * phases)
        spectrum[:, low:high] += profile * (players[:2] + 0.9 * players[2])
    return spectrum


def _blow(spectrum: NDArray[np.complex128], air: float, seed: int) -> None:
    """Add noise from 1.2 to 9 kHz at ``air`` times the level of what is there, in place."""
    grain = SAMPLE_RATE / (2 * (spectrum.shape[1] - 1))
    low, high = int(1200.0 / grain), int(9000.0 / grain)
    freqs = np.arange(low, high) * grain
    shape = np.sin(np.pi * np.log(freqs / 1200.0) / math.log(9000.0 / 1200.0)) ** 2 / freqs
    rng = np.random.Generator(np.random.Philox(seed + 7_000))
    noise = shape * np.exp(2j * np.pi * rng.random((2, high - low)))
    power = np.sum(np.abs(spectrum) ** 2) / np.sum(np.abs(noise) ** 2)
    spectrum[:, low:high] += air * np.sqrt(power) * noise
