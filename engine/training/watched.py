"""A training watched: what an adapter composes now, judged against what was asked. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec

from engine.evaluation.results import JudgeRecord

LOSS = "held-out loss"
"""What ``Watched.by`` is where no judge can tell."""


class Figure(msgspec.Struct, frozen=True):
    """One figure by one judge, with its 95 % interval (None of few clips); ``chance``: what it is
    when the prompts are dealt out anew, and the middle 95 % of that, None where there is no
    telling; ``nothing``: what it is for whoever tells no mood at all, None where that has no
    meaning."""

    judge: str
    name: str
    value: float
    chance: float | None = None
    low: float | None = None
    high: float | None = None
    chance_low: float | None = None
    chance_high: float | None = None
    nothing: float | None = None


class Watched(msgspec.Struct, frozen=True):
    """What was heard at one step. ``score``: what decides which step is best, more is better, None
    where there is no telling; ``by``: in a few words, which figure of which judge that is, or
    ``LOSS``. ``held_out``: the cross-entropy of the held-out windows with their own captions, and
    ``another``, ``none``: with those of others and with none, nats a code (None without held-out
    tracks): how much the model listens to what it is told. ``clips``: how many were judged;
    ``remarks``: in sentences, what was odd about them."""

    step: int
    score: float | None
    figures: tuple[Figure, ...]
    judges: tuple[JudgeRecord, ...] = ()
    held_out: float | None = None
    another: float | None = None
    none: float | None = None
    by: str = ""
    clips: int = 0
    remarks: tuple[str, ...] = ()

    def with_losses(self, own: float | None, another: float | None, none: float | None) -> Watched:
        """The same with the losses of the held-out windows; where no judge could tell anything of
        such clips, the first of them decides."""
        score = self.score
        if self.by == LOSS:
            score = None if own is None else -own
        return msgspec.structs.replace(self, held_out=own, another=another, none=none, score=score)


class Watcher(Protocol):
    """Composes with fixed prompts and seeds and has the clips judged."""

    def watch(self, step: int, adapter: Path | None) -> Watched:
        """``adapter``: a peft folder, None for the base alone (step 0); without the losses of
        held-out windows, which who trains puts in (``Watched.with_losses``). Raises
        ``MusmedError``, and ``StoppedError`` when nobody wants it any more."""
        ...
