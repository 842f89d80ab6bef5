"""Metres: how many sixteenths a bar has, and which of them are heard as strong."""

from __future__ import annotations

import msgspec


class Metre(msgspec.Struct, frozen=True):
    """A metre. ``slots``: sixteenths in a bar. ``weights``: for each of them 0 (off the beat), 1
    (a quarter's or a dotted quarter's half), 2 (a beat) or 3 (the bar's own)."""

    numerator: int
    denominator: int
    weights: tuple[int, ...]
    pulse: int
    """Sixteenths from one felt beat to the next: 4, in compound time 6."""

    @property
    def name(self) -> str:
        return f"{self.numerator}/{self.denominator}"

    @property
    def slots(self) -> int:
        return len(self.weights)

    def weight(self, slot: float) -> int:
        """How strong a point of the bar is, 0-3; between sixteenths 0."""
        return self.weights[int(slot)] if slot == int(slot) and slot < self.slots else 0


COMMON = Metre(4, 4, (3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0), 4)
WALTZ = Metre(3, 4, (3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0), 4)
COMPOUND = Metre(6, 8, (3, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0), 6)
METRES = {metre.name: metre for metre in (COMMON, WALTZ, COMPOUND)}
