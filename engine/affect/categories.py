"""What people may answer of a mood tag: the quarter of the plane that music with this tag belongs
to, the middle, or none."""

from __future__ import annotations

from enum import Enum

from engine.affect.circumplex import Affect

MIDDLE_RADIUS = 0.2
"""What lies within this of the middle leans to no side (a choice of musmed's, which calls no clip
neutral beyond it either)."""
CENTRE = 0.5
"""The middle of a quarter is so far along both axes."""


class Category(Enum):
    """An answer; its value is what stands in a sheet. High and low are energy, which is arousal."""

    PLEASANT_HIGH = "pleasant high"
    PLEASANT_LOW = "pleasant low"
    UNPLEASANT_HIGH = "unpleasant high"
    UNPLEASANT_LOW = "unpleasant low"
    MIDDLE = "middle"
    NONE = "none"
    """A theme: what the music is for, or its form or sound, and no feeling."""


_SIDES = {
    Category.PLEASANT_HIGH: (1, 1),
    Category.PLEASANT_LOW: (1, -1),
    Category.UNPLEASANT_HIGH: (-1, 1),
    Category.UNPLEASANT_LOW: (-1, -1),
}


def category_of(affect: Affect | None) -> Category:
    """The category of a place, an axis as ``quarter_of`` has it; NONE of no place."""
    if affect is None:
        return Category.NONE
    if fits(Category.MIDDLE, affect):
        return Category.MIDDLE
    sides = (1 if affect.valence >= 0.0 else -1, 1 if affect.arousal >= 0.0 else -1)
    return next(category for category, own in _SIDES.items() if own == sides)


def fits(category: Category, affect: Affect) -> bool:
    """Whether a place may be given with an answer: in the quarter, its axes included, or within
    ``MIDDLE_RADIUS`` of the middle. So the mean of places that fit fits."""
    if category is Category.MIDDLE:
        return affect.distance(Affect(0.0, 0.0)) <= MIDDLE_RADIUS
    if category is Category.NONE:
        return False
    valence, arousal = _SIDES[category]
    return affect.valence * valence >= 0.0 and affect.arousal * arousal >= 0.0


def centre_of(category: Category) -> Affect | None:
    """The middle of a quarter or of the plane; None of NONE."""
    if category is Category.NONE:
        return None
    valence, arousal = _SIDES.get(category, (0, 0))
    return Affect(CENTRE * valence, CENTRE * arousal)
