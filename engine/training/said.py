"""What a training says while it runs. No torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from engine.errors import MusmedError

Stage = Literal["reading", "encoding", "loading", "training", "watching", "judging", "writing"]


class Step(msgspec.Struct, frozen=True):
    """One update, the ``number``-th (from 1). ``loss``: the mean over codebooks of ``losses``, the
    cross-entropy of each, nats a code. ``gradient``: its norm before clipping. ``memory``: bytes at
    the most so far, of the GPU where there is one, else of the process. ``seconds``: of this
    update."""

    number: int
    loss: float
    losses: tuple[float, ...]
    learning_rate: float
    gradient: float
    memory: int
    seconds: float


class Progress(msgspec.Struct, frozen=True):
    """``done`` of ``total`` of what ``stage`` counts (windows, steps, clips); ``step``: the update
    just made, in the stage 'training'."""

    stage: Stage
    done: int
    total: int
    step: Step | None = None


Say = Callable[[Progress], None]
Stopped = Callable[[], bool]
"""Whether nobody wants it any more: asked at least once a second on a machine that is quick."""


class StoppedError(MusmedError):
    """Nobody wants it any more (``Stopped`` said so). The sentence says what is kept."""


STOPPED = "Stopped; what was trained up to here is kept: go on with --resume."


class SaidElsewhereError(MusmedError):
    """A training in many processes failed, and another of them says why: this one ends with the
    same exit code and no words."""
