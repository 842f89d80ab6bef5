"""What is known of one composed version of a clip."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.composers.base import Marks
from engine.link.protocol import ClipRecord
from engine.plan.spec import ClipSpec


@dataclass(slots=True)
class ClipState:
    """``start``, ``frames``: session frames (48 kHz); ``got`` of them are here. ``begun``: the
    engine has announced it. ``whole``: it ended without being cut. ``placed``: the joiner has
    it. ``repeated``: frames still to come again of a clip that is composed a second time."""

    spec: ClipSpec
    start: int = 0
    frames: int = 0
    got: int = 0
    begun: bool = False
    whole: bool = False
    placed: bool = False
    continuation: bytes | None = None
    marks: Marks = field(default_factory=Marks)
    record: ClipRecord | None = None
    repeated: int = 0
