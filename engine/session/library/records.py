"""What the library gives back. ``reading.py`` makes it of rows."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from engine.clip_record import ClipRecord
from engine.composers.base import Marks, has_model
from engine.composers.precision import USUAL
from engine.composers.synthesis import BUILTIN, Synthesis
from engine.plan.body import Offer
from engine.plan.events import Event
from engine.plan.request import Request
from engine.plan.spec import ClipKey, ClipSpec

State = Literal["running", "finished", "interrupted", "stopped"]
"""'running' also names a session whose process was killed. 'stopped': by the listener;
'interrupted': by a failure. All but 'finished' can go on."""


class SessionRow(msgspec.Struct, frozen=True):
    """One line of ``musmed sessions``. ``position``: session seconds heard."""

    id: str
    created: datetime
    request: Request
    composer: str
    state: State
    position: float
    name: str = ""


class ClipRow(msgspec.Struct, frozen=True):
    """One composed version of a clip. ``start``, ``frames``: session frames (48 kHz)."""

    spec: ClipSpec
    start: int
    frames: int
    cut: bool
    continuation: bytes
    record: ClipRecord | None
    marks: Marks


class NoticeRow(msgspec.Struct, frozen=True):
    """Something that happened, at ``seconds`` of session time."""

    seconds: float
    text: str


class StoredSession(msgspec.Struct, frozen=True):
    """Everything that is kept of a session but its sound. ``materials``: digests of what it was
    begun with (``session.fingerprints``), by their place; none for sessions of older versions."""

    id: str
    created: datetime
    request: Request
    composer: str
    composer_version: int
    settings: dict[str, str] | None
    events: tuple[Event, ...]
    clips: dict[ClipKey, ClipRow]
    position: float
    state: State
    notes: tuple[NoticeRow, ...]
    offers: tuple[Offer, ...] = ()
    materials: dict[str, str] = {}
    name: str = ""
    """What the listener calls it."""
    damage: tuple[str, ...] = ()
    """What of it could not be read, and what becomes of that: sentences for the listener."""

    def sounded(self, wish: Synthesis) -> Synthesis:
        """The session's own synthesis, wherever its soundfont may now lie; ``wish`` before any
        clip."""
        kept = self.synthesis
        return wish if kept is None else Synthesis(kept, wish.soundfont)

    @property
    def records(self) -> dict[ClipKey, ClipRecord | None]:
        """What was measured of each clip."""
        return {key: clip.record for key, clip in self.clips.items()}

    @property
    def newest_composer(self) -> str:
        """Who composed the newest clip, for the session to go on with."""
        records = [clip.record for _, clip in sorted(self.clips.items()) if clip.record]
        return records[-1].composer if records else self.composer

    @property
    def precision(self) -> str:
        """What the newest clip of a model was multiplied in, for the session to go on in; '' before
        any. Of a record that does not say, it is what was usual before it was recorded."""
        stages = [
            stage
            for _, clip in sorted(self.clips.items())
            if clip.record
            for stage in clip.record.stages
            if has_model(stage.composer)
        ]
        return stages[-1].precision or USUAL if stages else ""

    @property
    def gated(self) -> dict[str, bool]:
        """Of each composer whether its newest clip was gated, for the session to go on so."""
        records = [clip.record for _, clip in sorted(self.clips.items()) if clip.record]
        return {record.composer: record.gating != "off" for record in records}

    @property
    def first_synthesis(self) -> str:
        """What sounded the first of the notes that are kept; '' where that is not known."""
        stages = [
            stage
            for _, clip in sorted(self.clips.items())
            if clip.record
            for stage in clip.record.stages
        ]
        return next((stage.synthesis for stage in stages if stage.synthesis), "")

    @property
    def synthesis(self) -> str | None:
        """What sounded the newest clip, for the session to go on with; None before any clip."""
        records = [clip.record for _, clip in sorted(self.clips.items()) if clip.record]
        return (records[-1].synthesis or BUILTIN) if records else None
