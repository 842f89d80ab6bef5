"""Who plays: planned changes of players, made at the first start of a section that comes.

A change that is due waits for a section's start; one that found none by its ``not_after`` is made
at the next start of a phrase. So who plays is a function of session time, whatever window it is
seen through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.audio.format import frames_of
from engine.plan.spec import Change, Players

if TYPE_CHECKING:
    from engine.composers.score.writing.course import Course
    from engine.composers.score.writing.form import Bar
    from engine.composers.score.writing.state import ScoreState

TRANSITION_BARS = 2
"""How many bars before a change those who leave have to do so, and after it those who come."""
_UNNAMED = Players("", "")
_LONGEST_TAG = 64


class Cast(msgspec.Struct, frozen=True, array_like=True):
    """Who plays a bar. ``since``: the ``not_before`` of the change by which they do. ``before``:
    whom they took over from ``bars`` bars ago, None from the third bar on; ``coming``: who takes
    over from them at the section's end, known in its last two bars."""

    players: Players
    since: float = 0.0
    before: Players | None = None
    bars: int = 0
    coming: Players | None = None

    @property
    def sane(self) -> bool:
        """Whether it can be one."""
        named = (self.players, self.before, self.coming)
        tags = [tag for one in named if one is not None for tag in (one.instrument, one.genre)]
        return 0 <= self.bars <= TRANSITION_BARS and all(len(tag) <= _LONGEST_TAG for tag in tags)


def first_cast(course: Course, frame: int) -> Cast:
    """Who plays where a score begins, at session ``frame``."""
    change = _newest(course, frame, -1.0)
    return Cast(_UNNAMED) if change is None else Cast(change.players, change.not_before)


def recast(bar: Bar, after: ScoreState, course: Course) -> tuple[Bar, ScoreState]:
    """``bar``, which has the cast of the bar before, and the state ``after`` it, with who plays
    them."""
    cast = _cast_of(bar, course)
    return msgspec.structs.replace(bar, cast=cast), msgspec.structs.replace(after, cast=cast)


def newcomers(cast: Cast, course: Course, frame: int) -> bool:
    """Whether a section that begins at a session frame, after a bar with ``cast``, is one in which
    others take over."""
    due = _newest(course, frame, cast.since)
    return due is not None and due.players != cast.players


def _cast_of(bar: Bar, course: Course) -> Cast:
    stays = _settling(bar.cast)
    due = _newest(course, bar.start, stays.since)
    if due is None or bar.kind != "body":
        return stays
    if due.players == stays.players:
        return msgspec.structs.replace(stays, since=due.not_before)
    opens_section = bar.section_bar == 0 and bar.phrase_bar == 0
    late = bar.start > frames_of(due.not_after) and bar.opens_phrase
    if opens_section or late:
        return Cast(due.players, due.not_before, before=stays.players)
    if bar.section_bars - bar.section_bar <= TRANSITION_BARS:
        return msgspec.structs.replace(stays, coming=due.players)
    return stays


def _settling(cast: Cast) -> Cast:
    """The cast a bar later."""
    bars = cast.bars + (cast.before is not None)
    before = cast.before if bars < TRANSITION_BARS else None
    return Cast(cast.players, cast.since, before, bars if before is not None else 0)


def _newest(course: Course, frame: int, since: float) -> Change | None:
    """The newest change that is due at a session frame, of those after ``since`` seconds that were
    not taken back by then."""
    due = [
        change
        for change in course.changes
        if since < change.not_before
        and frames_of(change.not_before) <= frame
        and (change.until is None or frame < frames_of(change.until))
    ]
    return max(due, key=lambda change: change.not_before, default=None)
