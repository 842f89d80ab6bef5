"""A training watched: what an adapter composes now, judged against what was asked. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec

from engine.evaluation.results import JudgeRecord


class Figure(msgspec.Struct, frozen=True):
    """One figure by one judge; ``chance``: what it is when the prompts are dealt out anew, None
    where there is no telling."""

    judge: str
    name: str
    value: float
    chance: float | None = None


class Watched(msgspec.Struct, frozen=True):
    """What was heard at one step. ``score``: of ``figures`` the one that decides which step is
    best, more is better. ``held_out``: the cross-entropy of the held-out windows with their own
    captions, and ``another``, ``none``: with those of others and with none, nats a code (None
    without held-out tracks): how much the model listens to what it is told."""

    step: int
    score: float
    figures: tuple[Figure, ...]
    judges: tuple[JudgeRecord, ...] = ()
    held_out: float | None = None
    another: float | None = None
    none: float | None = None


class Watcher(Protocol):
    """Composes with fixed prompts and seeds and has the clips judged."""

    def watch(self, step: int, adapter: Path | None) -> Watched:
        """``adapter``: a peft folder, None for the base alone (step 0). Raises ``MusmedError``."""
        ...
