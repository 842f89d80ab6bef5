"""An engine with one more composer, 'tones', which may die while it composes.

``python tones_engine.py MARK CLIP SECONDS``: it dies in CLIP (its index and revision, such as 0-1)
at SECONDS of session time and leaves the file MARK; where that file is, 'tones' can't be opened any
more. Without CLIP and SECONDS it lives.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from engine.__main__ import take_standard_streams
from engine.audio.format import GRID_FRAMES, SAMPLE_RATE, Frames, frames_of
from engine.composers.base import Composer, Marks, Traits, open_composer
from engine.errors import MusmedError
from engine.plan.spec import ClipSpec

PITCHES = (220.0, 277.18, 329.63)


class Tones:
    """Three steady tones, a function of session time alone."""

    marks = Marks()

    def __init__(self, spec: ClipSpec, dies_at: float | None) -> None:
        self.start_frame = frames_of(spec.start)
        self.render_from = self.start_frame // GRID_FRAMES * GRID_FRAMES
        self._end, self._dies_at = frames_of(spec.end) + 2 * SAMPLE_RATE, dies_at

    def chunks(self) -> Iterator[Frames]:
        for first in range(self.render_from, self._end, GRID_FRAMES):
            if self._dies_at is not None and first >= frames_of(self._dies_at):
                time.sleep(0.5)  # what was composed is on its way
                os._exit(3)
            t = np.arange(first, first + GRID_FRAMES)[:, None] / SAMPLE_RATE
            sides = [
                sum(np.sin(2 * np.pi * p * (t + 0.1 * side)) for p in PITCHES) for side in (0, 1)
            ]
            yield np.concatenate(sides, axis=1).astype(np.float32) * np.float32(0.1)

    def bars(self) -> tuple[()]:
        return ()

    def state(self) -> bytes:
        return b"tones"


class TonesComposer:
    name, version = "tones", 1
    traits = Traits(sample_rate=SAMPLE_RATE, channels=2, denoise=False, trim=False)

    def __init__(self, mark: Path, clip: str, seconds: float) -> None:
        if mark.exists():
            raise MusmedError("Tones is out of order.")
        self._mark, self._clip, self._seconds = mark, clip, seconds

    def compose(self, spec: ClipSpec, state: bytes | None, cancelled: Callable[[], bool]) -> Tones:
        dies = self._clip == f"{spec.index}-{spec.revision}"
        if dies:
            self._mark.touch()
        return Tones(spec, self._seconds if dies else None)


def main(mark: str, clip: str = "", seconds: str = "0") -> None:
    def load(name: str) -> Composer:
        if name != "tones":
            return open_composer(name)
        return TonesComposer(Path(mark), clip, float(seconds))

    incoming, outgoing = take_standard_streams()
    from engine.link.server import serve

    os._exit(serve(incoming, outgoing, load))


if __name__ == "__main__":
    main(*sys.argv[1:])
