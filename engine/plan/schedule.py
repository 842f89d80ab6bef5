"""When who plays: the changes of players of a session, planned clip by clip, 90 s apart.

A change is planned as a stretch of time (``Change``): the embedded composer makes it at the first
start of a section within it, MusicGen at the clip that begins with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.plan.clock import clip_count, clip_end, clip_start
from engine.plan.drift import Place, changed, first_players, instead
from engine.plan.events import Less, More
from engine.plan.families import may_follow, stretch
from engine.plan.leanings import wished
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
STAY_SECONDS = 180.0
"""For which players stay of whom more was wanted."""


class _Playing(msgspec.Struct, frozen=True):
    """Who plays after a change that was planned for ``since``. ``instead``: who may play in their
    place, because the change was taken back while it was being made. ``steers``: how many have been
    answered."""

    players: Players
    since: float = 0.0
    instead: Players | None = None
    steers: int = 0

    @property
    def either(self) -> tuple[Players, ...]:
        """All who may play."""
        return (self.players,) if self.instead is None else (self.players, self.instead)


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
        new = _drawn(_bent(request, versions, index), versions, index, mood, playing)
        if new is not None:
            changes.append(new)
            playing = _Playing(new.players, new.not_before, steers=_steers(versions, index))
        for version in versions[1:]:
            if version.first != index:
                continue
            if not _goes_on(changes, version):
                changes[-1] = msgspec.structs.replace(changes[-1], until=version.at)
                playing = msgspec.structs.replace(playing, instead=changes[-2].players)
            new = _wanted(_bent(request, versions, index + 1), version, mood, playing)
            if new is not None:
                changes.append(new)
                playing = _Playing(new.players, new.not_before, steers=playing.steers)
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
    if _stays(versions, index, playing):
        return None
    course = _before(versions, index)
    place = Place(
        index=index,
        mood=mood,
        goal=mood_of(course.goal, None, request.mood_table),
        steered=_steers(versions, index) > playing.steers,
        stretch=stretch(course.path, start, start + WINDOW_SECONDS + _PHRASE_SECONDS),
    )
    players = changed(playing.either, request, place)
    return None if players is None else Change(start, start + WINDOW_SECONDS, players)


def _bent(request: Request, versions: Sequence[Version], index: int) -> Request:
    """The request with its leanings bent by what was wished for before clip ``index``."""
    wishes = [
        (version.wish.players, isinstance(version.wish, More))
        for version in versions
        if version.wish is not None and version.first < index
    ]
    return msgspec.structs.replace(request, leanings=wished(request.leanings, wishes))


def _stays(versions: Sequence[Version], index: int, playing: _Playing) -> bool:
    """Whether the newest wish or steer before clip ``index`` was for more of who plays."""
    newest = [v for v in versions if (v.wish is not None or v.steered) and v.first < index][-1:]
    return any(
        isinstance(version.wish, More)
        and version.wish.players in playing.either
        and clip_start(index) < version.at + STAY_SECONDS
        for version in newest
    )


def _wanted(request: Request, version: Version, mood: str, playing: _Playing) -> Change | None:
    """The change that an event asks for: others instead of those of whom less is wanted, unless
    others are coming anyway."""
    at, total = version.at, request.seconds
    if not isinstance(version.wish, Less) or at > total - LAST_SECONDS:
        return None
    if version.wish.players not in playing.either:
        return None
    place = Place(
        index=version.first,
        mood=mood,
        goal=mood_of(version.goal, None, request.mood_table),
        steered=False,
        stretch=stretch(version.path, at, at + WINDOW_SECONDS + _PHRASE_SECONDS),
    )
    players = instead(playing.either, request, place)
    return None if players is None else Change(at, at + WINDOW_SECONDS, players)


def _goes_on(changes: Sequence[Change], version: Version) -> bool:
    """Whether the newest change may still be made, if it has not been, after an event."""
    newest = changes[-1]
    last = newest.not_after + _PHRASE_SECONDS
    if len(changes) == 1 or newest.until is not None or not newest.not_before <= version.at < last:
        return True
    if isinstance(version.wish, More) and version.wish.players == changes[-2].players:
        return False
    return may_follow(changes[-2].players, newest.players, stretch(version.path, version.at, last))
