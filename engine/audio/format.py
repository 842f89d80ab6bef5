"""The one audio format between finishing and the ear: float32 stereo, 48 kHz, 24-bit values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.audio.units import (
    BLOCK_FRAMES,
    CHANNELS,
    GRID_FRAMES,
    SAMPLE_RATE,
    frames_of,
    seconds_of,
)

__all__ = [
    "BLOCK_FRAMES",
    "CHANNELS",
    "GRID_FRAMES",
    "SAMPLE_RATE",
    "Frames",
    "frames_of",
    "quantise24",
    "seconds_of",
]

Frames = NDArray[np.float32]
"""Audio: shape (frames, 2), float32, full scale 1.0, at 48 kHz unless said otherwise."""

_STEPS, _STEP = np.float32(2**23), np.float32(2**-23)


def quantise24(audio: Frames) -> Frames:
    """Round to 24-bit steps and clip to their range; float32 holds every such value exactly, and
    nothing but the rounding rounds.

    Shape is kept. A FLAC-24 or WAV-24 round trip of the result is the identity.
    """
    with np.errstate(over="ignore"):
        steps = audio * _STEPS
    np.rint(steps, out=steps)
    np.clip(steps, -_STEPS, _STEPS - 1, out=steps)
    steps *= _STEP  # a power of two: as exact as to divide, and quicker
    return steps
