"""When who plays: the changes of players of a session, planned clip by clip, 90 s apart.

A change is planned as a stretch of time (``Change``): the embedded composer makes it at the first
start of a section within it, MusicGen at the clip that begins with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.plan.clock import clip_count, clip_end, clip_start
from engine.plan.drift import Place, changed, first_players
from engine.plan.families import may_follow, stretch
from engine.plan.request import Request
from engine.plan.spec import Change, Players
from engine.plan.tags import mean_affect, mood_of
from engine.plan.version import Version

DRIFT_SECONDS = 90.0
"""Changes of players begin at least so far apart."""
WINDOW_SECONDS = 75.0
"""In which a change finds its place: sections are 4 to 24 bars long."""
_PHRASE_SECONDS = 30.0
"""One that found none is made by the next phrase's start, after at most eight bars."""
LAST_SECONDS = 120.0
"""Before the session's end in which nobody new comes."""


class _Playing(msgspec.Struct, frozen=True):
    """Who plays after a change that was planned for ``since``. ``instead``: who may play in their
    place, because the change was taken back while it was being made. ``steers``: how many have been
    answered."""

    players: Players
    since: float = 0.0
    instead: Players | None = None
    steers: int = 0


def schedule(request: Request, versions: Sequence[Version]) -> tuple[Change, ...]:
    """All changes of a session with these ``versions``, the players of its beginning first.

    What is drawn for a clip depends on the seed, the clip's index and the course before the events
    in it or after it: an event changes nothing that was planned up to its second, but that it takes
    back a change which does not go with the new path and may not have been made yet.
    """
    total, table = request.seconds, request.mood_table
    begins = versions[0].path
    mood = mood_of(mean_affect(begins, 0.0, clip_end(0, total)), None, table)
    playing = _Playing(first_players(request, mood, mood_of(request.target, None, table)))
    changes = [Change(0.0, 0.0, playing.players)]
    for index in range(clip_count(total)):
        course = _before(versions, index)
        window = clip_start(index), clip_end(index, total)
        mood = mood_of(mean_affect(course.path, *window), mood, table)
        new = _drawn(request, versions, index, mood, playing)
        if new is not None:
            changes.append(new)
            playing = _Playing(new.players, new.not_before, steers=_steers(versions, index))
        for version in versions[1:]:
            if version.first == index and not _goes_on(changes, version):
                changes[-1] = msgspec.structs.replace(changes[-1], until=version.at)
                playing = msgspec.structs.replace(playing, instead=changes[-2].players)
    return tuple(changes)


def _before(versions: Sequence[Version], index: int) -> Version:
    """The course that clip ``index`` had before any splice in it."""
    return next((v for v in reversed(versions) if v.first < index), versions[0])


def _steers(versions: Sequence[Version], index: int) -> int:
    return sum(version.steered and version.first < index for version in versions)


def _drawn(
    request: Request, versions: Sequence[Version], index: int, mood: str, playing: _Playing
) -> Change | None:
    """The change that begins with clip ``index``, if any. None where the clip begins as a splice
    before its usual start: a splice keeps who plays."""
    start, total = clip_start(index), request.seconds
    if start - playing.since < DRIFT_SECONDS or start > total - LAST_SECONDS:
        return None
    if any(version.first == index and version.at < start for version in versions[1:]):
        return None
    course = _before(versions, index)
    place = Place(
        index=index,
        mood=mood,
        goal=mood_of(course.goal, None, request.mood_table),
        steered=_steers(versions, index) > playing.steers,
        stretch=stretch(course.path, start, start + WINDOW_SECONDS + _PHRASE_SECONDS),
    )
    now = (playing.players,) if playing.instead is None else (playing.players, playing.instead)
    players = changed(now, request, place)
    return None if players is None else Change(start, start + WINDOW_SECONDS, players)


def _goes_on(changes: Sequence[Change], version: Version) -> bool:
    """Whether the newest change may still be made, if it has not been, after an event."""
    newest = changes[-1]
    last = newest.not_after + _PHRASE_SECONDS
    if len(changes) == 1 or newest.until is not None or not newest.not_before <= version.at < last:
        return True
    return may_follow(changes[-2].players, newest.players, stretch(version.path, version.at, last))
