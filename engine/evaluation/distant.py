"""FAD and KAD of clips and a reference, in an embedding, beside what two sets of one kind have."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.evaluation.distances import Embeddings, frechet_distance, kernel_distance
from engine.evaluation.resampling import interval, middle
from engine.evaluation.results import LEAST_SOUNDS, Distances, Estimate, JudgeRecord

RESAMPLES = 50
"""Of each: a Fréchet distance in 512 dimensions takes 0.2 s."""

Distance = Callable[[Embeddings, Embeddings], float]


def distances(
    judge: JudgeRecord,
    sounds: Sequence[Embeddings],
    reference: Sequence[Embeddings],
    rng: np.random.Generator,
) -> Distances | None:
    """Of the windows of each sound and of each track of the reference, (n, dimensions) raw; None
    with less than two windows on a side."""
    ours, theirs = _joined(sounds), _joined(reference)
    if min(len(ours), len(theirs)) < 2:
        return None
    rows = tuple(
        _estimate(name, distance, sounds, reference, rng)
        for name, distance in (("FAD", frechet_distance), ("KAD", _kernel(theirs)))
    )
    return Distances(judge, len(ours), len(theirs), rows)


def _kernel(reference: Embeddings) -> Distance:
    """With one bandwidth throughout, the median distance within all of the reference."""
    squares = (reference**2).sum(axis=1)
    apart = squares[:, None] + squares[None] - 2.0 * reference @ reference.T
    among = apart[np.triu_indices(len(reference), 1)]
    bandwidth = float(np.sqrt(np.median(np.maximum(among, 0.0)))) or 1.0
    return lambda one, other: kernel_distance(one, other, bandwidth)


def _estimate(
    name: str,
    distance: Distance,
    sounds: Sequence[Embeddings],
    reference: Sequence[Embeddings],
    rng: np.random.Generator,
) -> Estimate:
    theirs = _joined(reference)
    draws = rng.integers(0, len(sounds), (RESAMPLES, len(sounds)))
    drawn = [_joined([sounds[number] for number in row]) for row in draws]
    value = distance(theirs, _joined(sounds))
    low, high = (None, None)
    if len(sounds) >= LEAST_SOUNDS:
        low, high = interval(value, [distance(theirs, one) for one in drawn if len(one) >= 2])
    dealt = _dealt(sounds, reference, distance, rng)
    chance_low, chance_high = middle(dealt)
    mean = float(np.mean(dealt)) if dealt else None
    return Estimate(name, value, low, high, mean, chance_low, chance_high)


def _dealt(
    sounds: Sequence[Embeddings],
    reference: Sequence[Embeddings],
    distance: Distance,
    rng: np.random.Generator,
) -> list[float]:
    """With all sounds and tracks dealt out anew into as many of either: what is to be expected
    between two sets of this size that are of one kind."""
    everything, found = [*sounds, *reference], []
    for _ in range(RESAMPLES if len(everything) > 2 else 0):
        order = rng.permutation(len(everything))
        ours = _joined([everything[n] for n in order[: len(sounds)]])
        theirs = _joined([everything[n] for n in order[len(sounds) :]])
        if min(len(ours), len(theirs)) >= 2:
            found.append(distance(theirs, ours))
    return found


def _joined(of: Sequence[Embeddings]) -> Embeddings:
    return np.concatenate([np.zeros((0, of[0].shape[1])), *of]) if of else np.zeros((0, 1))
