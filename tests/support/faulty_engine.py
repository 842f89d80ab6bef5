"""The quick engine with a fault in its sound: a program for the tests of what guards the ear.

For ``SILENT`` there is nothing, then for ``LOUD`` a square wave at full scale. Link, worker and
conductor are the real ones; the rider, which would not let that pass, is not there, as it is not in
an engine that is not ours.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from engine.audio.format import SAMPLE_RATE, Frames
from tests.support import quick_engine
from tests.support.quick_engine import QuickFinisher

SILENT, LOUD = (30.0, 34.25), (34.25, 50.0)
"""Session seconds."""


class FaultyFinisher(QuickFinisher):
    def chunks(self) -> Iterator[Frames]:
        first = self._composition.start_frame
        for chunk in super().chunks():
            yield faulty(first, chunk)
            first += len(chunk)


def faulty(first: int, audio: Frames) -> Frames:
    """``audio``, which begins at session frame ``first``, with the fault in it."""
    seconds = np.arange(first, first + len(audio)) / SAMPLE_RATE
    silent = (seconds >= SILENT[0]) & (seconds < SILENT[1])
    loud = (seconds >= LOUD[0]) & (seconds < LOUD[1])
    wave = np.where(seconds * 440.0 % 1.0 < 0.5, 0.75, -0.75)[:, None]
    kept = np.where(silent[:, None], np.float32(0.0), audio)
    return np.where(loud[:, None], wave, kept).astype(np.float32)


if __name__ == "__main__":
    quick_engine.QuickFinisher = FaultyFinisher  # type: ignore[misc]
    quick_engine.main()
