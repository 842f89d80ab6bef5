"""The four quarters of the plane, and their names."""

from __future__ import annotations

from enum import Enum

from engine.affect.circumplex import Affect


class Quarter(Enum):
    """A quarter of the plane; its value is what a listener reads. Energy is arousal."""

    UNPLEASANT_HIGH = "unpleasant, high energy"
    PLEASANT_HIGH = "pleasant, high energy"
    UNPLEASANT_LOW = "unpleasant, low energy"
    PLEASANT_LOW = "pleasant, low energy"


def quarter_of(affect: Affect) -> Quarter | None:
    """The quarter ``affect`` lies in, by its signs; None in the very middle.

    An axis belongs to the pleasant side and to the side of high energy.
    """
    if affect == Affect(0.0, 0.0):
        return None
    if affect.arousal >= 0.0:
        return Quarter.PLEASANT_HIGH if affect.valence >= 0.0 else Quarter.UNPLEASANT_HIGH
    return Quarter.PLEASANT_LOW if affect.valence >= 0.0 else Quarter.UNPLEASANT_LOW
