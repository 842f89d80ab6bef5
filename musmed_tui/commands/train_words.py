"""How far a training is, in words, and how long it will take. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.training.said import Progress, Stage, Step

if TYPE_CHECKING:
    from engine.training.recipe import Recipe
    from engine.training.watched import Watched

DOING: dict[Stage, tuple[str, str]] = {
    "reading": ("Reading", "sounds"),
    "encoding": ("Encoding", "windows"),
    "loading": ("Loading the model", ""),
    "training": ("Training", "steps"),
    "watching": ("Composing", "clips"),
    "judging": ("Judging", "clips"),
    "writing": ("Writing", ""),
}
SOON = 2.0
"""Seconds of a stage before there is any telling how long it takes."""
_LATELY = 0.2
"""The share of the last step in the usual time of one."""


class Pace:
    """How long the rest takes, by how long things took so far. ``recipe``: says how often it is
    watched."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._stage: Stage | None = None
        self._began = self._last = 0.0
        self._from = 0
        self._step: float | None = None
        self._watching: float | None = None
        self._watch_began: float | None = None

    def left(self, progress: Progress, now: float) -> float | None:
        """Seconds from ``now`` on: of the training as a whole once it has begun, before that of
        the stage; None where there is no telling yet."""
        if progress.stage != self._stage:
            self._enter(progress, now)
        if progress.step is not None:
            seconds, known = progress.step.seconds, self._step
            self._step = seconds if known is None else known + _LATELY * (seconds - known)
        if progress.stage == "training":
            return self._of_training(progress)
        done = progress.done - self._from
        took = now - self._began
        if progress.stage in ("watching", "judging") or done <= 0 or took < SOON:
            return None
        return took * (progress.total - progress.done) / done

    def _enter(self, progress: Progress, now: float) -> None:
        watches = ("watching", "judging")
        if progress.stage in watches and self._stage not in watches:
            self._watch_began = now
        elif self._watch_began is not None and progress.stage not in watches:
            self._watching, self._watch_began = now - self._watch_began, None
        self._stage, self._began = progress.stage, now
        self._from = progress.done

    def _of_training(self, progress: Progress) -> float | None:
        if self._step is None:
            return None
        from engine.training.batches import watch_every

        rest = progress.total - progress.done
        every = watch_every(self._recipe, progress.total)
        # That of the step just made is still ahead, and so is that of the last one.
        watchings = -(-progress.total // every) - (progress.done - 1) // every
        return rest * self._step + watchings * (self._watching or 0.0)


def headline(progress: Progress) -> str:
    """'Training: 40 of 300 steps'."""
    doing, what = DOING[progress.stage]
    return f"{doing}: {progress.done} of {progress.total} {what}" if what else doing


def of_step(step: Step) -> str:
    """'loss 4.321 (by codebook 3.10 4.20 4.81 5.23), 1.3 s a step, 3.4 GB'."""
    losses = " ".join(f"{loss:.2f}" for loss in step.losses)
    pace = f"{step.seconds:.1f} s" if step.seconds >= 0.1 else f"{1000 * step.seconds:.0f} ms"
    gigabytes = f"{step.memory / 1e9:.1f} GB"
    return f"loss {step.loss:.3f} (by codebook {losses}), {pace} a step, {gigabytes}"


def time_left(seconds: float | None) -> str:
    """'about 3 h 20 min left', '' where there is no telling or nothing left."""
    if not seconds:
        return ""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"about {max(1, round(seconds))} s left"
    if minutes < 90:
        return f"about {minutes} min left"
    return f"about {minutes // 60} h {minutes % 60:02d} min left"


def _untold(last: Watched) -> str:
    why = f": {last.remarks[0].removesuffix('.')}" if last.remarks else " of these clips"
    return f"the judge could tell nothing{why}"


def of_watching(watched: Sequence[Watched]) -> str:
    """What the last watching was worth, and which is the best so far."""
    from engine.training.choosing import best

    last = max(watched, key=lambda one: one.step)
    found = best(watched)
    worth = f"{last.score:.3f} by {last.by}" if last.score is not None else _untold(last)
    if not last.step:
        return f"Watched before the training: {worth}."
    if found is None:
        stands = ""
    elif found is last:
        stands = "; the best so far"
    else:
        stands = f"; the best is step {found.step}" if found.step else "; the base alone was better"
    return f"Watched at step {last.step}: {worth}{stands}."
