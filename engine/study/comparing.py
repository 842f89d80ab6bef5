"""Conditions beside each other where the design is crossed: differences within pairs. Pure.

Each pair is the same path, seed and length (or the same participant) under two conditions. The
interval is a bootstrap over pairs, the p a sign-flip test (Fisher 1935, chapter 3), and all that
are looked at together are corrected by Holm (1979, Scand. J. Statist. 6, 65-70).
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence

import msgspec
import numpy as np

from engine.evaluation.path_following import bootstrap

LEAST_PAIRS = 6
"""Of fewer no sign-flip test can come below .05 (2 of 2 ** 5), so nothing is said of them."""
EXACT = 12
"""Pairs up to which every sign is tried."""
FLIPS = 20_000
MOST_CONDITIONS = 5
"""Up to which each is compared with each; of more, each with the first."""

Values = Mapping[Hashable, float]
"""A figure by what pairs it."""


class Comparison(msgspec.Struct, frozen=True):
    """Of ``n`` pairs the mean of ``one`` less ``other``; interval and p are null under
    ``LEAST_PAIRS``. ``corrected``: p by Holm over all comparisons of a kind."""

    figure: str
    one: str
    other: str
    n: int
    difference: float
    low: float | None
    high: float | None
    p: float | None
    corrected: float | None = None


def compared(
    figure: str, by_condition: Mapping[str, Values], rng: np.random.Generator
) -> list[Comparison]:
    """Of each two conditions that share pairs."""
    names = list(by_condition)
    if len(names) <= MOST_CONDITIONS:
        twos = list(itertools.combinations(names, 2))
    else:
        twos = [(names[0], other) for other in names[1:]]
    found = []
    for one, other in twos:
        a, b = by_condition[one], by_condition[other]
        shared = [key for key in a if key in b]
        differences = [a[key] - b[key] for key in shared]
        if differences:
            found.append(_compared(figure, one, other, differences, rng))
    return found


def holm(found: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """The same with p corrected over all of them."""
    tested = sorted((one.p, at) for at, one in enumerate(found) if one.p is not None)
    corrected: dict[int, float] = {}
    highest = 0.0
    for rank, (p, at) in enumerate(tested):
        highest = max(highest, min(1.0, p * (len(tested) - rank)))
        corrected[at] = highest
    return tuple(
        msgspec.structs.replace(one, corrected=corrected.get(at)) for at, one in enumerate(found)
    )


def sign_flip(differences: Sequence[float], rng: np.random.Generator) -> float:
    """Two-sided p of a mean as far from 0 if each difference could as well have the other sign."""
    values = np.asarray(differences, np.float64)
    n = len(values)
    if n <= EXACT:
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        means = np.abs((1.0 - 2.0 * bits) @ values)
        return float(np.mean(means >= abs(values.sum()) - 1e-12))
    beyond = 0
    for _ in range(FLIPS // 1000):
        signs = 1.0 - 2.0 * rng.integers(0, 2, (1000, n))
        beyond += int(np.sum(np.abs(signs @ values) >= abs(values.sum()) - 1e-12))
    return (beyond + 1) / (FLIPS + 1)


def _compared(
    figure: str, one: str, other: str, differences: Sequence[float], rng: np.random.Generator
) -> Comparison:
    n = len(differences)
    mean = float(np.mean(differences))
    if n < LEAST_PAIRS:
        return Comparison(figure, one, other, n, mean, None, None, None)
    found = bootstrap(differences, rng)
    low, high = (None, None) if found is None else (found.low, found.high)
    return Comparison(figure, one, other, n, mean, low, high, sign_flip(differences, rng))
