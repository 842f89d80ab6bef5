"""What the library gives back, and how rows become it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from engine.clip_record import ClipRecord
from engine.composers.base import Marks
from engine.composers.synthesis import BUILTIN, Synthesis
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
    materials: dict[str, str] = {}

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
    def synthesis(self) -> str | None:
        """What sounded the newest clip, for the session to go on with; None before any clip."""
        records = [clip.record for _, clip in sorted(self.clips.items()) if clip.record]
        return (records[-1].synthesis or BUILTIN) if records else None


def session_row(row: tuple[Any, ...]) -> SessionRow:
    """A row of the sessions table. Raises msgspec's errors, ``ValueError`` or ``TypeError``."""
    session, created, request, composer, state, position = row
    plain = {
        "id": session,
        "created": created,
        "request": msgspec.json.decode(request),
        "composer": composer,
        "state": state,
        "position": position,
    }
    return msgspec.convert(plain, SessionRow)


def stored_session(
    row: tuple[Any, ...],
    events: list[str],
    notes: list[tuple[Any, ...]],
    clips: list[tuple[Any, ...]],
) -> StoredSession:
    """The rows of one session. Raises like ``session_row``."""
    head = session_row(row[:6])
    version, settings, materials = row[6:]
    stored = [_stored_clip(clip) for clip in clips]
    return StoredSession(
        id=head.id,
        created=head.created,
        request=head.request,
        composer=head.composer,
        composer_version=version,
        settings=msgspec.json.decode(settings, type=dict[str, str]) if settings else None,
        events=tuple(msgspec.json.decode(event, type=Event) for event in events),
        clips={clip.spec.key: clip for clip in stored},
        position=head.position,
        state=head.state,
        notes=tuple(NoticeRow(seconds, text) for seconds, text in notes),
        materials=msgspec.json.decode(materials, type=dict[str, str]) if materials else {},
    )


def _stored_clip(row: tuple[Any, ...]) -> ClipRow:
    _, _, _, spec, start, frames, cut, continuation, record, marks = row
    return ClipRow(
        spec=msgspec.json.decode(spec, type=ClipSpec),
        start=start,
        frames=frames,
        cut=bool(cut),
        continuation=bytes(continuation),
        record=msgspec.json.decode(record, type=ClipRecord | None),
        marks=msgspec.json.decode(marks, type=Marks),
    )
