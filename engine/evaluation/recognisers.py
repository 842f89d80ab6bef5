"""Judges of music behind one protocol: windows of a sound file -> valence and arousal.

A judge says what it learnt from and under which licence it is: no figure is worth more than that.
None of them knows a plan. The meter is the one that the embedded composer was made by, so it is
the kindest (docs/meter.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from engine.errors import MusmedError
from engine.evaluation.musicnn import SECONDS, TAGS, Patches, installed
from engine.meter.files import Progress, hear_file, measure_file
from engine.meter.meter import CONTEXT_SECONDS, validity
from engine.meter.model import shipped


class Window(NamedTuple):
    """What was heard from second ``start`` to second ``end`` of a sound; None of an axis of which
    the judge says nothing."""

    start: float
    end: float
    valence: float | None
    arousal: float | None


class Judged(NamedTuple):
    """``remarks``: in sentences, what was odd about the sound."""

    windows: tuple[Window, ...]
    remarks: tuple[str, ...]


class Recogniser(Protocol):
    """``domain``: in a sentence, what its judgements are good for. ``scaled``: they are in [-1, 1]
    as the plane is; else only their order and their differences mean something."""

    name: str
    version: str
    licence: str
    scaled: bool

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
    scaled = True

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


PATCHES, STEP = 10, 3
"""Patches of 3 s to a window of musicnn's, and from one window to the next."""


class MusicnnRecogniser:
    """musicnn's tagger, asked for 'fast' and 'slow': 30 s, every 9 s. Raises ``MusmedError`` where
    the package is not installed."""

    name = "musicnn MTT"
    version = "0.1.0"
    licence = "ISC"
    scaled = False
    domain = (
        "Arousal alone: by how much 'fast' is likelier than 'slow' (a difference of logits) to a "
        "tagger trained on MagnaTagATune, which is music of all kinds; its figures were not "
        "compared with TensorFlow's."
    )

    def __init__(self) -> None:
        self._network = installed()
        self._fast, self._slow = TAGS.index("fast"), TAGS.index("slow")

    def judge(self, sound: Path, progress: Progress) -> Judged:
        patches = Patches(self._network)
        heard = hear_file(sound, patches.push, progress)
        if heard.silent:
            raise MusmedError(f"{sound} is silent; {self.name} needs sound.")
        fast = np.array([logits[self._fast] - logits[self._slow] for logits in patches.logits])
        if len(fast) < PATCHES:
            raise MusmedError(f"{sound} is too short for {self.name}, which hears 30 s at once.")
        means = [float(fast[at : at + PATCHES].mean()) for at in range(len(fast) - PATCHES + 1)]
        windows = (
            Window(at * SECONDS, (at + PATCHES) * SECONDS, None, means[at])
            for at in range(0, len(means), STEP)
        )
        return Judged(tuple(windows), heard.remarks)


def recogniser(name: str) -> Recogniser:
    """By its short name. Raises ``MusmedError`` for one that does not exist or is not installed."""
    match name:
        case "meter":
            return MeterRecogniser()
        case "musicnn":
            return MusicnnRecogniser()
    raise MusmedError(f"There is no judge {name!r}; there are {', '.join(RECOGNISERS)}.")


RECOGNISERS = ("meter", "musicnn")
