"""What moves by itself on the plane: the dot breathes, and glows as loud as the music is. Pure.

Both are slow on purpose, and in few steps: nothing blinks, and what stays is not sent again. Their
clock is the session's, so both stand still while it is paused.
"""

from __future__ import annotations

import math
from typing import NamedTuple

BREATH_SECONDS = 10.0
"""Six breaths a minute: a pace that people can breathe with."""
BREATHS = 6
"""In how many steps a breath is drawn, from the faintest (0) to the brightest."""
GLOWS = (-36.0, -25.0, -15.0)
"""The levels from which on it glows by one step more, in dBFS."""
GLOW_SECONDS = 1.0
"""A glow changes by one step, and no sooner than this after it changed before."""
_FOLLOW_SECONDS = 1.5
_MARGIN = 1.5
"""How far beyond a level it has to be, in dB: at its edge it would flicker."""
_SILENT = -60.0


def breath(seconds: float) -> int:
    """How bright the dot is at ``seconds``, 0 to ``BREATHS`` - 1; brightest at 0."""
    share = (1.0 + math.cos(2.0 * math.pi * seconds / BREATH_SECONDS)) / 2.0
    return min(BREATHS - 1, int(BREATHS * share))


class Glow(NamedTuple):
    """``step``: how strong it is, 0 to ``len(GLOWS)``. ``level``: the smoothed peak in dBFS at
    ``seen``; ``since``: when the step changed. Both times are session seconds."""

    step: int = 0
    level: float = _SILENT
    seen: float = 0.0
    since: float = 0.0


def glowed(before: Glow, peak: float, seconds: float) -> Glow:
    """The glow at ``seconds``, when the peak is ``peak`` dBFS. After a jump it begins anew."""
    passed = seconds - before.seen
    if not 0.0 <= passed <= 5.0:
        return Glow(before.step, before.level, seconds, seconds)
    share = 1.0 - math.exp(-passed / _FOLLOW_SECONDS)
    level = before.level + share * (max(_SILENT, peak) - before.level)
    step = before.step
    if seconds - before.since >= GLOW_SECONDS:
        if step < len(GLOWS) and level >= GLOWS[step] + _MARGIN:
            step += 1
        elif step and level < GLOWS[step - 1] - _MARGIN:
            step -= 1
    return Glow(step, level, seconds, before.since if step == before.step else seconds)


class Motion:
    """How the dot moves while it is looked at; ``calm``: it does not."""

    def __init__(self, *, calm: bool) -> None:
        self._calm = calm
        self._glow = Glow()

    def at(self, seconds: float, peak: float) -> tuple[int | None, int]:
        """The step of the breath (None: it does not breathe) and of the glow, for a dot at
        ``seconds`` of the session while the music peaks at ``peak`` dBFS."""
        if self._calm:
            return None, 0
        self._glow = glowed(self._glow, peak, seconds)
        return breath(seconds), self._glow.step
