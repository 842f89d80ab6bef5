"""request -> plan: a pure function of the request and the events so far.

Every event starts a new *version* of the course (path, levels, seeds). A clip's newest spec is
made from the version of the last event that revised it; the clips before that event's first
changed clip keep theirs, so the past never changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from engine.affect.path import GENTLE_SPEED, gentle_seconds, speed
from engine.errors import MusmedError
from engine.plan import words
from engine.plan.clock import MAX_MINUTES, MIN_MINUTES, clip_count, clip_end, clip_start
from engine.plan.contradictions import contradictions
from engine.plan.course import Course, course
from engine.plan.drift import unwanted
from engine.plan.events import Event, Steer
from engine.plan.levels import level_segment
from engine.plan.packed import packed
from engine.plan.request import Request
from engine.plan.spec import (
    FUTURE_SECONDS,
    HISTORY_SECONDS,
    Change,
    ClipKey,
    ClipSpec,
    Plan,
    Players,
    SeedStep,
    Tags,
)
from engine.plan.tags import emotion_of, mean_affect, mood_of
from engine.plan.version import Version
from engine.plan.wanted import FaderStep

LAST_CHANCE_SECONDS = 8.0
"""An event nearer to the session's end changes nothing that could still be heard."""


class RequestError(MusmedError):
    """A request that can't be made into a session: the sentence names the field and its range."""


def make_plan(request: Request, events: Sequence[Event] = ()) -> Plan:
    """The plan of ``request`` after ``events``.

    An event at ``at`` revises the clip that is then newest (k = floor(at / 22.5), at most the
    last) from ``at`` on, or, within 2 s of the next clip's start, that next clip; and every clip
    after it, from its usual start. Raises what ``check_request`` raises, and ``ValueError``
    for events that are not in ascending order within the session.
    """
    request, _, versions, schedules = _course(request, events)
    total = request.seconds
    newest = versions[-1]
    return Plan(
        path=newest.path,
        levels=newest.levels,
        clips=_clips(request, versions, schedules),
        changes=schedules[-1],
        faders=newest.faders,
        total=total,
        speed=speed(newest.path),
        notes=_notes(request, versions, events),
        first_changed=newest.first,
    )


def heard_clips(request: Request, events: Sequence[Event], heard: float) -> tuple[ClipSpec, ...]:
    """Every clip that sounded in the first ``heard`` seconds of the session, in order, with the
    revisions that others have taken over from since: these end where that was.

    The first clip is always among them. Raises what ``make_plan`` raises.
    """
    request, _, versions, schedules = _course(request, events)
    found: dict[ClipKey, ClipSpec] = {}
    for number, version in enumerate(versions):
        later = versions[number + 1].at if number + 1 < len(versions) else request.seconds
        for clip in _clips(request, versions[: number + 1], schedules):
            if clip.start < min(later, heard) and clip.end > version.at:
                found.setdefault(clip.key, clip)
    clips = sorted(found.values(), key=lambda clip: (clip.start, clip.key))
    if not clips:
        return _clips(request, versions[:1], schedules)[:1]
    return tuple(
        msgspec.structs.replace(clip, end=after.start) if after.index == clip.index else clip
        for clip, after in pairwise((*clips, msgspec.structs.replace(clips[-1], index=-1)))
    )


def can_change(plan: Plan, at: float) -> bool:
    """Whether an event at ``at`` session seconds can still be heard: not in the last 8 s."""
    return 0.0 <= at <= plan.total - LAST_CHANCE_SECONDS


def check_request(request: Request) -> None:
    """Raises ``RequestError``, ``UnknownWordError`` or ``DescriptionTooLongError`` for a request
    out of range."""
    _canonical(request)
    if not MIN_MINUTES <= request.minutes <= MAX_MINUTES:
        raise RequestError(
            f"A session lasts {MIN_MINUTES:g} to {MAX_MINUTES:g} minutes, "
            f"not {request.minutes:g}; choose a length in between."
        )
    if not 0.0 <= request.temperature <= 1.0:
        raise RequestError(
            f"The temperature is {request.temperature:g}; choose one from 0 (nothing drifts) to 1."
        )
    if request.strategy not in ("iso", "direct"):
        raise RequestError(f"The strategy is iso or direct, not {request.strategy!r}.")
    if request.description is not None:
        packed(request.description)
    if request.instrument is not None and unwanted(request, words.instrument(request.instrument)):
        raise RequestError(
            f"{words.spelled(words.instrument(request.instrument))} is percussion, which gentle "
            "turns off; leave out one of the two."
        )


