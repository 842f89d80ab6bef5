"""Two implementations of one model choose the same codes wherever rounding can't decide.

Sums of floats depend on their order, and every library, instruction set, number of threads and
shape has its own. So the logits of two implementations differ by a few roundings, and where the two
best codes lie closer together than that, either may come out. Bit equality between them is
therefore no law; what is one, and is asserted here for the same past on both sides:

- the logits are near each other at *every* position, within ``TOLERANCE`` of the largest logit;
- the codes are equal at every position that is *decided*: where the second-best code lies behind
  the best by more than ``MULTIPLE`` times the rounding, which is measured at that very position;
- at the others what is chosen is as good as the best, within the same margin;
- the *share* of decided positions is at least what the test says, so that nothing passes by
  deciding nothing.

All arrays are numpy's. ``logits`` (..., codes) are as the choice sees them: after guidance, before
temperature and top-k.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Codes = NDArray[np.integer[Any]]
Mask = NDArray[np.bool_]

TOLERANCE = 1e-4
"""Of the difference of logits, relative to the largest. In two layers a few roundings add up and
are multiplied by guidance, to 1e-6 on every instruction set that was tried; a wrong weight, mask or
position makes 1e-2 and more."""
MULTIPLE = 8.0
"""Equal choices follow from a gap of twice the measured rounding. The rest is for what is measured
not quite where it counts: a single largest difference is a sample of a rounding."""
LAST_BIT = float(np.finfo(np.float32).eps)
"""Relative. The least rounding there is where two logits happen to agree to the bit: choosing
divides them, or subtracts from them, once more."""
SHARE = 0.98
"""Of codes that are decided in float32. Of random logits up to 5 the best leads by some 0.1, and a
margin is some 1e-5: one code in ten thousand is nearer, and a tie is met in a test or two."""


class Drawn(NamedTuple):
    """How a code was drawn: the argmax of ``logits / temperature - log(draws)`` among the ``top_k``
    largest logits (0 for all). ``draws`` (..., codes), positive."""

    draws: Doubles
    top_k: int
    temperature: float


def rounding_between(ours: Doubles, theirs: Doubles) -> Doubles:
    """The largest difference at each position (...), and no less than a last bit."""
    least = LAST_BIT * np.abs(theirs).max(axis=-1)
    return np.asarray(np.maximum(np.abs(ours - theirs).max(axis=-1), least))


def assert_near(ours: Doubles, theirs: Doubles, tolerance: float = TOLERANCE) -> None:
    """Logits (..., codes) differ nowhere by more than ``tolerance`` times the largest."""
    assert ours.shape == theirs.shape, f"logits of {ours.shape} and of {theirs.shape}"
    assert np.isfinite(theirs).all(), "logits that are no numbers"
    worst, largest = np.abs(ours - theirs).max(initial=0.0), np.abs(theirs).max(initial=0.0)
    assert worst <= tolerance * largest, (  # also False for NaN
        f"logits up to {largest:.4g} differ by {worst:.3g}, over {tolerance:g} of them"
    )


class Lead(NamedTuple):
    """By how much a code (...) is ahead of all others, in logits; under 0 where another is better.

    Both are the same but for a draw among the top k, where codes at its edge may be in or out:
    ``least`` is the lead where they are whatever is worse for the code, ``most`` where they are
    whatever is better.
    """

    least: Doubles
    most: Doubles


def lead_of(logits: Doubles, chosen: Codes, margin: Doubles, drawn: Drawn | None = None) -> Lead:
    """The lead of ``chosen`` (...). Codes at the top k's edge are those that ``margin`` (...) could
    take over it."""

    def of_chosen(values: Doubles) -> Doubles:
        return np.asarray(np.take_along_axis(values, chosen[..., None], -1)[..., 0])

    def ahead(scores: Doubles, rivals: Mask) -> Doubles:
        others = np.where(rivals, scores, -np.inf)
        np.put_along_axis(others, chosen[..., None], -np.inf, -1)
        return np.asarray(of_chosen(scores) - others.max(axis=-1))

    if drawn is None:
        found = ahead(logits, np.ones(logits.shape, bool))
        return Lead(found, found)
    scores = logits - drawn.temperature * np.log(drawn.draws)
    if not 0 < drawn.top_k < logits.shape[-1]:
        found = ahead(scores, np.ones(logits.shape, bool))
        return Lead(found, found)
    ordered = np.sort(logits, axis=-1)
    last_in, first_out = ordered[..., -drawn.top_k], ordered[..., -drawn.top_k - 1]
    possible = logits >= (last_in - margin)[..., None]
    certain = logits > (first_out + margin)[..., None]
    return Lead(
        np.minimum(ahead(scores, possible), of_chosen(logits) - first_out),
        np.minimum(ahead(scores, certain), of_chosen(logits) - last_in),
    )


def assert_same_choices(
    ours: Codes,
    theirs: Codes,
    logits: Doubles,
    rounding: Doubles,
    *,
    where: Mask | None = None,
    drawn: Drawn | None = None,
    multiple: float = MULTIPLE,
    share: float = SHARE,
) -> Mask:
    """``ours`` (...) are ``theirs`` wherever ``theirs`` is decided, and at least ``share`` of them
    is; elsewhere ours is as good within the margin. Gives what is decided (...).

    ``logits`` (..., codes): those from which ``theirs`` were chosen. ``rounding`` (...): between
    the two implementations' logits, given the same past. ``where``: positions that were chosen at
    all, and are looked at; None for all.
    """
    assert ours.shape == theirs.shape == rounding.shape == logits.shape[:-1], (
        f"choices of {ours.shape} and {theirs.shape} from logits of {logits.shape}"
    )
    seen = np.ones(ours.shape, bool) if where is None else where
    assert seen.any(), "nothing to compare"
    ours, theirs = np.where(seen, ours, 0), np.where(seen, theirs, 0)
    margin = multiple * rounding
    ahead = lead_of(logits, theirs, margin, drawn)
    assert (ahead.most >= -margin)[seen].all(), "the oracle's codes are not those of its logits"
    decided = ahead.least > margin
    parted = np.argwhere(seen & decided & (ours != theirs))
    assert not len(parted), (
        f"{len(parted)} decided codes differ, the first at {tuple(parted[0].tolist())}: "
        f"{ours[tuple(parted[0])]} instead of {theirs[tuple(parted[0])]}, which leads by "
        f"{ahead.least[tuple(parted[0])]:.3g} where rounding is {rounding[tuple(parted[0])]:.3g}"
    )
    as_good = lead_of(logits, ours, margin, drawn).most >= -margin
    assert as_good[seen & ~decided].all(), "a code that is not even nearly the best"
    found = float(decided[seen].mean())
    assert found >= share, f"only {found:.4f} of the codes are decided, not {share:g}"
    return decided


def assert_same_until_undecided(ours: Codes, theirs: Codes, decided: Mask) -> None:
    """Two free runs (..., positions), each on its own past, are equal up to the first position at
    which either could have come out; after it they may part for good."""
    assert ours.shape == theirs.shape, f"codes of {ours.shape} and of {theirs.shape}"
    before = tuple(range(ours.ndim - 1))
    undecided = np.append(np.flatnonzero(~decided.all(axis=before)), ours.shape[-1])
    parted = np.append(np.flatnonzero((ours != theirs).any(axis=before)), ours.shape[-1])
    assert parted[0] >= undecided[0], (
        f"free runs part at position {parted[0]}, before the first undecided one ({undecided[0]})"
    )
