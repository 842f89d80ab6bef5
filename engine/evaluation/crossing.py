"""Is what a judge calls valence more than arousal? Pure.

A judge that hears valence where there is arousal is right about most pairs of pieces and wrong
about those that differ in opposite ways, and on a path where valence rises while arousal falls it
can only say the reverse.
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


def weights(told: NDArray[np.float64], meant: NDArray[np.float64]) -> tuple[float, float] | None:
    """Of ``told`` (n,) on ``meant`` (n, 2: valence, arousal) the coefficients of a regression, all
    in standard deviations: what each axis does where the other stands still. None where either
    does not move, or both move alike."""
    together = np.column_stack([told, meant])
    deviation = together.std(axis=0)
    if len(told) < 4 or not (deviation > 1e-9).all():
        return None
    standard = (together - together.mean(axis=0)) / deviation
    if abs(float(np.mean(standard[:, 1] * standard[:, 2]))) > 0.999:
        return None
    valence, arousal = np.linalg.lstsq(standard[:, 1:], standard[:, 0], rcond=None)[0]
    return float(valence), float(arousal)
