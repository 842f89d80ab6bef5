"""How fast a session's composers are known to be here, and what its clips add to that."""

from __future__ import annotations

from engine.audio.format import frames_of
from engine.composers.base import has_model
from engine.composers.choice import measured_as
from engine.composers.speeds import Speeds
from engine.plan.generation import Generation
from engine.session.conductor.messages import FinishClip

MEASURED_FRAMES = frames_of(10.0)
"""A clip shorter than this says little of a composer's speed."""


class Measured:
    """``speeds``: where measured speeds are looked up and kept; None: nowhere."""

    def __init__(self, speeds: Speeds | None, generation: Generation) -> None:
        self._speeds = speeds
        self._generation = generation

    def speed_of(self, composer: str) -> float | None:
        """Seconds of music it makes in a second, None where that is not known."""
        if self._speeds is None or not has_model(composer):
            return None
        return self._speeds.of(measured_as(composer, self._generation))

    def keep(self, clip: FinishClip) -> None:
        """What a clip that is whole says of its composer."""
        record = clip.record
        whole = not clip.cut and clip.frames >= MEASURED_FRAMES
        if self._speeds is not None and whole and has_model(record.composer):
            self._speeds.keep(measured_as(record.composer, self._generation), record.speed)
