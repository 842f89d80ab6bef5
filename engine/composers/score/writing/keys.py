"""Keys: where a section's end may lead, by what the path is about to do."""

from __future__ import annotations

from engine.composers.score.dice import Dice
from engine.composers.score.writing.harmony import AEOLIAN, DORIAN, PHRYGIAN

_GENTLE = (0, 0, 0, 5, 7)
_RISING = (2, 2, 3, 9, 4)
_FALLING = (8, 9, 10, 3)


def next_tonic(tonic: int, mode: int, rising: float, dice: Dice) -> int:
    """The tonic of the section to come. Mostly the same or a fifth away; a step or a third up where
    arousal or valence rises (``rising`` > 0), a third or a step down where they fall.

    ``tonic`` is a pitch class, ``mode`` of ``harmony``. Of thirds, those that share most tones with
    the key: 3, 8 and 9 from a minor one, 4, 8 and 9 from a major one.
    """
    if abs(rising) < 0.02 or dice.chance(0.5):
        return (tonic + dice.pick(_GENTLE)) % 12
    minor = mode in (PHRYGIAN, AEOLIAN, DORIAN)
    steps = _RISING if rising > 0 else _FALLING
    return (tonic + dice.pick([s for s in steps if s != (4 if minor else 3)])) % 12
