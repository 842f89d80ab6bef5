"""A library of somebody who rates higher than the meter reads: made up, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from engine.affect.feelings import feeling
from engine.clip_record import ClipRecord
from engine.composers.base import Marks
from engine.listener.ratings import Rating
from engine.meter.reading import Reading
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.session.library.library import Library

BEGUN = datetime(2026, 11, 2, 19, 0, tzinfo=UTC)
SESSIONS = 12
HIGHER = 20
"""Points of the valence slider above where the meter reads; arousal is rated as it reads."""


def rated_sessions(library: Library) -> tuple[str, ...]:
    """Fill ``library``; the sessions' ids, the oldest first."""
    return tuple(_session(library, number) for number in range(SESSIONS))


def _session(library: Library, number: int) -> str:
    begun = BEGUN + timedelta(days=number)
    start, target = feeling("tense"), feeling("calm")
    request = Request(
        start=start.affect,
        target=target.affect,
        start_word=start.word,
        target_word=target.word,
        minutes=1.0,
        seed=number,
    )
    session = library.create(request, "embedded", 3, None, begun)
    place = round(-0.4 + 0.07 * number, 2)
    for spec in make_plan(request).clips:
        readings = tuple(_reading(spec.start + 10 * k, place) for k in range(2))
        record = ClipRecord(
            composer="embedded", version=3, loudness=-23.0, true_peak=-1.5, gating="off",
            seconds=1.0, speed=25.0, readings=readings,
        )  # fmt: skip
        start_frame, frames = round(spec.start * 48_000), round(spec.duration * 48_000)
        library.save_clip(session, spec, start_frame, frames, False, b"", record, Marks())
    library.set_position(session, 60.0)
    library.set_state(session, "finished")
    wobble = (-4, 3, 1)[number % 3]
    rating = Rating(round(50 + 50 * place) + HIGHER + wobble, round(50 - 50 * place) + wobble)
    library.listener.rate(session, "after", rating, begun + timedelta(minutes=2))
    return session


def _reading(start: float, place: float) -> Reading:
    return Reading(
        start=start, end=start + 10, valence=place, arousal=-place, valence_error=0.3,
        arousal_error=0.3, known=True,
    )  # fmt: skip
