"""How much has to be here before a listener in real time hears the first of it. Pure."""

from __future__ import annotations

from collections.abc import Callable

from engine.audio.format import SAMPLE_RATE, frames_of

HEAD_START = frames_of(2.0)
"""Whoever composes: one that was just started is slow at first, on a busy machine slower than it
plays."""
LEAST = frames_of(0.5)
"""From one that is fast."""
FAST = 5.0
"""Seconds of sound that come in a second: a third of a second later ``HEAD_START`` is here."""


class HeadStart:
    """Looks at what is here, by ``clock`` (seconds), until it is ``enough``."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._first: tuple[int, float] | None = None

    def enough(self, here: int, rest: int) -> bool:
        """``here``: frames from where playing begins; ``rest``: how many there are to the end."""
        if here >= min(HEAD_START, rest):
            return True
        if here <= 0:
            return False
        if self._first is None:
            self._first = (here, self._clock())
        came, took = here - self._first[0], self._clock() - self._first[1]
        return here >= LEAST and came > 0 and came >= FAST * took * SAMPLE_RATE
