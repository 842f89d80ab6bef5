"""What there is of a session beside its sound: its plan, its score, its sidecar."""

from __future__ import annotations

from pathlib import Path

import msgspec

from engine.affect.path import Waypoint
from engine.description.described import Document, document
from engine.errors import MusmedError
from engine.places import open_file
from engine.plan.events import Event
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import Plan, Tags
from engine.plan.wanted import FaderStep
from engine.render import other_versions, request_of
from engine.service.hall import Hall
from engine.service.playing import SIDECAR
from engine.session.library.records import StoredSession


class ClipPlanned(msgspec.Struct, frozen=True):
    """A clip of the plan: who plays it, and which mood it is of; session seconds."""

    start: float
    end: float
    tags: Tags


class PlanAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is composed: the path with what was done so far, in session seconds."""

    request: Request
    """With it and the events the same music is made again."""
    seconds: float
    path: tuple[Waypoint, ...]
    clips: tuple[ClipPlanned, ...]
    faders: tuple[FaderStep, ...]
    events: tuple[Event, ...]
    """What was done while it played, at the times at which it is heard."""
    notes: tuple[str, ...]
    """What who asked should know."""


def plan_answer(hall: Hall, session: str) -> PlanAnswer:
    """The plan of a session as it is now. Raises ``MusmedError``."""
    status = hall.status(session)
    if status is not None:
        return _answer(status.request, status.plan, status.events)
    stored = hall.stored(session)
    return _answer(request_of(stored), make_plan(stored.request, stored.events), stored.events)


def _answer(request: Request, plan: Plan, events: tuple[Event, ...]) -> PlanAnswer:
    return PlanAnswer(
        request=request.published(),
        seconds=plan.total,
        path=plan.path.waypoints,
        clips=tuple(ClipPlanned(clip.start, clip.end, clip.tags) for clip in plan.clips),
        faders=plan.faders,
        events=events,
        notes=plan.notes,
    )


def score_of(hall: Hall, session: str) -> bytes:
    """The session's score as a MIDI file, as far as it is known what happens in it. Raises
    ``MusmedError`` for one that was not composed as a score, or by another version."""
    from engine.composers.score.midi import midi_bytes

    stored = _scored(hall, session)
    return midi_bytes(stored.request, stored.events)


def description_of(hall: Hall, session: str) -> Document:
    """What the session is, by its score: as 'musmed describe --json' says it. Raises as
    ``score_of`` does."""
    from engine.description.session import describe_session

    stored = _scored(hall, session)
    return document(describe_session(stored.request, stored.events, stored.records.values()))


def _scored(hall: Hall, session: str) -> StoredSession:
    """A session that is a score, with what was done in it so far."""
    from engine.composers.base import EMBEDDED

    status, stored = hall.status(session), hall.stored(session)
    records = [record for record in stored.records.values() if record is not None]
    made = {stage.composer for record in records for stage in record.stages} or {stored.composer}
    if made != {EMBEDDED}:
        raise MusmedError(f"{' and '.join(sorted(made))} made it, and not as a score.")
    if other_versions(stored):
        raise MusmedError("Another version of the composer made it, so its score is not known.")
    return msgspec.structs.replace(
        stored, events=stored.events if status is None else status.events
    )


def sidecar_of(hall: Hall, session: str) -> bytes | None:
    """What was measured of a session that is finished, as JSON; None for another."""
    path: Path = hall.sound(session).with_name(SIDECAR)
    try:
        with open_file(path) as file:
            return file.read()
    except OSError:
        return None
