"""How playback stands, as the conductor is told."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.playback.playback import Playback
from engine.session.conductor.messages import Progress


class Watch:
    """Looks at ``playback`` and knows how long the listener has waited; ``clock`` in seconds."""

    def __init__(self, playback: Playback, clock: Callable[[], float] = time.monotonic) -> None:
        self._playback = playback
        self._clock = clock
        self._silent_since: float | None = None

    def look(self) -> Progress:
        """How it stands now. A splice that was passed by is reported once."""
        state = self._playback.state()
        waiting = state.waiting and state.heard > 0  # before the first sound nothing is late
        missed = self._playback.missed_splice()
        silence = self._silence(waiting=waiting and not state.paused)
        return Progress(state.written, waiting, missed, silence)

    def _silence(self, *, waiting: bool) -> float:
        """For how many seconds the listener has waited for a clip."""
        now = self._clock()
        if not waiting:
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = now
        return 0.0 if self._silent_since is None else now - self._silent_since
