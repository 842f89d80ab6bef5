"""How listeners' actions, or the events of a session made again, become splices.

One splice is under way at a time: its event and plan are set, the clip being composed makes way,
the first changed clip is composed, offered to the joiner, and with the joiner's answer the event
is the session's or is aimed anew.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

from engine.affect.path import arrival
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.composers.base import has_model
from engine.plan.events import Dwell, Event, Shape, Steer
from engine.plan.planner import can_change, make_plan
from engine.plan.spec import ClipKey, Plan
from engine.plan.wanted import faders_at
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.messages import (
    Arm,
    Disarm,
    KeepEvent,
    KeepEvents,
    PlaceClip,
    SendCancel,
    SplicePlaced,
    Withdraw,
)
from engine.session.conductor.renewal import begins_anew
from engine.session.conductor.splice import (
    ANSWER_SECONDS,
    EVENT_GAP_SECONDS,
    SPLICE_MARGIN_SECONDS,
    SPLICE_READY_FRAMES,
    Splice,
    said_of,
    said_while_waited_for,
    source_of,
)
from engine.session.conductor.state import Composing, ConductorState, Fate


class Steering:
    """``script``: events with known times. ``again``: events to be aimed anew, ``to_come``: an
    event that the session holds and whose splice was lost (both of a session that goes on).

    A listener's event comes with the time at which the key was pressed and is *aimed*: its time
    becomes one that the write cursor has not reached, with a margin for composing.
    """

    def __init__(
        self,
        state: ConductorState,
        *,
        script: Sequence[Event],
        again: Iterable[Event] = (),
        to_come: Event | None = None,
    ) -> None:
        self._state = state
        self._script = deque(script)
        self._scripted: Plan | None = None  # with the script's next event
        self._asked: deque[Event] = deque(again)
        self._to_come = to_come
        self.splice: Splice | None = None
        self._waited = 0.0
        """Seconds that the listener has waited for what was asked for first; no more once told."""

    def start(self) -> bool:
        """The barrier of the first splice that is known; False where none is."""
        if self._script:
            self._state.ask(Arm(frames_of(self._script[0].at)))
        elif self._to_come is not None:
            self._begin(self._splice_to_come(self._to_come))
        return bool(self._script) or self._to_come is not None

    def add(self, event: Event) -> None:
        """What a listener wants; its turn comes. What is done for their body was decided by the way
        as it was before: it gives place to all that they want themselves."""
        if isinstance(event, Dwell):
            if self.splice is not None or self._asked:
                return
        else:
            self._call_off_dwell()
        if isinstance(event, Shape):  # all faders: one that still waits has nothing to add
            self._asked = deque(one for one in self._asked if not isinstance(one, Shape))
        if self._awaited() is None:
            self._waited = 0.0
        self._asked.append(event)

    def _call_off_dwell(self) -> None:
        """Nobody waits for a stay that they did not ask for."""
        self._asked = deque(one for one in self._asked if not isinstance(one, Dwell))
        splice = self.splice
        if splice is None or not isinstance(splice.event, Dwell):
            return
        clip = self._state.clips.get(splice.spec.key)
        if splice.margin is not None and not splice.held and not (clip and clip.placed):
            self._withdraw(splice)

    def waited(self, seconds: float) -> None:
        """So much time has passed. An engine may be slow, or hang until that is noticed."""
        awaited = self._awaited()
        if awaited is None or self._state.given_up:
            return
        before, self._waited = self._waited, self._waited + seconds
        if before < ANSWER_SECONDS <= self._waited:
            soonest = max(awaited.at, self._state.written / SAMPLE_RATE)
            said = said_while_waited_for(awaited, self._state.plan, soonest)
            self._state.say(said, answer=True)

    def _awaited(self) -> Event | None:
        """What a listener has asked for first of all that can't be heard yet."""
        splice = self.splice
        if splice is not None and splice.margin is not None and not splice.held:
            return splice.event
        return self._asked[0] if self._asked else None

    def step(self) -> None:
        """Turn the next action (or scripted event) into a splice, once one can be aimed."""
        if self.splice is not None or not self._state.ready or self._state.given_up:
            return
        if self._script:
            self._take_scripted()
        elif self._asked:
            event = self._asked.popleft()
            if isinstance(event, Steer):  # of targets moved in haste the last one counts
                while self._asked and isinstance(self._asked[0], Steer):
                    event = self._asked.popleft()
            self._aim(event, SPLICE_MARGIN_SECONDS)

    def is_splice(self, key: ClipKey) -> bool:
        """Whether the clip is the one that is to take over."""
        return self.splice is not None and key == self.splice.spec.key

    def offer(self, clip: ClipState) -> None:
        """Offer the splice to the joiner once enough of it is here."""
        if not self.is_splice(clip.spec.key) or not clip.begun or clip.placed:
            return
        composing = self._state.composing
        if composing == Composing(clip.spec.key, Fate.THROWN_AWAY):
            return
        if clip.got < min(SPLICE_READY_FRAMES, clip.frames) and not clip.over:
            return
        clip.placed = True
        arm = frames_of(self._script[0].at) if self._script else None
        self._state.ask(PlaceClip(clip.spec.key, clip.marks, True, arm, self._renewed()))

    def _renewed(self) -> bool:
        """Whether the splice begins another piece than what it takes over from."""
        splice, state = self.splice, self._state
        source = state.clips.get(splice.source) if splice and splice.source else None
        before = source.record if source is not None else None
        return begins_anew(before, state.composer, state.version)

    def answered(self, told: SplicePlaced) -> None:
        """The joiner's answer: the event is part of the session, or has to be aimed anew."""
        splice, state = self.splice, self._state
        if splice is None or told.key != splice.spec.key:
            return
        if not told.accepted:
            self.missed()
            return
        old, clip = state.plan, state.clips[told.key]
        self.splice, self._waited = None, 0.0
        state.plan, state.events = splice.plan, (*state.events, splice.event)
        state.next = splice.plan.first_changed + (1 if clip.over else 0)
        if splice.held:
            state.furthest = max(state.furthest, frames_of(splice.event.at) + 1)
        else:
            state.ask(KeepEvent(splice.event))
            state.furthest = min(state.furthest, clip.start)
            state.say(said_of(splice.event, clip.start / SAMPLE_RATE, splice.plan), answer=True)
        changed = (spec.key for spec in old.clips[splice.plan.first_changed :])
        state.forget(key for key in changed if key != splice.source and not state.is_composing(key))

    def missed(self) -> None:
        """The write cursor was at the splice before the splice was here: aim farther ahead."""
        splice, state = self.splice, self._state
        if splice is None or splice.margin is None:
            return
        self._withdraw(splice)
        if splice.held:
            state.ask(KeepEvents(len(state.events)))
        self._aim(splice.event, min(16.0, splice.margin * 2))

    def _withdraw(self, splice: Splice) -> None:
        """Compose no more of a splice that will not be heard."""
        state, key = self._state, splice.spec.key
        if key in state.clips:
            state.clips[key].placed = False
        if state.is_composing(key):
            state.cancel()
        else:
            state.forget((key,))
        self.splice = None

    def _take_scripted(self) -> None:
        state = self._state
        if self._scripted is None:
            self._scripted = make_plan(state.request, (*state.events, self._script[0]))
        plan = self._scripted
        source = source_of(plan, state.plan, state.clips)
        if self._begun(source):
            self._scripted = None
            self._begin(Splice(self._script.popleft(), plan, source, None))

    def _aim(self, event: Event, margin: float) -> None:
        """Aim a splice ``margin`` seconds past the write cursor."""
        state = self._state
        soonest = state.written / SAMPLE_RATE + margin
        if can_change(state.plan, soonest):
            self._take_back(soonest)
        at = max(soonest, self._earliest())
        if not self._is_change(event, at):
            state.ask(Disarm())
            return
        if not can_change(state.plan, at):
            state.say("The session is about to end, so nothing was changed.", answer=True)
            state.ask(Disarm())
            return
        aimed = msgspec.structs.replace(event, at=at)
        plan = make_plan(state.request, (*state.events, aimed))
        source = source_of(plan, state.plan, state.clips)
        if not self._begun(source):
            self._asked.appendleft(event)  # nothing to splice from yet: next message again
            return
        self._begin(Splice(aimed, plan, source, margin))

    def _is_change(self, event: Event, at: float) -> bool:
        """Whether anything is otherwise with ``event`` at ``at``."""
        match event:
            case Dwell():
                return self._may_stay(at)
            case Shape() if has_model(self._state.composer):
                self._state.say(
                    "The faders are for the embedded composer; MusicGen follows the feeling alone.",
                    answer=True,
                )
                return False
            case Shape(faders=faders):  # there and back is none
                return faders != faders_at(self._state.plan.faders, at)
            case _:
                return True

    def _may_stay(self, at: float) -> bool:
        """Whether the way still goes on where a stay can be heard: one that has arrived stays."""
        return can_change(self._state.plan, at) and arrival(self._state.plan.path) > at

    def _begun(self, source: ClipKey | None) -> bool:
        """Whether a splice can take over from ``source`` (None: at the session's very start)."""
        clips = self._state.clips
        return source is None or (source in clips and clips[source].begun)

    def _splice_to_come(self, event: Event) -> Splice:
        """The splice of an event that the session holds already; missed, it is aimed anew."""
        state = self._state
        plan = make_plan(state.request, (*state.events, event))
        source = source_of(plan, state.plan, state.clips)
        return Splice(event, plan, source, SPLICE_MARGIN_SECONDS, held=True)

    def _take_back(self, soonest: float) -> None:
        """Forget the events that were heard once and that the listener has gone back before."""
        state = self._state
        count = len(state.events)
        while count and soonest - EVENT_GAP_SECONDS < state.events[count - 1].at:
            count -= 1
        if count == len(state.events) or frames_of(state.events[count].at) >= state.furthest:
            return
        state.events = state.events[:count]
        state.plan = make_plan(state.request, state.events)
        gone = [key for key in state.clips if key.revision > count]
        state.clip_composers = {
            key: composed for key, composed in state.clip_composers.items() if key.revision <= count
        }
        state.ask(KeepEvents(count), Withdraw(frozenset(gone)))
        for key in gone:
            if state.is_composing(key):
                state.clips[key].placed = False
                state.cancel()
            else:
                state.forget((key,))
        state.next = state.first_to_compose()

    def _earliest(self) -> float:
        """A new event lies after the last one's splice, which has to be heard first."""
        state = self._state
        if not state.events:
            return 0.0
        clip = state.clips.get(state.plan.clips[state.plan.first_changed].key)
        begun = clip.start / SAMPLE_RATE if clip is not None and clip.begun else 0.0
        return max(state.events[-1].at, begun) + EVENT_GAP_SECONDS

    def _begin(self, splice: Splice) -> None:
        state = self._state
        self.splice = splice
        state.ask(Arm(frames_of(splice.event.at)))
        composing = state.composing
        if composing is None or composing.fate is Fate.THROWN_AWAY:
            return
        if composing.key != splice.source:
            state.cancel()
        elif splice.margin is None and not state.changes_of(composing.key):
            # A scripted event stays where it is, so nothing of the old clip is needed past it but
            # what it is composed from, which the second composer of a clip leaves at its end.
            keep_until = splice.keep_until(state.clips[composing.key].start)
            state.ask(SendCancel(composing.key, keep_until))
