"""Intervals and chance for figures of clips: sounds drawn again, prompts given to others. Pure.

Clips of one sound are no independent draws, so whole sounds are drawn (cluster bootstrap), and
prompts are dealt out by whole sounds, too (permutation).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.results import LEAST_SOUNDS, Estimate

Indices = NDArray[np.intp]
RESAMPLES = 200
"""Of each; a macro average over 56 tags takes some 20 ms."""


def estimate(
    name: str,
    clusters: Sequence[int],
    figure: Callable[[Indices, Indices], float | None],
    rng: np.random.Generator,
    *,
    nothing: float | None = None,
    expected: float | None = None,
) -> Estimate | None:
    """``figure(clips, prompts)``: of the clips with these indices beside the prompts of the clips
    with those; None where it has no meaning. ``clusters``: of each clip its sound. ``expected``:
    of the figure by chance where that is known, else it is the permutations' mean. None where the
    figure has no meaning for the clips as they are."""
    whole = np.arange(len(clusters))
    value = figure(whole, whole)
    if value is None:
        return None
    drawn = _known(figure(at, at) for at in _draws(clusters, rng))
    by_chance = _known(figure(whole, dealt(clusters, rng)) for _ in range(RESAMPLES))
    low, high = interval(value, drawn) if len(set(clusters)) >= LEAST_SOUNDS else (None, None)
    chance_low, chance_high = middle(by_chance)
    if expected is None:
        expected = float(np.mean(by_chance)) if by_chance else value
    return Estimate(name, value, low, high, expected, chance_low, chance_high, nothing)


def dealt(clusters: Sequence[int], rng: np.random.Generator) -> Indices:
    """Whose prompt each clip is given by chance: a sound has those of a sound drawn for it, in
    their order from a place at random. Neighbours of a session have much in common, in what is
    heard as in what was asked for; dealt out one by one, chance would seem smaller than it is."""
    names = np.array(clusters)
    members = [np.flatnonzero(names == name) for name in dict.fromkeys(clusters)]
    given = np.empty(len(names), np.intp)
    for takes, gives in zip(members, rng.permutation(len(members)), strict=True):
        theirs = members[gives]
        step = len(theirs) / len(takes)
        at = rng.integers(len(theirs)) + np.floor(step * np.arange(len(takes))).astype(np.intp)
        given[takes] = theirs[at % len(theirs)]
    return given


def _draws(clusters: Sequence[int], rng: np.random.Generator) -> list[Indices]:
    names = np.array(clusters)
    members = [np.flatnonzero(names == name) for name in dict.fromkeys(clusters)]
    chosen = rng.integers(0, len(members), (RESAMPLES, len(members)))
    return [np.concatenate([members[one] for one in row]) for row in chosen]


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def interval(value: float, drawn: Sequence[float]) -> tuple[float | None, float | None]:
    """The middle 95 % of what was drawn again, moved by as much as its mean lies beside ``value``:
    a clip that is drawn twice stands beside itself, so the areas and distances of draws are too
    large, and unmoved their interval need not even hold the value."""
    low, high = middle(drawn)
    if low is None or high is None:
        return None, None
    beside = float(np.mean(drawn)) - value
    return low - beside, high - beside


def middle(values: Sequence[float]) -> tuple[float | None, float | None]:
    """The middle 95 %; None of none."""
    if not values:
        return None, None
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
