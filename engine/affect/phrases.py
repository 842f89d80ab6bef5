"""What a place on the plane is called when it is told to a listener."""

from __future__ import annotations

import math

from engine.affect.circumplex import Affect
from engine.affect.feelings import nearest_feelings

SAME = 0.03
"""How near, in affect units, a point must lie to a feeling's place to be called by its word."""
BEYOND = 0.1
"""How much farther from the middle than its nearest feeling a point lies that is beyond it."""


def phrase(affect: Affect) -> str:
    """'calm' at calm's own place, else 'near calm', or 'beyond calm' where it lies farther out."""
    found = nearest_feelings(affect, 1)[0]
    if affect.distance(found.affect) <= SAME:
        return found.word
    out, there = _radius(affect), _radius(found.affect)
    return f"{'beyond' if there > BEYOND and out - there > BEYOND else 'near'} {found.word}"


def called(affect: Affect, word: str | None) -> str:
    """``word``, or the phrase for where it is."""
    return word or phrase(affect)


def towards(affect: Affect, word: str | None) -> str:
    """What a target is called in a sentence: 'calm', 'a feeling near calm'."""
    said = called(affect, word)
    return f"a feeling {said}" if word is None and " " in said else said


def _radius(affect: Affect) -> float:
    return math.hypot(affect.valence, affect.arousal)
