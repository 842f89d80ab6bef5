"""Judges of music behind one protocol: windows of a sound file -> valence, arousal, tags.

A judge says what it learnt from and under which licence it is: no figure is worth more than that.
None of them knows a plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.results import JudgeRecord
from engine.meter.files import Heard, Progress

Activations = NDArray[np.float64]


class Window(NamedTuple):
    """What was heard from second ``start`` to second ``end`` of a sound; None of what the judge
    says nothing of. ``activations``: (tags,), how sure the judge is of each of its ``tags``, on any
    scale on which more is surer."""

    start: float
    end: float
    valence: float | None = None
    arousal: float | None = None
    activations: Activations | None = None


class Judged(NamedTuple):
    """``remarks``: in sentences, what was odd about the sound."""

    windows: tuple[Window, ...]
    remarks: tuple[str, ...]


class Judge(Protocol):
    """``domain``: in a sentence, what its judgements are good for. ``scaled``: valence and arousal
    are in [-1, 1] as the plane is; else only their order and their differences mean something.
    ``tags``: what the activations are of, () if there are none; ``hears_affect``: it says something
    of valence or arousal."""

    name: str
    version: str
    licence: str
    scaled: bool
    tags: tuple[str, ...]
    hears_affect: bool

    @property
    def domain(self) -> str: ...

    def judge(self, sound: Path, progress: Progress) -> Judged:
        """The windows of a sound file in their order, each as long as the judge hears at once.
        Raises ``MusmedError`` for what is no sound, or none that can be judged."""
        ...


def record_of(judge: Judge) -> JudgeRecord:
    return JudgeRecord(judge.name, judge.version, judge.domain, judge.licence)


Embeddings = NDArray[np.float64]
"""(n, dimensions)."""


class Embedder(Protocol):
    """Sounds and words in one space."""

    record: JudgeRecord

    def texts(self, prompts: Sequence[str]) -> Embeddings:
        """Of length 1."""
        ...

    def clips(
        self, sound: Path, spans: Sequence[tuple[float, float]], progress: Progress
    ) -> tuple[list[Embeddings], Heard]:
        """The raw embeddings of the windows of each of ``spans`` (seconds from and to) of a sound
        file, and what the file was. Raises ``MusmedError`` for what is no sound."""
        ...


def mean_embedding(windows: Embeddings) -> Embeddings:
    """(dimensions,) of length 1: of a clip's raw windows, averaged and then normalised."""
    mean = windows.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12))
