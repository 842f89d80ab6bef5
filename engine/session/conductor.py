"""The conductor keeps composition ahead of playback; it owns what the session is.

A pure state machine: it is told what happened (``handle``) and answers with commands. It has no
thread, no clock and no audio, so every schedule can be tested with invented times.

One clip is composed at a time, in order, from the continuation of the clip before. A listener's
action becomes a *splice*: an event with a session time, a new plan, and the first changed clip
composed from the continuation of the clip it takes over from. The event joins the session when
its splice is placed, so that what is stored is what is heard. A listener who goes back and acts
again takes back what was done after that point: those events no longer are the session's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from engine.audio.format import SAMPLE_RATE, frames_of
from engine.composers.base import EMBEDDED
from engine.link.deliveries import (
    ChunkArrived,
    ClipBegan,
    ClipEnded,
    ClipRefused,
    ComposerOpened,
    Delivery,
    EngineLost,
    EngineRefused,
    EngineUp,
)
from engine.plan.clock import CLIP_SECONDS
from engine.plan.events import Event
from engine.plan.planner import can_change, make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipKey, ClipSpec, Plan
from engine.session.clip_state import ClipState
from engine.session.commands import (
    Action,
    AppendChunk,
    Arm,
    BeginClip,
    Command,
    Disarm,
    DiscardClip,
    EaseNow,
    FinishClip,
    GiveUp,
    KeepEvent,
    KeepEvents,
    OpenComposer,
    PlaceClip,
    Progress,
    Say,
    SendCancel,
    SendCompose,
    SkipNow,
    SplicePlaced,
    StartEngine,
    SteerTo,
    Withdraw,
)
from engine.session.resume import Resumption, action_of
from engine.session.slowness import is_slow, sentence
from engine.session.splice import (
    EVENT_GAP_SECONDS,
    SPLICE_MARGIN_SECONDS,
    SPLICE_READY_FRAMES,
    Splice,
    event_of,
    goes_on_from,
    said_of,
    source_of,
)

AHEAD_SECONDS = 300.0
"""Composition stays at most this far ahead: what a steer throws away is bounded."""
MAX_FAILURES = 5
RESTART_DELAYS = (0.0, 0.5, 1.0, 2.0, 4.0)
TAKEOVER_FAILURES = 3
"""The composer failed, and so did two new ones: the embedded composer takes over."""
TAKEOVER_SECONDS = 10.0
"""So much silence is enough: the embedded composer takes over."""


class Conductor:
    """See the module's docstring.

    ``script``: events with known times, to make a session again (it needs a feeder that waits
    for splices). ``kept``: a session to go on with; its pieces are with the joiner already.
    ``speed``: seconds of music the composer is known to make in a second here, None if not known.
    ``stand_in``: the embedded composer takes over from one that fails; otherwise the session ends.
    """

    def __init__(
        self,
        request: Request,
        composer: str,
        *,
        script: Sequence[Event] = (),
        kept: Resumption | None = None,
        speed: float | None = None,
        stand_in: bool = True,
    ) -> None:
        self.request = request
        self.composer = composer
        self.events: tuple[Event, ...] = kept.events if kept else ()
        self.plan = make_plan(request, self.events)
        self.clips: dict[ClipKey, ClipState] = dict(kept.clips) if kept else {}
        self.restarts = 0
        self.ready = False
        self._script = deque(script)
        self._actions: deque[Action] = deque(kept.again if kept else ())
        self._scripted: Plan | None = None  # with the script's next event
        self._splice: Splice | None = None
        self._composing: ClipKey | None = None
        self._throw_away: ClipKey | None = None
        self._next = kept.first if kept else 0
        self._refused: ClipKey | None = None
        self._afresh: ClipKey | None = None  # refused twice with what it was to go on from
        self._failures = 0
        self._given_up = False
        self._written = frames_of(kept.position) if kept else 0
        self._furthest = self._written  # of what is heard now: less after a splice
        self._to_come = kept.splice if kept else None
        if kept and kept.events and not kept.again:  # a kept event was heard, or replaced what was
            self._furthest = max(self._written, frames_of(kept.events[-1].at) + 1)
        self._waiting = False
        self._speed = speed
        self._stand_in = stand_in
        self._slowness_said = False
        self._taken_over = False
        self._out: list[Command] = []

    # what the world says

    def start(self) -> list[Command]:
        """The first commands: an engine, and the barrier of the first splice that is known."""
        self._out = [StartEngine()]
        self._say_slowness()
        if self._script:
            self._out.append(Arm(frames_of(self._script[0].at)))
        elif self._to_come is not None:
            self._begin_splice(self._splice_to_come(self._to_come))
        elif self._next < len(self.plan.clips):
            first = self.plan.clips[self._next]
            if self._older_is_placed(first.key):
                self._out.append(Arm(frames_of(first.start)))
        return self._out

    def handle(self, told: Delivery | Progress | SplicePlaced | Action) -> list[Command]:
        """Take one message; the commands are to be carried out in order."""
        self._out = []
        match told:
            case EngineUp():
                self._out.append(OpenComposer(self.composer, careful=self._failures >= 2))
            case ComposerOpened():
                self.ready = True
                if self.restarts and not self._taken_over:
                    self._say("The composer is back.")
            case ClipBegan():
                self._began(told)
            case ChunkArrived():
                self._arrived(told)
            case ClipEnded():
                self._ended(told)
            case ClipRefused():
                if told.key == self._refused:
                    self._afresh = told.key
                self._refused = told.key
                self._lost(told.reason, process_alive=True)
            case EngineRefused():
                self._refused_to_open(told.reason)
            case EngineLost():
                self._lost(told.reason, process_alive=False)
            case Progress():
                self._progress(told)
            case SplicePlaced():
                self._splice_placed(told)
            case SteerTo() | EaseNow() | SkipNow():
                self._actions.append(told)
            case _:
                pass
        self._take_action()
        self._compose()
        return self._out

    # clips

    def _began(self, told: ClipBegan) -> None:
        state = self.clips.get(told.key)
        if state is None or told.key != self._composing or told.key == self._throw_away:
            return
        if state.begun:
            state.repeated = state.got
            return
        state.begun, state.start, state.frames, state.marks = (
            True,
            told.start,
            told.frames,
            told.marks,
        )
        self._out.append(BeginClip(told.key, told.start, told.frames))
        if not self._is_splice(told.key):
            state.placed = True
            self._out.append(PlaceClip(told.key, told.marks, self._older_is_placed(told.key)))

    def _older_is_placed(self, key: ClipKey) -> bool:
        """In a session that goes on, a splice whose audio was lost still takes over from the
        clip's older self."""
        older = (s for k, s in self.clips.items() if k.index == key.index and k != key)
        return any(state.placed for state in older)

    def _arrived(self, told: ChunkArrived) -> None:
        state = self.clips.get(told.key)
        if state is None or told.key != self._composing or not state.begun:
            return
        frames = len(told.audio)
        skip = min(frames, state.repeated)
        state.repeated -= skip
        state.got += frames - skip
        self._out.append(AppendChunk(told.key, skip))
        self._place_splice(state)

    def _ended(self, told: ClipEnded) -> None:
        if told.key != self._composing:
            return
        self._composing = None
        self._failures = 0
        state = self.clips[told.key]
        if told.key == self._throw_away:
            self._throw_away = None
            if self._is_splice(told.key) or not state.placed:
                self._forget(told.key)
            return
        state.continuation, state.record = told.continuation, told.record
        state.whole = not told.cut
        if told.cut:
            state.frames = state.got
        self._place_splice(state)
        self._out.append(
            FinishClip(
                state.spec,
                state.start,
                state.frames,
                told.cut,
                told.continuation,
                told.record,
                state.marks,
            )
        )
        if not self._is_splice(told.key):
            self._next = max(self._next, told.key.index + 1)
        if not told.cut and self.composer != EMBEDDED:
            self._speed = told.record.speed
            self._say_slowness()

    def _forget(self, key: ClipKey) -> None:
        state = self.clips.pop(key, None)
        if state is not None and state.begun:
            self._out.append(DiscardClip(key))

    def _compose(self) -> None:
        """Send the next clip to the engine, if it is free and one is wanted."""
        if not self.ready or self._composing is not None or self._given_up:
            return
        splice = self._splice
        if splice is not None:
            offered = self.clips.get(splice.spec.key)
            if offered is not None and offered.placed:
                return  # the joiner's answer is awaited
            source = self.clips[splice.source] if splice.source is not None else None
            if source is None or source.continuation is not None:
                self._send(splice.spec, source)
                return
            # An engine died under the source: that clip is made whole first.
        if self._next >= len(self.plan.clips):
            return
        spec = self.plan.clips[self._next]
        ahead = spec.start + CLIP_SECONDS - self._written / SAMPLE_RATE
        if ahead > AHEAD_SECONDS and not is_slow(self._speed):
            return  # who composes more slowly than is played needs all the lead there is
        self._send(spec, goes_on_from(spec, self.plan, self.clips))

    def _send(self, spec: ClipSpec, source: ClipState | None) -> None:
        self.clips.setdefault(spec.key, ClipState(spec))
        self._composing = spec.key
        continuation = source.continuation if source is not None else None
        if spec.key == self._afresh:
            self._say("This clip is composed without what came before it, which can't be read.")
            continuation = None
        self._out.append(SendCompose(spec, continuation or b""))

    # splices

    def _is_splice(self, key: ClipKey) -> bool:
        return self._splice is not None and key == self._splice.spec.key

    def _take_action(self) -> None:
        """Turn the next action (or scripted event) into a splice, once one can be aimed."""
        if self._splice is not None or not self.ready or self._given_up:
            return
        if self._script:
            self._take_scripted()
        elif self._actions:
            action = self._actions.popleft()
            if isinstance(action, SteerTo):  # of targets moved in haste the last one counts
                while self._actions and isinstance(self._actions[0], SteerTo):
                    action = self._actions.popleft()
            self._aim(action, SPLICE_MARGIN_SECONDS)

    def _take_scripted(self) -> None:
        if self._scripted is None:
            self._scripted = make_plan(self.request, (*self.events, self._script[0]))
        plan = self._scripted
        source = source_of(plan, self.plan, self.clips)
        if source is None or (source in self.clips and self.clips[source].begun):
            self._scripted = None
            self._begin_splice(Splice(None, self._script.popleft(), plan, 0.0, source))

    def _aim(self, action: Action, margin: float) -> None:
        """Aim a splice ``margin`` seconds past the write cursor."""
        soonest = self._written / SAMPLE_RATE + margin
        if can_change(self.plan, soonest):
            self._take_back(soonest)
        at = max(soonest, self._earliest())
        if not can_change(self.plan, at):
            self._say("The session is about to end, so nothing was changed.")
            self._out.append(Disarm())
            return
        event = event_of(action, at)
        plan = make_plan(self.request, (*self.events, event))
        source = source_of(plan, self.plan, self.clips)
        if source is not None and not (source in self.clips and self.clips[source].begun):
            self._actions.appendleft(action)  # nothing to splice from yet: next message again
            return
        self._begin_splice(Splice(action, event, plan, margin, source))

    def _splice_to_come(self, event: Event) -> Splice:
        """The splice of an event that the session holds already; missed, it is aimed anew."""
        plan = make_plan(self.request, (*self.events, event))
        source = source_of(plan, self.plan, self.clips)
        return Splice(action_of(event), event, plan, SPLICE_MARGIN_SECONDS, source, held=True)

    def _take_back(self, soonest: float) -> None:
        """Forget the events that were heard once and that the listener has gone back before."""
        count = len(self.events)
        while count and soonest - EVENT_GAP_SECONDS < self.events[count - 1].at:
            count -= 1
        if count == len(self.events) or frames_of(self.events[count].at) >= self._furthest:
            return
        self.events = self.events[:count]
        self.plan = make_plan(self.request, self.events)
        gone = [key for key in self.clips if key.revision > count]
        self._out += [KeepEvents(count), Withdraw(frozenset(gone))]
        for key in gone:
            if key == self._composing:
                self.clips[key].placed = False
                self._throw_away = key
                self._out.append(SendCancel(key, 0))
            else:
                self._forget(key)
        self._next = self._first_to_compose()

    def _first_to_compose(self) -> int:
        missing = (
            spec.index
            for spec in self.plan.clips
            if spec.key not in self.clips or self.clips[spec.key].continuation is None
        )
        return next(missing, len(self.plan.clips))

    def _earliest(self) -> float:
        """A new event lies after the last one's splice, which has to be heard first."""
        if not self.events:
            return 0.0
        first = self.plan.first_changed
        state = self.clips.get(self.plan.clips[first].key)
        begun = state.start / SAMPLE_RATE if state is not None and state.begun else 0.0
        return max(self.events[-1].at, begun) + EVENT_GAP_SECONDS

    def _begin_splice(self, splice: Splice) -> None:
        self._splice = splice
        self._out.append(Arm(frames_of(splice.event.at)))
        composing = self._composing
        if composing is None or composing == self._throw_away:
            return
        if composing != splice.source:
            self._throw_away = composing
            self._out.append(SendCancel(composing, 0))
        elif splice.action is None:
            # A scripted event stays where it is, so nothing of the old clip is needed past it.
            keep_until = splice.keep_until(self.clips[composing].start)
            self._out.append(SendCancel(composing, keep_until))

    def _place_splice(self, state: ClipState) -> None:
        """Offer the splice to the joiner once enough of it is here."""
        splice = self._splice
        if splice is None or state.spec.key != splice.spec.key or not state.begun or state.placed:
            return
        if self._throw_away == state.spec.key:
            return
        if state.got < min(SPLICE_READY_FRAMES, state.frames) and state.continuation is None:
            return
        state.placed = True
        arm = frames_of(self._script[0].at) if self._script else None
        self._out.append(PlaceClip(state.spec.key, state.marks, True, arm))

    def _splice_placed(self, told: SplicePlaced) -> None:
        """The joiner's answer: the event is part of the session, or has to be aimed anew."""
        splice = self._splice
        if splice is None or told.key != splice.spec.key:
            return
        if not told.accepted:
            self._missed()
            return
        old, state = self.plan, self.clips[told.key]
        self._splice = None
        self.plan, self.events = splice.plan, (*self.events, splice.event)
        self._next = splice.plan.first_changed + (1 if state.continuation is not None else 0)
        if splice.held:
            self._furthest = max(self._furthest, frames_of(splice.event.at) + 1)
        else:
            self._out.append(KeepEvent(splice.event))
            self._furthest = min(self._furthest, state.start)
            self._say(said_of(splice.event, state.start / SAMPLE_RATE))
        for spec in old.clips[splice.plan.first_changed :]:
            if spec.key not in (splice.source, self._composing):
                self._forget(spec.key)

    def _missed(self) -> None:
        """The write cursor was at the splice before the splice was here: aim farther ahead."""
        splice = self._splice
        if splice is None or splice.action is None:
            return
        key = splice.spec.key
        if key in self.clips:
            self.clips[key].placed = False
        if self._composing == key and self._throw_away is None:
            self._throw_away = key
            self._out.append(SendCancel(key, 0))
        elif self._composing != key:
            self._forget(key)
        self._splice = None
        if splice.held:
            self._out.append(KeepEvents(len(self.events)))
        self._aim(splice.action, min(16.0, splice.margin * 2))

    # playback and failures

    def _progress(self, told: Progress) -> None:
        self._written = told.written
        self._furthest = max(self._furthest, told.written)
        if told.missed_splice:
            self._missed()
        if told.waiting and not self._waiting:
            self._say("Composing: the music goes on as soon as the next clip is ready.")
        self._waiting = told.waiting
        replaceable = self._stand_in and self.composer != EMBEDDED and not self._given_up
        if told.silence >= TAKEOVER_SECONDS and replaceable:
            self._take_over(f"no music for {told.silence:.0f} s")

    def _refused_to_open(self, reason: str) -> None:
        """A composer that can't be loaded could not be loaded the next time either."""
        if self.composer == EMBEDDED:
            self._lost(reason, process_alive=True)
        elif self._stand_in:
            self._take_over(reason.rstrip("."))
        elif not self._given_up:
            self._given_up = True
            self._out.append(GiveUp(reason))

    def _lost(self, reason: str, *, process_alive: bool) -> None:
        """The engine is gone or can't compose: start another, or give up after several."""
        if self._given_up:
            return
        self.ready = False
        self._composing = self._throw_away = None
        self._failures += 1
        if self._failures >= TAKEOVER_FAILURES and self._stand_in and self.composer != EMBEDDED:
            self._take_over(reason.rstrip("."))
            return
        self.restarts += 1
        if self._failures > MAX_FAILURES:
            self._given_up = True
            self._out.append(GiveUp(reason))
            return
        what = "The composer reported a failure" if process_alive else "The composer stopped"
        self._say(
            f"{what} ({reason.rstrip('.')}); a new one is being started from the last whole "
            "clip, and the music goes on."
        )
        self._out.append(StartEngine(RESTART_DELAYS[self._failures - 1]))

    def _take_over(self, reason: str) -> None:
        """From here on the embedded composer composes."""
        self._say(f"The embedded composer takes over from {self.composer} ({reason}).")
        self.composer = EMBEDDED
        self.ready = False
        self._taken_over = True
        self._speed = None
        self._composing = self._throw_away = None
        self._failures = 0
        self.restarts += 1
        self._withdraw_begun()
        self._out.append(StartEngine())

    def _withdraw_begun(self) -> None:
        """A begun clip that is not about to be heard is composed anew: one clip, one composer.
        What is being heard is gone on with from where it stops."""
        safe = self._written + frames_of(SPLICE_MARGIN_SECONDS)
        for key, state in list(self.clips.items()):
            begun = state.begun and state.continuation is None and not self._is_splice(key)
            if begun and state.placed and state.start > safe:
                self._out.append(Withdraw(frozenset((key,))))
                self._forget(key)

    def _say_slowness(self) -> None:
        """Once, what to expect of a composer that is slower than what is played."""
        if self.composer == EMBEDDED or self._slowness_said:
            return
        if self._speed is not None and is_slow(self._speed):
            self._slowness_said = True
            left = self.plan.total - self._written / SAMPLE_RATE
            self._say(sentence(self.composer, self._speed, left))

    def _say(self, text: str) -> None:
        self._out.append(Say(text))
