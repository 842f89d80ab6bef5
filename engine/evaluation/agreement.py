"""How far several people agree who sort the same things into categories. Pure.

Fleiss' kappa (J. L. Fleiss, *Measuring nominal scale agreement among many raters*, Psychological
Bulletin 76(5), 1971, 378-382): the share of pairs of raters that agree, beyond what it would be if
all answered at random with the shares that the categories have on the whole. 1: all agree; 0: as by
chance; below 0: less than that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Whole = NDArray[np.int64]

RESAMPLES = 2_000
SHUFFLES = 1_000
_SURE = 1.0 - 1e-12


class OfCategory(NamedTuple):
    """``share``: of all answers. ``again``: how often another rater of the same thing gives this
    answer too, where one has given it; ``kappa``: that, beyond ``share``. None where nobody gave
    it, or everybody always."""

    share: float
    again: float | None
    kappa: float | None


class Agreement(NamedTuple):
    """Kappa with the middle 95 % of it over things drawn again (percentile bootstrap), and what it
    is by chance: mean and middle 95 % where every rater's answers are dealt out anew over the
    things. None where it has no meaning: all answers are one."""

    kappa: float | None
    low: float | None
    high: float | None
    chance: float | None
    chance_low: float | None
    chance_high: float | None


def counted(ratings: Whole, categories: int) -> Whole:
    """(things, categories): how many raters gave each answer. ``ratings``: (things, raters), the
    numbers of categories from 0."""
    return np.stack([(ratings == one).sum(axis=1) for one in range(categories)], axis=1)


def shared_pairs(counts: Whole) -> Vector:
    """(things,): the share of pairs of raters that agree, in [0, 1] (Fleiss' P_i). ``counts``:
    (things, categories), the same number of raters (at least 2) in every row, or ``ValueError``."""
    raters = counts.sum(axis=1)
    if counts.ndim != 2 or not len(counts) or raters.min() != raters.max() or raters[0] < 2:
        raise ValueError("every thing wants the same two or more raters")
    n = int(raters[0])
    shared: Vector = (counts * (counts - 1)).sum(axis=1) / (n * (n - 1))
    return shared


def fleiss_kappa(counts: Whole) -> float | None:
    """Fleiss' kappa of ``counts`` as for ``shared_pairs``, at most 1."""
    kappa = _kappas(shared_pairs(counts)[None], counts[None])[0]
    return None if np.isnan(kappa) else float(kappa)


def of_categories(counts: Whole) -> tuple[OfCategory, ...]:
    """Of each category by itself (Fleiss 1971, equations 20 and 21)."""
    shared_pairs(counts)  # raises for what is no table of counts
    raters = int(counts[0].sum())
    found = []
    for column in counts.T:
        given = int(column.sum())
        share = given / counts.sum()
        if not given or share >= _SURE:
            found.append(OfCategory(float(share), 1.0 if given else None, None))
            continue
        again = float((column * (column - 1)).sum() / (given * (raters - 1)))
        found.append(OfCategory(float(share), again, float((again - share) / (1.0 - share))))
    return tuple(found)


def agreement(ratings: Whole, categories: int, rng: np.random.Generator) -> Agreement:
    """All of it for ``ratings`` as in ``counted``."""
    counts = counted(ratings, categories)
    shared = shared_pairs(counts)
    drawn = rng.integers(0, len(counts), (RESAMPLES, len(counts)))
    low, high = _middle(_kappas(shared[drawn], counts[drawn]))
    dealt = [
        np.nan if (kappa := fleiss_kappa(counted(one, categories))) is None else kappa
        for one in (rng.permuted(ratings, axis=0) for _ in range(SHUFFLES))
    ]
    chance = np.array(dealt)
    chance_low, chance_high = _middle(chance)
    known = chance[~np.isnan(chance)]
    mean = float(known.mean()) if len(known) else None
    return Agreement(fleiss_kappa(counts), low, high, mean, chance_low, chance_high)


def _kappas(shared: Vector, counts: Whole) -> Vector:
    """Of tables side by side: (tables, things) and (tables, things, categories); NaN for none."""
    shares = counts.sum(axis=1) / counts.sum(axis=(1, 2))[:, None]
    chance = (shares**2).sum(axis=1)
    agreed = shared.mean(axis=1)
    sure = chance >= _SURE
    kappas: Vector = np.where(sure, np.nan, (agreed - chance) / np.where(sure, 1.0, 1.0 - chance))
    return kappas


def _middle(values: Vector) -> tuple[float, float] | tuple[None, None]:
    known = values[~np.isnan(values)]
    if not len(known):
        return None, None
    low, high = np.percentile(known, (2.5, 97.5))
    return float(low), float(high)
