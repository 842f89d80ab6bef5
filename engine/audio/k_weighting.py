"""K-weighting (ITU-R BS.1770-4) and what is counted in it. numpy only: the front process uses it.

The engine process filters with ``loudness.k_filter``, whose state can be stored. The front has no
scipy; ``WeightedEnergies`` convolves with the same filter's impulse response instead.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import BLOCK_FRAMES, CHANNELS, Frames

Doubles = NDArray[np.float64]

K_WEIGHTING = np.array(
    [
        [
            1.53512485958697,
            -2.69169618940638,
            1.19839281085285,
            1.0,
            -1.69065929318241,
            0.73248077421585,
        ],
        [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
    ]
)
"""The shelf and the high-pass at 48 kHz: BS.1770-4 Annex 1, tables 1 and 2. Rows of b0 b1 b2 a0 a1
a2."""
_OFFSET = -0.691

MOMENTARY_BLOCKS = 4
"""Momentary loudness (EBU Tech 3341): a window of 400 ms, here 4 blocks of 100 ms."""
ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0

STEP_FRAMES = 480
"""A hundredth of a second: what ``WeightedEnergies`` gives one energy for."""
STEPS = BLOCK_FRAMES // STEP_FRAMES
"""Steps in a block."""
TAPS = 2_400
"""Of the impulse response. Its high-pass has poles of radius 0.995: after so many frames it has
fallen by 104 dB."""
ECHO_STEPS = TAPS // STEP_FRAMES
"""Steps of silence in which the filter still gives something of what was before."""
_POINTS = TAPS + BLOCK_FRAMES + TAPS
"""Context, block and echo: nothing wraps around."""


def lufs(energy: float) -> float:
    """Mean K-weighted energy to LUFS; -inf for none."""
    return _OFFSET + 10.0 * float(np.log10(energy)) if energy > 0.0 else -np.inf


def energy_of(loudness: float) -> float:
    """LUFS to mean K-weighted energy."""
    return float(10.0 ** ((loudness - _OFFSET) / 10.0))


def gated_lufs(energies: Doubles) -> float | None:
    """Integrated loudness from 100 ms block energies (400 ms windows overlapping by 75 %, the
    absolute gate at -70 LUFS and the relative one 10 LU under what passes it); None for silence
    or less than 400 ms."""
    if len(energies) < MOMENTARY_BLOCKS:
        return None
    windows = np.convolve(energies, np.ones(MOMENTARY_BLOCKS), "valid") / MOMENTARY_BLOCKS
    windows = windows[windows > energy_of(ABSOLUTE_GATE_LUFS)]
    if not len(windows):
        return None
    gate = lufs(float(windows.mean())) + _RELATIVE_GATE_LU
    return lufs(float(windows[windows > energy_of(gate)].mean()))


def weighted_energies(before: Frames, block: Frames) -> Doubles:
    """Energies of a block's ``STEPS`` steps and of the ``ECHO_STEPS`` behind, if silence follows:
    the mean squares of the K-weighted channels added up.

    ``block``: (4800, 2) frames. ``before``: the ``TAPS`` frames before it. Nothing else is looked
    at, so the same frames have the same energies wherever a stream was begun.
    """
    line = np.concatenate((before, block)).T.astype(np.float64)
    spectrum = np.fft.rfft(np.ascontiguousarray(line), _POINTS, axis=1) * _response()
    weighted = np.fft.irfft(spectrum, _POINTS, axis=1)[:, TAPS:]
    squares = (weighted * weighted).sum(axis=0)
    return np.asarray(squares.reshape(-1, STEP_FRAMES).sum(axis=1) / STEP_FRAMES)


@cache
def _response() -> NDArray[np.complex128]:
    """The spectrum of the first ``TAPS`` values of the impulse response, in ``_POINTS`` points."""
    points = 1 << 15  # long enough for the whole response to have died away
    delay = np.exp(-2j * np.pi * np.arange(points // 2 + 1) / points)
    powers = np.stack((np.ones_like(delay), delay, delay * delay))
    whole = np.ones_like(delay)
    for section in K_WEIGHTING:
        whole *= (section[:3] @ powers) / (section[3:] @ powers)
    taps = np.fft.irfft(whole, points)[:TAPS]
    return np.asarray(np.fft.rfft(taps, _POINTS))


def no_context() -> Frames:
    """The context of a stream that silence precedes."""
    return np.zeros((TAPS, CHANNELS), np.float32)
