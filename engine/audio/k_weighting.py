"""K-weighting (ITU-R BS.1770-4) and what is counted in it. numpy only: the front process uses it.

Energies are computed from samples filtered in float32: within 0.0001 dB of float64.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.audio.biquads import Biquads, Floating, Laid
from engine.audio.format import BLOCK_FRAMES, CHANNELS

Doubles = NDArray[np.float64]

K_WEIGHTING = (
    (
        1.53512485958697,
        -2.69169618940638,
        1.19839281085285,
        1.0,
        -1.69065929318241,
        0.73248077421585,
    ),
    (1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621),
)
"""The shelf and the high-pass at 48 kHz: BS.1770-4 Annex 1, tables 1 and 2. Rows of b0 b1 b2 a0 a1
a2."""
_OFFSET = -0.691

MOMENTARY_BLOCKS = 4
"""Momentary loudness (EBU Tech 3341): a window of 400 ms, here 4 blocks of 100 ms."""
ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0

STEP_FRAMES = 480
"""A hundredth of a second: what ``step_energies`` gives one energy for."""
STEPS = BLOCK_FRAMES // STEP_FRAMES
"""Steps in a block."""
ECHO_STEPS = 5
"""Steps of silence in which the filter still gives something of what was before: its high-pass has
poles of radius 0.995, which have fallen by 104 dB by then."""


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


@cache
def k_weighting() -> Biquads:
    """The filter in float32."""
    return Biquads(K_WEIGHTING, np.float32)


def step_energies(laid: Laid, before: Doubles) -> Doubles:
    """Energies of the ``STEPS`` steps of each block and of the ``ECHO_STEPS`` behind it, if silence
    follows, shape (n, 15): the mean squares of the K-weighted channels added up.

    ``laid``: n blocks, by ``k_weighting().lay``. ``before``: the filter's memories at their
    beginnings, (n, 2, 4).
    """
    steps = energies_by_step(k_weighting().filtered(laid, before))
    ends = before @ k_weighting().through + laid.ends
    left = (ends @ _echoes()).reshape(len(ends), CHANNELS, ECHO_STEPS, ends.shape[-1])
    echo = np.vecdot(left, ends[:, :, None]).sum(axis=1) / STEP_FRAMES
    return np.concatenate((steps, echo), axis=1)


def energies_by_step(weighted: Floating) -> Doubles:
    """Mean squares of K-weighted blocks (n, 2, 4800), step by step, the channels added up:
    (n, 10)."""
    steps = weighted.reshape(len(weighted), CHANNELS, STEPS, STEP_FRAMES)
    return np.asarray(np.vecdot(steps, steps).sum(axis=1, dtype=np.float64) / STEP_FRAMES)


@cache
def _echoes() -> Doubles:
    """Quadratic forms of a memory side by side, (4, 5 * 4): the energy left in it in each step of
    silence."""
    whole = k_weighting()
    rings = whole.rings(STEP_FRAMES)
    form, step = rings.T @ rings, np.linalg.matrix_power(whole.sample, STEP_FRAMES)
    forms = [form]
    for _ in range(1, ECHO_STEPS):
        forms.append(step @ forms[-1] @ step.T)
    return np.concatenate(forms, axis=1)


def nothing_before() -> Doubles:
    """The filter's memory of a stream that silence precedes."""
    return np.zeros((CHANNELS, k_weighting().order))
