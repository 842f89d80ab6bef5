"""What a place on the plane is called when it is told to a listener."""

from __future__ import annotations

import math

from engine.affect.circumplex import Affect
from engine.affect.feelings import nearest_feelings
from engine.affect.path import Path

SAME = 0.03
"""How near, in affect units, a point must lie to a feeling's place to be called by its word."""
NEAR = 0.35
"""How near a point must lie to a feeling's place to be nearly that feeling."""
BESIDE = 0.15
"""How near, to be told by a feeling that is neither where it comes from nor where it goes."""
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


def presently(path: Path, time: float, start_word: str | None, target_word: str | None) -> str:
    """How the music feels at ``time`` session seconds, by where it comes from and where it goes:
    'tense', 'a little less tense', 'less tense, nearly calm', 'calm'.

    ``start_word`` and ``target_word`` are the words that were given for the path's ends, None where
    none were. 'nearly' says no word that lies farther than ``NEAR``; another feeling's word is said
    where the path is beside it (``BESIDE``), and only a pleasant one.
    """
    start, target, now = path.waypoints[0].affect, path.waypoints[-1].affect, path.at(time)
    whole, gone, left = start.distance(target), start.distance(now), now.distance(target)
    if left <= SAME:
        return called(now, target_word)
    if gone <= SAME:
        return called(now, start_word)
    source, goal = _name(start, start_word), _name(target, target_word)
    less = "a little less" if gone < whole / 3 and gone < left else "less"
    parts = [f"{less} {source}"] if source and source != goal else []
    if goal and left <= NEAR and left <= max(whole / 2, SAME):
        parts.append(f"nearly {goal}")
    else:
        beside = nearest_feelings(now, 1)[0]
        if _is_beside(now, beside.affect) and beside.word not in (source, goal):
            parts.append(f"near {beside.word}")
    return ", ".join(parts) or phrase(now)


def _name(affect: Affect, word: str | None) -> str | None:
    """What an end of the path can be called in a comparison: None where no feeling lies near."""
    found = nearest_feelings(affect, 1)[0]
    return word or (found.word if affect.distance(found.affect) <= BESIDE else None)


def _is_beside(now: Affect, place: Affect) -> bool:
    return now.distance(place) <= BESIDE and place.valence >= 0.0


def _radius(affect: Affect) -> float:
    return math.hypot(affect.valence, affect.arousal)
