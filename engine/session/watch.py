"""How playback stands, as the conductor is told."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.audio.format import SAMPLE_RATE
from engine.playback.playback import Playback
from engine.session.conductor.messages import Progress
from engine.session.lifecycle import BEGINNING_SECONDS

COUNTED_SECONDS = 1.0
"""The most that counts of the time between two looks: whoever slept or was stopped did not wait."""


class Watch:
    """Looks at ``playback`` and knows how long the listener has waited; ``clock`` in seconds;
    ``begins``: the session second at which it is heard first."""

    def __init__(
        self,
        playback: Playback,
        clock: Callable[[], float] = time.monotonic,
        *,
        begins: float = 0.0,
    ) -> None:
        self._playback = playback
        self._clock = clock
        self._looked = clock()
        self._silence = 0.0
        """For how many seconds the listener has waited for a clip."""
        self._waits = False
        self._begins = begins
        self._sounded = False
        """It has been heard from there on: before that nothing is late."""

    def look(self) -> Progress:
        """How it stands now. A splice that was passed by is reported once."""
        state = self._playback.state()
        moved = abs(state.heard - self._begins) > BEGINNING_SECONDS
        self._sounded = self._sounded or (moved and not state.waiting)
        waiting = state.waiting and self._sounded
        with self._playback.joiner() as joiner:
            missed, joiner.missed_splice = joiner.missed_splice, False
            horizon = joiner.horizon()
        passed = self._count(waits=waiting and not (state.paused or state.away))
        ahead = max(0.0, (horizon - state.written) / SAMPLE_RATE)
        return Progress(state.written, waiting, missed, self._silence, passed, ahead)

    def _count(self, *, waits: bool) -> float:
        """Seconds since the last look."""
        now = self._clock()
        passed, self._looked = min(now - self._looked, COUNTED_SECONDS), now
        self._silence = self._silence + passed if waits and self._waits else 0.0
        self._waits = waits
        return passed
