"""How listeners' actions, or the events of a session made again, become splices.

One splice is under way at a time: its event and plan are set, the clip being composed makes way,
the first changed clip is composed, offered to the joiner, and with the joiner's answer the event
is the session's or is aimed anew.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from engine.audio.format import SAMPLE_RATE, frames_of
from engine.plan.events import Event
from engine.plan.planner import can_change, make_plan
from engine.plan.spec import ClipKey, Plan
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.messages import (
    Action,
    Arm,
    Disarm,
    KeepEvent,
    KeepEvents,
    PlaceClip,
    SendCancel,
    SplicePlaced,
    SteerTo,
    Withdraw,
)
from engine.session.conductor.resumption import action_of
from engine.session.conductor.splice import (
    EVENT_GAP_SECONDS,
    SPLICE_MARGIN_SECONDS,
    SPLICE_READY_FRAMES,
    Splice,
    event_of,
    said_of,
    source_of,
)
from engine.session.conductor.state import Work


class Steering:
    """``script``: events with known times. ``again``: actions to be done anew, ``to_come``: an
    event that the session holds and whose splice was lost (both of a session that goes on)."""

    def __init__(
        self,
        work: Work,
        *,
        script: Sequence[Event],
        again: Iterable[Action] = (),
        to_come: Event | None = None,
    ) -> None:
        self._work = work
        self._script = deque(script)
        self._scripted: Plan | None = None  # with the script's next event
        self._actions: deque[Action] = deque(again)
        self._to_come = to_come
        self.splice: Splice | None = None

    def start(self) -> bool:
        """The barrier of the first splice that is known; False where none is."""
        if self._script:
            self._work.ask(Arm(frames_of(self._script[0].at)))
        elif self._to_come is not None:
            self._begin(self._splice_to_come(self._to_come))
        return bool(self._script) or self._to_come is not None

    def add(self, action: Action) -> None:
        """What a listener wants; its turn comes."""
        self._actions.append(action)

    def step(self) -> None:
        """Turn the next action (or scripted event) into a splice, once one can be aimed."""
        if self.splice is not None or not self._work.ready or self._work.given_up:
            return
        if self._script:
            self._take_scripted()
        elif self._actions:
            action = self._actions.popleft()
            if isinstance(action, SteerTo):  # of targets moved in haste the last one counts
                while self._actions and isinstance(self._actions[0], SteerTo):
                    action = self._actions.popleft()
            self._aim(action, SPLICE_MARGIN_SECONDS)

    def is_splice(self, key: ClipKey) -> bool:
        """Whether the clip is the one that is to take over."""
        return self.splice is not None and key == self.splice.spec.key

    def offer(self, state: ClipState) -> None:
        """Offer the splice to the joiner once enough of it is here."""
        if not self.is_splice(state.spec.key) or not state.begun or state.placed:
            return
        if self._work.throw_away == state.spec.key:
            return
        if state.got < min(SPLICE_READY_FRAMES, state.frames) and state.continuation is None:
            return
        state.placed = True
        arm = frames_of(self._script[0].at) if self._script else None
        self._work.ask(PlaceClip(state.spec.key, state.marks, True, arm))

    def answered(self, told: SplicePlaced) -> None:
        """The joiner's answer: the event is part of the session, or has to be aimed anew."""
        splice, work = self.splice, self._work
        if splice is None or told.key != splice.spec.key:
            return
        if not told.accepted:
            self.missed()
            return
        old, state = work.plan, work.clips[told.key]
        self.splice = None
        work.plan, work.events = splice.plan, (*work.events, splice.event)
        work.next = splice.plan.first_changed + (1 if state.continuation is not None else 0)
        if splice.held:
            work.furthest = max(work.furthest, frames_of(splice.event.at) + 1)
        else:
            work.ask(KeepEvent(splice.event))
            work.furthest = min(work.furthest, state.start)
            work.say(said_of(splice.event, state.start / SAMPLE_RATE))
        changed = (spec.key for spec in old.clips[splice.plan.first_changed :])
        work.forget(key for key in changed if key not in (splice.source, work.composing))

    def missed(self) -> None:
        """The write cursor was at the splice before the splice was here: aim farther ahead."""
        splice, work = self.splice, self._work
        if splice is None or splice.action is None:
            return
        key = splice.spec.key
        if key in work.clips:
            work.clips[key].placed = False
        if work.composing != key:
            work.forget((key,))
        elif work.throw_away is None:
            work.cancel(key)
        self.splice = None
        if splice.held:
            work.ask(KeepEvents(len(work.events)))
        self._aim(splice.action, min(16.0, splice.margin * 2))

    def _take_scripted(self) -> None:
        work = self._work
        if self._scripted is None:
            self._scripted = make_plan(work.request, (*work.events, self._script[0]))
        plan = self._scripted
        source = source_of(plan, work.plan, work.clips)
        if self._begun(source):
            self._scripted = None
            self._begin(Splice(None, self._script.popleft(), plan, 0.0, source))

    def _aim(self, action: Action, margin: float) -> None:
        """Aim a splice ``margin`` seconds past the write cursor."""
        work = self._work
        soonest = work.written / SAMPLE_RATE + margin
        if can_change(work.plan, soonest):
            self._take_back(soonest)
        at = max(soonest, self._earliest())
        if not can_change(work.plan, at):
            work.say("The session is about to end, so nothing was changed.")
            work.ask(Disarm())
            return
        event = event_of(action, at)
        plan = make_plan(work.request, (*work.events, event))
        source = source_of(plan, work.plan, work.clips)
        if not self._begun(source):
            self._actions.appendleft(action)  # nothing to splice from yet: next message again
            return
        self._begin(Splice(action, event, plan, margin, source))

    def _begun(self, source: ClipKey | None) -> bool:
        """Whether a splice can take over from ``source`` (None: at the session's very start)."""
        clips = self._work.clips
        return source is None or (source in clips and clips[source].begun)

    def _splice_to_come(self, event: Event) -> Splice:
        """The splice of an event that the session holds already; missed, it is aimed anew."""
        work = self._work
        plan = make_plan(work.request, (*work.events, event))
        source = source_of(plan, work.plan, work.clips)
        return Splice(action_of(event), event, plan, SPLICE_MARGIN_SECONDS, source, held=True)

    def _take_back(self, soonest: float) -> None:
        """Forget the events that were heard once and that the listener has gone back before."""
        work = self._work
        count = len(work.events)
        while count and soonest - EVENT_GAP_SECONDS < work.events[count - 1].at:
            count -= 1
        if count == len(work.events) or frames_of(work.events[count].at) >= work.furthest:
            return
        work.events = work.events[:count]
        work.plan = make_plan(work.request, work.events)
        gone = [key for key in work.clips if key.revision > count]
        work.lineup = {key: part for key, part in work.lineup.items() if key.revision <= count}
        work.ask(KeepEvents(count), Withdraw(frozenset(gone)))
        for key in gone:
            if key == work.composing:
                work.clips[key].placed = False
                work.cancel(key)
            else:
                work.forget((key,))
        work.next = work.first_to_compose()

    def _earliest(self) -> float:
        """A new event lies after the last one's splice, which has to be heard first."""
        work = self._work
        if not work.events:
            return 0.0
        state = work.clips.get(work.plan.clips[work.plan.first_changed].key)
        begun = state.start / SAMPLE_RATE if state is not None and state.begun else 0.0
        return max(work.events[-1].at, begun) + EVENT_GAP_SECONDS

    def _begin(self, splice: Splice) -> None:
        work = self._work
        self.splice = splice
        work.ask(Arm(frames_of(splice.event.at)))
        composing = work.composing
        if composing is None or composing == work.throw_away:
            return
        if composing != splice.source:
            work.cancel(composing)
        elif splice.action is None and work.change_of(composing) is None:
            # A scripted event stays where it is, so nothing of the old clip is needed past it but
            # what it is composed from, which the second composer of a clip leaves at its end.
            keep_until = splice.keep_until(work.clips[composing].start)
            work.ask(SendCancel(composing, keep_until))
