"""When a session looks at how playback stands."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.link.deliveries import ChunkArrived, Delivery

TICK_SECONDS = 0.1


class Pace:
    """A look is due ``TICK_SECONDS`` after the last one, or at once when something has come that
    changes how the session stands. Sound does not, and of a rendering it comes fifty times a
    second. ``clock`` in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due = clock()

    def left(self) -> float:
        """Seconds until a look is due."""
        return max(0.0, self._due - self._clock())

    def came(self, delivery: Delivery) -> None:
        """The engine has said this."""
        if not isinstance(delivery, ChunkArrived):
            self.hurry()

    def hurry(self) -> None:
        """Something has changed."""
        self._due = self._clock()

    def is_due(self) -> bool:
        """Whether to look now; the next look is due a tick later."""
        now = self._clock()
        if now < self._due:
            return False
        self._due = now + TICK_SECONDS
        return True
