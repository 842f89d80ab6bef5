"""The conductor keeps composition ahead of playback; it owns what the session is.

A pure state machine: it is told what happened (``handle``) and answers with commands. It has no
thread, no clock and no audio, so every schedule can be tested with invented times.

One clip is composed at a time, in order, from the continuation of the clip before. A listener's
action becomes a *splice* (``steering``): an event with a session time, a new plan, and the first
changed clip composed from the continuation of the clip it takes over from. The event joins the
session when its splice is placed, so that what is stored is what is heard. A listener who goes
back and acts again takes back what was done after that point: those events no longer are the
session's. A composer that fails is started anew or replaced (``failures``).
"""

from __future__ import annotations

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
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipKey, ClipSpec, Plan
from engine.playback.handover import handover
from engine.session.clip_state import ClipState
from engine.session.commands import (
    Action,
    AppendChunk,
    Arm,
    BeginClip,
    Command,
    EaseNow,
    FinishClip,
    HandOver,
    HoldBack,
    OpenComposer,
    PlaceClip,
    Progress,
    SendCancel,
    SendCompose,
    SkipNow,
    SplicePlaced,
    StartEngine,
    SteerTo,
)
from engine.session.failures import MAX_FAILURES, RESTART_DELAYS, Failures
from engine.session.lineup import Lineup, record_of
from engine.session.resume import Resumption
from engine.session.slowness import is_slow, sentence
from engine.session.splice import goes_on_from
from engine.session.steering import Steering
from engine.session.work import Work

__all__ = ["AHEAD_SECONDS", "MAX_FAILURES", "RESTART_DELAYS", "Conductor"]

AHEAD_SECONDS = 300.0
"""Composition stays at most this far ahead: what a steer throws away is bounded."""


