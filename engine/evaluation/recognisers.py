"""Judges of music behind one protocol: windows of a sound file -> valence and arousal.

A judge says what it learnt from and under which licence it is: no figure is worth more than that.
None of them knows a plan. The meter is the one that the embedded composer was made by, so it is
the kindest (docs/meter.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

from engine.affect.circumplex import Affect
from engine.meter.files import Progress, measure_file
from engine.meter.meter import CONTEXT_SECONDS, validity
from engine.meter.model import shipped


class Window(NamedTuple):
    """What was heard from second ``start`` to second ``end`` of a sound."""

    start: float
    end: float
    affect: Affect


class Judged(NamedTuple):
    """``remarks``: in sentences, what was odd about the sound."""

    windows: tuple[Window, ...]
    remarks: tuple[str, ...]


class Recogniser(Protocol):
    """``domain``: in a sentence, what its judgements are good for."""

    name: str
    version: str
    licence: str

    @property
    def domain(self) -> str: ...

    def judge(self, sound: Path, progress: Progress) -> Judged:
        """The windows of a sound file in their order, each as long as the judge hears at once.
        Raises ``MusmedError`` for what is no sound, or none that can be judged."""
        ...


class MeterRecogniser:
    """musmed's own meter: 30 s, every 10 s."""

    name = "musmed meter"
    licence = "Apache-2.0"

    def __init__(self) -> None:
        self.version = str(shipped().model.version)

    @property
    def domain(self) -> str:
        return validity()

    def judge(self, sound: Path, progress: Progress) -> Judged:
        measured = measure_file(sound, progress)
        heard = [r for r in measured.readings if r.end >= CONTEXT_SECONDS]
        windows = (Window(r.end - CONTEXT_SECONDS, r.end, r.affect) for r in heard)
        return Judged(tuple(windows), measured.remarks)
