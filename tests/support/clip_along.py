"""A clip along a path, as the planner hands it to a composer."""

from __future__ import annotations

from engine.affect.path import Path
from engine.plan.spec import ClipSpec, SeedStep, Tags


def spec_along(path: Path) -> ClipSpec:
    """A session's first clip, 30 s, along ``path``."""
    return ClipSpec(
        index=0,
        revision=0,
        start=0.0,
        end=30.0,
        total=120.0,
        path=path,
        levels=(),
        seeds=(SeedStep(0.0, 1),),
        tags=Tags("calm", "calm", "piano", "ambient"),
        prompt="",
    )
