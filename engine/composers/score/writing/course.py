"""The course: what of a session's plan the score is a function of."""

from __future__ import annotations

import math

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.path import Path
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.composers.score.writing.asked import held_path
from engine.plan.described import Description
from engine.plan.gentle import Gentle
from engine.plan.spec import Change, ClipSpec, Players, SeedStep
from engine.plan.wanted import FaderStep, Features

_GRID = 4096.0


class Course(msgspec.Struct, frozen=True):
    """Affect, seeds and players over session time, the session's ``total`` seconds, the caps
    for gentle ears and what is asked of the music itself, if anything is."""

    path: Path
    seeds: tuple[SeedStep, ...]
    total: float
    changes: tuple[Change, ...] = ()
    gentle: Gentle | None = None
    features: Features | None = None
    description: Description | None = None
    faders: tuple[FaderStep, ...] = ()

    def seed_at(self, frame: int) -> int:
        """The session's seed at a session frame; before the first step, the first step's."""
        active = self.seeds[0].seed
        for step in self.seeds:
            if frames_of(step.time) <= frame:
                active = step.seed
        return active


def course_of(spec: ClipSpec) -> Course:
    """The course as far as a clip knows it: the same over the stretch that two clips share."""
    first = Change(0.0, 0.0, Players(spec.tags.instrument, spec.tags.genre))
    return Course(
        held_path(spec.path, spec.features),
        spec.seeds,
        spec.total,
        spec.changes or (first,),
        spec.gentle,
        spec.features,
        spec.description,
        spec.faders,
    )


def steady(path: Path, seed: int, total: float) -> Course:
    """A course of one seed."""
    return Course(path, (SeedStep(0.0, seed),), total)


def affect_at(path: Path, frame: int) -> Affect:
    """The path's affect at a session frame, on a grid of 1/4096.

    Specs of neighbouring clips hold the same path cut at different places, so interpolation
    differs in its last bits; on the grid both give the same music. The grid's offset keeps its
    edges away from round numbers.
    """
    affect = path.at(frame / SAMPLE_RATE)
    return Affect(_on_grid(affect.valence), _on_grid(affect.arousal))


def _on_grid(value: float) -> float:
    return min(1.0, max(-1.0, math.floor(value * _GRID + 0.3819) / _GRID))
