"""A point on the valence-arousal circumplex (Russell, 1980)."""

from __future__ import annotations

import math

import msgspec


class Affect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A point on the circumplex: ``valence`` and ``arousal``, each in [-1, 1].

    Raises ``ValueError`` for a coordinate that is not finite or lies outside [-1, 1]
    (msgspec turns it into a ``ValidationError`` when one is decoded).
    """

    valence: float
    arousal: float

    def __post_init__(self) -> None:
        for name, value in (("valence", self.valence), ("arousal", self.arousal)):
            if not (math.isfinite(value) and -1.0 <= value <= 1.0):
                raise ValueError(f"{name} must lie in [-1, 1], not {value}")

    def distance(self, other: Affect) -> float:
        """Euclidean distance on the plane, in affect units (0 to 2 * sqrt(2))."""
        return math.hypot(other.valence - self.valence, other.arousal - self.arousal)

    def toward(self, other: Affect, fraction: float) -> Affect:
        """The point ``fraction`` (in [0, 1]) of the straight way from here to ``other``."""
        return Affect(
            _between(self.valence, other.valence, fraction),
            _between(self.arousal, other.arousal, fraction),
        )


def _between(a: float, b: float, fraction: float) -> float:
    # Rounding may carry the sum past its ends, and past the plane's edge.
    low, high = (a, b) if a <= b else (b, a)
    return min(max(a + (b - a) * fraction, low), high)
