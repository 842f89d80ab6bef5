"""What is known of one composed version of a clip."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.composers.base import Marks
from engine.link.protocol import ClipRecord
from engine.plan.spec import ClipSpec
from engine.playback.handover import Handover


@dataclass(slots=True)
class ClipState:
    """``start``, ``frames``: session frames (48 kHz); ``got`` of them are here. ``begun``: the
    engine has announced it. ``whole``: it ended without being cut. ``placed``: the joiner has
    it. ``comes``: session frame of the next frame from the engine, which lies before what is here
    when a clip is composed a second time. ``composer``: whose sound is here; ``ceded_by``: the one
    who was taken over from in this clip, '' if none was; ``handover``: where."""

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
    comes: int = 0
    composer: str = ""
    ceded_by: str = ""
    handover: Handover | None = None

    @property
    def reach(self) -> int:
        """Session frame up to which the clip is here."""
        return self.start + self.got
