"""An engine with one more composer, 'tones', which may die while it composes.

``python tones_engine.py FOLDER STAND_IN CLIP SECONDS``: it dies in CLIP (its index and revision,
such as 0-1) at SECONDS of session time and leaves the file FOLDER/died; where that file is, 'tones'
can't be opened any more. Without CLIP and SECONDS it lives. It dies once there is FOLDER/may-die,
and a next engine answers once there is FOLDER/may-answer: when, the test decides by what has
arrived. STAND_IN: 'embedded', or 'quick' for the quick engine's composer under its name; what
finishes and meters is the quick engine's too then.
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
from tests.support.quick_engine import QuickComposer, finish_quickly

PITCHES = (220.0, 277.18, 329.63)


class Tones:
    """Three steady tones, a function of session time alone."""

    marks = Marks()

    def __init__(self, spec: ClipSpec, folder: Path, dies_at: float | None) -> None:
        self._folder = folder
        self.start_frame = self.render_from = -(-frames_of(spec.start) // GRID_FRAMES) * GRID_FRAMES
        self._end, self._dies_at = frames_of(spec.end) + 2 * SAMPLE_RATE, dies_at

    def chunks(self) -> Iterator[Frames]:
        for first in range(self.render_from, self._end, GRID_FRAMES):
            if self._dies_at is not None and first >= frames_of(self._dies_at):
                wait_for(self._folder / "may-die")
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

    def __init__(self, folder: Path, clip: str, seconds: float) -> None:
        self._mark = folder / "died"
        if self._mark.exists():
            raise MusmedError("Tones is out of order.")
        self._folder, self._clip, self._seconds = folder, clip, seconds

    def compose(self, spec: ClipSpec, state: bytes | None, cancelled: Callable[[], bool]) -> Tones:
        dies = self._clip == f"{spec.index}-{spec.revision}"
        if dies:
            self._mark.touch()
        return Tones(spec, self._folder, self._seconds if dies else None)


def wait_for(file: Path) -> None:
    """Until the test has made ``file``; whoever has no more use for this engine ends it."""
    while not file.exists():
        time.sleep(0.01)


def main(place: str, stand_in: str, clip: str = "", seconds: str = "0") -> None:
    folder = Path(place)

    def load(name: str) -> Composer:
        if (folder / "died").exists():
            wait_for(folder / "may-answer")
        if name != "tones":
            return QuickComposer() if stand_in == "quick" else open_composer(name)
        return TonesComposer(folder, clip, float(seconds))

    incoming, outgoing = take_standard_streams()
    if stand_in == "quick":
        finish_quickly()
    from engine.link.server import serve

    os._exit(serve(incoming, outgoing, load))


if __name__ == "__main__":
    main(*sys.argv[1:])
