"""Likes and dislikes while a session is heard: what sounded is looked up and kept.

The engine that composes is not told: a like changes no sample of the session in which it is given.
A wish for more or less of what is heard is an event of the session, like a steer.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from engine.errors import MusmedError
from engine.listener.likings import Liking, Reaction
from engine.plan.events import Less, More
from engine.plan.planner import make_plan
from engine.plan.spec import ClipSpec, Players, Tags
from engine.plan.words import spelled
from engine.session.library.library import Library
from engine.session.notices import Notices
from engine.session.status import RunnerStatus, clip_at, played_tags

log = logging.getLogger(__name__)


class Wish(NamedTuple):
    """A key was pressed at ``at`` session seconds: ``more`` of what is heard, or less."""

    at: float
    more: bool


def wished_for(status: RunnerStatus, wish: Wish) -> More | Less:
    """The event that a wish is: it says who was heard."""
    _, tags = _heard(status, wish.at)
    players = Players(tags.instrument, tags.genre)
    return More(wish.at, players) if wish.more else Less(wish.at, players)


def _heard(status: RunnerStatus, second: float) -> tuple[ClipSpec, Tags]:
    """The clip that was heard at a session second and who played it, whatever has been changed
    since."""
    events = [event for event in status.events if event.at <= second]
    at = min(max(0.0, second), status.plan.total)
    spec = make_plan(status.request, events).clips[clip_at(status.plan.clips, at)]
    view = next((view for view in status.clips if view.index == spec.index), None)
    record = view.record if view is not None and view.revision == spec.revision else None
    return spec, played_tags(spec.tags, record, at)


def sounded(status: RunnerStatus, reaction: Reaction) -> Liking:
    """What was heard when the key was pressed."""
    spec, tags = _heard(status, reaction.at)
    at = min(max(0.0, reaction.at), status.plan.total)
    return Liking(
        clip=spec.index,
        revision=spec.revision,
        at=at,
        mood=tags.mood,
        instrument=tags.instrument,
        genre=tags.genre,
        liked=reaction.liked,
    )


def with_liking(likings: Sequence[Liking], liking: Liking) -> tuple[Liking, ...]:
    """``likings`` with one more: of one clip and the same players the last word counts."""
    return (*(one for one in likings if _place(one) != _place(liking)), liking)


def _place(liking: Liking) -> tuple[object, ...]:
    return liking.clip, liking.revision, liking.mood, liking.instrument, liking.genre


def keep_reaction(
    library: Library, notices: Notices, status: RunnerStatus, reaction: Reaction
) -> Liking | None:
    """Keep a like or a dislike, and say so; what is kept. One that can't be stored ends nothing,
    and is None."""
    liking = sounded(status, reaction)
    players = f"{spelled(liking.instrument)}, {spelled(liking.genre)}"
    try:
        library.listener.add_liking(status.session, liking, datetime.now(UTC))
    except MusmedError as error:
        log.warning("a like or dislike was not stored")
        notices.tell(f"What you said of {players} was not kept. {error}")
        return None
    word = "like" if liking.liked else "don't like"
    notices.tell(f"Kept: you {word} {players}; it counts from the next session on.", answer=True)
    return liking
