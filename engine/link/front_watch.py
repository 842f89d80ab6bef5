"""When an engine stops waiting for its front: pure, all figures with their reasons.

An engine on another machine would otherwise hold its memory, a model's gigabytes at times, for a
front that never greets, or that has been gone for long without the line having ended.
"""

from __future__ import annotations

LOOK_SECONDS = 1.0
"""How often the engine looks."""
COUNTED_SECONDS = 2.0
"""The most that counts of the time between two looks, as in ``watchdog``: who was stopped or slept
could hear nothing."""
GREETING_SECONDS = 120.0
"""A front greets at once and answers the engine's greeting at once; as long as ``watchdog`` waits
for an engine to greet."""
SILENT_SECONDS = 900.0
"""A front pings every few seconds (``watchdog``). One whose terminal has stopped it (Ctrl-Z) does
not, and finds its engine again for so long; later a new one goes on from the last whole clip."""


class FrontWatch:
    """Watches one front, from the engine's start on; ``now`` in seconds of any clock that only
    ascends."""

    def __init__(self, now: float) -> None:
        self._looked = now
        self._messages = 0
        self._silent = 0.0

    def look(self, now: float, messages: int) -> str:
        """Why the engine ends, a sentence; '' where it does not. ``messages``: how many whole ones
        have come so far. Bytes that make none count for nothing."""
        passed = min(max(0.0, now - self._looked), COUNTED_SECONDS)
        self._looked = now
        if messages != self._messages:
            self._messages, self._silent = messages, 0.0
            return ""
        self._silent += passed
        if self._silent < (SILENT_SECONDS if messages else GREETING_SECONDS):
            return ""
        return f"The other side has said nothing for {self._silent:.0f} s; the engine ends."
