"""Leading silence of a composer whose audio can begin with some."""

from __future__ import annotations

import numpy as np

from engine.audio.format import SAMPLE_RATE, Frames

SILENCE = 10.0 ** (-50.0 / 20.0)
"""Samples up to -50 dBFS do not begin the music."""
KEPT_FRAMES = SAMPLE_RATE // 100
"""10 ms before the first louder sample are kept, so that an attack keeps its foot."""
LIMIT_FRAMES = 10 * SAMPLE_RATE
"""Silence is waited out for ten seconds at most; what follows passes, loud or not."""


class LeadingTrim:
    """Drops (n, 2) frames until one is louder than ``SILENCE``, then passes everything.

    The output does not depend on how the input is cut. ``trimmed``: frames dropped so far.
    """

    def __init__(self) -> None:
        self.trimmed = 0
        self._open = False
        self._kept: Frames = np.zeros((0, 2), np.float32)

    def push(self, audio: Frames) -> Frames:
        """Further frames; gives those that are part of the music."""
        if self._open:
            return audio
        line = np.concatenate((self._kept, audio))
        loud = np.flatnonzero(np.abs(line).max(axis=1) > SILENCE)
        onset = min(int(loud[0]) if len(loud) else len(line), LIMIT_FRAMES - self.trimmed)
        self._open = onset < len(line)
        drop = max(0, onset - KEPT_FRAMES)
        self.trimmed += drop
        self._kept = line[:0] if self._open else line[drop:]
        return line[drop:] if self._open else line[:0]
