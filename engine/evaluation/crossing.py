"""Is a judge right about pieces whose valence and arousal differ in opposite ways? Pure.

A judge that hears valence where there is arousal is right about most pairs of pieces and wrong
about these, and on a path where valence rises while arousal falls it can only say the reverse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

APART = 0.5
"""Standard deviations of the ratings by which a pair differs at least, in each axis."""


def right_pairs(
    told: NDArray[np.float64], rated: NDArray[np.float64], *, crossing: bool
) -> float | None:
    """Of ``told`` (n,) and ``rated`` (n, 2: valence, arousal) the share of pairs of which the one
    with the higher valence is told higher, among those that are ``APART`` in both axes, in
    opposite ways (``crossing``) or in the same; equal ones count half, .5 is chance. None where
    there is no such pair."""
    deviation = rated.std(axis=0)
    if len(rated) < 2 or not (deviation > 0).all():
        return None
    valence, arousal = (rated / deviation).T
    more = valence[:, None] - valence[None, :]
    other = arousal[:, None] - arousal[None, :]
    these = (more > APART) & ((-other if crossing else other) > APART)
    if not these.any():
        return None
    beside = np.sign(told[:, None] - told[None, :])[these]
    return float(np.mean((beside + 1.0) / 2.0))
