"""A classifier of quadrants of the affect plane, fitted to what people said of other music.

Two ridge regressions, of valence and of arousal, on features of a score. High and low are above and
below the median of what people said of the music that was learnt from. It is validated by piece: no
piece is both learnt from and told. Features are standardised in the music they come from, each kind
of music by itself, or all by the music that was learnt from: music of another kind lies elsewhere
as a whole (more notes, other velocities), and what is asked is where its own differences point.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]
PENALTIES = tuple(10.0 ** np.arange(0.0, 4.1, 0.5))
FOLDS = 10
LIMIT = 3.0
"""Standard deviations beyond which a feature says no more."""


class Rated(NamedTuple):
    """Stretches of music that people rated. ``features``: (n, features); ``ratings``: (n, 2),
    valence and arousal; ``pieces``: (n,), whose stretch each is."""

    features: Table
    ratings: Table
    pieces: NDArray[np.int64]


class Scores(NamedTuple):
    """Shares of stretches told right, each class counting alike: the halves of valence and of
    arousal, the quadrants, and valence within the low and within the high half of arousal."""

    valence: float
    arousal: float
    quadrants: float
    valence_low: float
    valence_high: float


def standardised(features: Table, by: Table | None = None) -> Table:
    """Each feature by the mean and deviation of ``by``, or its own, within ``LIMIT``."""
    by = features if by is None else by
    spread = by.std(axis=0)
    made = (features - by.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)
    return np.asarray(np.clip(made, -LIMIT, LIMIT))


class Ridge(NamedTuple):
    """(features, 2) weights and (2,) offsets."""

    weights: Table
    offsets: Table

    def told(self, features: Table) -> Table:
        """(n, 2)."""
        return np.asarray(features @ self.weights + self.offsets)


def fitted(features: Table, ratings: Table, pieces: NDArray[np.int64]) -> Ridge:
    """Both regressions, their penalties chosen by scikit-learn's cross-validation by piece. Raises
    ``ImportError`` without scikit-learn."""
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import GroupKFold

    weights, offsets = [], []
    for axis in (0, 1):
        folds = list(GroupKFold(min(5, len(set(pieces)))).split(features, groups=pieces))
        model = RidgeCV(alphas=PENALTIES, cv=folds).fit(features, ratings[:, axis])
        weights.append(model.coef_)
        offsets.append(model.intercept_)
    return Ridge(np.stack(weights, axis=1), np.array(offsets))


def cross_validated(rated: Rated, folds: int = FOLDS) -> Table:
    """(n, 2): what is told of each stretch by what was learnt from other pieces, over the medians
    of what they were rated."""
    from sklearn.model_selection import GroupKFold

    features = standardised(rated.features)
    told = np.zeros_like(rated.ratings)
    for learn, test in GroupKFold(folds).split(features, groups=rated.pieces):
        model = fitted(features[learn], rated.ratings[learn], rated.pieces[learn])
        told[test] = model.told(features[test]) - np.median(rated.ratings[learn], axis=0)
    return told


def told_of(rated: Rated, features: Table, *, by_itself: bool = True) -> Table:
    """(n, 2): what is told of other music, above 0 for high. ``by_itself``: its features are
    standardised by its own mean and deviation, over all of it and without its labels."""
    learnt = standardised(rated.features)
    model = fitted(learnt, rated.ratings, rated.pieces)
    other = standardised(features, None if by_itself else rated.features)
    return model.told(other) - np.median(rated.ratings, axis=0)


def quadrant(values: Table) -> NDArray[np.int64]:
    """(n,): 0 low low, 1 low valence and high arousal, 2 high valence and low arousal, 3 both."""
    return np.asarray(2 * (values[:, 0] > 0) + (values[:, 1] > 0), np.int64)


def scores(told: Table, true: Table) -> Scores:
    """``told`` beside ``true``, both above 0 for high."""
    low = true[:, 1] <= 0
    return Scores(
        balanced(told[:, 0] > 0, true[:, 0] > 0),
        balanced(told[:, 1] > 0, true[:, 1] > 0),
        balanced(quadrant(told), quadrant(true)),
        balanced(told[low, 0] > 0, true[low, 0] > 0),
        balanced(told[~low, 0] > 0, true[~low, 0] > 0),
    )


def balanced(told: NDArray[np.generic], true: NDArray[np.generic]) -> float:
    """The mean over the classes there are of the share told right."""
    return float(np.mean([np.mean(told[true == one] == one) for one in np.unique(true)]))


def confusion(told: Table, true: Table) -> NDArray[np.int64]:
    """(4, 4): quadrants as they are (rows) and as they are told (columns)."""
    made = np.zeros((4, 4), np.int64)
    np.add.at(made, (quadrant(true), quadrant(told)), 1)
    return made


def by_chance(
    rated: Rated, times: int, rng: np.random.Generator, folds: int = FOLDS
) -> list[Scores]:
    """The cross-validated scores with the ratings of whole pieces given to other pieces: a piece's
    stretches keep what they have in common."""
    names = np.unique(rated.pieces)
    found = []
    for _ in range(times):
        dealt = rated.ratings.copy()
        for name, other in zip(names, rng.permutation(names), strict=True):
            here = np.flatnonzero(rated.pieces == name)
            there = rated.ratings[rated.pieces == other]
            dealt[here] = there[np.arange(len(here)) % len(there)]
        given = rated._replace(ratings=dealt)
        found.append(scores(cross_validated(given, folds), dealt - np.median(dealt, axis=0)))
    return found


def pooled(values: Table, clips: Sequence[int]) -> tuple[Table, NDArray[np.int64]]:
    """The mean of the stretches of each clip, and the clips in their order."""
    names = np.unique(np.array(clips))
    return np.array([values[np.array(clips) == one].mean(axis=0) for one in names]), names
