"""musmed's own meter as a judge. The embedded composer was made by it, so it is the kindest
(docs/meter.md)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.evaluation.judges.base import Judged, Window
from engine.meter.files import Progress, measure_file
from engine.meter.meter import CONTEXT_SECONDS, validity
from engine.meter.model import shipped
from engine.meter.reading import Reading


class MeterJudge:
    """30 s, every 10 s."""

    name = "musmed meter"
    licence = "Apache-2.0"
    scaled = True
    hears_affect = True
    tags = ()

    def __init__(self) -> None:
        self.version = str(shipped().model.version)

    @property
    def domain(self) -> str:
        return validity()

    def judge(self, sound: Path, progress: Progress) -> Judged:
        measured = measure_file(sound, progress)
        heard = [r for r in measured.readings if r.end >= CONTEXT_SECONDS]
        # Of a sound that is shorter than its context, the reading of the most of it.
        heard = heard or list(measured.readings[-1:])
        windows = (
            Window(max(0.0, r.end - CONTEXT_SECONDS), r.end, r.valence, r.arousal) for r in heard
        )
        return Judged(tuple(windows), (*measured.remarks, *_odd(sound, heard)))


def _odd(sound: Path, heard: Sequence[Reading]) -> tuple[str, ...]:
    """Of noise, speech and the like: that the judgements are worth little."""
    odd = sum(not reading.known for reading in heard)
    if 2 * odd <= len(heard):
        return ()
    return (f"{sound} is unlike what the meter learnt from in {odd} of {len(heard)} windows.",)
