"""The conductor keeps composition ahead of playback; it owns what the session is.

A pure state machine: it is told what happened (``handle``) and answers with commands, all of which
are carried out, in order, before it is told anything else. It has no thread, no clock and no audio
of its own, so every schedule can be tested with invented times.

    (start) --StartEngine--> starting --Hello--> opening --Opened--> ready <--> composing
                                ^                   ^                  |
                                |                   +---OpenComposer---+
       any of them --EngineLost, ClipFailed, Failure--> one of three (failures)
                                |
                                +-- the same composer again (after a delay)
                                +-- too often: the embedded composer, which takes over, or
                                    where that is the one, its built-in synthesis;
                                    and where that can't go on either: given up

*ready* is waiting for something to compose (everything is here, or enough ahead). It goes back to
*opening* where the next clip is another composer's, or another synthesis's, in a session that has
had two. One clip is composed at a time, in order, from the continuation of the clip before; what
becomes of it is its ``Fate`` (``state``), and how far it is its ``ClipPhase`` (``clip_state``). Ten
seconds of silence are *too often* as well; where the embedded composer is the silent one, it is
started anew.

Whatever of these states it is in, a listener's action becomes a *splice* (``steering``): an event
with a session time, a new plan, and the first changed clip composed from the continuation of the
clip it takes over from.

    (none) --event--> aimed --composed enough--> offered --accepted--> (none), the event is kept
                       ^  |                         |
                       |  +------- passed by -------+
                       |               |
                       +---farther-----+---too near the session's end---> (none), nothing changed

The event joins the session when its splice is placed, so that what is stored is what is heard. A
listener who goes back and acts again takes back what was done after that point: those events no
longer are the session's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import assert_never

from engine.audio.format import SAMPLE_RATE, frames_of
from engine.clip_record import Stage
from engine.link.deliveries import ChunkArrived, ClipEnded, EngineLost, FarAnswers
from engine.link.protocol import ClipFailed, ClipStarted, Failure, Hello, Opened
from engine.plan.clock import CLIP_SECONDS
from engine.plan.events import Dwell, Ease, Event, Less, More, Shape, Skip, Steer
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipKey, ClipSpec, Plan
from engine.playback.handover import Handover, handover
from engine.session.conductor.clip_composers import ClipComposers, record_of
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.failures import RESTART_DELAYS, Failures
from engine.session.conductor.line_state import LineState
from engine.session.conductor.messages import (
    BEGINS_AFRESH,
    AppendChunk,
    Arm,
    Command,
    FinishClip,
    GoBack,
    HandOver,
    HoldBack,
    Message,
    PlaceClip,
    Progress,
    SendCancel,
    SendCompose,
    SplicePlaced,
    StartEngine,
)
from engine.session.conductor.renewal import said_of_renewal
from engine.session.conductor.resumption import Resumption
from engine.session.conductor.splice import goes_on_from
from engine.session.conductor.state import Composing, ConductorState, Fate
from engine.session.conductor.steering import Steering

AHEAD_SECONDS = 300.0
"""Composition stays at most this far ahead: what a steer throws away is bounded."""
PASSING_AHEAD_SECONDS = 60.0
"""The same where clips are not kept but wait in memory until they were passed, 0.4 MB a second:
behind a disk that takes less than is composed."""


class Conductor:
    """See the module's docstring.

    ``script``: events with known times, to make a session again (it needs a feeder that waits
        for splices).
    ``kept``: a session to go on with; what is heard of it is with the joiner already.
    ``speed``: seconds of music the composer is known to make in a second here, None if not
        known.
    ``stand_in``: the embedded composer takes over from one that fails; otherwise the session
        ends.
    ``clip_composers``: those known from before; a clip that is not among them is composed by
        the one that composed last, and sounded as it was.
    ``synthesis``: what is to sound the notes, as an engine is told; '' for the session's wish,
        which is settled when an engine first says what sounds them.
    ``precision``: what a model is to multiply in, likewise.
    ``far``: the other machine whose engine composes, '' for this one.
    ``passing``: clips wait in memory until they were passed.
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
        clip_composers: ClipComposers | None = None,
        synthesis: str = "",
        precision: str = "",
        far: str = "",
        passing: bool = False,
    ) -> None:
        self._state = _begin(request, composer, kept, clip_composers or {})
        self._state.synthesis, self._state.precision = synthesis, precision
        self._state.far = far
        self._passing = passing
        self._renewed = math.inf
        """Session seconds from which on what is kept is made otherwise, as far as it was said."""
        self._steering = Steering(
            self._state,
            script=script,
            again=kept.again if kept else (),
            to_come=kept.splice if kept else None,
        )
        self._failures = Failures(
            self._state, stand_in=stand_in, delays=RESTART_DELAYS, speed=speed
        )

    @property
    def request(self) -> Request:
        return self._state.request

    @property
    def composer(self) -> str:
        """The one that composes now."""
        return self._state.composer

    @property
    def far(self) -> str:
        """The other machine on which it composes; '' for this one."""
        return self._state.far

    @property
    def line(self) -> LineState | None:
        """How the line to another machine stands; None where there is none."""
        return self._failures.far_line.now

    @property
    def events(self) -> tuple[Event, ...]:
        """Those in force."""
        return self._state.events

    @property
    def plan(self) -> Plan:
        """After ``events``."""
        return self._state.plan

    @property
    def clips(self) -> dict[ClipKey, ClipState]:
        """What is known of every clip that was begun and not thrown away."""
        return self._state.clips

    @property
    def ready(self) -> bool:
        """Whether the composer can be given a clip."""
        return self._state.ready

    @property
    def last_has_ended(self) -> bool:
        """Whether the plan's last clip is composed to its end, so that its record is here too."""
        last = self._state.clips.get(self._state.plan.clips[-1].key)
        return last is not None and last.over

    @property
    def restarts(self) -> int:
        """Engines started beyond the first."""
        return self._failures.restarts

    # what the world says

    def start(self) -> list[Command]:
        """The first commands: an engine, and the barrier of the first splice that is known."""
        state = self._state
        state.out = [StartEngine(far=bool(state.far))]
        self._failures.say_slowness()
        if not self._steering.start() and state.next < len(state.plan.clips):
            first = state.plan.clips[state.next]
            if state.older_is_placed(first.key):
                state.ask(Arm(frames_of(first.start)))
        return state.out

    def handle(self, told: Message) -> list[Command]:
        """Take one message; the commands are to be carried out in order, and before the next
        message is told."""
        state = self._state
        state.out = []
        if isinstance(told, Hello | Opened | ClipStarted | ChunkArrived | ClipEnded):
            self._failures.heard()
        match told:
            case Hello():
                state.open()
            case Opened():
                state.ready, state.version = True, told.version
                state.otherwise = told.notice != ""
                self._failures.opened(told)
            case ClipStarted():
                self._started(told)
            case ChunkArrived():
                self._arrived(told)
            case ClipEnded():
                self._ended(told)
            case ClipFailed():
                self._failures.clip_failed(told.key, told.reason)
            case Failure():
                self._failures.refused_to_open(told.reason)
            case EngineLost():
                self._failures.lost(told.reason, process_alive=False, line=told.line)
            case FarAnswers():
                self._failures.far_line.answers(told)
            case GoBack():
                self._failures.far_line.wanted()
            case Progress():
                self._progress(told)
            case SplicePlaced():
                self._steering.answered(told)
            case Steer() | Ease() | Skip() | More() | Less() | Dwell() | Shape():
                self._steering.add(told)
            case _:
                assert_never(told)
        self._steering.step()
        self._compose()
        return state.out

    # clips

    def _wanted(self, key: ClipKey) -> Composing | None:
        """What is being composed, if it is this clip and is known."""
        composing = self._state.composing
        known = composing is not None and composing.key == key and key in self._state.clips
        return composing if known else None

    def _started(self, told: ClipStarted) -> None:
        state, key = self._state, told.key
        composing = self._wanted(key)
        if composing is None or composing.fate is Fate.THROWN_AWAY:
            return
        clip = state.clips[key]
        clip.comes = told.start
        if clip.begun:
            return
        clip.begin(told, state.by)
        state.ask(told)
        held_back = self._held_back(clip)
        if held_back is not None:
            state.ask(HoldBack(key, held_back))
        if not self._steering.is_splice(key):
            clip.placed = True
            state.ask(PlaceClip(key, told.marks, state.older_is_placed(key)))

    def _arrived(self, told: ChunkArrived) -> None:
        state, key = self._state, told.key
        composing = self._wanted(key)
        if composing is None or composing.fate is Fate.PASSED_ON or not state.clips[key].begun:
            return
        clip, frames = state.clips[key], len(told.audio)
        since, clip.comes = clip.comes, clip.comes + frames
        if clip.awaits_next and (
            composing.fate is Fate.THROWN_AWAY or not self._hand_over(clip, since)
        ):
            return
        skip = min(frames, max(0, clip.reach - since))
        clip.got += frames - skip
        state.ask(AppendChunk(key, told.audio[skip:]))
        self._steering.offer(clip)
        to_come = self._changes_to_come(clip)
        if to_come and clip.reach >= to_come[0].until:
            clip.cede()
            composing.fate = Fate.PASSED_ON
            state.ask(SendCancel(key, 0))

    def _hand_over(self, clip: ClipState, since: int) -> bool:
        """Let the clip go over to its next composer if what has come of that, from session frame
        ``since`` on, reaches so far."""
        state, key = self._state, clip.spec.key
        to_come = self._changes_to_come(clip)
        change: Handover | None = to_come[0] if to_come else None
        if change is None:
            change = handover(
                clip.reach, state.written, standing=state.standing, since=since, here=clip.comes
            )
        if change is None or clip.comes <= change.at:
            return False
        clip.hand_over(change, state.by)
        state.ask(HandOver(key, change, self._held_back(clip)))
        return True

    def _changes_to_come(self, clip: ClipState) -> tuple[Handover, ...]:
        """Where it is known to go over to others, from now on."""
        return self._state.changes_of(clip.spec.key)[len(clip.handovers) :]

    def _held_back(self, clip: ClipState) -> int | None:
        """Session frame past which nothing of it may be heard yet, since another takes over there;
        of two the later one may take over before the earlier."""
        return min((change.at for change in self._changes_to_come(clip)), default=None)

    def _ended(self, told: ClipEnded) -> None:
        state, key = self._state, told.key
        composing = state.composing
        if composing is None or composing.key != key:
            return
        state.composing = None
        self._failures.clip_ended()
        clip = state.clips[key]
        match composing.fate:
            case Fate.PASSED_ON:
                pass  # the second composer's turn
            case Fate.THROWN_AWAY:
                if self._steering.is_splice(key) or not clip.placed:
                    state.forget((key,))
            case Fate.KEPT:
                self._file(clip, told)
            case _:
                assert_never(composing.fate)

    def _file(self, clip: ClipState, told: ClipEnded) -> None:
        """All that will come of the clip is here."""
        state, key = self._state, told.key
        record = record_of(clip, told.record)
        clip.end(record, cut=told.cut)
        self._steering.offer(clip)
        state.ask(
            FinishClip(
                clip.spec,
                clip.start,
                clip.frames,
                told.cut,
                told.continuation,
                record,
                clip.marks,
            )
        )
        if not self._steering.is_splice(key):
            state.next = max(state.next, key.index + 1)
        if not told.cut:
            self._failures.measured(told.record.speed)

    def _compose(self) -> None:
        """Send the next clip to the engine, if it is free and one is wanted."""
        state = self._state
        between = state.composing is None and self._steering.splice is None
        if between and self._failures.far_line.is_due:
            self._failures.go_back()
            return
        if not state.ready or state.composing is not None or state.given_up:
            return
        splice = self._steering.splice
        if splice is not None:
            offered = state.clips.get(splice.spec.key)
            if offered is not None and offered.placed:
                return  # the joiner's answer is awaited
            source = state.clips.get(splice.source) if splice.source is not None else None
            if splice.source is None or (source is not None and source.over):
                self._send(splice.spec, source)
                return
            # An engine died under the source: that clip is made whole first.
        if state.next >= len(state.plan.clips):
            return
        spec = state.plan.clips[state.next]
        ahead = spec.start + CLIP_SECONDS - state.written / SAMPLE_RATE
        if ahead <= self._most_ahead():
            self._send(spec, goes_on_from(spec, state.plan, state.clips))

    def _most_ahead(self) -> float:
        if self._passing:
            return PASSING_AHEAD_SECONDS
        # Who composes more slowly than is played needs all the lead there is.
        return math.inf if self._failures.slow else AHEAD_SECONDS

    def _send(self, spec: ClipSpec, source: ClipState | None) -> None:
        state = self._state
        wanted = self._stage_of(spec.key)
        other = wanted.synthesis not in ("", state.synthesis, state.sounds)
        other |= wanted.precision not in ("", state.precision, state.multiplies)
        if wanted.composer != state.composer or other:
            state.composer = wanted.composer
            state.synthesis = wanted.synthesis or state.synthesis
            state.precision = wanted.precision or state.precision
            state.sounds = state.multiplies = ""  # whatever they will be, they are as recorded
            state.ready = False
            state.open()
            return
        self._say_renewal(spec, source)
        state.clips.setdefault(spec.key, ClipState(spec))
        state.composing = Composing(spec.key)
        before = source.spec.key if source is not None and source.over else None
        if self._failures.begins_afresh(spec.key):
            state.say(BEGINS_AFRESH)
            before = None
        state.ask(SendCompose(spec, before))

    def _say_renewal(self, spec: ClipSpec, source: ClipState | None) -> None:
        """In a session that goes on: from when on it is made otherwise, once."""
        state = self._state
        if state.goes_on and spec.start < self._renewed:
            said = said_of_renewal(state, source, state.clip_composers.get(spec.key), spec.start)
            if said:
                self._renewed = spec.start
                state.say(said)

    def _stage_of(self, key: ClipKey) -> Stage:
        """Who is to compose the clip (what is left of it)."""
        known, clip = self._state.clip_composers.get(key), self._state.clips.get(key)
        if known is None:
            return Stage(self._state.composer)
        done = len(clip.ceded) if clip is not None else 0
        return known.stages[min(done, len(known.stages) - 1)]

    # playback

    def _progress(self, told: Progress) -> None:
        state = self._state
        state.ahead = told.ahead
        state.standing = told.waiting and told.written == state.written
        state.written = told.written
        state.furthest = max(state.furthest, told.written)
        if told.missed_splice:
            self._steering.missed()
        if told.waiting and not state.waiting:
            state.say("Composing: the music goes on as soon as the next clip is ready.")
        state.waiting = told.waiting
        self._failures.went_on()
        self._failures.silent(told.silence)
        self._steering.waited(told.passed)


def _begin(
    request: Request, composer: str, kept: Resumption | None, clip_composers: ClipComposers
) -> ConductorState:
    """The state of a session that begins, or goes on with what is ``kept``."""
    if kept is None:
        return ConductorState(
            request, composer, "", (), make_plan(request, ()), {}, clip_composers=clip_composers
        )
    held = len(kept.events) + (kept.splice is not None)
    written = furthest = frames_of(kept.position)
    if kept.events and not kept.again:  # a kept event was heard, or replaced what was
        furthest = max(written, frames_of(kept.events[-1].at) + 1)
    return ConductorState(
        request,
        composer,
        "",
        kept.events,
        make_plan(request, kept.events),
        dict(kept.clips),
        clip_composers={k: c for k, c in clip_composers.items() if k.revision <= held},
        goes_on=True,
        next=kept.first,
        written=written,
        furthest=furthest,
    )