class Conductor:
    """See the module's docstring.

    ``script``: events with known times, to make a session again (it needs a feeder that waits
    for splices). ``kept``: a session to go on with; its pieces are with the joiner already.
    ``speed``: seconds of music the composer is known to make in a second here, None if not known.
    ``stand_in``: the embedded composer takes over from one that fails; otherwise the session ends.
    ``lineup``: clips whose composers are known from before; who has no place in it is composed by
    the one that composed last.
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
        lineup: Lineup | None = None,
    ) -> None:
        events = kept.events if kept else ()
        plan = make_plan(request, events)
        clips = dict(kept.clips) if kept else {}
        self._work = work = Work(request, composer, events, plan, clips, lineup or {})
        if kept:
            work.next, work.written = kept.first, frames_of(kept.position)
            work.furthest = work.written
            held = len(kept.events) + (kept.splice is not None)
            work.lineup = {key: p for key, p in work.lineup.items() if key.revision <= held}
            if kept.events and not kept.again:  # a kept event was heard, or replaced what was
                work.furthest = max(work.written, frames_of(kept.events[-1].at) + 1)
        self._steering = Steering(
            work,
            script=script,
            again=kept.again if kept else (),
            to_come=kept.splice if kept else None,
        )
        self._failures = Failures(work, stand_in=stand_in, delays=RESTART_DELAYS)
        self._speed = speed
        self._slowness_said = False

    @property
    def request(self) -> Request:
        return self._work.request

    @property
    def composer(self) -> str:
        """The one that composes now."""
        return self._work.composer

    @property
    def events(self) -> tuple[Event, ...]:
        """Those in force."""
        return self._work.events

    @property
    def plan(self) -> Plan:
        """After ``events``."""
        return self._work.plan

    @property
    def clips(self) -> dict[ClipKey, ClipState]:
        """What is known of every clip that was begun and not thrown away."""
        return self._work.clips

    @property
    def ready(self) -> bool:
        """Whether the composer can be given a clip."""
        return self._work.ready

    @property
    def awaits_an_end(self) -> bool:
        """Whether the audio of the clip being composed is all here, its record not yet."""
        work = self._work
        state = work.clips.get(work.composing) if work.composing is not None else None
        if state is None or work.composing == work.throw_away:
            return False
        return state.begun and state.got >= state.frames

    @property
    def restarts(self) -> int:
        """Engines started beyond the first."""
        return self._failures.restarts

    # what the world says

    def start(self) -> list[Command]:
        """The first commands: an engine, and the barrier of the first splice that is known."""
        work = self._work
        work.out = [StartEngine()]
        self._say_slowness()
        if not self._steering.start() and work.next < len(work.plan.clips):
            first = work.plan.clips[work.next]
            if work.older_is_placed(first.key):
                work.ask(Arm(frames_of(first.start)))
        return work.out

    def handle(self, told: Delivery | Progress | SplicePlaced | Action) -> list[Command]:
        """Take one message; the commands are to be carried out in order."""
        work = self._work
        work.out = []
        match told:
            case EngineUp():
                work.ask(OpenComposer(work.composer, careful=self._failures.careful))
            case ComposerOpened():
                work.ready = True
                self._failures.opened()
            case ClipBegan():
                self._began(told)
            case ChunkArrived():
                self._arrived(told)
            case ClipEnded():
                self._ended(told)
            case ClipRefused():
                self._failures.clip_refused(told.key, told.reason)
            case EngineRefused():
                self._failures.refused_to_open(told.reason)
            case EngineLost():
                self._failures.lost(told.reason, process_alive=False)
            case Progress():
                self._progress(told)
            case SplicePlaced():
                self._steering.answered(told)
            case SteerTo() | EaseNow() | SkipNow():
                self._steering.add(told)
            case _:
                pass
        self._steering.step()
        self._compose()
        return work.out

    # clips

    def _began(self, told: ClipBegan) -> None:
        work, key = self._work, told.key
        state = work.clips.get(key)
        if state is None or key != work.composing or key == work.throw_away:
            return
        state.comes = told.start
        if state.begun:
            return
        state.begun, state.marks, state.composer = True, told.marks, work.composer
        state.start, state.frames = told.start, told.frames
        work.ask(BeginClip(key, told.start, told.frames))
        change = work.change_of(key)
        if change is not None:
            work.ask(HoldBack(key, change.at))
        if not self._steering.is_splice(key):
            state.placed = True
            work.ask(PlaceClip(key, told.marks, work.older_is_placed(key)))

    def _arrived(self, told: ChunkArrived) -> None:
        work, key, frames = self._work, told.key, len(told.audio)
        state = work.clips.get(key)
        if state is None or key != work.composing or not state.begun or key == work.passed_on:
            return
        since, state.comes = state.comes, state.comes + frames
        if state.ceded_by and state.handover is None and not self._hand_over(state, since):
            return
        skip = min(frames, max(0, state.reach - since))
        state.got += frames - skip
        work.ask(AppendChunk(key, skip))
        self._steering.offer(state)
        change = work.change_of(key)
        if change is not None and not state.ceded_by and state.reach >= change.until:
            state.ceded_by = state.composer
            work.passed_on = key
            work.ask(SendCancel(key, 0))

    def _hand_over(self, state: ClipState, since: int) -> bool:
        """Let the clip go over to its second composer if what has come of that, from session frame
        ``since`` on, reaches so far."""
        work, key = self._work, state.spec.key
        change = work.change_of(key)
        if change is None:
            change = handover(
                state.reach, work.written, standing=work.standing, since=since, here=state.comes
            )
        if change is None or state.comes <= change.at:
            return False
        state.handover, state.got = change, change.at - state.start
        work.ask(HandOver(key, change))
        return True

    def _ended(self, told: ClipEnded) -> None:
        work, key = self._work, told.key
        if key != work.composing:
            return
        work.composing = None
        self._failures.clip_ended()
        state = work.clips[key]
        if key == work.passed_on:
            work.passed_on = None
            if key != work.throw_away:
                return
        if key == work.throw_away:
            work.throw_away = None
            if self._steering.is_splice(key) or not state.placed:
                work.forget((key,))
            return
        state.continuation, state.record = told.continuation, record_of(state, told.record)
        state.whole = not told.cut
        if told.cut:
            state.frames = state.got
        self._steering.offer(state)
        work.ask(
            FinishClip(
                state.spec,
                state.start,
                state.frames,
                told.cut,
                told.continuation,
                state.record,
                state.marks,
            )
        )
        if not self._steering.is_splice(key):
            work.next = max(work.next, key.index + 1)
        if not told.cut and work.composer != EMBEDDED:
            self._speed = told.record.speed
            self._say_slowness()

    def _compose(self) -> None:
        """Send the next clip to the engine, if it is free and one is wanted."""
        work = self._work
        if not work.ready or work.composing is not None or work.given_up:
            return
        splice = self._steering.splice
        if splice is not None:
            offered = work.clips.get(splice.spec.key)
            if offered is not None and offered.placed:
                return  # the joiner's answer is awaited
            source = work.clips.get(splice.source) if splice.source is not None else None
            if splice.source is None or (source is not None and source.continuation is not None):
                self._send(splice.spec, source)
                return
            # An engine died under the source: that clip is made whole first.
        if work.next >= len(work.plan.clips):
            return
        spec = work.plan.clips[work.next]
        ahead = spec.start + CLIP_SECONDS - work.written / SAMPLE_RATE
        slow = work.composer != EMBEDDED and is_slow(self._speed)
        if ahead > AHEAD_SECONDS and not slow:
            return  # who composes more slowly than is played needs all the lead there is
        self._send(spec, goes_on_from(spec, work.plan, work.clips))

    def _send(self, spec: ClipSpec, source: ClipState | None) -> None:
        work = self._work
        wanted = self._composer_of(spec.key)
        if wanted != work.composer:
            work.composer, work.ready = wanted, False
            work.ask(OpenComposer(wanted))
            return
        work.clips.setdefault(spec.key, ClipState(spec))
        work.composing = spec.key
        continuation = source.continuation if source is not None else None
        if self._failures.begins_afresh(spec.key):
            work.say("This clip is composed without what came before it, which can't be read.")
            continuation = None
        work.ask(SendCompose(spec, continuation or b""))

    def _composer_of(self, key: ClipKey) -> str:
        """Who is to compose the clip (what is left of it)."""
        part, state = self._work.lineup.get(key), self._work.clips.get(key)
        if part is None:
            return self._work.composer
        return part.composer if not part.first or (state and state.ceded_by) else part.first

    # playback

    def _progress(self, told: Progress) -> None:
        work = self._work
        work.standing = told.waiting and told.written == work.written
        work.written = told.written
        work.furthest = max(work.furthest, told.written)
        if told.missed_splice:
            self._steering.missed()
        if told.waiting and not work.waiting:
            work.say("Composing: the music goes on as soon as the next clip is ready.")
        work.waiting = told.waiting
        self._failures.silent(told.silence)

    def _say_slowness(self) -> None:
        """Once, what to expect of a composer that is slower than what is played."""
        work = self._work
        if work.composer == EMBEDDED or self._slowness_said:
            return
        if self._speed is not None and is_slow(self._speed):
            self._slowness_said = True
            left = work.plan.total - work.written / SAMPLE_RATE
            work.say(sentence(work.composer, self._speed, left))
