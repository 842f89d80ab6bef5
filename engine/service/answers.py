"""What the service answers, as JSON."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from engine.audio.format import SAMPLE_RATE
from engine.service.asked import Pace
from engine.service.hall import Hall
from engine.service.job import Job, JobState
from engine.session.status import RunnerStatus

USUAL_SPEED = 10.0
"""Seconds of music in a second, before anything was measured."""


class Problem(msgspec.Struct, frozen=True):
    """Why it can't be done: one sentence."""

    error: Annotated[str, Meta(examples=["There is no such session."])]


class SessionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How a session stands."""

    id: str
    state: JobState
    """'queued' until its turn comes; 'cancelled': by DELETE; 'failed': ``said`` tells why."""
    created: str
    """ISO 8601, UTC."""
    pace: Pace
    seconds: float
    """How long it is."""
    composer: str
    """Who composes."""
    seed: int
    """With it the same music is made again."""
    composed: float = 0.0
    """Seconds that are composed without a gap."""
    ready: float = 0.0
    """Seconds whose sound can be had."""
    progress: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0
    """How much of it is ready."""
    time_left: float | None = None
    """Seconds until all of it is ready; None where that can't be said yet."""
    queue: int = 0
    """How many sessions begin before this one does."""
    events: int = 0
    """How often it was changed while it played."""
    said: str = ""
    """Why it failed."""
    help: str = ""
    """With the answer to POST: where help is found, where the words speak of harm. Show it."""


class SessionsAnswer(msgspec.Struct, frozen=True):
    """A page of sessions, the newest first; ``before`` of the next page, None on the last one. It
    stays right when sessions are removed between two pages."""

    sessions: tuple[SessionAnswer, ...]
    before: int | None


def session_answer(hall: Hall, job: Job) -> SessionAnswer:
    """How the session of ``job`` stands now."""
    status = hall.status(job.id)
    answer = SessionAnswer(
        id=job.id,
        state=job.state,
        created=job.created,
        pace=job.pace,
        seconds=job.seconds,
        composer=job.composer,
        seed=job.seed,
        said=job.said,
    )
    if job.state == "queued":
        return msgspec.structs.replace(answer, queue=hall.waiting_before(job.id))
    if job.over:
        progress = min(1.0, round(job.ready / job.seconds, 4))
        return msgspec.structs.replace(
            answer, composed=job.ready, ready=job.ready, progress=progress, time_left=0.0
        )
    return answer if status is None else _running(answer, status)


def _running(answer: SessionAnswer, status: RunnerStatus) -> SessionAnswer:
    total = status.plan.total
    ready = min(total, status.playback.written / SAMPLE_RATE)
    composed = min(total, ready + status.ahead)
    left = None
    if answer.pace == "live":
        left = total - ready
    elif status.speed is not None:
        left = (total - composed) / max(0.01, status.speed)
    return msgspec.structs.replace(
        answer,
        composed=round(composed, 3),
        ready=round(ready, 3),
        progress=round(ready / total, 4),
        time_left=None if left is None else round(left, 1),
        composer=status.composer,
        events=len(status.events),
    )
