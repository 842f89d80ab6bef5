"""A version of a session's course: what it is from an event on."""

from __future__ import annotations

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.path import Path
from engine.plan.events import Less, More
from engine.plan.levels import Levels
from engine.plan.spec import SeedStep
from engine.plan.wanted import FaderStep


class Version(msgspec.Struct, frozen=True):
    """The course of the session after an event: ``at`` is its time, ``first`` the first clip it
    revised; ``steered``: it was a steer; ``wish``: it was one about who plays."""

    at: float
    first: int
    path: Path
    levels: Levels
    reference: float
    seeds: tuple[SeedStep, ...]
    goal: Affect
    goal_word: str | None
    steered: bool = False
    wish: More | Less | None = None
    faders: tuple[FaderStep, ...] = ()