def _canonical(request: Request) -> Request:
    """The request with its pinned tags as MTG-Jamendo writes them; itself where it has them so."""
    instrument, genre = request.instrument, request.genre
    asked = (
        None if instrument is None else words.instrument(instrument),
        None if genre is None else words.genre(genre),
    )
    if asked == (instrument, genre):
        return request
    return msgspec.structs.replace(request, instrument=asked[0], genre=asked[1])


def _course(request: Request, events: Sequence[Event]) -> Course:
    """Of a request that is checked."""
    check_request(request)
    return course(_canonical(request), events)


def _clips(
    request: Request, versions: Sequence[Version], schedules: Sequence[tuple[Change, ...]]
) -> tuple[ClipSpec, ...]:
    """The newest spec of every clip. ``schedules``: of the session after each version."""
    clips: list[ClipSpec] = []
    for index in range(clip_count(request.seconds)):
        mood_before = clips[-1].tags.mood if clips else None
        touching = [version for version in versions if version.first <= index]  # the first ones
        start, end = _window(touching, index, request.seconds)
        changes = schedules[len(touching) - 1]
        players = _in_force(changes, start).players
        tags = _tags(request, touching[-1], (start, end), mood_before, players)
        since = max(0.0, start - HISTORY_SECONDS)
        until = min(end + FUTURE_SECONDS, request.seconds)
        spec = ClipSpec(
            index=index,
            revision=len(touching) - 1,
            start=start,
            end=end,
            total=request.seconds,
            path=touching[-1].path.segment(since, until),
            levels=level_segment(touching[-1].levels, since, until),
            seeds=_seeds(touching[-1].seeds, since, until),
            tags=tags,
            prompt=words.prompt(tags),
            mood_table=request.mood_table,
            changes=_changes(changes, since, until),
            gentle=request.gentle,
            features=request.features,
            description=request.description,
            faders=_faders(touching[-1].faders, since, until),
        )
        clips.append(spec)
    return tuple(clips)


def _window(touching: Sequence[Version], index: int, total: float) -> tuple[float, float]:
    """Where the newest revision of clip ``index`` starts and ends."""
    spliced = len(touching) > 1 and touching[-1].first == index
    return touching[-1].at if spliced else clip_start(index), clip_end(index, total)


def _tags(
    request: Request,
    version: Version,
    window: tuple[float, float],
    mood_before: str | None,
    players: Players,
) -> Tags:
    affect = mean_affect(version.path, *window)
    begin, goal = (request.start, request.start_word), (version.goal, version.goal_word)
    said = (begin, goal) if mood_before is None else (goal, begin)
    return Tags(
        mood=mood_of(affect, mood_before, request.mood_table),
        emotion=emotion_of(affect, said),
        instrument=players.instrument,
        genre=players.genre,
    )


def _seeds(seeds: tuple[SeedStep, ...], start: float, end: float) -> tuple[SeedStep, ...]:
    """The steps in force somewhere in [start, end]."""
    current = max((step for step in seeds if step.time <= start), key=lambda step: step.time)
    return (current, *(step for step in seeds if start < step.time <= end))


def _faders(steps: tuple[FaderStep, ...], start: float, end: float) -> tuple[FaderStep, ...]:
    """The steps in force somewhere in [start, end]."""
    before = tuple(step for step in steps if step.time <= start)[-1:]
    return before + tuple(step for step in steps if start < step.time <= end)


def _in_force(changes: Sequence[Change], time: float) -> Change:
    """The newest change at a session second."""
    return max((c for c in changes if c.not_before <= time), key=lambda c: c.not_before)


def _changes(changes: Sequence[Change], start: float, end: float) -> tuple[Change, ...]:
    """Those in force somewhere in [start, end]."""
    later = (change for change in changes if start < change.not_before <= end)
    return (_in_force(changes, start), *later)


def _notes(
    request: Request, versions: Sequence[Version], events: Sequence[Event]
) -> tuple[str, ...]:
    """What the listener should read: where the way is faster than the gentle speed, and why; and
    what pulls apart."""
    notes = []
    pace = speed(versions[0].path)
    if pace > GENTLE_SPEED + 1e-9:
        minutes = math.ceil(gentle_seconds(request.start.distance(request.target)) / 60)
        notes.append(
            f"This path moves {pace:.2f} per 30 s where {GENTLE_SPEED:.2f} is gentle; "
            f"{minutes} minutes would keep it gentle."
        )
    steered = [v for v, event in zip(versions[1:], events, strict=True) if isinstance(event, Steer)]
    if steered:
        newest = steered[-1]
        pace = speed(newest.path.segment(newest.at, request.seconds))
        if pace > GENTLE_SPEED + 1e-9:
            notes.append(
                f"The newest change of direction moves {pace:.2f} per 30 s where "
                f"{GENTLE_SPEED:.2f} is gentle, because little of the session is left."
            )
    newest = versions[-1]
    return (*notes, *contradictions(request, newest.path, newest.faders))
