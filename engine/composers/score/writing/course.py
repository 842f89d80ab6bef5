"""The course: what of a session's plan the score is a function of."""

from __future__ import annotations

import math

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.path import Path
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.composers.score.writing.asked import held_path, mode_named, tonic_named
from engine.composers.score.writing.metre import METRES, Metre
from engine.composers.score.writing.named_chords import key_of
from engine.composers.score.writing.wish import Wish, metre_like, wish_of
from engine.plan.described import DescribedBar, Description
from engine.plan.gentle import Gentle
from engine.plan.spec import Change, ClipSpec, Players, SeedStep
from engine.plan.wanted import FREE, Faders, FaderStep, Features

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

    def faders_at(self, frame: int) -> Faders:
        """How the faders stand at a session frame."""
        standing = FREE
        for step in self.faders:
            if frames_of(step.time) <= frame:
                standing = step.faders
        return standing

    def described(self, bar: int) -> DescribedBar | None:
        """What is said of a bar by its number: a description begins again when it is over."""
        if self.description is None:
            return None
        bars = self.description.bars
        return bars[bar % len(bars)]

    def wish_at(self, frame: int, bar: int) -> Wish | None:
        """What is asked of the bar of that number, which begins at a session frame."""
        return wish_of(self.faders_at(frame), self.described(bar))

    def metre_of(self, bar: int) -> Metre | None:
        """The metre that is named for a bar."""
        said = self.described(bar)
        if said is not None and said.time_signature is not None:
            return metre_like(said.time_signature)
        named = None if self.features is None else self.features.time_signature
        return None if named is None else METRES[named]

    @property
    def key(self) -> tuple[int | None, int | None]:
        """The tonic (a pitch class) and the mode that are named, by features or by chords."""
        found = None if self.description is None else key_of(self.description)
        tonic, mode = tonic_named(self.features), mode_named(self.features)
        if found is not None:
            tonic = found[0] if tonic is None else tonic
            mode = found[1] if mode is None and tonic == found[0] else mode
        return tonic, mode


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
    return on_grid(path.at(frame / SAMPLE_RATE))


def on_grid(affect: Affect) -> Affect:
    """The affect on the grid that the score knows."""
    return Affect(_on_grid(affect.valence), _on_grid(affect.arousal))


def _on_grid(value: float) -> float:
    return min(1.0, max(-1.0, math.floor(value * _GRID + 0.3819) / _GRID))
