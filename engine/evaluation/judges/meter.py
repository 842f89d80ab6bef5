"""musmed's own meter as a judge. The embedded composer was made by it, so it is the kindest
(docs/meter.md)."""

from __future__ import annotations

from pathlib import Path

from engine.evaluation.judges.base import Judged, Window
from engine.meter.files import Progress, measure_file
from engine.meter.meter import CONTEXT_SECONDS, validity
from engine.meter.model import shipped


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
        windows = (Window(r.end - CONTEXT_SECONDS, r.end, r.valence, r.arousal) for r in heard)
        return Judged(tuple(windows), measured.remarks)
