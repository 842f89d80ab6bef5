"""The one audio format between finishing and the ear: float32 stereo, 48 kHz, 24-bit values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
CHANNELS = 2
GRID_FRAMES = 24_000
"""Half a second. Rendering and finishing work on this grid of session frames, whatever the
window: the same session frame is then computed by the same operations in every clip that holds
it, which is what makes neighbours' overlaps equal (clip starts, 22.5 * i s, lie on it)."""
BLOCK_FRAMES = 4_800
"""A tenth of a second: joiner and safety limiter work on this grid of the played stream, so
that what leaves does not depend on how many frames were asked for at a time."""

Frames = NDArray[np.float32]
"""Audio: shape (frames, 2), float32, full scale 1.0, at 48 kHz unless said otherwise."""

_STEPS = np.float64(2**23)


def quantise24(audio: Frames) -> Frames:
    """Round to 24-bit steps and clip to their range; float32 holds every such value exactly.

    Shape is kept. A FLAC-24 or WAV-24 round trip of the result is the identity.
    """
    steps = np.rint(audio.astype(np.float64) * _STEPS)
    return (np.clip(steps, -_STEPS, _STEPS - 1) / _STEPS).astype(np.float32)


def frames_of(seconds: float) -> int:
    """Session seconds to session frames at 48 kHz, rounded to the nearest frame."""
    return round(seconds * SAMPLE_RATE)


def seconds_of(frames: int) -> float:
    """Session frames at 48 kHz to session seconds."""
    return frames / SAMPLE_RATE
