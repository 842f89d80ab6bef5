"""How a session ends: heard to its end, stopped, or as far as it could be composed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.playback.playback import PlaybackState
from engine.session.library.records import State
from engine.session.status import Phase

LAST_RECORD_SECONDS = 30.0
"""How long a session that has been heard waits for its last clip's record: an engine that died just
before it said so composes that clip once more."""
PLAYED_OUT_SECONDS = 2.0
"""Once nothing more is composed, the session is over when playback has stood still this long."""
BEGINNING_SECONDS = 0.1
"""Playback begins with the block of the stream that holds the position."""


@dataclass(slots=True)
class Lifecycle:
    """How far a session is on its way to its end."""

    realtime: bool
    """Somebody listens."""
    replay: bool
    """A finished session is heard again, and stays finished."""
    failure: str | None = None
    """Why nothing more is composed; what is composed is still played."""
    stopped: bool = False
    """By the listener."""
    finished: bool = False
    """Nothing more happens."""
    begins: float = 0.0
    """Session seconds at which it is heard first."""
    clock: Callable[[], float] = time.monotonic
    """Gives seconds."""
    _ended_at: float | None = None
    """When it was heard to its end (``clock``)."""
    _stood: tuple[int, float, float] = field(default=(-1, -1.0, 0.0))
    """Write cursor, session seconds heard, and since when (``clock``) both have been so."""

    def reached(self, state: PlaybackState, *, last_has_ended: bool = True) -> bool:
        """Whether the session is over: heard to its end, or as far as it could be composed.

        A file takes the last of the audio before the engine says that it was the last. What is said
        of that clip is waited for, but not for ever: ``last_has_ended`` is False until it has come.
        """
        if state.ended:
            if last_has_ended or self.failure is not None:
                return True
            self._ended_at = self.clock() if self._ended_at is None else self._ended_at
            return self.clock() - self._ended_at >= LAST_RECORD_SECONDS
        if self.failure is None or state.paused or state.away:
            return False
        if self.realtime and not state.waiting:
            return False
        now = self.clock()
        written, heard, since = self._stood
        if (written, heard) != (state.written, state.heard):
            self._stood = (state.written, state.heard, now)
            return False
        return now - since >= PLAYED_OUT_SECONDS

    def _at_beginning(self, state: PlaybackState) -> bool:
        return abs(state.heard - self.begins) <= BEGINNING_SECONDS

    def state(self, playback: PlaybackState) -> State:
        """What the library keeps of a session that ended so."""
        if self.replay:
            return "finished"
        if self.stopped:
            return "stopped"
        return "finished" if playback.ended and self.failure is None else "interrupted"

    def phase(self, state: PlaybackState) -> Phase:
        """Where the session is, for whoever looks."""
        checks: tuple[tuple[bool, Phase], ...] = (
            (self.failure is not None and self.finished, "failed"),
            (self.stopped, "stopped"),
            (state.ended, "ended"),
            (state.paused, "paused"),
            (state.away, "away"),
            (state.heard == 0 or (state.waiting and self._at_beginning(state)), "starting"),
            (state.waiting, "composing"),
        )
        return next((phase for true, phase in checks if true), "playing")
