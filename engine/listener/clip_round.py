"""A round of clips to be rated, for a personal meter: six places far apart on the plane. Pure."""

from __future__ import annotations

import math

import numpy as np

from engine.affect.circumplex import Affect
from engine.plan.request import Request

CLIPS = 6
CLIP_SECONDS = 30.0
"""What is heard of each; the meter gives three readings of it."""
RADIUS = 0.7
"""Of the hexagon they lie on: lively, and not at the edge of what can be composed."""
_SEEDS = 10**9


def clip_requests(dice: np.random.Generator) -> tuple[Request, ...]:
    """Each place once, in an order and with seeds that ``dice`` draw, of the embedded composer and
    without anything that was learned of the listener. A session is a minute at least; its first
    ``CLIP_SECONDS`` are the clip."""
    corners = [
        Affect(RADIUS * math.cos(angle), RADIUS * math.sin(angle))
        for angle in (math.pi * (k + 0.5) / (CLIPS / 2) for k in range(CLIPS))
    ]
    return tuple(
        Request(
            start=corners[place],
            target=corners[place],
            minutes=1.0,
            strategy="direct",
            temperature=0.0,
            seed=int(dice.integers(_SEEDS)),
            composer="embedded",
        )
        for place in dice.permutation(CLIPS)
    )
