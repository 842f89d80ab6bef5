"""What the service's page shows of feelings and sessions, in plain words, as JSON."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from engine.affect.circumplex import Affect
from engine.affect.feelings import (
    FEELINGS,
    IN_DANGER,
    LANDMARKS,
    WANTED_IN_DANGER,
    UnknownFeelingError,
    feeling,
    forms_of,
)
from engine.affect.harm import help_for, speaks_of_harm
from engine.affect.offered import ANCHORS, EXAMPLES
from engine.affect.path import Path
from engine.affect.phrases import SAME, presently
from engine.errors import MusmedError
from engine.listener.ratings import Slider
from engine.plan.events import Event, Shape, Steer
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import Plan
from engine.plan.story import story
from engine.plan.wanted import Faders
from engine.printable import one_line
from engine.record_in_short import ShownRecord
from engine.service.hall import Hall
from engine.service.job import JobState
from engine.session.stretches import stretches

WORDS_SECONDS = 2.0
"""How finely it is told how the music feels."""
MAX_TYPED = 200


class KnownFeeling(msgspec.Struct, frozen=True):
    """A feeling and its place. ``landmark``: its word names places; ``anchor``: it always does."""

    word: str
    valence: float
    arousal: float
    landmark: bool
    anchor: bool


class ExampleAnswer(msgspec.Struct, frozen=True, rename={"start": "from", "target": "to"}):
    """A way that is offered."""

    start: str
    target: str
    minutes: int


class FeelingsAnswer(msgspec.Struct, frozen=True):
    """All feelings that may be said; ``forms``: other spellings, each with the word it stands
    for."""

    feelings: tuple[KnownFeeling, ...]
    forms: dict[str, str]
    examples: tuple[ExampleAnswer, ...]


class FeelingSaid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody typed where a feeling was asked for; nothing of it is kept. ``wanted``: how
    they would like to feel."""

    said: Annotated[str, Meta(min_length=1, max_length=MAX_TYPED)]
    wanted: bool = False


class FeelingMeant(msgspec.Struct, frozen=True):
    """The feeling that is meant; ``help``: a sentence for somebody in danger, '' for all others."""

    word: str
    valence: float
    arousal: float
    help: str = ""


class Place(msgspec.Struct, frozen=True):
    """An end of a way; without a word where none was said."""

    valence: float
    arousal: float
    word: str | None = None


class WayPoint(msgspec.Struct, frozen=True):
    """Where the path is at ``time`` session seconds; straight between two of them."""

    time: float
    valence: float
    arousal: float


class SaidAt(msgspec.Struct, frozen=True):
    """From ``at`` session seconds on the music feels so."""

    at: float
    said: str


class PlayedAt(msgspec.Struct, frozen=True):
    """From ``at`` session seconds on this is played."""

    at: float
    mood: str
    instrument: str
    genre: str


class WayAnswer(msgspec.Struct, frozen=True, rename={"start": "from", "target": "to"}):
    """A session's way, as it stands now: what was steered is in it."""

    id: str
    way: str
    """'tense to calm, eased once'."""
    start: Place
    target: Place
    minutes: float
    path: tuple[WayPoint, ...]
    feels: tuple[SaidAt, ...]
    stretches: tuple[PlayedAt, ...]
    faders: Faders


class WayInShort(msgspec.Struct, frozen=True):
    """A session in a line."""

    id: str
    way: str
    state: JobState
    created: str
    seconds: float


class WaysAnswer(msgspec.Struct, frozen=True):
    """The newest first."""

    ways: tuple[WayInShort, ...]


class FeltAfter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How somebody feels after a session, 0 to 100 each; None for what is not said."""

    valence: Slider | None = None
    """From unpleasant to pleasant."""
    arousal: Slider | None = None
    """From sleepy to wide awake."""


@functools.cache
def feelings_answer() -> FeelingsAnswer:
    """musmed's words."""
    landmarks = {one.word for one in LANDMARKS}
    known = tuple(
        KnownFeeling(
            one.word,
            one.affect.valence,
            one.affect.arousal,
            one.word in landmarks,
            one.word in ANCHORS,
        )
        for one in FEELINGS
    )
    forms = {form: one.word for one in FEELINGS for form in forms_of(one)}
    return FeelingsAnswer(known, forms, tuple(ExampleAnswer(*one) for one in EXAMPLES))


