"""The sleep timer: after so many minutes the music fades slowly and the session stops.

Pure: who looks says what time it is (seconds of a clock that never goes back). Pausing the session
doesn't stop it; time in which nobody looked, because the process or the machine stood still, does.
May be used from any thread.
"""

from __future__ import annotations

import math
import threading

CHOICES = (10.0, 20.0, 30.0, 60.0)
"""Minutes that a key goes through; then it is off."""
FADE_SECONDS = 30.0
BACK_SECONDS = 3.0
"""How long the music takes to come back for whoever is awake after all."""
STOOD_SECONDS = 5.0
"""Nobody looks so seldom while the process runs."""


class SleepTimer:
    """Off, until ``set`` or ``step``."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._minutes: float | None = None
        self._due = math.inf
        self._looked: float | None = None
        self._back_since = -math.inf
        self._back_from = 1.0

    def set(self, minutes: float | None, now: float) -> None:
        """Stop in ``minutes`` from ``now`` on; None: don't."""
        with self._lock:
            self._come_back(now)
            self._minutes = minutes
            self._due = math.inf if minutes is None else now + 60.0 * minutes

    def step(self, now: float) -> float | None:
        """On to the next of ``CHOICES``, and behind the last one off; gives what it is now."""
        with self._lock:
            before = self._minutes or 0.0
            self.set(next((one for one in CHOICES if one > before), None), now)
            return self._minutes

    def wake(self, now: float) -> bool:
        """The listener does something: a fade that has begun is called off. Gives whether one
        was."""
        with self._lock:
            if now < self._due:
                return False
            self.set(None, now)
            return True

    def gain(self, now: float) -> float:
        """What the volume is to be multiplied by, in [0, 1]; 0: it is time to stop. To be asked
        several times a second."""
        with self._lock:
            if self._looked is not None and now - self._looked > STOOD_SECONDS:
                self._due += now - self._looked
            self._looked = now
            return self._gain(now)

    def left(self, now: float) -> int | None:
        """Whole minutes until the fade, rounded up; 0 while it fades, None where it is off."""
        with self._lock:
            if self._minutes is None:
                return None
            return max(0, math.ceil((self._due - now) / 60.0))

    def _gain(self, now: float) -> float:
        if now >= self._due:
            share = max(0.0, 1.0 - (now - self._due) / FADE_SECONDS)
            return share * share  # nearer to how loudness is heard than a straight line
        share = min(1.0, (now - self._back_since) / BACK_SECONDS)
        return self._back_from + (1.0 - self._back_from) * share

    def _come_back(self, now: float) -> None:
        self._back_from, self._back_since = self._gain(now), now


def said(minutes: float | None) -> str:
    """What the listener is told of what was set."""
    if minutes is None:
        return "The sleep timer is off."
    count = "1 minute" if minutes == 1 else f"{minutes:g} minutes"
    return f"Sleep in {count}: then the music fades, and the session stops and is kept."


FADES = "It is time to sleep: the music fades. Whatever you do with it keeps it playing."
AWAKE = "The music goes on; the sleep timer is off."
