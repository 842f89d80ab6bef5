"""What there is of a session beside its sound: its plan, its score, its sidecar."""

from __future__ import annotations

from pathlib import Path

import msgspec

from engine.affect.path import Waypoint
from engine.errors import MusmedError
from engine.places import open_file
from engine.plan.events import Event
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import Plan, Tags
from engine.plan.wanted import FaderStep
from engine.render import other_versions, request_of
from engine.service.hall import SIDECAR, Hall


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
    from engine.composers.base import EMBEDDED
    from engine.composers.score.midi import midi_bytes

    status = hall.status(session)
    stored = hall.stored(session)
    if stored.composer != EMBEDDED:
        raise MusmedError(f"{stored.composer} makes sound without a score.")
    if other_versions(stored):
        raise MusmedError("Another version of the composer made it, so its score is not known.")
    return midi_bytes(stored.request, stored.events if status is None else status.events)


def sidecar_of(hall: Hall, session: str) -> bytes | None:
    """What was measured of a session that is finished, as JSON; None for another."""
    path: Path = hall.sound(session).with_name(SIDECAR)
    try:
        with open_file(path) as file:
            return file.read()
    except OSError:
        return None
