"""What is done about a composer that fails: start another, let the embedded one take over, or
give up."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.audio.format import SAMPLE_RATE, frames_of
from engine.composers.base import EMBEDDED, has_model
from engine.composers.precision import USUAL
from engine.composers.synthesis import BUILTIN, built_in, spoken
from engine.link.deliveries import LineFault
from engine.link.protocol import Opened
from engine.plan.generation import file_name
from engine.plan.spec import ClipKey
from engine.playback.handover import HEAD
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.far_line import FarLine
from engine.session.conductor.messages import GiveUp, StartEngine, Withdraw
from engine.session.conductor.splice import SPLICE_MARGIN_SECONDS
from engine.session.conductor.state import ConductorState

MAX_FAILURES = 5
RESTART_DELAYS = (0.0, 0.5, 1.0, 2.0, 4.0)
TAKEOVER_FAILURES = 3
"""The composer failed, and so did two new ones: the embedded composer takes over."""
TAKEOVER_SECONDS = 10.0
"""So much silence is enough: the embedded composer takes over."""
IDLE_FRAMES = frames_of(10.0)
"""An engine that was ready for so much of the session, with nothing to compose, works."""
FAR_SILENCE_SECONDS = 30.0
"""And so much of it though something comes over a line: a sound a minute is no music."""


class Failures:
    """What is done about a composer that fails.

    ``stand_in``: the embedded composer takes over from one that fails; otherwise the session
        ends.
    ``delays``: seconds before each new start.
    ``speed``: seconds of music the composer is known to make in a second here, None if not
        known.
    """

    def __init__(
        self,
        state: ConductorState,
        *,
        stand_in: bool,
        delays: Sequence[float],
        speed: float | None = None,
    ) -> None:
        self._state = state
        self._stand_in = stand_in
        self._delays = delays
        self._speed = speed
        self._slowness_said = False
        self.restarts = 0
        """Engines started beyond the first."""
        self._count = 0
        """Failures in a row, with no clip ended between them, nor an engine long idle."""
        self._idle_since: int | None = None
        """Session frame from which on the engine was ready and had nothing to compose."""
        self._away = False
        """The composer has failed and is not back yet."""
        self._taken_over = False
        self.far_line = FarLine(state)
        self._opened: Opened | None = None
        """What was opened last."""
        self._useless = False
        """The line to the other machine is well, but nothing ever opened there (no musmed): that it
        can be reached is no reason to go back."""
        self._silence = self._quiet_since = 0.0
        """For how long the listener has been waiting, and for how long when the engine last said
        something, in seconds."""
        self._refused: ClipKey | None = None
        """The clip that failed last."""
        self._afresh: ClipKey | None = None
        """A clip that failed twice: it is composed without a continuation."""

    def opened(self, told: Opened) -> None:
        """The composer is ready. That its notes are sounded by another synthesis than before,
        though nobody asked for that (its soundfont has gone, say), is a take-over."""
        state = self._state
        if state.far:
            self.far_line.opened(told.composer, away=self._away)
        elif self._away and not self._taken_over:
            state.say("The composer is back.")
        self._away = False
        self._version_changed(told)
        state.multiplies = told.precision
        self._say_unknown_precision(told)
        state.precision = state.precision or told.precision
        before, state.sounds = state.sounds, told.synthesis
        state.synthesis = state.synthesis or told.synthesis
        if before and before != told.synthesis:
            self._sound_otherwise(before)
        elif not before and not state.goes_on and self._is_another_bank(told.synthesis):
            state.say(
                "The built-in instruments are others than those this session was made with; what "
                "is composed from here on sounds different."
            )

    def _say_unknown_precision(self, told: Opened) -> None:
        """Another machine's musmed may be of a version that knows of no precision."""
        state = self._state
        wished = state.request.generation.precision != "auto" or state.precision not in ("", USUAL)
        if state.far and wished and has_model(told.composer) and not told.precision:
            state.say(
                f"musmed on {state.far} is older and composes in the precision that it is used to; "
                "install this version there for the one of this session."
            )

    def _is_another_bank(self, sounds: str) -> bool:
        """Whether the built-in synthesis that sounds is not the one that sounded the newest of the
        clips that are kept. Where a session goes on, ``renewal`` says from when on."""
        known = self._state.clip_composers
        kept = known[max(known)].stages[-1].synthesis if known else ""
        return built_in(kept) and built_in(sounds) and kept != sounds

    def clip_ended(self) -> None:
        """The composer works."""
        self._count = 0
        self.far_line.works()

    def went_on(self) -> None:
        """The session's write cursor has moved. Near a session's end all is composed: a line that
        drops now and then must not be taken for one that never comes back."""
        state = self._state
        if not state.ready or state.composing is not None:
            self._idle_since = None
        elif self._idle_since is None or state.written < self._idle_since:
            self._idle_since = state.written
        elif state.written - self._idle_since >= IDLE_FRAMES:
            self.clip_ended()

    def begins_afresh(self, key: ClipKey) -> bool:
        """Whether the clip was refused twice with what it was to go on from."""
        return key == self._afresh

    def clip_failed(self, key: ClipKey, reason: str) -> None:
        if key == self._refused:
            self._afresh = key
        self._refused = key
        self.lost(reason, process_alive=True)

    @property
    def slow(self) -> bool:
        """Whether the composer is known to compose more slowly than is played."""
        known = self._speed is not None and self._speed < 1.0
        return known and self._state.composer != EMBEDDED

    def measured(self, speed: float) -> None:
        """A whole clip was composed at ``speed`` seconds of music in a second."""
        if self._state.composer != EMBEDDED:
            self._speed = speed
            self.say_slowness()

    def say_slowness(self) -> None:
        """Once, what to expect of a composer that is slower than what is played."""
        state = self._state
        if self.slow and self._speed is not None and not self._slowness_said:
            self._slowness_said = True
            left = state.plan.total - state.written / SAMPLE_RATE
            state.say(_slowness(state.composer, self._speed, left))

    def silent(self, seconds: float) -> None:
        """The listener has been waiting so long. Who can't be taken over from is started anew,
        unless something comes, however slowly; while it loads, that is the watchdog's affair
        (``engine.link.watchdog``), which knows how long a soundfont may take."""
        self._silence = seconds
        self._quiet_since = min(self._quiet_since, seconds)
        reason = f"no music for {seconds:.0f} s"
        if self._state.given_up or not self._stand_in or seconds < TAKEOVER_SECONDS:
            return
        if self._state.far and (self._away or seconds >= FAR_SILENCE_SECONDS):
            self._come_home(reason)
        elif self._replaceable:
            self._take_over(reason)
        elif self._state.ready and seconds - self._quiet_since >= TAKEOVER_SECONDS:
            self.lost(reason, process_alive=True)

    def heard(self) -> None:
        """The engine has said something, or another is started."""
        self._quiet_since = self._silence

    def refused_to_open(self, reason: str) -> None:
        """A composer that can't be loaded could not be loaded the next time either. What
        another machine says of itself is told as such: it is 'this machine' there."""
        if self._state.far:
            reason = f"{self._state.far} says: {reason}"
        if self._state.composer == EMBEDDED:
            self.lost(reason, process_alive=True)
        elif self._stand_in:
            self._take_over(reason.rstrip("."))
        elif not self._state.given_up:
            self._give_up(reason)

    def lost(self, reason: str, *, process_alive: bool, line: LineFault = "") -> None:
        """The engine is gone or can't compose: start another, or give up after several. ``line``:
        what is the matter with the one to another machine."""
        state = self._state
        if state.given_up:
            return
        state.engine_is_gone()
        self.heard()  # the next engine has its own time
        self._count += 1
        if state.far:
            self._far_is_lost(reason, line)
            return
        self._away = True
        if self._count >= TAKEOVER_FAILURES and self._replaceable:
            self._take_over(reason.rstrip("."))
            return
        self.restarts += 1
        if self._count > MAX_FAILURES:
            self._give_up(reason)
            return
        if self._count >= TAKEOVER_FAILURES and self._resoundable:
            self._sound_with_the_built_in(reason.rstrip("."))
            return
        what = "The composer reported a failure" if process_alive else "The composer stopped"
        state.say(
            f"{what} ({reason.rstrip('.')}); a new one is being started from the last whole "
            "clip, and the music goes on."
        )
        state.ask(StartEngine(self._delays[self._count - 1]))

    def _far_is_lost(self, reason: str, line: LineFault) -> None:
        """It is tried again for a while; then the engine here takes over, or, where nobody listens,
        the session ends."""
        news, self._away = not self._away, True
        self._useless = not line and self._opened is None
        self.restarts += 1
        if self.far_line.try_again(reason, line, news=news, listens=self._stand_in):
            return
        if self._stand_in:
            self._come_home(reason.rstrip("."))
        else:
            self._give_up(reason)

    def _come_home(self, reason: str) -> None:
        """From here on this machine composes: as before, where it was the embedded composer."""
        state, away = self._state, self.far_line.leave(watch=not self._useless)
        if state.composer != EMBEDDED:
            self._take_over(reason)
            return
        state.say(f"The engine here takes over from the one on {away} ({reason}).")
        self._begin_elsewhere()
        state.ask(StartEngine())

    def go_back(self) -> None:
        """From here on the other machine composes, and whoever composed there before."""
        state, composer = self._state, self.far_line.go_back()
        self._begin_elsewhere()
        if composer != state.composer:
            state.composer, state.sounds, state.multiplies = composer, "", ""
            self._taken_over = False
            for key, clip in self._begun():
                self._pass_on(key, clip)
        state.ask(StartEngine(far=True))

    def _begin_elsewhere(self) -> None:
        self._state.engine_is_gone()
        self.heard()
        self._away, self._count = False, 0
        self.restarts += 1

    def _version_changed(self, told: Opened) -> None:
        """Another machine's musmed may have the composer in another version, which goes on from
        nobody's samples: a begun clip goes over to it as it does to another composer."""
        before, self._opened = self._opened, told
        if before is None or before.composer != told.composer or before.version == told.version:
            return
        for key, clip in self._begun():
            self._pass_on(key, clip)

    @property
    def _replaceable(self) -> bool:
        return self._stand_in and self._state.composer != EMBEDDED

    @property
    def _resoundable(self) -> bool:
        """Whether what sounds the notes is, or may be, from outside musmed (a soundfont)."""
        state = self._state
        own = built_in(state.synthesis) or built_in(state.sounds)
        return state.composer == EMBEDDED and not own

    def _sound_with_the_built_in(self, reason: str) -> None:
        """From here on the built-in synthesis sounds the notes: what came from outside may be what
        ended three engines. A clip that has begun goes over to it once it is open."""
        state = self._state
        sounded = state.sounds or state.synthesis
        over = f" from {spoken(sounded)}" if sounded else ""
        state.say(f"The built-in synthesis takes over{over} ({reason}).")
        state.synthesis = BUILTIN
        state.clip_composers = {}
        state.ask(StartEngine(self._delays[self._count - 1]))

    def _sound_otherwise(self, before: str) -> None:
        """``state.sounds`` takes over from the synthesis ``before``; a clip that has begun goes
        over to it as it does to another composer."""
        state = self._state
        if not (built_in(state.sounds) and state.synthesis == BUILTIN):  # that has been said
            name = spoken(state.sounds)
            state.say(f"{name[0].upper()}{name[1:]} takes over from {spoken(before)}.")
        for key, clip in self._begun():
            if clip.awaits_next:
                clip.take_back(state.by)
            elif clip.by and clip.by.composer == state.composer and clip.by != state.by:
                self._pass_on(key, clip)

    def _give_up(self, reason: str) -> None:
        self._state.given_up = True
        self._state.ask(GiveUp(reason))

    def _take_over(self, reason: str) -> None:
        """From here on the embedded composer composes."""
        state = self._state
        state.say(f"The embedded composer takes over from {file_name(state.composer)} ({reason}).")
        state.composer, state.far = EMBEDDED, ""
        state.sounds = state.multiplies = ""
        state.engine_is_gone()
        self.heard()
        self._taken_over = True
        self._count = 0
        self.restarts += 1
        state.clip_composers = {}
        for key, clip in self._begun():
            self._pass_on(key, clip)
        state.ask(StartEngine())

    def _begun(self) -> list[tuple[ClipKey, ClipState]]:
        """The clips of which some is here and more is to come."""
        clips = self._state.clips.items()
        return [(key, c) for key, c in clips if c.begun and not c.over]

    def _pass_on(self, key: ClipKey, clip: ClipState) -> None:
        """A begun clip of which nothing is about to be heard is composed anew: one clip, one
        composer. What is being heard is handed over (``playback.handover``)."""
        if clip.placed and self._may_sound(clip):
            clip.cede()
            return
        if clip.placed:
            self._state.ask(Withdraw(frozenset((key,))))
        self._state.forget((key,))

    def _may_sound(self, clip: ClipState) -> bool:
        """Whether something of a clip that the joiner has may be heard, now or in a moment."""
        state, index = self._state, clip.spec.index
        if state.older_is_placed(clip.spec.key):
            return True  # a splice, for which what it took over from was thrown away
        joined = any(s.placed for key, s in state.clips.items() if key.index == index - 1)
        soon = state.written + frames_of(SPLICE_MARGIN_SECONDS)
        return clip.start <= soon and (clip.got >= HEAD or not joined)


def _slowness(composer: str, speed: float, left: float) -> str:
    """``left``: seconds of the session still to be played. Music of ``left`` seconds takes
    left / speed to compose, so playing may begin left / speed - left from now."""
    minutes = math.ceil(left * (1.0 / max(speed, 1e-3) - 1.0) / 60.0)
    return (
        f"{composer} composes {speed:.2f} s of music in a second here: pause for {minutes} min and "
        f"the rest plays without a stop, or start anew with --composer {EMBEDDED}."
    )
