"""Metres: how many sixteenths a bar has, and which of them are heard as strong."""

from __future__ import annotations

import msgspec

from engine.composers.score.dice import Dice


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
MARCH = Metre(2, 4, (3, 0, 0, 0, 1, 0, 0, 0), 4)
METRES = {metre.name: metre for metre in (COMMON, WALTZ, COMPOUND, MARCH)}
_IN_FOUR = {
    "electronic", "dance", "techno", "trance", "house", "deephouse", "electropop", "synthpop",
    "club", "disco", "drumnbass", "breakbeat", "edm", "eurodance", "dubstep", "hiphop", "rap",
    "triphop", "dub", "idm", "reggae", "funk", "pop", "poprock", "rock", "hardrock", "metal",
    "industrial", "hard", "grunge", "punkrock", "alternative", "newwave", "latin",
}  # fmt: skip
"""Genres that are danced or beaten in four."""
_DRAWN = (COMMON, COMMON, COMMON, WALTZ, COMPOUND)
"""Two in a bar is there for who asks for it."""


def metre_for(genre: str, dice: Dice) -> Metre:
    """A piece's metre: three in five in common time, always where the ``genre`` is. It stays until
    another seed begins another piece."""
    drawn = dice.pick(_DRAWN)
    return COMMON if genre in _IN_FOUR else drawn
