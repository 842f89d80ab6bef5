"""Splices: how a listener's action takes over from what was composed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.affect.phrases import towards
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.plan import wanted
from engine.plan.body import in_words
from engine.plan.clock import OVERLAP_SECONDS, clip_start
from engine.plan.events import Dwell, Ease, Event, Less, More, Shape, Skip, Steer
from engine.plan.expected import felt_at
from engine.plan.spec import ClipKey, ClipSpec, Plan, Players
from engine.plan.words import spelled
from engine.session.conductor.clip_state import ClipState

SPLICE_MARGIN_SECONDS = 1.0
"""A splice is aimed this far past the write cursor; doubled each time that was too near."""
SPLICE_READY_FRAMES = SAMPLE_RATE
"""A splice is placed once this much of it is here, so that it can't run dry at its start."""
KEEP_SECONDS = 3.0
"""How much of the old clip is kept past an event's time: the first beat and the fade lie there."""
KEEP_HEAD_SECONDS = OVERLAP_SECONDS + 1.0
"""How much of its head is kept in any case: its own join is measured over the whole overlap."""
ANSWER_SECONDS = 2.0
"""Who acts and has no splice after so long is told that it was understood."""
EVENT_GAP_SECONDS = 0.5
"""Events lie at least this far apart."""


@dataclass(slots=True)
class Splice:
    """An event on its way to being heard."""

    event: Event
    plan: Plan
    """With the event."""
    source: ClipKey | None
    """The clip it takes over from; None at the session's very start."""
    margin: float | None
    """Seconds past the write cursor at which it was aimed; missed, it is aimed farther. None where
    the event stays where it is (a session made again)."""
    held: bool = False
    """The session's record has the event already."""

    @property
    def spec(self) -> ClipSpec:
        """The first changed clip."""
        return self.plan.clips[self.plan.first_changed]

    def keep_until(self, start: int) -> int:
        """Session frame up to which the source, begun at frame ``start``, is still needed."""
        begun = start / SAMPLE_RATE
        return frames_of(max(self.event.at + KEEP_SECONDS, begun + KEEP_HEAD_SECONDS))


def source_of(plan: Plan, before: Plan, clips: Mapping[ClipKey, ClipState]) -> ClipKey | None:
    """The clip that the splice of ``plan`` takes over from, ``before`` being the plan without
    its last event: the clip's older self, or the clip before it when the splice lies before the
    older self's first frame. None at the session's very start."""
    spec = plan.clips[plan.first_changed]
    older = before.clips[spec.index].key
    clip = clips.get(older)
    start = clip.start if clip and clip.begun else frames_of(clip_start(spec.index))
    if frames_of(spec.start) >= start:
        return older
    return before.clips[spec.index - 1].key if spec.index else None


def goes_on_from(
    spec: ClipSpec, plan: Plan, clips: Mapping[ClipKey, ClipState]
) -> ClipState | None:
    """The clip whose continuation ``spec`` is composed from when no splice is under way: the
    clip before, or for a splice that is composed again its newest older self."""
    older = [
        clip
        for key, clip in clips.items()
        if key.index == spec.index and key.revision < spec.revision and clip.over
    ]
    if spec.start != clip_start(spec.index) and older:
        newest = max(older, key=lambda clip: clip.spec.revision)
        if newest.start <= frames_of(spec.start):
            return newest
    return clips.get(plan.clips[spec.index - 1].key) if spec.index else None


def said_while_waited_for(event: Event, plan: Plan, time: float) -> str:
    """What the listener reads when nothing can be spliced in yet; ``plan``: the session's, without
    it; ``time``: the session second from which on it can be heard at the soonest."""
    match event:
        case Steer():
            return f"Towards {towards(event.target, event.word)} as soon as it is composed."
        case Ease():
            return "Calmer as soon as it is composed."
        case Skip():
            return "Something else as soon as it is composed."
        case More():
            return f"More of {_called(event.players)} as soon as it is composed."
        case Less():
            return f"Less of {_called(event.players)} as soon as it is composed."
        case Dwell():
            return f"Staying {event.seconds:g} s longer as soon as it is composed."
        case Shape():
            return f"{_moved(event, plan, time)}, as soon as it is composed."


def said_of(event: Event, start: float, plan: Plan) -> str:
    """What the listener reads when a change is placed; ``start`` seconds: its first beat; ``plan``:
    the session's with it."""
    when = f"from {_clock(start)}"
    match event:
        case Steer():
            return f"Towards {towards(event.target, event.word)} {when} on."
        case Ease():
            return f"Calmer {when} on."
        case Skip():
            return f"This stretch is being composed anew {when} on."
        case More():
            return f"{_called(event.players)} stay a while, and come back more often."
        case Less():
            return _said_of_others(event, plan)
        case Dwell():
            why = in_words(event.why)
            return f"The way stays where it is for {event.seconds:g} s {when} on: {why}."
        case Shape():
            return f"{_moved(event, plan, event.at)}, {when} on."


def _moved(event: Shape, plan: Plan, time: float) -> str:
    """'Fewer notes, higher'."""
    before, felt = wanted.faders_before(plan.faders, time), felt_at(plan, time)
    return wanted.moved_in_words(before, event.faders, felt)


def _said_of_others(event: Less, plan: Plan) -> str:
    """Who takes over, and by when."""
    here = _called(event.players)
    for change in plan.changes:
        due = change.not_after >= event.at and change.until is None
        if due and change.players != event.players:
            others = _called(change.players)
            return f"Less of {here}: {others} take over by {_clock(change.not_after)}."
    return f"{here} come back more rarely; no other players fit this place, so they stay for now."


def _called(players: Players) -> str:
    return f"{spelled(players.instrument)}, {spelled(players.genre)}"


def _clock(seconds: float) -> str:
    """'3:05'."""
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
