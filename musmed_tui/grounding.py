"""One line of grounding for who eases a session and stops it within a minute. Pure.

Nothing is concluded from it, and nothing of it is kept or logged: it may have been the door bell.
"""

from __future__ import annotations

import time
from collections.abc import Callable

LINE = "Feet on the floor, one slow breath out."
SOON_SECONDS = 60.0


class Grounding:
    """``clock``: seconds of real time; a session that is paused goes on being a minute ago."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._eased_at: float | None = None
        self.offered = False
        """Whether the line is to be offered."""

    def eased(self) -> None:
        self._eased_at = self._clock()

    def stopped(self) -> None:
        at = self._eased_at
        self.offered = at is not None and self._clock() - at <= SOON_SECONDS
