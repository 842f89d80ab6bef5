"""Where a kept session goes on: which clips are given to the joiner, what is composed next.

Pure: what is kept is told, what is to be done is the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from engine.audio.format import SAMPLE_RATE, frames_of
from engine.plan.events import Event
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipKey, ClipSpec, Plan
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.renewal import begins_anew
from engine.session.conductor.splice import source_of

BACK_SECONDS = 60.0
"""How far before the position clips are given to the joiner, for a listener who goes back."""


SPLICE_SECONDS = 10.0
"""A lost splice nearer than this could not be composed again before it is to be heard."""


class PlacedClip(NamedTuple):
    """A clip on the time line of what is heard; ``splice``: it takes over in the midst of
    another; ``renewed``: and begins another piece (``renewal``)."""

    clip: ClipState
    splice: bool
    renewed: bool = False


class Resumption(NamedTuple):
    """How a kept session goes on."""

    events: tuple[Event, ...]
    """Those in force."""
    splice: Event | None
    """The event after them, still to come at ``position``, whose clip is to be composed again."""
    again: tuple[Event, ...]
    """Events whose clips never were whole; they are to be aimed anew."""
    clips: dict[ClipKey, ClipState]
    """Those kept."""
    lost: tuple[ClipKey, ...]
    """Keys of kept clips that are of no use any more."""
    placed: tuple[PlacedClip, ...]
    """For the joiner, in order."""
    first: int
    """Index of the first clip to compose."""
    position: float
    """Session seconds."""


def resumption(
    request: Request,
    events: Sequence[Event],
    kept: Mapping[ClipKey, ClipState],
    position: float,
) -> Resumption:
    """How the session of ``request`` and ``events`` goes on at ``position`` with the clips
    ``kept``: whole ones, and cut ones that events took over from.

    A clip that is missing is composed again, and so are those after it. The last event's own
    clip, if missing, is composed again in its place when that still lies ahead; else the event
    is done anew as long as what it took over from can still be heard.
    """
    held = kept
    # A clip may have been filed just before the event it belongs to would have been.
    kept = {key: clip for key, clip in held.items() if key.revision <= len(events)}
    plans = [make_plan(request, events[:n]) for n in range(len(events) + 1)]
    again: list[Event] = []
    splice = None
    if len(plans) > 1 and _still_to_come(plans, kept, position):
        plans.pop()
        splice = events[-1]
    while splice is None and len(plans) > 1 and _unheard(plans, kept, position):
        plans.pop()
        again.insert(0, events[len(plans) - 1])
    plan, line = plans[-1], _time_line(plans, kept)
    position, alone, missing = _place_to_begin(line, plan, kept, position)
    first = line[missing][0].index if missing < len(line) else len(plan.clips)
    clips = {key: clip for key, clip in kept.items() if _useful(key, first, plan)}
    since = frames_of(max(0.0, position - BACK_SECONDS))
    begin = missing
    while begin > alone and _reaches(line[begin - 1][0], kept, since):
        begin -= 1
    return Resumption(
        events=tuple(events[: len(plans) - 1]),
        splice=splice,
        again=tuple(again),
        clips=clips,
        lost=tuple(key for key in held if key not in clips),
        placed=tuple(
            PlacedClip(kept[spec.key], splice and i > 0, splice and _renewed(spec.key, plans, kept))
            for i, (spec, splice) in enumerate(line[begin:missing])
        ),
        first=first,
        position=position,
    )


_Line = Sequence[tuple[ClipSpec, bool]]


def _still_to_come(
    plans: Sequence[Plan], kept: Mapping[ClipKey, ClipState], position: float
) -> bool:
    """Whether the last event lies ahead and its clip, which is not here, can be composed again
    from what it took over from."""
    spec = plans[-1].clips[plans[-1].first_changed]
    source = source_of(plans[-1], plans[-2], kept)
    return spec.key not in kept and position < spec.start and (source is None or source in kept)


def _unheard(plans: Sequence[Plan], kept: Mapping[ClipKey, ClipState], position: float) -> bool:
    """Whether the last event can be done anew: its clip is not here, and the old one is."""
    if plans[-1].clips[plans[-1].first_changed].key in kept:
        return False
    frame = frames_of(position)
    old = [spec for spec, _ in _time_line(plans[:-1], kept) if _begin(spec, kept) <= frame]
    return bool(old) and _reaches(old[-1], kept, frame + 1)


def _renewed(splice: ClipKey, plans: Sequence[Plan], kept: Mapping[ClipKey, ClipState]) -> bool:
    """Whether the kept clip ``splice``, with which an event takes over, begins another piece."""
    before, plan = plans[splice.revision - 1 : splice.revision + 1]
    source, record = source_of(plan, before, kept), kept[splice].record
    if source is None or source not in kept or record is None:
        return False
    return begins_anew(kept[source].record, record.composer, record.version)


def _reaches(spec: ClipSpec, kept: Mapping[ClipKey, ClipState], frame: int) -> bool:
    clip = kept.get(spec.key)
    return clip is not None and clip.start + clip.frames >= frame


def _begin(spec: ClipSpec, kept: Mapping[ClipKey, ClipState]) -> int:
    clip = kept.get(spec.key)
    return frames_of(spec.start) if clip is None else clip.start


def _time_line(plans: Sequence[Plan], kept: Mapping[ClipKey, ClipState]) -> _Line:
    """Everything that is heard of the session: clips of the older plans up to the splices that
    ended them, then those of the newest."""
    line: list[tuple[ClipSpec, bool]] = []
    for number, (plan, following) in enumerate(pairwise([*plans, None])):
        assert plan is not None
        end = None
        if following is not None:
            end = _begin(following.clips[following.first_changed], kept)
        for spec in plan.clips[plan.first_changed if number else 0 :]:
            splice = number > 0 and spec.index == plan.first_changed
            if end is not None and not splice and _begin(spec, kept) >= end:
                break
            line.append((spec, splice))
    return line


def _place_to_begin(
    line: _Line, plan: Plan, kept: Mapping[ClipKey, ClipState], position: float
) -> tuple[float, int, int]:
    """(session seconds to go on at, the first clip of ``line`` that the joiner may be given, the
    first one from the position on that is missing).

    An older plan's clip can't be composed any more: the position moves on to the splice that
    ended it, as it does when that splice itself is missing and near. A missing clip with others
    missing before it is composed from the first of them.
    """
    newest = {spec.key for spec in plan.clips}
    frame = frames_of(position)
    here = max((i for i, (spec, _) in enumerate(line) if _begin(spec, kept) <= frame), default=0)
    missing = next((i for i in range(here, len(line)) if line[i][0].key not in kept), len(line))
    if missing == len(line):
        return position, 0, missing
    if line[missing][0].key not in newest:
        ahead = (i for i in range(missing + 1, len(line)) if line[i][1])
        return _place_to_begin(line, plan, kept, _begin(line[next(ahead)][0], kept) / SAMPLE_RATE)
    if line[missing][1] and position > line[missing][0].start - SPLICE_SECONDS:
        return max(position, line[missing][0].start), missing, missing
    while missing == here and here > 0 and line[here - 1][0].key in newest - kept.keys():
        here = missing = here - 1
    return position, 0, missing


def _useful(key: ClipKey, first: int, plan: Plan) -> bool:
    """Clips before the first to compose, and older selves of that one (a splice is composed
    from them)."""
    return key.index < first or (
        key.index == first < len(plan.clips) and key.revision < plan.clips[first].revision
    )