def meant(said: FeelingSaid) -> FeelingMeant:
    """Raises ``MusmedError`` for what is no feeling that musmed knows."""
    if speaks_of_harm(said.said):
        found = feeling(WANTED_IN_DANGER if said.wanted else IN_DANGER)
    else:
        try:
            found = feeling(said.said)
        except UnknownFeelingError as error:
            raise MusmedError(_unknown(error.suggestions)) from error
    place = found.affect
    return FeelingMeant(found.word, place.valence, place.arousal, help_for(said.said) or "")


def _unknown(suggestions: Sequence[str]) -> str:
    if suggestions:
        return f"musmed does not know this word. Did you mean {' or '.join(suggestions)}?"
    return "musmed does not know this word. Another one will do, or a point on the plane."


def ways_answer(hall: Hall, limit: int) -> WaysAnswer:
    """The newest sessions in a line each; those that can't be read are left out."""
    jobs = {job.id: job for job in hall.jobs()}
    rows = [row for row in hall.library.sessions(limit) if row.id in jobs]
    events = hall.library.events_of(rows)
    return WaysAnswer(
        tuple(
            WayInShort(
                row.id,
                one_line(story(row.request, events[row.id])),
                jobs[row.id].state,
                jobs[row.id].created,
                jobs[row.id].seconds,
            )
            for row in rows
        )
    )


def way_answer(hall: Hall, session: str) -> WayAnswer:
    """The way of a session as it stands. Raises ``UnknownSessionError``."""
    status = hall.status(session)
    if status is not None:
        shown = {view.index: view.record for view in status.clips if view.record is not None}
        return _way(session, status.request, status.plan, status.events, shown)
    kept = hall.stored(session)
    plan = make_plan(kept.request, kept.events)
    records = {
        spec.index: row.record
        for spec in plan.clips
        if (row := kept.clips.get(spec.key)) is not None and row.record is not None
    }
    return _way(session, kept.request, plan, kept.events, records)


def _way(
    session: str,
    request: Request,
    plan: Plan,
    events: Sequence[Event],
    records: Mapping[int, ShownRecord],
) -> WayAnswer:
    points = plan.path.waypoints
    start_word, target_word = _seen(request.start_word), _seen(_target_word(request, plan, events))
    return WayAnswer(
        id=session,
        way=one_line(story(request, events)),
        start=_place(points[0].affect, start_word),
        target=_place(points[-1].affect, target_word),
        minutes=request.minutes,
        path=tuple(WayPoint(one.time, one.affect.valence, one.affect.arousal) for one in points),
        feels=_said(plan.path, plan.total, start_word, target_word),
        stretches=tuple(PlayedAt(*one) for one in stretches(plan.clips, records)),
        faders=next((one.faders for one in reversed(events) if isinstance(one, Shape)), Faders()),
    )


def _place(affect: Affect, word: str | None) -> Place:
    return Place(affect.valence, affect.arousal, word)


def _seen(word: str | None) -> str | None:
    return None if word is None else one_line(word)


def _target_word(request: Request, plan: Plan, events: Sequence[Event]) -> str | None:
    """The word for where the path ends, None where it was given as a place or eased away from."""
    given, word = request.target, request.target_word
    for event in events:
        if isinstance(event, Steer):
            given, word = event.target, event.word
    return word if plan.path.waypoints[-1].affect.distance(given) <= SAME else None


def _said(path: Path, total: float, start: str | None, target: str | None) -> tuple[SaidAt, ...]:
    """How the music feels, from when on: said anew where the words change."""
    found: list[SaidAt] = []
    for step in range(int(total / WORDS_SECONDS) + 1):
        said = presently(path, step * WORDS_SECONDS, start, target)
        if not found or found[-1].said != said:
            found.append(SaidAt(step * WORDS_SECONDS, said))
    return tuple(found)
