"""What is done about a composer that fails: start another, let the embedded one take over, or
give up."""

from __future__ import annotations

from collections.abc import Sequence

from engine.audio.align import MAX_LAG
from engine.audio.format import frames_of
from engine.composers.base import EMBEDDED
from engine.plan.clock import OVERLAP_SECONDS
from engine.plan.generation import file_name
from engine.plan.spec import ClipKey
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.messages import GiveUp, StartEngine, Withdraw
from engine.session.conductor.splice import SPLICE_MARGIN_SECONDS
from engine.session.conductor.state import Work

MAX_FAILURES = 5
RESTART_DELAYS = (0.0, 0.5, 1.0, 2.0, 4.0)
TAKEOVER_FAILURES = 3
"""The composer failed, and so did two new ones: the embedded composer takes over."""
TAKEOVER_SECONDS = 10.0
"""So much silence is enough: the embedded composer takes over."""


HEAD = frames_of(OVERLAP_SECONDS) + MAX_LAG
"""How much of a clip its join needs: with less it does not sound."""


class Failures:
    """``stand_in``: the embedded composer takes over from one that fails; otherwise the session
    ends. ``delays``: seconds before each new start. ``restarts``: engines started beyond the first.
    """

    def __init__(self, work: Work, *, stand_in: bool, delays: Sequence[float]) -> None:
        self._work = work
        self._stand_in = stand_in
        self._delays = delays
        self.restarts = 0
        self._count = 0
        self._away = False
        self._taken_over = False
        self._refused: ClipKey | None = None
        self._afresh: ClipKey | None = None

    @property
    def careful(self) -> bool:
        """Whether the last engines died with no clip between them."""
        return self._count >= 2

    def opened(self) -> None:
        """The composer is ready."""
        if self._away and not self._taken_over:
            self._work.say("The composer is back.")
        self._away = False

    def clip_ended(self) -> None:
        """The composer works."""
        self._count = 0

    def begins_afresh(self, key: ClipKey) -> bool:
        """Whether the clip was refused twice with what it was to go on from."""
        return key == self._afresh

    def clip_refused(self, key: ClipKey, reason: str) -> None:
        if key == self._refused:
            self._afresh = key
        self._refused = key
        self.lost(reason, process_alive=True)

    def silent(self, seconds: float) -> None:
        """The listener has been waiting so long."""
        if seconds >= TAKEOVER_SECONDS and self._replaceable and not self._work.given_up:
            self._take_over(f"no music for {seconds:.0f} s")

    def refused_to_open(self, reason: str) -> None:
        """A composer that can't be loaded could not be loaded the next time either."""
        if self._work.composer == EMBEDDED:
            self.lost(reason, process_alive=True)
        elif self._stand_in:
            self._take_over(reason.rstrip("."))
        elif not self._work.given_up:
            self._give_up(reason)

    def lost(self, reason: str, *, process_alive: bool) -> None:
        """The engine is gone or can't compose: start another, or give up after several."""
        work = self._work
        if work.given_up:
            return
        work.engine_is_gone()
        self._count += 1
        self._away = True
        if self._count >= TAKEOVER_FAILURES and self._replaceable:
            self._take_over(reason.rstrip("."))
            return
        self.restarts += 1
        if self._count > MAX_FAILURES:
            self._give_up(reason)
            return
        what = "The composer reported a failure" if process_alive else "The composer stopped"
        work.say(
            f"{what} ({reason.rstrip('.')}); a new one is being started from the last whole "
            "clip, and the music goes on."
        )
        work.ask(StartEngine(self._delays[self._count - 1]))

    @property
    def _replaceable(self) -> bool:
        return self._stand_in and self._work.composer != EMBEDDED

    def _give_up(self, reason: str) -> None:
        self._work.given_up = True
        self._work.ask(GiveUp(reason))

    def _take_over(self, reason: str) -> None:
        """From here on the embedded composer composes."""
        work = self._work
        work.say(f"The embedded composer takes over from {file_name(work.composer)} ({reason}).")
        work.composer = EMBEDDED
        work.engine_is_gone()
        self._taken_over = True
        self._count = 0
        self.restarts += 1
        work.lineup = {}
        self._pass_on_begun()
        work.ask(StartEngine())

    def _pass_on_begun(self) -> None:
        """A begun clip of which nothing is about to be heard is composed anew: one clip, one
        composer. What is being heard is handed over (``playback.handover``)."""
        work = self._work
        for key, state in list(work.clips.items()):
            if not state.begun or state.continuation is not None:
                continue
            if state.placed and self._may_sound(state):
                state.ceded_by = state.ceded_by or state.composer
                continue
            if state.placed:
                work.ask(Withdraw(frozenset((key,))))
            work.forget((key,))

    def _may_sound(self, state: ClipState) -> bool:
        """Whether something of a clip that the joiner has may be heard, now or in a moment."""
        work, index = self._work, state.spec.index
        if work.older_is_placed(state.spec.key):
            return True  # a splice, for which what it took over from was thrown away
        joined = any(s.placed for key, s in work.clips.items() if key.index == index - 1)
        soon = work.written + frames_of(SPLICE_MARGIN_SECONDS)
        return state.start <= soon and (state.got >= HEAD or not joined)
