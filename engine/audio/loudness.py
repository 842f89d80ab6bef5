"""Loudness as ITU-R BS.1770-4 measures it: K-weighting, block energies, gating.

``integrated_lufs`` is libebur128's. The block energies are musmed's own: the rider has to ride
on K-weighted energies of 100 ms blocks as they pass, with a state that can be stored.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.audio.filters import BlockFilter
from engine.audio.format import BLOCK_FRAMES, CHANNELS, SAMPLE_RATE, Frames
from engine.audio.k_weighting import ABSOLUTE_GATE_LUFS, energy_of, k_weighting, lufs

Doubles = NDArray[np.float64]

SHORT_TERM_BLOCKS = 30
"""Short-term loudness (EBU Tech 3341): a window of 3 s, here 30 blocks of 100 ms."""
_SECOND_BLOCKS = SAMPLE_RATE // BLOCK_FRAMES
K_SECTIONS = 2


def k_filter(state: bytes | None = None) -> BlockFilter:
    """The K-weighting filter at 48 kHz; ``k_weighting.energies_by_step`` squares what it gives."""
    return BlockFilter(k_weighting(), state)


def by_second(energies: Doubles) -> list[float]:
    """Short-term loudness (EBU Tech 3341) of each second from 100 ms block energies, LUFS: of the
    3 s about it, or of as much of them as there is; not less than ``ABSOLUTE_GATE_LUFS``. What is
    left at the end counts as a second from half of one on."""
    lead = (SHORT_TERM_BLOCKS - _SECOND_BLOCKS) // 2
    count = (len(energies) + _SECOND_BLOCKS // 2) // _SECOND_BLOCKS
    starts = (_SECOND_BLOCKS * second - lead for second in range(count))
    windows = (energies[max(0, at) : at + SHORT_TERM_BLOCKS] for at in starts)
    quietest = energy_of(ABSOLUTE_GATE_LUFS)
    return [lufs(max(quietest, float(window.mean()))) for window in windows]


def integrated_lufs(audio: Frames) -> float | None:
    """Integrated loudness of (n, 2) frames by libebur128; None for silence or under 400 ms."""
    from pyebur128 import MeasurementMode, R128State, get_loudness_global

    state = R128State(CHANNELS, SAMPLE_RATE, MeasurementMode.MODE_I)
    flat = np.ascontiguousarray(audio, np.float32).reshape(-1)
    state.add_frames(flat, len(audio))
    value = float(get_loudness_global(state))
    return value if np.isfinite(value) else None
