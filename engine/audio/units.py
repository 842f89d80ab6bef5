"""The numbers of the audio format, for who counts frames and takes none."""

from __future__ import annotations

SAMPLE_RATE = 48_000
CHANNELS = 2
GRID_FRAMES = 24_000
"""Half a second. Rendering and finishing work on this grid of session frames, whatever the
window: the same session frame is then computed by the same operations in every clip that holds
it, which is what makes neighbours' overlaps equal (clip starts, 22.5 * i s, lie on it)."""
BLOCK_FRAMES = 4_800
"""A tenth of a second: joiner and safety limiter work on this grid of the played stream, so
that what leaves does not depend on how many frames were asked for at a time."""
SILENCE_DB = -120.0
"""dBFS that stands for no sound at all."""


def frames_of(seconds: float) -> int:
    """Session seconds to session frames at 48 kHz, rounded to the nearest frame."""
    return round(seconds * SAMPLE_RATE)


def seconds_of(frames: int) -> float:
    """Session frames at 48 kHz to session seconds."""
    return frames / SAMPLE_RATE
