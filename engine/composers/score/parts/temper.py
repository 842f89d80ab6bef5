"""Temper: what an affect asks of an accompaniment beyond how much is played.

Tense is not sad, sad not calm, glad not excited. Each is a share from 0 to 1, continuous in valence
and arousal; a section draws once for each of its means, and has it where the draw lies under the
share at its start. So on a path that moves on means come one after another.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.affect.circumplex import Affect


class Temper(NamedTuple):
    """``tense``: low valence, aroused. ``glad``: high valence, unless all but asleep. ``calm``:
    little arousal, and nothing to be sad about."""

    tense: float
    glad: float
    calm: float


def _ramp(value: float, low: float, high: float) -> float:
    """0 up to ``low``, 1 from ``high`` on."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


def temper(affect: Affect) -> Temper:
    """The temper of an affect."""
    v, a = affect.valence, affect.arousal
    return Temper(
        tense=_ramp(-v, 0.05, 0.35) * _ramp(a, 0.05, 0.45),
        glad=_ramp(v, 0.1, 0.45) * _ramp(a, -0.9, -0.45),
        calm=_ramp(-a, 0.25, 0.7) * _ramp(v, -0.2, 0.2),
    )
